# Ways in beside a producer's own client: the push endpoint, partners' SFTP, files that arrive, and the raw archive.

locals {
  event_topics = sort(distinct(flatten([for one in values(var.contracts) : try(one.roles["producer"].topics.write, [])])))
  sent         = var.scope == "domain" ? ["*"] : local.event_topics

  ingest_grants = {
    "push"     = merge(local.nothing, { topics_write = local.sent })
    "delivery" = merge(local.nothing, { read = ["landing/"], write = ["quarantine/_deliveries/"], topics_write = local.sent })
    "sftp"     = merge(local.nothing, { read = ["landing/"], write = ["landing/"] })
    "firehose" = merge(local.nothing, { write = ["bronze/_archive/", "bronze/_archive_errors/"], topics_read = local.sent })
  }

  ingest_extras = {
    "push" = concat(local.in_network, [jsonencode({
      Sid = "WriteLogs", Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = ["${local.names.log_groups["push"].arn}:*"]
    })])

    "delivery" = concat(local.in_network, [
      jsonencode({
        Sid = "WriteLogs", Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = ["${local.names.log_groups["delivery"].arn}:*"]
      }),
      jsonencode({
        Sid    = "RememberDeliveries", Effect = "Allow", Resource = ["${local.names.arns.dynamodb_table}deliveries"]
        Action = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]
      }),
    ])

    "delivery-workflow" = [
      jsonencode({
        Sid = "CallSteps", Effect = "Allow", Action = ["lambda:InvokeFunction"], Resource = ["${local.names.arns.function}delivery", "${local.names.arns.function}delivery:*"]
      }),
      jsonencode({
        Sid = "TellPeople", Effect = "Allow", Action = ["sns:Publish"], Resource = ["${local.names.arns.topic}*"]
      }),
      jsonencode({
        Sid    = "NoResourceLevelLogDelivery", Effect = "Allow", Resource = ["*"]
        Action = ["logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery"]
      }),
    ]

    "upload-events" = [jsonencode({
      Sid = "StartDelivery", Effect = "Allow", Action = ["states:StartExecution"], Resource = ["${local.names.arns.state_machine}delivery"]
    })]

    "sftp" = [jsonencode({
      Sid = "WriteLogs", Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = ["${local.names.log_groups["sftp"].arn}:*"]
    })]

    "firehose" = concat(
      [
        jsonencode({
          Sid = "WriteLogs", Effect = "Allow", Action = ["logs:PutLogEvents"], Resource = ["${local.names.log_groups["firehose"].arn}:*"]
        }),
        jsonencode({
          Sid = "FindBucket", Effect = "Allow", Action = ["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"], Resource = [local.names.buckets["bronze"].arn]
        }),
      ],
      [for one in ["msk"] : jsonencode({
        Sid      = "FindCluster", Effect = "Allow", Action = ["kafka:DescribeCluster", "kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"]
        Resource = [local.names.stream.cluster_arn]
      }) if var.features.stream != "kinesis"],
      [for one in ["msk"] : jsonencode({
        Sid = "KeepItsPlace", Effect = "Allow", Action = ["kafka-cluster:DescribeGroup"], Resource = [local.names.stream.group_arn]
      }) if var.features.stream != "kinesis"],
    )
  }

  # A function in the VPC makes and ends its own network interfaces; AWS offers no narrower resource than all of them.
  in_network = [jsonencode({
    Sid    = "NoResourceLevelInterfaces", Effect = "Allow", Resource = ["*"]
    Action = ["ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:UnassignPrivateIpAddresses"]
  })]
}
