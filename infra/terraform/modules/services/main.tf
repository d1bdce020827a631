# The two services on ECS Fargate, what brings people to one of them, and the one-off task that makes topics. Nothing here runs
# before there is an image: without `image` there are the repositories to push it to, without `certificate_arn` no way in.

module "names" {
  source  = "../names"
  context = var.context
}

locals {
  tags     = merge(module.names.tags, { module = "services" })
  prefix   = module.names.prefix
  balanced = var.certificate_arn != null
  serves   = local.balanced && var.image != null
  ports    = { speed = 8089, serving = 8088 }
}

resource "aws_ecs_cluster" "this" {
  name = local.prefix
  tags = local.tags

  setting {
    name  = "containerInsights"
    value = "enabled"
  }

  # Nobody gets a shell in a task (the services switch it off); were it on, what is typed would be encrypted and kept.
  configuration {
    execute_command_configuration {
      kms_key_id = var.key_arns["services"]
      logging    = "OVERRIDE"
      log_configuration {
        cloud_watch_encryption_enabled = true
        cloud_watch_log_group_name     = var.log_groups["serving"].name
      }
    }
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]

  default_capacity_provider_strategy {
    capacity_provider = "FARGATE"
    base              = 1
    weight            = 1
  }
}
