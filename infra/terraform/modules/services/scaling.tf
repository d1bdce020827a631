# Serving follows its requests and its processors. ALBRequestCountPerTarget names one target group, and after a deployment the
# traffic is in the other: so requests of the whole load balancer are divided by running tasks.

resource "aws_appautoscaling_target" "serving" {
  count = local.serves ? 1 : 0

  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.serving[0].name}"
  min_capacity       = var.serving.minimum
  max_capacity       = var.serving.maximum
  tags               = local.tags
}

resource "aws_appautoscaling_policy" "processor" {
  count = local.serves ? 1 : 0

  name               = "${local.prefix}-serving-processor"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.serving[0].service_namespace
  scalable_dimension = aws_appautoscaling_target.serving[0].scalable_dimension
  resource_id        = aws_appautoscaling_target.serving[0].resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.serving.processor_percent
    scale_out_cooldown = 60
    scale_in_cooldown  = 600

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}

resource "aws_appautoscaling_policy" "requests" {
  count = local.serves ? 1 : 0

  name               = "${local.prefix}-serving-requests"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.serving[0].service_namespace
  scalable_dimension = aws_appautoscaling_target.serving[0].scalable_dimension
  resource_id        = aws_appautoscaling_target.serving[0].resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.serving.requests_per_minute
    scale_out_cooldown = 60
    scale_in_cooldown  = 600

    customized_metric_specification {
      metrics {
        id          = "requests"
        return_data = false
        metric_stat {
          stat = "Sum"
          metric {
            namespace   = "AWS/ApplicationELB"
            metric_name = "RequestCount"
            dimensions {
              name  = "LoadBalancer"
              value = aws_lb.this[0].arn_suffix
            }
          }
        }
      }
      metrics {
        id          = "tasks"
        return_data = false
        metric_stat {
          stat = "Average"
          metric {
            namespace   = "ECS/ContainerInsights"
            metric_name = "RunningTaskCount"
            dimensions {
              name  = "ClusterName"
              value = aws_ecs_cluster.this.name
            }
            dimensions {
              name  = "ServiceName"
              value = aws_ecs_service.serving[0].name
            }
          }
        }
      }
      metrics {
        id          = "each"
        expression  = "requests / tasks"
        label       = "Requests per task and minute"
        return_data = true
      }
    }
  }
}
