# Alarms are data: a file per layer says what is watched, this one makes them all alike. Each description names its runbook;
# what brings several things (functions, brokers, zones) makes one alarm each, `<alarm>-<key>`, with one runbook.

locals {
  # What an alarm says unless it says otherwise: five minutes in a row, and silence is no trouble.
  plain = {
    expression = null
    period     = 60
    comparison = "GreaterThanThreshold"
    evaluation = 5
    datapoints = null
    missing    = "notBreaching"
  }

  alarms = { for name, alarm in merge(
    local.services_alarms, local.stream_alarms, local.batch_alarms, local.ingest_alarms, local.account_alarms
  ) : name => merge(local.plain, alarm) }

  alarm_arns = { for name, _ in local.alarms : name => "${module.names.arns.alarm}${name}" }
  by_severity = { for severity in local.severities : severity => sort([
    for name, alarm in local.alarms : name if alarm.severity == severity
  ]) }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${local.prefix}-${each.key}"
  alarm_description   = "${each.value.text} Runbook: ${local.runbooks}/${each.value.runbook}.md"
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  evaluation_periods  = each.value.evaluation
  datapoints_to_alarm = coalesce(each.value.datapoints, each.value.evaluation)
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.this[each.value.severity].arn]
  ok_actions          = [aws_sns_topic.this[each.value.severity].arn]
  tags                = local.tags

  dynamic "metric_query" {
    for_each = each.value.metrics
    content {
      id          = metric_query.key
      return_data = each.value.expression == null
      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.metric
        stat        = metric_query.value.stat
        period      = each.value.period
        dimensions  = metric_query.value.dimensions
      }
    }
  }

  dynamic "metric_query" {
    for_each = each.value.expression[*]
    content {
      id          = "judged"
      expression  = metric_query.value
      label       = each.key
      return_data = true
    }
  }
}

# One light per severity, for the dashboard and for whoever asks "is anything wrong?"; it tells nobody, since each alarm has.
resource "aws_cloudwatch_composite_alarm" "severity" {
  for_each = { for severity, names in local.by_severity : severity => names if length(names) > 0 }

  alarm_name        = "${local.prefix}-any-${each.key}"
  alarm_description = "At least one ${each.key} alarm of ${local.prefix} rings; the alarm itself has told its topic. Runbook: ${local.runbooks}/README.md"
  alarm_rule        = join(" OR ", [for name in each.value : "ALARM(\"${aws_cloudwatch_metric_alarm.this[name].alarm_name}\")"])
  tags              = local.tags
}
