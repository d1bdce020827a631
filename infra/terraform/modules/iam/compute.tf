# EMR on EC2: the service makes machines in our subnets, the machines fetch code and become the role of each step.

locals {
  # What is ours among machines, volumes and interfaces is told by tags: EMR passes the cluster's on to all of them.
  ours      = { "aws:ResourceTag/project" = var.context.project, "aws:ResourceTag/environment" = var.context.environment }
  requested = { "aws:RequestTag/project" = var.context.project, "aws:RequestTag/environment" = var.context.environment }
  ec2       = "arn:${local.partition}:ec2:${local.scope}"

  job_role_arns = [for stage in concat(local.stages, ["maintain"]) : "arn:${local.partition}:iam::${local.account}:role/${local.names.prefix}-${stage}-*"]

  compute_grants = {
    "emr-instance" = merge(local.nothing, { read = ["artifacts/emr/", "artifacts/jobs/"], write = ["logs/emr/"] })
  }

  compute_extras = {
    "emr-service" = [
      jsonencode({
        Sid = "NoResourceLevelLookAround", Effect = "Allow", Resource = ["*"]
        Action = [
          "ec2:DescribeAccountAttributes", "ec2:DescribeCapacityReservations", "ec2:DescribeDhcpOptions", "ec2:DescribeImages",
          "ec2:DescribeInstances", "ec2:DescribeInstanceTypeOfferings", "ec2:DescribeInstanceTypes", "ec2:DescribeLaunchTemplates",
          "ec2:DescribeNetworkAcls", "ec2:DescribeNetworkInterfaces", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups",
          "ec2:DescribeSpotInstanceRequests", "ec2:DescribeSubnets", "ec2:DescribeVolumes", "ec2:DescribeVolumeStatus",
          "ec2:DescribeVpcEndpoints", "ec2:DescribeVpcs",
        ]
      }),
      jsonencode({
        Sid = "LookAtNetwork", Effect = "Allow", Action = ["ec2:DescribeVpcAttribute"], Resource = ["${local.ec2}:vpc/*"], Condition = { StringEquals = local.ours }
      }),
      jsonencode({
        Sid       = "StartInOurNetwork", Effect = "Allow", Action = ["ec2:CreateFleet", "ec2:CreateNetworkInterface", "ec2:RunInstances"]
        Resource  = ["${local.ec2}:subnet/*", "${local.ec2}:security-group/*"]
        Condition = { StringEquals = local.ours }
      }),
      jsonencode({
        Sid      = "StartFromImages", Effect = "Allow", Action = ["ec2:CreateFleet", "ec2:RunInstances"]
        Resource = ["arn:${local.partition}:ec2:${local.region}::image/*", "${local.ec2}:key-pair/*", "${local.ec2}:network-interface/*"]
      }),
      jsonencode({
        Sid       = "StartWithOurTags", Effect = "Allow", Action = ["ec2:CreateFleet", "ec2:CreateLaunchTemplate", "ec2:RunInstances"]
        Resource  = ["${local.ec2}:fleet/*", "${local.ec2}:instance/*", "${local.ec2}:launch-template/*", "${local.ec2}:volume/*"]
        Condition = { StringEquals = local.requested }
      }),
      jsonencode({
        Sid      = "StartFromOurTemplates", Effect = "Allow", Action = ["ec2:CreateFleet", "ec2:CreateLaunchTemplateVersion", "ec2:RunInstances"]
        Resource = ["${local.ec2}:launch-template/*"], Condition = { StringEquals = local.ours }
      }),
      jsonencode({
        Sid       = "TagWhatIsStarted", Effect = "Allow", Action = ["ec2:CreateTags"]
        Resource  = ["${local.ec2}:fleet/*", "${local.ec2}:instance/*", "${local.ec2}:launch-template/*", "${local.ec2}:network-interface/*", "${local.ec2}:volume/*"]
        Condition = { StringEquals = { "ec2:CreateAction" = ["CreateFleet", "CreateLaunchTemplate", "CreateNetworkInterface", "RunInstances"] } }
      }),
      jsonencode({
        Sid       = "EndWhatIsOurs", Effect = "Allow"
        Action    = ["ec2:AttachVolume", "ec2:CancelSpotInstanceRequests", "ec2:DeleteLaunchTemplate", "ec2:DeleteNetworkInterface", "ec2:DeleteVolume", "ec2:DetachVolume", "ec2:ModifyInstanceAttribute", "ec2:TerminateInstances"]
        Resource  = ["${local.ec2}:instance/*", "${local.ec2}:launch-template/*", "${local.ec2}:network-interface/*", "${local.ec2}:spot-instances-request/*", "${local.ec2}:volume/*"]
        Condition = { StringEquals = local.ours }
      }),
      jsonencode({
        Sid       = "OpenNodesToEachOther", Effect = "Allow"
        Action    = ["ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"]
        Resource  = ["${local.ec2}:security-group/*"]
        Condition = { StringEquals = local.ours }
      }),
      jsonencode({
        Sid       = "GiveNodesTheirRole", Effect = "Allow", Action = ["iam:PassRole"], Resource = [local.names.roles["emr-instance"].arn]
        Condition = { StringEquals = { "iam:PassedToService" = local.service_trust["emr-instance"].services[0] } }
      }),
      jsonencode({
        Sid       = "SpotNeedsItsOwnRole", Effect = "Allow", Action = ["iam:CreateServiceLinkedRole"]
        Resource  = ["arn:${local.partition}:iam::${local.account}:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"]
        Condition = { StringEquals = { "iam:AWSServiceName" = "spot.amazonaws.com" } }
      }),
      local.disk_key, local.disk_grant,
    ]

    "emr-instance" = concat([
      jsonencode({
        Sid = "BecomeTheStepsRole", Effect = "Allow", Action = ["sts:AssumeRole", "sts:TagSession"], Resource = local.job_role_arns
      }),
      jsonencode({
        Sid      = "FetchEmrsOwnSoftware", Effect = "Allow", Action = ["s3:GetObject"]
        Resource = ["arn:${local.partition}:s3:::${local.region}.elasticmapreduce/*"]
      }),
      jsonencode({
        Sid      = "WriteLogs", Effect = "Allow", Action = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        Resource = ["${local.names.log_groups["emr"].arn}:*"]
      }),
      jsonencode({
        Sid       = "NoResourceLevelMetrics", Effect = "Allow", Action = ["cloudwatch:PutMetricData"], Resource = ["*"]
        Condition = { StringEquals = { "cloudwatch:namespace" = "CWAgent" } }
      }),
      local.disk_key,
    ], local.telemetry_key)
  }

  disk_key = jsonencode({
    Sid       = "EncryptDisks", Effect = "Allow", Action = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
    Resource  = [local.names.key_arn_pattern]
    Condition = { "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = [local.names.keys["services"].alias] } }
  })
  disk_grant = jsonencode({
    Sid = "EncryptVolumes", Effect = "Allow", Action = ["kms:CreateGrant"], Resource = [local.names.key_arn_pattern]
    Condition = {
      Bool                       = { "kms:GrantIsForAWSResource" = "true" }
      "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = [local.names.keys["services"].alias] }
    }
  })
  # Logs of jobs are encrypted with the telemetry key on their way to S3.
  telemetry_key = [jsonencode({
    Sid       = "EncryptLogs", Effect = "Allow", Action = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"], Resource = [local.names.key_arn_pattern]
    Condition = { "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = [local.names.keys["telemetry"].alias] } }
  })]
}
