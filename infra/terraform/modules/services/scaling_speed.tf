# Speed follows its processors, out and in, and its lag, out only. Each change moves partitions, and who gets one rebuilds what it
# remembers of it: so it grows in steps that are worth it and shrinks slowly, one policy never undoing what the other did.

locals {
  # ECS counts per cent of all of a task's processors; a Python process uses one.
  speed_processor = var.speed.processor_percent * 1024 / max(var.speed.cpu, 1024)
  speed_measured  = local.speeds == 1 && var.collector_image != null
}

resource "aws_appautoscaling_target" "speed" {
  count = local.speeds

  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.speed[0].name}"
  min_capacity       = local.speed_tasks.minimum
  max_capacity       = local.speed_tasks.maximum
  tags               = local.tags
}

resource "aws_appautoscaling_policy" "speed_processor" {
  count = local.speeds

  name               = "${local.prefix}-speed-processor"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.speed[0].service_namespace
  scalable_dimension = aws_appautoscaling_target.speed[0].scalable_dimension
  resource_id        = aws_appautoscaling_target.speed[0].resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = local.speed_processor
    scale_out_cooldown = 180
    scale_in_cooldown  = 900

    dynamic "predefined_metric_specification" {
      for_each = local.speed_measured ? [] : ["ECSServiceAverageCPUUtilization"]
      content {
        predefined_metric_type = predefined_metric_specification.value
      }
    }

    # The same, but never below the target while a partition is behind: tasks that wait for Kafka or for one hot partition are idle
    # on average, and what the lag has added would be taken away again.
    dynamic "customized_metric_specification" {
      for_each = local.speed_measured ? [local.speed_processor] : []
      content {
        metrics {
          id          = "processor"
          return_data = false
          metric_stat {
            stat = "Average"
            metric {
              namespace   = "AWS/ECS"
              metric_name = "CPUUtilization"
              dimensions {
                name  = "ClusterName"
                value = aws_ecs_cluster.this.name
              }
              dimensions {
                name  = "ServiceName"
                value = aws_ecs_service.speed[0].name
              }
            }
          }
        }
        metrics {
          id          = "lag"
          return_data = false
          metric_stat {
            stat = "Maximum"
            metric {
              namespace   = local.namespace
              metric_name = "tideline_speed_lag_events"
              dimensions {
                name  = "service"
                value = "speed"
              }
            }
          }
        }
        metrics {
          id          = "judged"
          expression  = "IF(FILL(lag, 0) > ${var.speed.lag_events}, IF(processor < ${customized_metric_specification.value}, ${customized_metric_specification.value}, processor), processor)"
          label       = "Processor, at least the target while a partition is behind"
          return_data = true
        }
      }
    }
  }
}

# A quarter more tasks while the slowest partition is behind; as many again when it is ten times as far behind.
resource "aws_appautoscaling_policy" "speed_lag" {
  count = local.speed_measured ? 1 : 0

  name               = "${local.prefix}-speed-lag"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.speed[0].service_namespace
  scalable_dimension = aws_appautoscaling_target.speed[0].scalable_dimension
  resource_id        = aws_appautoscaling_target.speed[0].resource_id

  step_scaling_policy_configuration {
    adjustment_type          = "PercentChangeInCapacity"
    min_adjustment_magnitude = 1
    metric_aggregation_type  = "Maximum"
    cooldown                 = 300

    step_adjustment {
      metric_interval_lower_bound = 0
      metric_interval_upper_bound = 9 * var.speed.lag_events
      scaling_adjustment          = 25
    }
    step_adjustment {
      metric_interval_lower_bound = 9 * var.speed.lag_events
      scaling_adjustment          = 100
    }
  }
}

# It tells nobody: the alarm speed-lag of modules/monitoring does when adding tasks has not helped. Without a value nothing is added.
resource "aws_cloudwatch_metric_alarm" "speed_lag" {
  count = local.speed_measured ? 1 : 0

  alarm_name          = "${local.prefix}-speed-more-tasks"
  alarm_description   = "The speed layer's slowest partition is more than ${var.speed.lag_events} events behind: tasks are added. Runbook: docs/runbooks/aws/speed-lag.md"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.speed.lag_events
  namespace           = local.namespace
  metric_name         = "tideline_speed_lag_events"
  dimensions          = { service = "speed" }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_appautoscaling_policy.speed_lag[0].arn]
  tags                = local.tags
}
