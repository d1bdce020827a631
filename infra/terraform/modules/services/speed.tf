# Tasks share partitions in a consumer group (ADR 25), which decides who works on what; that no event counts twice or never is the fence's
# business (docs/handover.md). A deployment stops the old tasks before it starts new ones: else two versions of the index, and of the
# code, would share the partitions of one contract. Serving answers on meanwhile. How many tasks there are is the autoscaling's.

locals {
  speeds = var.image != null && var.speed.maximum > 0 ? 1 : 0
  useful = var.partitions == null ? var.speed.maximum : max(1, var.partitions)
  speed_tasks = {
    minimum = min(var.speed.minimum, local.useful)
    maximum = min(var.speed.maximum, local.useful)
  }
}

resource "aws_ecs_service" "speed" {
  count = local.speeds

  name                               = "speed"
  cluster                            = aws_ecs_cluster.this.arn
  task_definition                    = aws_ecs_task_definition.this["speed"].arn
  desired_count                      = local.speed_tasks.minimum
  platform_version                   = "LATEST"
  deployment_minimum_healthy_percent = 0
  deployment_maximum_percent         = 100
  availability_zone_rebalancing      = "DISABLED" # it would start the new task before it stops the old one
  enable_execute_command             = false
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"
  tags                               = local.tags

  capacity_provider_strategy {
    capacity_provider = var.speed.spot ? "FARGATE_SPOT" : "FARGATE"
    weight            = 1
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.private_subnet_ids
    security_groups  = [var.security_group_ids["services"]]
    assign_public_ip = false
  }

  lifecycle {
    ignore_changes = [desired_count]
  }

  depends_on = [aws_ecs_cluster_capacity_providers.this]
}
