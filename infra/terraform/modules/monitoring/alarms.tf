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
# CloudWatch looks at a hundred alarms in one light: more make lights of lights.
locals {
  in_one_light = 100
  lights       = { for severity, names in local.by_severity : severity => chunklist(names, local.in_one_light) if length(names) > 0 }
  parts = merge([for severity, chunks in local.lights : {
    for n, names in chunks : "${severity}-${n + 1}" => { severity = severity, names = names } if length(chunks) > 1
  }]...)
  seen_by = { for severity, chunks in local.lights : severity => length(chunks) > 1 ? (
    [for part, one in local.parts : aws_cloudwatch_composite_alarm.part[part].alarm_name if one.severity == severity]
    ) : (
    [for name in chunks[0] : aws_cloudwatch_metric_alarm.this[name].alarm_name]
  ) }
}

resource "aws_cloudwatch_composite_alarm" "part" {
  for_each = local.parts

  alarm_name        = "${local.prefix}-some-${each.key}"
  alarm_description = "At least one of some ${each.value.severity} alarms of ${local.prefix} rings; the alarm itself has told its topic. Runbook: ${local.runbooks}/README.md"
  alarm_rule        = join(" OR ", [for name in each.value.names : "ALARM(\"${aws_cloudwatch_metric_alarm.this[name].alarm_name}\")"])
  tags              = local.tags
}

resource "aws_cloudwatch_composite_alarm" "severity" {
  for_each = local.seen_by

  alarm_name        = "${local.prefix}-any-${each.key}"
  alarm_description = "At least one ${each.key} alarm of ${local.prefix} rings; the alarm itself has told its topic. Runbook: ${local.runbooks}/README.md"
  alarm_rule        = join(" OR ", [for name in each.value : "ALARM(\"${name}\")"])
  tags              = local.tags
}
