# A file arrives: EventBridge tells the workflow, the workflow examines the file, delivers it chunk by chunk and clears it away.
# What an event cannot start waits in a queue; what fails is told by mail and kept in the zone quarantine.

locals {
  rule_arn = "arn:${var.context.partition}:events:${var.context.region}:${var.context.account_id}:rule/${local.names.prefix}-uploads"
  queue    = "${local.names.prefix}-uploads-undelivered"
}

resource "aws_sfn_state_machine" "delivery" {
  count = var.delivery.enabled ? 1 : 0

  name     = "${local.names.prefix}-delivery"
  type     = "STANDARD"
  role_arn = var.role_arns["delivery-workflow"]
  tags     = local.tags

  definition = templatefile("${path.module}/delivery.asl.json", {
    function_arn  = "${local.names.arns.function}delivery"
    topic_arn     = var.topic_arns["warning"]
    partition     = var.context.partition
    concurrency   = var.delivery.concurrency
    retry_seconds = 2
    retries       = 8
  })

  encryption_configuration {
    type                              = "CUSTOMER_MANAGED_KMS_KEY"
    kms_key_id                        = var.key_arns["services"]
    kms_data_key_reuse_period_seconds = 300
  }
  logging_configuration {
    level                  = "ALL"
    include_execution_data = false
    log_destination        = "${var.log_groups["delivery-workflow"].arn}:*"
  }
  tracing_configuration {
    enabled = true
  }
}

resource "aws_cloudwatch_event_rule" "uploads" {
  count = var.delivery.enabled ? 1 : 0

  name        = "${local.names.prefix}-uploads"
  description = "A file is whole in the landing zone's inbox."
  tags        = local.tags
  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    detail = {
      bucket = { name = [local.names.buckets["landing"].name] }
      object = { key = [{ prefix = local.inbox }], size = [{ numeric = [">", 0] }] }
    }
  })
}

resource "aws_cloudwatch_event_target" "uploads" {
  count = var.delivery.enabled ? 1 : 0

  rule      = aws_cloudwatch_event_rule.uploads[0].name
  target_id = "delivery"
  arn       = aws_sfn_state_machine.delivery[0].arn
  role_arn  = var.role_arns["upload-events"]

  dead_letter_config {
    arn = aws_sqs_queue.undelivered[0].arn
  }
  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }
}

resource "aws_sqs_queue" "undelivered" {
  count = var.delivery.enabled ? 1 : 0

  name                      = local.queue
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  tags                      = local.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "EventBridgeKeepsWhatItCouldNotStart"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = "${local.names.arns.queue}uploads-undelivered"
        Condition = { ArnEquals = { "aws:SourceArn" = local.rule_arn } }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["sqs:ReceiveMessage", "sqs:SendMessage"]
        Resource  = "${local.names.arns.queue}uploads-undelivered"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}
