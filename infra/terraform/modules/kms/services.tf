# Services of AWS that use a key in their own name, by purpose: REGION is that of the key. A statement without a source
# account would let the same service use our key for somebody else.

locals {
  for_us = { StringEquals = { "aws:SourceAccount" = local.account } }
  read   = ["kms:Decrypt", "kms:GenerateDataKey"]

  # EventBridge publishes to an encrypted topic without saying for whom: a source in the condition, and no event would ever be told. AWS
  # Backup documents no source either. SNS binds what it encrypts to the topic: so the topics are what the key is for.
  for_our_topics = { ArnLike = { "kms:EncryptionContext:aws:sns:topicArn" = "${local.arn}:sns:REGION:${local.account}:${module.names.prefix}-*" } }

  logs_actions = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:DescribeKey"]

  services = {
    # MWAA's own log groups: an environment has the key of the bucket that its code is in.
    artifacts = [
      {
        sid       = "AirflowLogGroups"
        service   = "logs.REGION.amazonaws.com"
        actions   = local.logs_actions
        condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "${local.arn}:logs:REGION:${local.account}:log-group:airflow-${module.names.prefix}-*" } }
      },
    ]

    audit = [
      {
        sid     = "TrailWritesEncrypted"
        service = "cloudtrail.amazonaws.com"
        actions = ["kms:GenerateDataKey"]
        condition = {
          StringEquals = { "aws:SourceArn" = module.names.arns.trail }
          StringLike   = { "kms:EncryptionContext:aws:cloudtrail:arn" = module.names.arns.trail }
        }
      },
      # describing a key has no encryption context
      {
        sid       = "TrailDescribesKey"
        service   = "cloudtrail.amazonaws.com"
        actions   = ["kms:DescribeKey"]
        condition = { StringEquals = { "aws:SourceArn" = module.names.arns.trail } }
      },
      { sid = "ConfigWritesEncrypted", service = "config.amazonaws.com", actions = local.read, condition = local.for_us },
    ]

    # Log delivery reads what a workflow with a key of its own has logged, then writes it to its log group.
    services = [{
      sid       = "WorkflowsAreLogged"
      service   = "delivery.logs.amazonaws.com"
      actions   = ["kms:Decrypt"]
      condition = { StringEquals = { "kms:EncryptionContext:SourceArn" = "${local.arn}:logs:REGION:${local.account}:*" } }
    }]

    telemetry = concat(
      [
        {
          sid       = "LogGroups"
          service   = "logs.REGION.amazonaws.com"
          actions   = local.logs_actions
          condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "${local.arn}:logs:REGION:${local.account}:log-group:/${var.context.project}/${var.context.environment}/*" } }
        },
        {
          sid       = "ServerlessKeepsLogs"
          service   = "emr-serverless.amazonaws.com"
          actions   = local.read
          condition = { ArnLike = { "aws:SourceArn" = "${local.arn}:emr-serverless:REGION:${local.account}:/applications/*" } }
        },
      ],
      [for service in ["aps", "backup", "budgets", "cloudwatch", "costalerts", "events"] : {
        sid       = "${title(service)}Notifies"
        service   = "${service}.amazonaws.com"
        actions   = local.read
        condition = contains(["backup", "events"], service) ? local.for_our_topics : local.for_us
      }],
    )
  }
}
