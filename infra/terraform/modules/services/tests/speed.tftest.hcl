# The speed layer has as many tasks as there is work for.

mock_provider "aws" {}

variables {
  context            = { project = "tideline", environment = "dev", account_id = "111122223333", region = "eu-central-1" }
  image              = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/tideline/dev/layer@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  collector_image    = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/tideline/dev/collector@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  vpc_id             = "vpc-0123456789abcdef0"
  private_subnet_ids = ["subnet-0a", "subnet-0b", "subnet-0c"]
  security_group_ids = { load-balancer = "sg-0a", services = "sg-0b" }
  bucket_names       = { logs = "tideline-dev-logs-111122223333" }
  key_arns           = { services = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555" }
  role_arns          = { for name in ["speed", "serving", "topics", "ecs-execution", "deployment"] : name => "arn:aws:iam::111122223333:role/tideline-dev-${name}" }
  log_groups         = { for name in ["speed", "serving", "topics"] : name => { name = "/tideline/dev/${name}", arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/tideline/dev/${name}" } }
  topics             = { command = ["tideline", "--help"] }
}

run "it_grows_with_its_processors_and_its_lag" {
  command = plan
  variables {
    speed      = { minimum = 2, maximum = 6, lag_events = 4000 }
    partitions = 8
  }

  assert {
    condition     = aws_appautoscaling_target.speed[0].resource_id == "service/tideline-dev/speed" && aws_appautoscaling_target.speed[0].min_capacity == 2 && aws_appautoscaling_target.speed[0].max_capacity == 6 && aws_ecs_service.speed[0].desired_count == 2
    error_message = "It begins with the fewest tasks that it may have."
  }
  assert {
    condition = alltrue([for policy in [one(aws_appautoscaling_policy.speed_processor[0].target_tracking_scaling_policy_configuration)] :
    policy.target_value == 60 && !coalesce(policy.disable_scale_in, false) && policy.scale_in_cooldown > policy.scale_out_cooldown && length(policy.predefined_metric_specification) == 0])
    error_message = "Processors are followed out, and slowly in."
  }
  assert {
    condition = { for metric in one(aws_appautoscaling_policy.speed_processor[0].target_tracking_scaling_policy_configuration[0].customized_metric_specification).metrics : metric.id => try(
      "${metric.metric_stat[0].stat} ${metric.metric_stat[0].metric[0].namespace} ${metric.metric_stat[0].metric[0].metric_name}", metric.expression) } == {
      processor = "Average AWS/ECS CPUUtilization"
      lag       = "Maximum tideline/dev tideline_speed_lag_events"
      judged    = "IF(FILL(lag, 0) > 4000, IF(processor < 60, 60, processor), processor)"
    }
    error_message = "While a partition is behind, idle processors take no task away."
  }
  assert {
    condition = alltrue([for policy in [aws_appautoscaling_policy.speed_lag[0].step_scaling_policy_configuration[0]] : policy.adjustment_type == "PercentChangeInCapacity" && policy.min_adjustment_magnitude == 1
    && toset([for step in policy.step_adjustment : "${step.metric_interval_lower_bound} to ${coalesce(step.metric_interval_upper_bound, "any")}: ${step.scaling_adjustment}"]) == toset(["0 to 36000: 25", "36000 to any: 100"])])
    error_message = "Lag adds tasks, more of them when it is ten times as large, and takes none away."
  }
  assert {
    condition = (aws_cloudwatch_metric_alarm.speed_lag[0].metric_name == "tideline_speed_lag_events" && aws_cloudwatch_metric_alarm.speed_lag[0].statistic == "Maximum" && aws_cloudwatch_metric_alarm.speed_lag[0].dimensions == tomap({ service = "speed" })
    && aws_cloudwatch_metric_alarm.speed_lag[0].namespace == "tideline/dev" && aws_cloudwatch_metric_alarm.speed_lag[0].threshold == 4000 && aws_cloudwatch_metric_alarm.speed_lag[0].treat_missing_data == "notBreaching")
    error_message = "It is the slowest partition of any task that asks for more; a collector that says nothing asks for nothing."
  }
  assert {
    condition     = alltrue([for tags in [aws_appautoscaling_target.speed[0].tags, aws_cloudwatch_metric_alarm.speed_lag[0].tags] : tags["module"] == "services" && tags["environment"] == "dev"])
    error_message = "Everything is tagged."
  }
}

run "tasks_are_of_one_group_which_is_speeds_alone" {
  command = plan
  variables {
    certificate_arn = "arn:aws:acm:eu-central-1:111122223333:certificate/11111111-2222-3333-4444-555555555555"
  }

  assert {
    condition = { for name, task in aws_ecs_task_definition.this : name => [for one in jsondecode(task.container_definitions)[0].environment : one.value if one.name == "TIDELINE_SPEED_GROUP"] } == {
    speed = ["tideline-dev-speed"], serving = [], topics = [] }
    error_message = "Speed tasks share partitions in one group of this environment, and nobody else is in it."
  }
  assert {
    condition = alltrue([for name in ["speed", "serving"] : alltrue([for metric in ["tideline_speed_lag_events", "tideline_speed_running"] :
    strcontains(jsondecode(aws_ecs_task_definition.this[name].container_definitions)[1].environment[0].value, metric)])])
    error_message = "The collector passes on what scaling and alarms look at."
  }
}

run "in_prometheus_each_task_has_its_own_series" {
  command = plan
  variables {
    prometheus = { endpoint = "https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-1/" }
  }

  assert {
    condition = alltrue([for settings in [yamldecode(jsondecode(aws_ecs_task_definition.this["speed"].container_definitions)[1].environment[0].value)] :
      settings.exporters.prometheusremotewrite.resource_to_telemetry_conversion.enabled && contains(settings.service.pipelines["metrics/all"].processors, "resourcedetection") && settings.processors.resourcedetection.detectors == ["ecs"]
    && !contains(settings.service.pipelines["metrics/alarms"].processors, "resourcedetection") && settings.exporters.awsemf.metric_declarations[0].dimensions == [["service"]]])
    error_message = "Two tasks never write one series, and in CloudWatch a metric has one dimension."
  }
}

run "more_tasks_than_partitions_have_nothing_to_do" {
  command = plan
  variables {
    speed      = { minimum = 4, maximum = 16 }
    partitions = 3
  }

  assert {
    condition     = aws_appautoscaling_target.speed[0].min_capacity == 3 && aws_appautoscaling_target.speed[0].max_capacity == 3 && aws_ecs_service.speed[0].desired_count == 3 && output.speed_tasks == { minimum = 3, maximum = 3 }
    error_message = "As many tasks as partitions are enough."
  }
}

run "an_environment_without_contracts_waits_for_them" {
  command = plan
  variables {
    partitions = 0
  }

  assert {
    condition     = aws_appautoscaling_target.speed[0].min_capacity == 1 && aws_appautoscaling_target.speed[0].max_capacity == 1
    error_message = "One task is there for the first contract."
  }
}

run "a_large_task_is_busy_when_one_of_its_processors_is" {
  command = plan
  variables {
    speed = { cpu = 2048, memory_mb = 8192, processor_percent = 70 }
  }

  assert {
    condition     = aws_appautoscaling_policy.speed_processor[0].target_tracking_scaling_policy_configuration[0].target_value == 35
    error_message = "A Python process uses one processor: 70 per cent of it are 35 of two."
  }
}

run "without_a_collector_only_processors_are_known" {
  command = plan
  variables {
    collector_image = null
  }

  assert {
    condition = (length(aws_appautoscaling_policy.speed_lag) + length(aws_cloudwatch_metric_alarm.speed_lag) == 0 && alltrue([for policy in [one(aws_appautoscaling_policy.speed_processor[0].target_tracking_scaling_policy_configuration)] :
    one(policy.predefined_metric_specification).predefined_metric_type == "ECSServiceAverageCPUUtilization" && length(policy.customized_metric_specification) == 0]))
    error_message = "No lag reaches CloudWatch without a collector."
  }
}

run "stopped" {
  command = plan
  variables {
    speed = { minimum = 0, maximum = 0 }
  }

  assert {
    condition = (length(aws_ecs_service.speed) + length(aws_appautoscaling_target.speed) + length(aws_appautoscaling_policy.speed_processor) + length(aws_appautoscaling_policy.speed_lag) + length(aws_cloudwatch_metric_alarm.speed_lag) == 0
    && contains(keys(aws_ecs_task_definition.this), "speed") && !contains(keys(output.service_names), "speed") && output.speed_tasks == null)
    error_message = "Speed is stopped by having no service, so that nothing watches or scales what is meant to be gone; its task stays known."
  }
}
