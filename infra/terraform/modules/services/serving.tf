# Blue/green by CodeDeploy (ADR 19). Terraform makes the service once and writes new revisions of its task; which revision runs and
# which colour has the traffic is CodeDeploy's from then on, and how many tasks the autoscaling's.

locals {
  serving_strategy = [{ capacity_provider = var.serving.spot ? "FARGATE_SPOT" : "FARGATE", base = 0, weight = 1 }]

  # What a deployment is asked for; `aws deploy create-deployment` takes it as it is.
  appspec = local.serves ? jsonencode({
    version = 0.0
    Resources = [{ TargetService = {
      Type = "AWS::ECS::Service"
      Properties = {
        TaskDefinition           = aws_ecs_task_definition.this["serving"].arn
        LoadBalancerInfo         = { ContainerName = "serving", ContainerPort = local.ports["serving"] }
        PlatformVersion          = "LATEST"
        CapacityProviderStrategy = [for one in local.serving_strategy : { CapacityProvider = one.capacity_provider, Base = one.base, Weight = one.weight }]
      }
    } }]
  }) : null
}

resource "aws_ecs_service" "serving" {
  count = local.serves ? 1 : 0

  name                              = "serving"
  cluster                           = aws_ecs_cluster.this.arn
  task_definition                   = aws_ecs_task_definition.this["serving"].arn
  desired_count                     = var.serving.minimum
  platform_version                  = "LATEST"
  health_check_grace_period_seconds = var.serving.grace_seconds
  enable_execute_command            = false
  enable_ecs_managed_tags           = true
  propagate_tags                    = "SERVICE"
  tags                              = local.tags

  deployment_controller {
    type = "CODE_DEPLOY"
  }

  dynamic "capacity_provider_strategy" {
    for_each = local.serving_strategy
    content {
      capacity_provider = capacity_provider_strategy.value.capacity_provider
      base              = capacity_provider_strategy.value.base
      weight            = capacity_provider_strategy.value.weight
    }
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.this["blue"].arn
    container_name   = "serving"
    container_port   = local.ports["serving"]
  }

  network_configuration {
    subnets          = var.private_subnet_ids
    security_groups  = [var.security_group_ids["services"]]
    assign_public_ip = false
  }

  lifecycle {
    ignore_changes = [task_definition, load_balancer, desired_count]
  }

  depends_on = [aws_ecs_cluster_capacity_providers.this, aws_lb_listener.tls]
}

resource "aws_codedeploy_app" "serving" {
  count = local.serves ? 1 : 0

  name             = "${local.prefix}-serving"
  compute_platform = "ECS"
  tags             = local.tags
}

resource "aws_codedeploy_deployment_group" "serving" {
  count = local.serves ? 1 : 0

  app_name              = aws_codedeploy_app.serving[0].name
  deployment_group_name = "serving"
  service_role_arn      = var.role_arns["deployment"]
  # All at once: with a share of the traffic on each colour, positions would go back and cursors break all the while.
  deployment_config_name = "CodeDeployDefault.ECSAllAtOnce"
  tags                   = local.tags

  deployment_style {
    deployment_type   = "BLUE_GREEN"
    deployment_option = "WITH_TRAFFIC_CONTROL"
  }

  blue_green_deployment_config {
    deployment_ready_option {
      action_on_timeout    = var.blue_green.approval_minutes > 0 ? "STOP_DEPLOYMENT" : "CONTINUE_DEPLOYMENT"
      wait_time_in_minutes = var.blue_green.approval_minutes
    }
    terminate_blue_instances_on_deployment_success {
      action                           = "TERMINATE"
      termination_wait_time_in_minutes = var.blue_green.keep_blue_minutes
    }
  }

  auto_rollback_configuration {
    enabled = true
    events  = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"]
  }

  alarm_configuration {
    enabled = length(var.rollback_alarms) > 0
    alarms  = [for name in var.rollback_alarms : "${local.prefix}-${name}"]
  }

  ecs_service {
    cluster_name = aws_ecs_cluster.this.name
    service_name = aws_ecs_service.serving[0].name
  }

  load_balancer_info {
    target_group_pair_info {
      prod_traffic_route {
        listener_arns = [aws_lb_listener.tls["live"].arn]
      }
      test_traffic_route {
        listener_arns = [aws_lb_listener.tls["test"].arn]
      }
      dynamic "target_group" {
        for_each = ["blue", "green"]
        content {
          name = aws_lb_target_group.this[target_group.value].name
        }
      }
    }
  }
}
