# What Terraform calls for each kind of resource of the platform: to read it again (ci-plan and ci-apply) and to make, change and
# end it (ci-apply). Names begin with the environment's prefix; where AWS chooses the name, our tags say what is ours.

locals {
  arn_of = { for service in [
    "access-analyzer", "airflow", "application-autoscaling", "aps", "athena", "backup", "cloudtrail", "codedeploy", "config", "dynamodb", "ecr", "ecs",
    "elasticloadbalancing", "elasticmapreduce", "emr-serverless", "events", "firehose", "glue", "grafana", "kafka", "kinesis", "kms", "lambda", "logs",
    "redshift-serverless", "sns", "sqs", "states", "transfer", "wafv2",
  ] : service => "arn:${local.partition}:${service}:${local.scope}" }

  ci_by_name = {
    Buckets = {
      resources = ["arn:${local.partition}:s3:::${local.names.prefix}-*-${local.account}", "arn:${local.partition}:s3:::${local.names.prefix}-*-${local.account}-replica"]
      reads = [
        "s3:GetAccelerateConfiguration", "s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketLocation", "s3:GetBucketLogging", "s3:GetBucketNotification", "s3:GetBucketObjectLockConfiguration",
        "s3:GetBucketOwnershipControls", "s3:GetBucketPolicy", "s3:GetBucketPublicAccessBlock", "s3:GetBucketRequestPayment", "s3:GetBucketTagging", "s3:GetBucketVersioning", "s3:GetBucketWebsite",
        "s3:GetEncryptionConfiguration", "s3:GetInventoryConfiguration", "s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration", "s3:ListBucket",
      ]
      writes = [
        "s3:CreateBucket", "s3:DeleteBucket", "s3:PutBucketLogging", "s3:PutBucketNotification", "s3:PutBucketObjectLockConfiguration", "s3:PutBucketOwnershipControls", "s3:PutBucketPolicy",
        "s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging", "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration", "s3:PutInventoryConfiguration", "s3:PutLifecycleConfiguration", "s3:PutReplicationConfiguration",
      ]
    }
    Code = {
      resources = [for part in ["airflow", "functions", "jobs", "topics"] : "${local.names.buckets["artifacts"].arn}/${part}/*"]
      reads     = ["s3:GetObject", "s3:GetObjectTagging", "s3:GetObjectVersion", "s3:GetObjectVersionTagging"]
      writes    = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject", "s3:PutObjectTagging"]
    }
    Roles = {
      resources = ["arn:${local.partition}:iam::${local.account}:role/${local.names.prefix}-*", "arn:${local.partition}:iam::${local.account}:policy/${local.names.prefix}-*", "arn:${local.partition}:iam::${local.account}:instance-profile/${local.names.prefix}-*", local.provider]
      reads = [
        "iam:GetInstanceProfile", "iam:GetOpenIDConnectProvider", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetRole", "iam:ListAttachedRolePolicies",
        "iam:ListInstanceProfilesForRole", "iam:ListPolicyVersions", "iam:ListRolePolicies", "iam:ListRoleTags",
      ]
      writes = [
        "iam:AddRoleToInstanceProfile", "iam:AttachRolePolicy", "iam:CreateInstanceProfile", "iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:CreateRole", "iam:DeleteInstanceProfile", "iam:DeletePolicy",
        "iam:DeletePolicyVersion", "iam:DeleteRole", "iam:DetachRolePolicy", "iam:RemoveRoleFromInstanceProfile", "iam:TagInstanceProfile", "iam:TagPolicy", "iam:TagRole", "iam:UntagInstanceProfile",
        "iam:UntagPolicy", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription",
      ]
    }
    Logs = {
      resources = ["${local.arn_of["logs"]}:log-group:/${var.context.project}/${var.context.environment}/*", "${local.airflow_logs}*"]
      reads     = ["logs:DescribeLogStreams", "logs:DescribeMetricFilters", "logs:ListTagsForResource"]
      writes = [
        "logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:DeleteLogGroup", "logs:DeleteLogStream", "logs:DeleteMetricFilter", "logs:PutMetricFilter", "logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource",
      ]
    }
    Alarms = {
      resources = ["${local.names.arns.alarm}*", "arn:${local.partition}:cloudwatch::${local.account}:dashboard/${local.names.prefix}*"]
      reads     = ["cloudwatch:DescribeAlarms", "cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource"]
      writes    = ["cloudwatch:DeleteAlarms", "cloudwatch:DeleteDashboards", "cloudwatch:PutCompositeAlarm", "cloudwatch:PutDashboard", "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource"]
    }
    Events = {
      resources = ["${local.arn_of["events"]}:rule/${local.names.prefix}-*"]
      reads     = ["events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"]
      writes    = ["events:DeleteRule", "events:DisableRule", "events:EnableRule", "events:PutRule", "events:PutTargets", "events:RemoveTargets", "events:TagResource", "events:UntagResource"]
    }
    Messages = {
      resources = ["${local.names.arns.topic}*", "${local.names.arns.queue}*"]
      reads     = ["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:ListTagsForResource", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags"]
      writes = [
        "sns:CreateTopic", "sns:DeleteTopic", "sns:SetTopicAttributes", "sns:Subscribe", "sns:TagResource", "sns:UntagResource", "sqs:CreateQueue", "sqs:DeleteQueue",
        "sqs:SetQueueAttributes", "sqs:TagQueue", "sqs:UntagQueue",
      ]
    }
    Functions = {
      resources = ["${local.names.arns.function}*", "${local.names.arns.state_machine}*"]
      reads = [
        "lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig", "lambda:GetFunctionConcurrency", "lambda:GetFunctionConfiguration", "lambda:GetPolicy", "lambda:GetRuntimeManagementConfig",
        "lambda:ListTags", "lambda:ListVersionsByFunction", "states:DescribeStateMachine", "states:ListTagsForResource",
      ]
      writes = [
        "lambda:AddPermission", "lambda:CreateFunction", "lambda:DeleteFunction", "lambda:DeleteFunctionConcurrency", "lambda:PutFunctionConcurrency", "lambda:RemovePermission", "lambda:TagResource",
        "lambda:UntagResource", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration", "states:CreateStateMachine", "states:DeleteStateMachine", "states:TagResource", "states:UntagResource",
        "states:UpdateStateMachine",
      ]
    }
    Tables = {
      resources = ["${local.names.arns.dynamodb_table}*"]
      reads     = ["dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive", "dynamodb:ListTagsOfResource"]
      writes    = ["dynamodb:CreateTable", "dynamodb:DeleteTable", "dynamodb:TagResource", "dynamodb:UntagResource", "dynamodb:UpdateContinuousBackups", "dynamodb:UpdateTable", "dynamodb:UpdateTimeToLive"]
    }
    Services = {
      resources = [
        local.names.arns.ecs_cluster, "${local.names.arns.ecs_service}*", "${local.names.arns.ecs_task}*", "${local.names.arns.ecs_definition}*", "${local.names.arns.repository}*",
        "${local.arn_of["codedeploy"]}:application:${local.names.prefix}-*", "${local.arn_of["codedeploy"]}:deploymentgroup:${local.names.prefix}-*/*", "${local.arn_of["codedeploy"]}:deploymentconfig:CodeDeployDefault.ECSAllAtOnce",
      ]
      reads = [
        "codedeploy:GetApplication", "codedeploy:GetDeployment", "codedeploy:GetDeploymentConfig", "codedeploy:GetDeploymentGroup", "codedeploy:ListTagsForResource", "ecr:DescribeRepositories",
        "ecr:GetLifecyclePolicy", "ecr:GetRepositoryPolicy", "ecr:ListTagsForResource", "ecs:DescribeClusters", "ecs:DescribeServices", "ecs:DescribeTasks", "ecs:ListTagsForResource",
      ]
      writes = [
        "codedeploy:CreateApplication", "codedeploy:CreateDeployment", "codedeploy:CreateDeploymentGroup", "codedeploy:DeleteApplication", "codedeploy:DeleteDeploymentGroup", "codedeploy:RegisterApplicationRevision",
        "codedeploy:TagResource", "codedeploy:UntagResource", "codedeploy:UpdateDeploymentGroup", "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:CreateRepository",
        "ecr:DeleteLifecyclePolicy", "ecr:DeleteRepository", "ecr:DeleteRepositoryPolicy", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:PutImageScanningConfiguration", "ecr:PutImageTagMutability",
        "ecr:PutLifecyclePolicy", "ecr:SetRepositoryPolicy", "ecr:TagResource", "ecr:UntagResource", "ecr:UploadLayerPart", "ecs:CreateCluster", "ecs:CreateService", "ecs:DeleteCluster", "ecs:DeleteService",
        "ecs:PutClusterCapacityProviders", "ecs:RunTask", "ecs:TagResource", "ecs:UntagResource", "ecs:UpdateCluster", "ecs:UpdateService",
      ]
    }
    Balancer = {
      resources = [for kind in ["listener/app/${local.names.prefix}", "loadbalancer/app/${local.names.prefix}", "targetgroup/${local.names.prefix}-*"] : "${local.arn_of["elasticloadbalancing"]}:${kind}/*"]
      reads     = []
      writes = [
        "elasticloadbalancing:AddTags", "elasticloadbalancing:CreateListener", "elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup", "elasticloadbalancing:DeleteListener",
        "elasticloadbalancing:DeleteLoadBalancer", "elasticloadbalancing:DeleteTargetGroup", "elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyLoadBalancerAttributes",
        "elasticloadbalancing:ModifyTargetGroup", "elasticloadbalancing:ModifyTargetGroupAttributes", "elasticloadbalancing:RemoveTags", "elasticloadbalancing:SetSecurityGroups", "elasticloadbalancing:SetSubnets",
      ]
    }
    Stream = {
      resources = [local.names.stream.cluster_arn, "${local.arn_of["kafka"]}:configuration/${local.names.prefix}-*/*", "${local.names.stream.kinesis_arn}*", "${local.arn_of["firehose"]}:deliverystream/${local.names.prefix}-*"]
      reads = [
        "firehose:DescribeDeliveryStream", "firehose:ListTagsForDeliveryStream", "kafka:DescribeCluster", "kafka:DescribeClusterV2", "kafka:DescribeConfiguration", "kafka:DescribeConfigurationRevision",
        "kafka:GetClusterPolicy", "kafka:ListTagsForResource", "kinesis:DescribeStreamSummary", "kinesis:ListTagsForStream",
      ]
      writes = [
        "firehose:CreateDeliveryStream", "firehose:DeleteDeliveryStream", "firehose:TagDeliveryStream", "firehose:UntagDeliveryStream", "firehose:UpdateDestination", "kafka:CreateCluster", "kafka:CreateClusterV2", "kafka:CreateConfiguration", "kafka:DeleteCluster",
        "kafka:DeleteClusterPolicy", "kafka:DeleteConfiguration", "kafka:PutClusterPolicy", "kafka:TagResource", "kafka:UntagResource", "kafka:UpdateBrokerCount", "kafka:UpdateBrokerStorage",
        "kafka:UpdateBrokerType", "kafka:UpdateClusterConfiguration", "kafka:UpdateClusterKafkaVersion", "kafka:UpdateConfiguration", "kafka:UpdateMonitoring", "kafka:UpdateStorage", "kinesis:AddTagsToStream",
        "kinesis:CreateStream", "kinesis:DecreaseStreamRetentionPeriod", "kinesis:DeleteStream", "kinesis:IncreaseStreamRetentionPeriod",
        "kinesis:RemoveTagsFromStream", "kinesis:StartStreamEncryption", "kinesis:UpdateShardCount", "kinesis:UpdateStreamMode",
      ]
    }
    Airflow = {
      resources = [local.names.arns.airflow]
      reads     = ["airflow:GetEnvironment", "airflow:ListTagsForResource"]
      writes    = ["airflow:CreateEnvironment", "airflow:DeleteEnvironment", "airflow:TagResource", "airflow:UntagResource", "airflow:UpdateEnvironment"]
    }
    Catalog = {
      resources = [local.names.arns.glue_catalog, "${local.names.arns.database}*", "${local.names.arns.table}*", "${local.arn_of["glue"]}:crawler/${local.names.prefix}-*", "${local.arn_of["glue"]}:registry/${local.names.prefix}*", "${local.arn_of["glue"]}:schema/${local.names.prefix}*", "${local.names.arns.workgroup}*", "${local.arn_of["glue"]}:securityConfiguration/${local.names.prefix}*"]
      reads     = ["athena:GetNamedQuery", "athena:GetWorkGroup", "athena:ListTagsForResource", "glue:GetCrawler", "glue:GetDatabase", "glue:GetDataCatalogEncryptionSettings", "glue:GetRegistry", "glue:GetSchema", "glue:GetTable", "glue:GetTags"]
      writes = [
        "athena:CreateNamedQuery", "athena:CreateWorkGroup", "athena:DeleteNamedQuery", "athena:DeleteWorkGroup", "athena:TagResource", "athena:UntagResource", "athena:UpdateWorkGroup", "glue:CreateDatabase", "glue:CreateRegistry", "glue:CreateSchema",
        "glue:CreateTable", "glue:DeleteCrawler", "glue:DeleteDatabase", "glue:DeleteRegistry", "glue:DeleteSchema", "glue:DeleteTable", "glue:PutDataCatalogEncryptionSettings", "glue:RegisterSchemaVersion", "glue:TagResource", "glue:UntagResource",
        "glue:UpdateCrawler", "glue:UpdateDatabase", "glue:UpdateRegistry", "glue:UpdateSchema", "glue:UpdateTable",
      ]
    }
    Costs = {
      resources = ["arn:${local.partition}:ce::${local.account}:costcategory/*", "arn:${local.partition}:ce::${local.account}:anomalymonitor/*", "arn:${local.partition}:ce::${local.account}:anomalysubscription/*"]
      reads     = ["ce:DescribeCostCategoryDefinition", "ce:GetAnomalyMonitors", "ce:GetAnomalySubscriptions", "ce:ListTagsForResource"]
      writes = [
        "ce:DeleteAnomalyMonitor", "ce:DeleteAnomalySubscription", "ce:DeleteCostCategoryDefinition", "ce:TagResource",
        "ce:UntagResource", "ce:UpdateAnomalyMonitor", "ce:UpdateAnomalySubscription", "ce:UpdateCostCategoryDefinition",
      ]
    }
    Guards = {
      resources = [
        local.names.arns.trail, "${local.arn_of["access-analyzer"]}:analyzer/${local.names.prefix}*", "${local.names.arns.backup_vault}*", "${local.arn_of["backup"]}:backup-plan:*", "${local.arn_of["backup"]}:restore-testing-plan:*", "${local.arn_of["config"]}:config-rule/*",
        "arn:${local.partition}:budgets::${local.account}:budget/${local.names.prefix}*",
      ]
      reads = [
        "access-analyzer:GetAnalyzer", "access-analyzer:ListTagsForResource", "backup:DescribeBackupVault", "backup:GetBackupPlan", "backup:GetBackupSelection", "backup:GetBackupVaultAccessPolicy",
        "backup:GetBackupVaultNotifications", "backup:GetRestoreTestingPlan", "backup:GetRestoreTestingSelection", "backup:ListBackupSelections", "backup:ListTags", "budgets:ListTagsForResource", "budgets:ViewBudget", "cloudtrail:GetEventSelectors", "cloudtrail:GetInsightSelectors",
        "cloudtrail:GetTrail", "cloudtrail:GetTrailStatus", "cloudtrail:ListTags", "config:ListTagsForResource",
      ]
      writes = [
        "access-analyzer:CreateAnalyzer", "access-analyzer:TagResource", "access-analyzer:UntagResource", "backup:CreateBackupPlan", "backup:CreateBackupSelection", "backup:CreateBackupVault", "backup:CreateRestoreTestingPlan", "backup:CreateRestoreTestingSelection", "backup:DeleteBackupPlan",
        "backup:DeleteBackupSelection", "backup:DeleteRestoreTestingPlan", "backup:DeleteRestoreTestingSelection", "backup:PutBackupVaultAccessPolicy", "backup:PutBackupVaultLockConfiguration", "backup:PutBackupVaultNotifications", "backup:TagResource", "backup:UntagResource",
        "backup:UpdateBackupPlan", "backup:UpdateRestoreTestingPlan", "backup:UpdateRestoreTestingSelection", "budgets:ModifyBudget", "budgets:TagResource", "budgets:UntagResource", "cloudtrail:AddTags", "cloudtrail:CreateTrail", "cloudtrail:PutEventSelectors",
        "cloudtrail:PutInsightSelectors", "cloudtrail:RemoveTags", "cloudtrail:StartLogging", "config:DeleteConfigRule", "config:PutConfigRule", "config:TagResource", "config:UntagResource",
      ]
    }
  }
}
