mock_provider "aws" {}

variables {
  context = { project = "tideline", environment = "dev", account_id = "111122223333", region = "eu-central-1" }
  key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  alarms = {
    services         = { cluster = "tideline-dev", names = { speed = "speed", serving = "serving" }, collector = true }
    serving          = { load_balancer = "app/tideline-dev/0123456789abcdef", target_groups = { blue = "targetgroup/a/1", green = "targetgroup/b/2" } }
    msk              = { cluster = "tideline-dev-events", brokers = 3 }
    streams          = { sales = "tideline-dev-retail-sales" }
    delivery_streams = { sales = "tideline-dev-retail-sales" }
    emr_clusters     = { main = "j-1ABCDEFGHIJKL" }
    emr_serverless   = { main = "00abcdefghijklmn" }
    airflow          = { environment = "tideline-dev" }
    functions        = { push = "tideline-dev-push" }
    state_machines   = { delivery = "arn:aws:states:eu-central-1:111122223333:stateMachine:tideline-dev-delivery" }
    queues           = { uploads = "tideline-dev-uploads-undelivered" }
    tables           = { delivered = "tideline-dev-delivered" }
    nat_gateways     = { a = "nat-0123456789abcdef0" }
    replication      = { gold = { source = "tideline-dev-gold-111122223333", destination = "tideline-dev-gold-111122223333-replica", rule = "all" } }
    workgroups       = ["tideline-dev-analyst", "tideline-dev-analytics-engineer"]
    backup           = true
  }
}

run "everything_watched" {
  command = plan

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) == 41
    error_message = "One alarm per thing that was named: ${length(aws_cloudwatch_metric_alarm.this)}"
  }
  assert {
    condition = alltrue([for name, alarm in aws_cloudwatch_metric_alarm.this :
    can(regex(" Runbook: docs/runbooks/aws/[a-z-]+\\.md$", alarm.alarm_description)) && alarm.alarm_name == "tideline-dev-${name}"])
    error_message = "Every alarm names its runbook and carries the prefix."
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : alarm.tags["module"] == "monitoring" && alarm.tags["environment"] == "dev"])
    error_message = "Every alarm is tagged."
  }
  assert {
    condition = alltrue([for alarm in aws_cloudwatch_metric_alarm.this :
    length([for query in alarm.metric_query : query if query.return_data]) == 1])
    error_message = "An alarm judges exactly one series."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["speed-not-running"].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.this["serving-no-host"].treat_missing_data == "breaching"
    error_message = "What is not there at all rings too."
  }
  assert {
    condition = { for name in ["speed-lag", "speed-contract-not-running"] : name => one([for query in aws_cloudwatch_metric_alarm.this[name].metric_query :
      "${query.metric[0].stat} of ${query.metric[0].namespace} ${query.metric[0].metric_name} by ${join(" ", values(query.metric[0].dimensions))}"]) } == {
      speed-lag                  = "Maximum of tideline/dev tideline_speed_lag_events by speed"
      speed-contract-not-running = "Minimum of tideline/dev tideline_speed_running by speed"
    }
    error_message = "Over all tasks: the slowest partition, and the worst contract."
  }
  assert {
    condition     = alltrue([for name in ["speed-lag", "speed-contract-not-running", "speed-tasks-missing"] : aws_cloudwatch_metric_alarm.this[name].evaluation_periods == 15])
    error_message = "Tasks that are added get the time to help before anybody is woken."
  }
  assert {
    condition = (one([for query in aws_cloudwatch_metric_alarm.this["speed-tasks-missing"].metric_query : query.expression if query.return_data]) == "FILL(wanted, 0) - FILL(running, 0)"
    && aws_cloudwatch_metric_alarm.this["speed-contract-not-running"].comparison_operator == "LessThanThreshold" && aws_cloudwatch_metric_alarm.this["speed-contract-not-running"].threshold == 1)
    error_message = "One task too few is noticed, and one contract that stands."
  }
  assert {
    condition = one([for widget in jsondecode(aws_cloudwatch_dashboard.layer["services"].dashboard_body).widgets : [for metric in widget.properties.metrics : metric[1]]
    if startswith(try(widget.properties.title, ""), "Speed: ")]) == ["RunningTaskCount", "DesiredTaskCount", "tideline_speed_lag_events"]
    error_message = "Tasks and lag of the speed layer are one graph."
  }
  assert {
    condition = aws_cloudwatch_metric_alarm.this["undelivered-uploads"].treat_missing_data == "ignore" && aws_cloudwatch_metric_alarm.this["undelivered-uploads"].threshold == 0 && alltrue(flatten([
      for query in aws_cloudwatch_metric_alarm.this["undelivered-uploads"].metric_query : [for metric in query.metric :
      "${metric.namespace} ${metric.metric_name} ${metric.dimensions["QueueName"]}" == "AWS/SQS ApproximateNumberOfMessagesVisible tideline-dev-uploads-undelivered"]
    ]))
    error_message = "One event that waits rings, and goes on ringing when SQS no longer speaks of the queue."
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this["query-cancelled"].event_pattern).detail.workgroupName == ["tideline-dev-analyst", "tideline-dev-analytics-engineer"]
    error_message = "Queries of every workgroup are watched."
  }
  assert {
    condition     = toset([for key in keys(aws_cloudwatch_metric_alarm.this) : key if startswith(key, "msk-disk-")]) == toset(["msk-disk-1", "msk-disk-2", "msk-disk-3"])
    error_message = "Each broker's disk has its alarm."
  }
  assert {
    condition     = alltrue([for name, rule in aws_cloudwatch_event_rule.this : startswith(rule.name, "tideline-dev-") && can(regex("docs/runbooks/aws/[a-z-]+\\.md$", rule.description))]) && toset(keys(aws_cloudwatch_event_rule.this)) == toset(["backup-failed", "deployment-failed", "query-cancelled", "switch-failed"])
    error_message = "What has no metric is an event."
  }
  assert {
    condition     = toset(keys(aws_cloudwatch_composite_alarm.severity)) == toset(["critical", "warning"]) && alltrue([for light in aws_cloudwatch_composite_alarm.severity : light.alarm_actions == null])
    error_message = "One light per severity, which tells nobody."
  }
  assert {
    condition     = alltrue([for board in concat([aws_cloudwatch_dashboard.platform], values(aws_cloudwatch_dashboard.layer)) : length(jsondecode(board.dashboard_body).widgets) > 1])
    error_message = "Dashboards are JSON with widgets."
  }
  assert {
    condition     = toset(keys(aws_cloudwatch_dashboard.layer)) == toset(["services", "stream", "batch", "ingest", "account"])
    error_message = "One dashboard per layer."
  }
  assert {
    condition     = sort(flatten([for board in aws_cloudwatch_dashboard.layer : [for widget in jsondecode(board.dashboard_body).widgets : try(widget.properties.annotations.alarms, [])]])) == sort([for name, _ in aws_cloudwatch_metric_alarm.this : "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:tideline-dev-${name}"])
    error_message = "Every alarm can be seen on exactly one layer's dashboard."
  }
  assert {
    condition     = alltrue([for filter in aws_cloudwatch_log_metric_filter.codes : strcontains(filter.pattern, "$.level = \"error\"") && strcontains(filter.pattern, "TL-*")])
    error_message = "Error codes of our services are counted."
  }
}

run "speed_without_a_collector" {
  command = plan
  variables {
    alarms = { services = { cluster = "tideline-dev", names = { speed = "speed" } } }
  }

  assert {
    condition = toset([for name in keys(aws_cloudwatch_metric_alarm.this) : name if startswith(name, "speed-")]) == toset(["speed-logged-errors", "speed-memory", "speed-not-running", "speed-tasks-missing"]) && length([
    for widget in jsondecode(aws_cloudwatch_dashboard.layer["services"].dashboard_body).widgets : widget if strcontains(jsonencode(widget), "tideline_speed")]) == 0
    error_message = "What the collector brings is not watched where there is none."
  }
}

run "speed_is_stopped" {
  command = plan
  variables {
    alarms = { services = { cluster = "tideline-dev", names = { serving = "serving" }, collector = true } }
  }

  assert {
    condition     = [for name in keys(aws_cloudwatch_metric_alarm.this) : name if startswith(name, "speed-")] == ["speed-logged-errors"]
    error_message = "What is stopped on purpose does not ring."
  }
}

run "as_many_brokers_as_there_can_be" {
  command = plan
  variables {
    alarms = { msk = { cluster = "tideline-prod-events", brokers = 60 }, streams = { for n in range(50) : "s${n}" => "tideline-prod-s${n}" } }
  }

  assert {
    condition     = length([for name in keys(aws_cloudwatch_metric_alarm.this) : name if startswith(name, "msk-")]) == 122 && keys(aws_cloudwatch_composite_alarm.part) == ["critical-1", "critical-2", "warning-1", "warning-2"]
    error_message = "Each broker has its two alarms, and more than a hundred alarms make lights of lights."
  }
  assert {
    condition = alltrue([for light in concat(values(aws_cloudwatch_composite_alarm.severity), values(aws_cloudwatch_composite_alarm.part)) : length(regexall("ALARM\\(", light.alarm_rule)) <= 100 && length(light.alarm_rule) <= 10240
    ]) && sum([for light in values(aws_cloudwatch_composite_alarm.part) : length(regexall("ALARM\\(", light.alarm_rule))]) == length(aws_cloudwatch_metric_alarm.this)
    error_message = "No light has more than CloudWatch takes, and none is left out."
  }
  assert {
    condition     = { for severity, light in aws_cloudwatch_composite_alarm.severity : severity => light.alarm_rule } == { for severity in ["critical", "warning"] : severity => "ALARM(\"tideline-dev-some-${severity}-1\") OR ALARM(\"tideline-dev-some-${severity}-2\")" }
    error_message = "The light of a severity is that of its parts."
  }
}

run "nothing_watched" {
  command = plan
  variables {
    alarms = {}
  }

  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.this)) == toset(["positions-lost", "speed-logged-errors", "serving-logged-errors", "topics-logged-errors", "push-logged-errors", "delivery-logged-errors"])
    error_message = "Only what our own logs say is watched always."
  }
  assert {
    condition     = length(aws_cloudwatch_event_rule.this) == 0 && length(aws_cloudwatch_log_group.this) > 10
    error_message = "Groups are there without any alarm."
  }
}
