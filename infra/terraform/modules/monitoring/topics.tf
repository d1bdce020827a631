# One topic per severity: critical wakes somebody, warning is for the working day, info is for whoever wants to know.

locals {
  severities = ["critical", "warning", "info"]
  topic_arns = { for severity in local.severities : severity => "${module.names.arns.topic}${severity}" }
  own        = "${var.context.region}:${var.context.account_id}"

  # What of this account may publish: each service with the ARNs of what it acts for. Two are not here, since a condition would shut them out:
  # EventBridge takes none in the policy of a topic, and AWS Backup, which publishes within an account only, documents none.
  sources = {
    cloudwatch = "${module.names.arns.alarm}*"
    budgets    = "arn:${var.context.partition}:budgets::${var.context.account_id}:*"
    costalerts = "arn:${var.context.partition}:ce::${var.context.account_id}:anomalysubscription/*"
    aps        = "arn:${var.context.partition}:aps:${local.own}:workspace/*"
  }
  publishers = var.managed_prometheus ? setunion(var.publishers, ["aps"]) : var.publishers

  subscriptions = merge([for severity in local.severities : {
    for one in var.subscribers[severity] : "${severity}/${one.protocol}/${one.endpoint}" => merge(one, { severity = severity })
  }]...)
}

resource "aws_sns_topic" "this" {
  for_each = toset(local.severities)

  name              = "${local.prefix}-${each.key}"
  kms_master_key_id = var.key_arn
  signature_version = 2
  tags              = local.tags
}

resource "aws_sns_topic_policy" "this" {
  for_each = aws_sns_topic.this

  arn = each.value.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([for service in sort(local.publishers) : merge({
      Sid       = "Publish${title(service)}"
      Effect    = "Allow"
      Principal = { Service = "${service}.amazonaws.com" }
      Action    = concat(["sns:Publish"], [for one in ["sns:GetTopicAttributes"] : one if service == "aps"]) # aps looks before it publishes
      Resource  = local.topic_arns[each.key]
      }, { for source in try([local.sources[service]], []) : "Condition" => {
        StringEquals = { "aws:SourceAccount" = var.context.account_id }
        ArnLike      = { "aws:SourceArn" = source }
      } })], [{
      Sid       = "OnlyTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sns:Publish"
      Resource  = local.topic_arns[each.key]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }])
  })
}

resource "aws_sns_topic_subscription" "this" {
  for_each = local.subscriptions

  topic_arn = aws_sns_topic.this[each.value.severity].arn
  protocol  = each.value.protocol
  endpoint  = each.value.endpoint
}
