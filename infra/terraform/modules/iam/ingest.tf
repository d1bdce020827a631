# Ways in beside a producer's own client: the push endpoint, partners' SFTP, files that arrive, and the raw archive.

locals {
  event_topics = sort(distinct(flatten([for one in values(var.contracts) : try(one.roles["producer"].topics.write, [])])))
  sent         = local.by_zone ? ["*"] : local.event_topics

  # Files come in below inbox/ and leave it for delivered/ or for quarantine; a partner's session is narrowed to its own folder
  # by the policy of its SFTP user.
  ingest_grants = {
    "push"     = merge(local.nothing, { topics_write = local.sent })
    "delivery" = merge(local.nothing, { read = ["landing/inbox/"], write = ["landing/delivered/", "quarantine/_deliveries/"], remove = ["landing/inbox/"], topics_write = local.sent })
    "sftp"     = merge(local.nothing, { read = ["landing/inbox/"], write = ["landing/inbox/"], remove = ["landing/inbox/"] })
    "firehose" = merge(local.nothing, { write = ["bronze/_archive/", "bronze/_archive_errors/"], topics_read = local.sent })
  }

  ingest_extras = {
    "push" = concat(local.function["push"], [jsonencode({
      Sid = "WriteLogs", Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = ["${local.names.log_groups["push"].arn}:*"]
    })])

    "delivery" = concat(local.function["delivery"], [
      jsonencode({
        Sid = "WriteLogs", Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = ["${local.names.log_groups["delivery"].arn}:*"]
      }),
      jsonencode({
        Sid    = "RememberDeliveries", Effect = "Allow", Resource = ["${local.names.arns.dynamodb_table}deliveries"]
        Action = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]
      }),
    ])

    "delivery-workflow" = [
      jsonencode({
        Sid = "CallSteps", Effect = "Allow", Action = ["lambda:InvokeFunction"], Resource = ["${local.names.arns.function}delivery", "${local.names.arns.function}delivery:*"]
      }),
      jsonencode({
        Sid = "TellPeople", Effect = "Allow", Action = ["sns:Publish"], Resource = ["${local.names.arns.topic}warning"]
      }),
      jsonencode({
        Sid = "TellEncrypted", Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = [local.names.key_arn_pattern]
        Condition = {
          StringEquals               = { "kms:ViaService" = "sns.${local.region}.${local.dns}" }
          "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = [local.names.keys["telemetry"].alias] }
        }
      }),
      local.workflow_key["Keep"],
      # and what the run logs, on its way to the log group (the star belongs to the name that Step Functions gives)
      jsonencode({
        Sid = "KeepLogs", Effect = "Allow", Action = ["kms:GenerateDataKey"], Resource = [local.names.key_arn_pattern]
        Condition = {
          StringEquals               = { "kms:EncryptionContext:SourceArn" = "arn:${local.partition}:logs:${local.scope}:*" }
          "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = [local.names.keys["services"].alias] }
        }
      }),
      local.traces,
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
        Sid      = "FindCluster", Effect = "Allow", Action = ["kafka:DescribeCluster", "kafka:DescribeClusterV2"]
        Resource = [local.names.stream.cluster_arn]
      }) if var.features.stream != "kinesis"],
      [for one in ["msk"] : jsonencode({
        Sid = "NoResourceLevelBrokers", Effect = "Allow", Action = ["kafka:GetBootstrapBrokers"], Resource = ["*"]
      }) if var.features.stream != "kinesis"],
      [for one in ["msk"] : jsonencode({
        Sid = "KeepItsPlace", Effect = "Allow", Action = ["kafka-cluster:DescribeGroup"], Resource = [local.names.stream.group_arn]
      }) if var.features.stream != "kinesis"],
    )
  }

  # Lambda makes a function's network interfaces under the function's role, and refuses a role that may do so only on some. So the
  # role may on all, and the code that runs in the function may on none: the second statement tells the two apart.
  interfaces = ["ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:UnassignPrivateIpAddresses"]
  function = { for name in ["push", "delivery"] : name => [
    jsonencode({
      Sid = "NoResourceLevelInterfaces", Effect = "Allow", Action = local.interfaces, Resource = ["*"]
    }),
    jsonencode({
      Sid       = "NotByItsCode", Effect = "Deny", Action = local.interfaces, Resource = ["*"]
      Condition = { ArnEquals = { "lambda:SourceFunctionArn" = "${local.names.arns.function}${name}" } }
    }),
    jsonencode({
      Sid = "ReadOwnSettings", Effect = "Allow", Action = ["kms:Decrypt"], Resource = [local.names.key_arn_pattern]
      Condition = {
        StringEquals               = { "kms:ViaService" = [for service in ["dynamodb", "lambda"] : "${service}.${local.region}.${local.dns}"] }
        "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = [local.names.keys["services"].alias] }
      }
    }),
    local.traces,
  ] }
  # Step Functions keeps the definition and the state of runs under the key, bound to the workflow: who looks at them needs it too.
  workflow_key = { for way, actions in { Read = ["kms:Decrypt"], Keep = ["kms:Decrypt", "kms:GenerateDataKey"] } : way => jsonencode({
    Sid = "${way}Workflow", Effect = "Allow", Action = actions, Resource = [local.names.key_arn_pattern]
    Condition = {
      StringEquals               = { "kms:EncryptionContext:aws:states:stateMachineArn" = "${local.names.arns.state_machine}delivery" }
      "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = [local.names.keys["services"].alias] }
    }
  }) }
  # A function's settings lie under the key as well: who compares or writes them needs it, through Lambda.
  settings_key = { for way, actions in { Read = ["kms:Decrypt"], Write = ["kms:Decrypt", "kms:Encrypt"] } : way => jsonencode({
    Sid       = "${way}Settings", Effect = "Allow", Action = actions, Resource = [local.names.key_arn_pattern]
    Condition = { StringEquals = { "kms:ViaService" = "lambda.${local.region}.${local.dns}" }, "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = [local.names.keys["services"].alias] } }
  }) }
  traces = jsonencode({
    Sid    = "NoResourceLevelTraces", Effect = "Allow", Resource = ["*"]
    Action = ["xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"]
  })
}
