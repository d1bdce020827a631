# The repository's workflows: ci-plan reads (any pull request of the repository, and its branch), ci-apply makes and changes
# (only a job in a protected environment of GitHub, where people approve). Neither sees data of the lake. ci-contracts, of the same
# jobs, is for `tideline apply`: tables follow their contracts, and what was deployed is written down.

locals {
  ci       = { for key, one in { this = var.github } : key => one if one != null }
  issuer   = "token.actions.githubusercontent.com"
  provider = "arn:${local.partition}:iam::${local.account}:oidc-provider/${local.issuer}"

  ci_subjects = merge([for one in values(local.ci) : {
    "ci-plan"      = ["repo:${one.repository}:pull_request", "repo:${one.repository}:ref:refs/heads/${one.branch}"]
    "ci-apply"     = [for environment in sort(one.environments) : "repo:${one.repository}:environment:${environment}"]
    "ci-contracts" = [for environment in sort(one.environments) : "repo:${one.repository}:environment:${environment}"]
  }]...)

  ci_trust = { for role, subjects in local.ci_subjects : role => [jsonencode({
    Effect    = "Allow", Principal = { Federated = coalesce(var.github.provider_arn, local.provider) }, Action = "sts:AssumeRoleWithWebIdentity"
    Condition = { StringEquals = { "${local.issuer}:aud" = "sts.amazonaws.com", "${local.issuer}:sub" = subjects } }
  })] }

  ci_extras = merge(
    { for role in ["ci-plan", "ci-apply"] : role => concat(local.ci_reading, local.ci_state[role], role == "ci-apply" ? local.ci_writing : []) if contains(keys(local.ci_subjects), role) },
    { for role in ["ci-contracts"] : role => local.ci_evolving if contains(keys(local.ci_subjects), role) },
  )

  # What `tideline apply` reads: former deployments, tables' logs, and of what was refused how much is open. Files of silver and gold
  # it does not read. Columns are changed by jobs that it starts: who starts a job chooses its code, so it hands on `evolve` alone.
  ci_grants = { for role in ["ci-contracts"] : role => merge(local.nothing, {
    read  = ["documents/deployments/", "quarantine/"]
    write = ["documents/deployments/"]
  }) if contains(keys(local.ci_subjects), role) }

  ci_evolving = concat([
    jsonencode({
      Sid = "ReadTableLogs", Effect = "Allow", Action = ["s3:GetObject"], Resource = [for zone in ["gold", "silver"] : "${local.names.buckets[zone].arn}/*/_delta_log/*"]
    }),
    jsonencode({
      Sid = "FindTables", Effect = "Allow", Action = ["s3:ListBucket"], Resource = [for zone in ["gold", "silver"] : local.names.buckets[zone].arn]
    }),
    jsonencode({
      Sid       = "TableKeys", Effect = "Allow", Action = ["kms:Decrypt"], Resource = [local.names.key_arn_pattern]
      Condition = { StringEquals = { "kms:ViaService" = "s3.${local.region}.${local.dns}" }, "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = [for zone in ["gold", "silver"] : local.names.keys[zone].alias] } }
    }),
    ], [for one in [
      jsonencode({
        Sid       = "StartEvolve", Effect = "Allow", Action = ["emr-serverless:ListJobRuns", "emr-serverless:StartApplication", "emr-serverless:StartJobRun"]
        Resource  = [local.names.arns.emr_serverless]
        Condition = { StringEquals = local.ours }
      }),
      jsonencode({
        Sid      = "FollowEvolve", Effect = "Allow", Action = ["emr-serverless:CancelJobRun", "emr-serverless:GetJobRun", "emr-serverless:TagResource"]
        Resource = ["${local.names.arns.emr_serverless}/jobruns/*"]
      }),
      jsonencode({
        Sid       = "GiveJobsTheirRole", Effect = "Allow", Action = ["iam:PassRole"], Resource = ["arn:${local.partition}:iam::${local.account}:role/${local.names.prefix}-evolve-*"]
        Condition = { StringEquals = { "iam:PassedToService" = "emr-serverless.amazonaws.com" } }
      }),
  ] : one if var.features.emr_serverless])

  ci_reading = concat(
    [for subject, actions in local.ci_looks : jsonencode({
      Sid = "NoResourceLevelLook${subject}", Effect = "Allow", Action = actions, Resource = ["*"]
    })],
    [for subject, one in local.ci_by_name : jsonencode({
      Sid = "Read${subject}", Effect = "Allow", Action = one.reads, Resource = one.resources
    }) if length(one.reads) > 0],
    [for subject, one in local.ci_by_tag : jsonencode({
      Sid = "Read${subject}", Effect = "Allow", Action = one.reads, Resource = one.resources, Condition = { StringEquals = local.ours }
    }) if length(one.reads) > 0],
    [
      jsonencode({
        Sid = "ReadVpc", Effect = "Allow", Action = ["ec2:DescribeVpcAttribute"], Resource = ["${local.ec2}:vpc/*"]
      }),
      jsonencode({
        Sid = "ReadFirewall", Effect = "Allow", Action = ["wafv2:GetWebACLForResource"], Resource = ["${local.arn_of["wafv2"]}:regional/webacl/*/*", "${local.arn_of["elasticloadbalancing"]}:loadbalancer/app/${local.names.prefix}/*"]
      }),
      jsonencode({
        Sid = "ReadPush", Effect = "Allow", Action = ["apigateway:GET"], Resource = local.ci_apis
      }),
      jsonencode({
        Sid = "ReadRecorder", Effect = "Allow", Action = ["config:DescribeConfigurationRecorders", "config:DescribeConfigurationRecorderStatus"], Resource = ["${local.arn_of["config"]}:configuration-recorder/*/*"]
      }),
      jsonencode({
        Sid = "ReadScaling", Effect = "Allow", Action = ["application-autoscaling:ListTagsForResource"], Resource = ["${local.arn_of["application-autoscaling"]}:scalable-target/*"]
      }),
      local.workflow_key["Read"], local.settings_key["Read"],
      jsonencode({
        Sid       = "ReadCode", Effect = "Allow", Action = ["kms:Decrypt"], Resource = [local.names.key_arn_pattern]
        Condition = { StringEquals = { "kms:ViaService" = "s3.${local.region}.${local.dns}" }, "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = [local.names.keys["artifacts"].alias] } }
      }),
    ],
  )

  # Roles that a service takes because a resource names them.
  passed = sort(concat(local.services, local.ingesting, local.platform))

  ci_apis = [for path in ["/apis", "/apis/*", "/domainnames", "/domainnames/*", "/tags/*"] : "arn:${local.partition}:apigateway:${local.region}::${path}"]

  ci_writing = concat(
    [for subject, one in local.ci_by_name : jsonencode({
      Sid = "Manage${subject}", Effect = "Allow", Action = one.writes, Resource = one.resources
    })],
    [for subject, one in local.ci_by_tag : jsonencode({
      Sid = "Make${subject}", Effect = "Allow", Action = one.makes, Resource = one.resources, Condition = { StringEquals = local.requested }
    }) if length(one.makes) > 0],
    [for subject, one in local.ci_by_tag : jsonencode({
      Sid = "Manage${subject}", Effect = "Allow", Action = one.writes, Resource = one.resources, Condition = { StringEquals = local.ours }
    })],
    [for n, roles in chunklist(local.passed, 8) : jsonencode({
      Sid       = "GiveServicesTheirRole${n}", Effect = "Allow", Action = ["iam:PassRole"], Resource = [for role in roles : local.names.roles[role].arn]
      Condition = { StringEquals = { "iam:PassedToService" = sort(distinct(flatten([for role in roles : local.service_trust[role].services]))) } }
    })],
    [
      jsonencode({
        Sid = "NoResourceLevelActs", Effect = "Allow", Action = local.ci_acts.Rest, Resource = ["*"]
      }),
      jsonencode({
        Sid = "NoResourceLevelMakes", Effect = "Allow", Action = local.ci_acts.Tagged, Resource = ["*"], Condition = { StringEquals = local.requested }
      }),
      jsonencode({
        Sid       = "TagWhatIsMade", Effect = "Allow", Action = ["ec2:CreateTags"], Resource = local.ci_by_tag.Network.resources
        Condition = { StringEquals = { "ec2:CreateAction" = concat([for action in local.ci_by_tag.Network.makes : trimprefix(action, "ec2:")], ["AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress"]) } }
      }),
      jsonencode({
        Sid      = "NameKeys", Effect = "Allow", Action = ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"]
        Resource = [for region in compact([local.region, var.replica_region]) : "arn:${local.partition}:kms:${region}:${local.account}:alias/${local.names.prefix}-*"]
      }),
      # A service that encrypts what is made here gets a grant on the key, made by whoever makes the resource.
      jsonencode({
        Sid       = "LendKeys", Effect = "Allow", Action = ["kms:CreateGrant"], Resource = [local.names.key_arn_pattern]
        Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" }, StringEquals = local.ours }
      }),
      local.workflow_key["Keep"], local.settings_key["Write"],
      jsonencode({
        Sid       = "WriteCode", Effect = "Allow", Action = ["kms:GenerateDataKey"], Resource = [local.names.key_arn_pattern]
        Condition = { StringEquals = { "kms:ViaService" = "s3.${local.region}.${local.dns}" }, "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = [local.names.keys["artifacts"].alias] } }
      }),
      jsonencode({
        Sid      = "PutBehindFirewall", Effect = "Allow", Action = ["wafv2:AssociateWebACL", "wafv2:DisassociateWebACL"]
        Resource = ["${local.arn_of["wafv2"]}:regional/webacl/*/*", "${local.arn_of["elasticloadbalancing"]}:loadbalancer/app/${local.names.prefix}/*"]
      }),
      jsonencode({
        Sid = "ManagePush", Effect = "Allow", Action = ["apigateway:DELETE", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT"], Resource = local.ci_apis
      }),
      jsonencode({
        Sid = "ManageTasks", Effect = "Allow", Action = ["ecs:RegisterTaskDefinition"], Resource = ["${local.names.arns.ecs_definition}*"]
      }),
      jsonencode({
        Sid    = "ManageScaling", Effect = "Allow", Resource = ["${local.arn_of["application-autoscaling"]}:scalable-target/*"]
        Action = ["application-autoscaling:DeleteScalingPolicy", "application-autoscaling:DeregisterScalableTarget", "application-autoscaling:PutScalingPolicy", "application-autoscaling:RegisterScalableTarget", "application-autoscaling:TagResource"]
      }),
      jsonencode({
        Sid = "ManageRecorder", Effect = "Allow", Action = ["config:StartConfigurationRecorder"], Resource = ["${local.arn_of["config"]}:configuration-recorder/*/*"]
      }),
      jsonencode({
        Sid       = "ServicesOwnRoles", Effect = "Allow", Action = ["iam:CreateServiceLinkedRole"], Resource = ["arn:${local.partition}:iam::${local.account}:role/aws-service-role/*"]
        Condition = { StringEquals = { "iam:AWSServiceName" = [for service in ["access-analyzer", "airflow", "backup", "config", "ecs", "ecs.application-autoscaling", "elasticloadbalancing", "elasticmapreduce", "kafka", "kafka.application-autoscaling", "mrk.kms", "ops.apigateway", "ops.emr-serverless", "redshift", "restore-testing.backup", "transfer"] : "${service}.amazonaws.com"] } }
      }),
    ],
  )

  # The state of this environment and its lock. The bucket's own policy names these roles too (modules/bootstrap).
  ci_state = { for role, actions in {
    "ci-plan"  = { objects = ["s3:GetObject"], key = ["kms:Decrypt"] }
    "ci-apply" = { objects = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], key = ["kms:Decrypt", "kms:GenerateDataKey"] }
    } : role => concat(
    [for one in values(local.ci) : jsonencode({
      Sid = "State", Effect = "Allow", Action = actions.objects, Resource = ["arn:${local.partition}:s3:::${one.state.bucket}/${one.state.prefix}*"]
    })],
    [for one in values(local.ci) : jsonencode({
      Sid       = "FindState", Effect = "Allow", Action = ["s3:ListBucket"], Resource = ["arn:${local.partition}:s3:::${one.state.bucket}"]
      Condition = { StringLike = { "s3:prefix" = ["${one.state.prefix}*"] } }
    })],
    [for one in values(local.ci) : jsonencode({
      Sid = "StateKey", Effect = "Allow", Action = actions.key, Resource = [one.state.key_arn]
    })],
  ) }
}

resource "aws_iam_openid_connect_provider" "github" {
  for_each = { for key, one in local.ci : key => one if one.provider_arn == null }

  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
  tags           = local.tags
}
