# One worker owns all partitions of all contracts. A second one would fence the first, which ends itself (exit 76), is started again
# and fences the second: so a deployment stops the old task before it starts the new one, and serving answers on meanwhile.

resource "aws_ecs_service" "speed" {
  count = var.image == null ? 0 : 1

  name                               = "speed"
  cluster                            = aws_ecs_cluster.this.arn
  task_definition                    = aws_ecs_task_definition.this["speed"].arn
  desired_count                      = var.speed.count
  platform_version                   = "LATEST"
  deployment_minimum_healthy_percent = 0
  deployment_maximum_percent         = 100
  availability_zone_rebalancing      = "DISABLED" # it would start the second before it stops the first
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

  depends_on = [aws_ecs_cluster_capacity_providers.this]
}
