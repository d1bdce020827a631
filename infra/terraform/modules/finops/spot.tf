# Which part of the task fleets was spot. EMR publishes no such metric; it does send an event whenever a task fleet has
# reached its size, with the units of each kind that it got. Each event is written as one line into the log group emr and
# counted from there. So the share is one of arrivals: a fleet that is resized often counts often, an hour without a
# change counts nothing. What a month cost by kind of purchase is in the bill; this tells the same day.

locals {
  spot      = var.spot_share == null ? {} : { this = var.spot_share }
  rule      = "${local.prefix}-task-capacity"
  rule_arn  = "arn:${var.context.partition}:events:${var.context.region}:${var.context.account_id}:rule/${local.rule}"
  namespace = "${local.prefix}/cost"
  word      = "task-capacity"
  units     = { spot = "TaskSpotUnits", on_demand = "TaskOnDemandUnits" }
  share     = "IF(spot + on_demand > 0, 100 * spot / (spot + on_demand), 100)"
}

resource "aws_cloudwatch_event_rule" "capacity" {
  for_each = local.spot

  name        = local.rule
  description = "A task fleet of EMR has reached its size."
  tags        = local.tags
  event_pattern = jsonencode({
    source      = ["aws.emr"]
    detail-type = ["EMR Instance Fleet State Change"]
    detail      = { instanceFleetType = ["TASK"], state = ["RUNNING"] }
  })
}

# A line of plain words, not the event's JSON: whether EMR writes a number or its digits as text, the line is the same.
resource "aws_cloudwatch_event_target" "capacity" {
  for_each = local.spot

  rule      = aws_cloudwatch_event_rule.capacity[each.key].name
  target_id = "log"
  arn       = each.value.log_group.arn

  input_transformer {
    input_paths = {
      at        = "$.time"
      cluster   = "$.detail.clusterId"
      fleet     = "$.detail.instanceFleetId"
      on_demand = "$.detail.provisionedOnDemandCapacity"
      spot      = "$.detail.provisionedSpotCapacity"
    }
    input_template = "{\"timestamp\": <at>, \"message\": \"${local.word} <cluster> <fleet> <on_demand> <spot>\"}"
  }
}

resource "aws_cloudwatch_log_resource_policy" "capacity" {
  for_each = local.spot

  policy_name = local.rule
  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "EventsOpenStreams"
        Effect    = "Allow"
        Principal = { Service = ["events.amazonaws.com", "delivery.logs.amazonaws.com"] }
        Action    = ["logs:CreateLogStream"]
        Resource  = "${each.value.log_group.arn}:*"
      },
      {
        Sid       = "OurRuleWrites"
        Effect    = "Allow"
        Principal = { Service = ["events.amazonaws.com", "delivery.logs.amazonaws.com"] }
        Action    = ["logs:PutLogEvents"]
        Resource  = "${each.value.log_group.arn}:*"
        Condition = { ArnEquals = { "aws:SourceArn" = local.rule_arn } }
      },
    ]
  })
}

resource "aws_cloudwatch_log_metric_filter" "capacity" {
  for_each = var.spot_share == null ? {} : local.units

  name           = "${local.rule}-${replace(each.key, "_", "-")}"
  log_group_name = var.spot_share.log_group.name
  pattern        = "[word = ${local.word}, cluster, fleet, on_demand, spot]"

  metric_transformation {
    namespace = local.namespace
    name      = each.value
    value     = format("$%s", each.key)
  }
}

resource "aws_cloudwatch_metric_alarm" "spot_share" {
  for_each = local.spot

  alarm_name          = "${local.prefix}-spot-share"
  alarm_description   = "Under ${each.value.percent} % of the task capacity that EMR got within a day was spot: spot is scarce, or a fleet asks for too much on demand."
  comparison_operator = "LessThanThreshold"
  threshold           = each.value.percent
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
  tags                = local.tags

  metric_query {
    id          = "share"
    label       = "spot, percent of task capacity"
    expression  = local.share
    return_data = true
  }

  dynamic "metric_query" {
    for_each = local.units
    content {
      id = metric_query.key
      metric {
        namespace   = local.namespace
        metric_name = metric_query.value
        period      = 86400
        stat        = "Sum"
      }
    }
  }
}

# Beside it what AWS counts itself: all running vCPUs of the account by kind of purchase, core nodes and others included.
resource "aws_cloudwatch_dashboard" "cost" {
  for_each = local.spot

  dashboard_name = "${local.prefix}-cost"
  dashboard_body = jsonencode({ widgets = [
    {
      type = "metric", x = 0, y = 0, width = 12, height = 6
      properties = {
        title  = "Spot, percent of the task capacity that EMR got, by day"
        region = var.context.region
        period = 86400
        stat   = "Sum"
        yAxis  = { left = { min = 0, max = 100 } }
        metrics = concat(
          [[{ id = "share", expression = local.share, label = "spot %" }]],
          [for id, name in local.units : [local.namespace, name, { id = id, visible = false }]],
        )
        annotations = { horizontal = [{ label = "wanted", value = each.value.percent }] }
      }
    },
    {
      type = "metric", x = 12, y = 0, width = 12, height = 6
      properties = {
        title   = "Running vCPUs of the account, all that EC2 runs"
        region  = var.context.region
        period  = 300
        stat    = "Maximum"
        stacked = true
        metrics = [for kind in ["Spot", "OnDemand"] :
          ["AWS/Usage", "ResourceCount", "Type", "Resource", "Resource", "vCPU", "Service", "EC2", "Class", "Standard/${kind}", { label = kind }]
        ]
      }
    },
  ] })
}
