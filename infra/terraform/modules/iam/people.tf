# Roles of people. Each is taken for at most four hours, and says what the person may look at; nobody changes data by hand. Where Lake
# Formation is on, it decides which columns of gold and silver are seen. Users need MFA. The session of a role never says whether there was
# MFA (nor does SAML): who comes by a role of IAM Identity Center was asked for it there or nowhere, and a condition would shut all of them out.

locals {
  hours = { "platform-engineer" = 4, "analytics-engineer" = 4, "analyst" = 4, "on-call" = 2, "compliance" = 1, "ci-apply" = 2, "ci-contracts" = 2 }

  people_trust = { for person, arns in var.people : person => concat(
    [for principals in [[for arn in sort(arns) : arn if strcontains(arn, ":user/")]] : jsonencode({
      Effect    = "Allow", Principal = { AWS = principals }, Action = "sts:AssumeRole"
      Condition = { Bool = { "aws:MultiFactorAuthPresent" = "true" } }
    }) if length(principals) > 0],
    [for principals in [[for arn in sort(arns) : arn if strcontains(arn, ":role/")]] : jsonencode({
      Effect = "Allow", Principal = { AWS = principals }, Action = "sts:AssumeRole"
    }) if length(principals) > 0],
    [for providers in [[for arn in sort(arns) : arn if strcontains(arn, ":saml-provider/")]] : jsonencode({
      Effect    = "Allow", Principal = { Federated = providers }, Action = "sts:AssumeRoleWithSAML"
      Condition = { StringEquals = { "SAML:aud" = local.partition == "aws-cn" ? "https://signin.amazonaws.cn/saml" : local.partition == "aws-us-gov" ? "https://signin.amazonaws-us-gov.com/saml" : "https://signin.aws.amazon.com/saml" } }
    }) if length(providers) > 0],
  ) if length(arns) > 0 }

  # Under Lake Formation nobody has a right to the objects of a table: it lends them, for the columns that were granted.
  people_grants = {
    "analyst" = merge(local.nothing, {
      read        = concat([local.names.askers["analyst"].results], [for zone in ["gold/"] : zone if !var.features.lake_formation])
      write       = [local.names.askers["analyst"].results]
      tables_read = ["gold/*"]
    })
    "analytics-engineer" = merge(local.nothing, {
      read        = concat([local.names.askers["analytics-engineer"].results], [for zone in ["gold/"] : zone if !var.features.lake_formation])
      write       = [local.names.askers["analytics-engineer"].results]
      tables_read = concat(["gold/*"], [for table in ["silver/*"] : table if var.features.lake_formation])
    })
    "compliance" = merge(local.nothing, { read = ["audit/", "logs/config/"] })
  }

  people_extras = {
    "analyst"            = local.ask["analyst"]
    "analytics-engineer" = concat(local.ask["analytics-engineer"], local.look_at_runs["User"])
    "platform-engineer"  = concat(local.look, local.look_at_runs["Op"], local.debug)
    "on-call"            = concat(local.look, local.look_at_runs["Op"], local.restart)
    "compliance"         = local.inspect
  }

  # Athena, in the workgroup that is theirs, whose limits and results' place the platform set.
  ask = { for person, asker in local.names.askers : person => concat([
    jsonencode({
      Sid    = "Ask", Effect = "Allow", Resource = [asker.arn]
      Action = ["athena:BatchGetQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetWorkGroup", "athena:ListQueryExecutions", "athena:StartQueryExecution", "athena:StopQueryExecution"]
    }),
    jsonencode({
      Sid    = "SeeTables", Effect = "Allow", Resource = ["arn:${local.partition}:athena:${local.scope}:datacatalog/AwsDataCatalog"]
      Action = ["athena:GetDataCatalog", "athena:GetDatabase", "athena:GetTableMetadata", "athena:ListDatabases", "athena:ListTableMetadata"]
    }),
    jsonencode({
      Sid = "FindResults", Effect = "Allow", Action = ["s3:GetBucketLocation"], Resource = [local.names.buckets["artifacts"].arn]
    }),
    ], [for one in ["lake formation"] : jsonencode({
      Sid = "NoResourceLevelLentAccess", Effect = "Allow", Action = ["lakeformation:GetDataAccess"], Resource = ["*"]
  }) if var.features.lake_formation]) }

  look = [
    jsonencode({
      Sid = "NoResourceLevelLook", Effect = "Allow", Resource = ["*"]
      Action = [
        "cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "cloudwatch:ListDashboards", "cloudwatch:ListMetrics", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets", "ec2:DescribeVpcs", "ecs:ListClusters", "ecs:ListServices", "elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth", "elasticmapreduce:ListClusters", "emr-serverless:ListApplications", "kafka:ListClustersV2", "logs:DescribeLogGroups",
        "logs:DescribeQueries", "logs:GetQueryResults", "logs:StopQuery", "states:ListStateMachines", "tag:GetResources",
      ]
    }),
    jsonencode({
      Sid      = "ReadLogs", Effect = "Allow", Action = ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents", "logs:StartQuery"]
      Resource = concat([for name, group in local.names.log_groups : "${group.arn}:*" if name != "trail"], ["${local.airflow_logs}:*"])
    }),
    jsonencode({
      Sid = "SeeDashboards", Effect = "Allow", Action = ["cloudwatch:GetDashboard"], Resource = ["arn:${local.partition}:cloudwatch::${local.account}:dashboard/${local.names.prefix}*"]
    }),
    jsonencode({
      Sid      = "SeeServices", Effect = "Allow", Action = ["ecs:DescribeClusters", "ecs:DescribeServices", "ecs:DescribeTasks", "ecs:ListTasks"]
      Resource = [local.names.arns.ecs_cluster, "${local.names.arns.ecs_service}*", "${local.names.arns.ecs_task}*", "arn:${local.partition}:ecs:${local.scope}:container-instance/${local.names.prefix}/*"]
    }),
    jsonencode({
      Sid      = "SeeStream", Effect = "Allow", Action = ["kafka:DescribeClusterV2", "kinesis:DescribeStreamSummary"]
      Resource = [local.names.stream.cluster_arn, "${local.names.stream.kinesis_arn}*"]
    }),
    jsonencode({
      Sid      = "SeeDeliveries", Effect = "Allow", Action = ["states:DescribeExecution", "states:DescribeStateMachine", "states:GetExecutionHistory", "states:ListExecutions"]
      Resource = ["${local.names.arns.state_machine}*", "${replace(local.names.arns.state_machine, ":stateMachine:", ":execution:")}*"]
    }),
    local.workflow_key["Read"],
  ]

  # Airflow's page in one of Airflow's own roles, and what EMR knows of a job.
  look_at_runs = { for page in ["Op", "User"] : page => [
    jsonencode({
      Sid      = "OpenAirflow", Effect = "Allow", Action = ["airflow:CreateWebLoginToken"]
      Resource = ["arn:${local.partition}:airflow:${local.scope}:role/${local.names.prefix}/${page}"]
    }),
    jsonencode({
      Sid       = "SeeApplications", Effect = "Allow", Action = ["emr-serverless:GetApplication", "emr-serverless:ListJobRuns"], Resource = [local.names.arns.emr_serverless]
      Condition = { StringEquals = local.ours }
    }),
    jsonencode({
      Sid = "SeeJobs", Effect = "Allow", Action = ["emr-serverless:GetDashboardForJobRun", "emr-serverless:GetJobRun"], Resource = ["${local.names.arns.emr_serverless}/jobruns/*"]
    }),
    jsonencode({
      Sid       = "SeeClusters", Effect = "Allow", Resource = [local.names.arns.emr_cluster]
      Action    = ["elasticmapreduce:DescribeCluster", "elasticmapreduce:DescribeStep", "elasticmapreduce:ListInstanceFleets", "elasticmapreduce:ListInstances", "elasticmapreduce:ListSteps"]
      Condition = { StringEquals = local.ours }
    }),
  ] }

  debug = [
    jsonencode({
      Sid       = "OpenSparkHistory", Effect = "Allow", Action = ["elasticmapreduce:CreatePersistentAppUI", "elasticmapreduce:DescribePersistentAppUI", "elasticmapreduce:GetPersistentAppUIPresignedURL", "elasticmapreduce:GetOnClusterAppUIPresignedURL"]
      Resource  = [local.names.arns.emr_cluster]
      Condition = { StringEquals = local.ours }
    }),
    jsonencode({
      Sid = "StopJobs", Effect = "Allow", Action = ["emr-serverless:CancelJobRun"], Resource = ["${local.names.arns.emr_serverless}/jobruns/*"]
    }),
  ]

  # What a runbook tells the person on call to do.
  restart = [
    jsonencode({
      Sid = "RestartServices", Effect = "Allow", Action = ["ecs:UpdateService"], Resource = ["${local.names.arns.ecs_service}*"]
    }),
    jsonencode({
      Sid = "StopTasks", Effect = "Allow", Action = ["ecs:StopTask"], Resource = ["${local.names.arns.ecs_task}*"]
    }),
    jsonencode({
      Sid = "RedriveDeliveries", Effect = "Allow", Action = ["states:RedriveExecution"], Resource = ["${replace(local.names.arns.state_machine, ":stateMachine:", ":execution:")}*"]
    }),
    jsonencode({
      Sid      = "TakeUndelivered", Effect = "Allow", Action = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage"]
      Resource = ["${local.names.arns.queue}uploads-undelivered"]
    }),
    jsonencode({
      Sid = "StartDeliveries", Effect = "Allow", Action = ["states:StartExecution"], Resource = ["${local.names.arns.state_machine}delivery"]
    }),
    jsonencode({
      Sid = "SilenceAlarms", Effect = "Allow", Action = ["cloudwatch:DisableAlarmActions", "cloudwatch:EnableAlarmActions"], Resource = ["${local.names.arns.alarm}*"]
    }),
  ]

  inspect = [
    jsonencode({
      Sid = "NoResourceLevelInspect", Effect = "Allow", Resource = ["*"]
      Action = [
        "access-analyzer:ListAnalyzers", "cloudtrail:DescribeTrails", "cloudtrail:LookupEvents", "config:DescribeComplianceByConfigRule", "config:DescribeComplianceByResource", "config:DescribeConfigRules",
        "config:DescribeDeliveryChannels", "config:GetComplianceSummaryByConfigRule",
        "config:GetComplianceSummaryByResourceType", "config:GetDiscoveredResourceCounts", "config:GetResourceConfigHistory", "config:ListDiscoveredResources", "iam:GetAccountSummary",
        "iam:ListRoles", "logs:DescribeLogGroups", "logs:GetQueryResults", "logs:StopQuery",
      ]
    }),
    jsonencode({
      Sid = "ReadTrail", Effect = "Allow", Action = ["cloudtrail:GetEventSelectors", "cloudtrail:GetTrail", "cloudtrail:GetTrailStatus"], Resource = [local.names.arns.trail]
    }),
    jsonencode({
      Sid = "SearchTrail", Effect = "Allow", Action = ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents", "logs:StartQuery"], Resource = ["${local.names.log_groups["trail"].arn}:*"]
    }),
    jsonencode({
      Sid      = "ReadFindings", Effect = "Allow", Action = ["access-analyzer:GetAnalyzer", "access-analyzer:GetFinding", "access-analyzer:ListFindings"]
      Resource = ["arn:${local.partition}:access-analyzer:${local.scope}:analyzer/${local.names.prefix}*"]
    }),
    jsonencode({
      Sid = "ReadRules", Effect = "Allow", Action = ["config:GetComplianceDetailsByConfigRule"], Resource = ["arn:${local.partition}:config:${local.scope}:config-rule/*"]
    }),
    jsonencode({
      Sid      = "ReadRecorder", Effect = "Allow", Action = ["config:DescribeConfigurationRecorders", "config:DescribeConfigurationRecorderStatus"]
      Resource = ["arn:${local.partition}:config:${local.scope}:configuration-recorder/*/*"]
    }),
    jsonencode({
      Sid    = "ReadRoles", Effect = "Allow", Resource = ["arn:${local.partition}:iam::${local.account}:policy/${local.names.prefix}-*", "arn:${local.partition}:iam::${local.account}:role/${local.names.prefix}-*"]
      Action = ["iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"]
    }),
    jsonencode({
      Sid = "ReadLocks", Effect = "Allow", Action = ["s3:GetBucketObjectLockConfiguration", "s3:GetBucketPolicy", "s3:GetBucketVersioning"], Resource = [for bucket in values(local.names.buckets) : bucket.arn]
    }),
  ]
}
