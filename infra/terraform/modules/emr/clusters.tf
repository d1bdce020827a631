# Clusters on EC2: primary and core on demand, tasks on spot. They end by themselves when idle; the next apply makes them again.

resource "aws_emr_block_public_access_configuration" "this" {
  count = var.block_public_access ? 1 : 0

  block_public_security_group_rules = true
}

resource "aws_emr_security_configuration" "this" {
  count = length(var.clusters) > 0 ? 1 : 0

  name          = "${local.name}-emr"
  configuration = jsonencode(local.security)
}

resource "aws_emr_cluster" "this" {
  for_each = var.clusters

  name                              = "${local.name}-${each.key}"
  release_label                     = var.release_label
  applications                      = ["AmazonCloudWatchAgent", "Delta", "Spark"]
  service_role                      = var.role_arns["emr-service"]
  security_configuration            = aws_emr_security_configuration.this[0].name
  configurations_json               = jsonencode(local.configurations)
  log_uri                           = "${local.logs}/"
  log_encryption_kms_key_id         = var.key_arns["telemetry"]
  step_concurrency_level            = each.value.steps
  keep_job_flow_alive_when_no_steps = true
  termination_protection            = each.value.termination_protection
  unhealthy_node_replacement        = true
  scale_down_behavior               = "TERMINATE_AT_TASK_COMPLETION"
  ebs_root_volume_size              = 30
  tags                              = local.tags

  auto_termination_policy {
    idle_timeout = each.value.idle_minutes * 60
  }

  ec2_attributes {
    instance_profile                  = var.instance_profile
    subnet_ids                        = var.subnet_ids
    emr_managed_master_security_group = var.security_group_ids["emr-primary"]
    emr_managed_slave_security_group  = var.security_group_ids["emr-core"]
    service_access_security_group     = var.security_group_ids["emr-service"]
  }

  master_instance_fleet {
    name                      = "primary"
    target_on_demand_capacity = 1

    dynamic "instance_type_configs" {
      for_each = toset(each.value.primary_types)

      content {
        instance_type     = instance_type_configs.value
        weighted_capacity = 1

        ebs_config {
          size                 = each.value.disk_gb
          type                 = "gp3"
          volumes_per_instance = 1
        }
      }
    }

    launch_specifications {
      on_demand_specification {
        allocation_strategy = "lowest-price"
      }
    }
  }

  core_instance_fleet {
    name                      = "core"
    target_on_demand_capacity = each.value.core.on_demand

    dynamic "instance_type_configs" {
      for_each = each.value.core.instance_types

      content {
        instance_type     = instance_type_configs.key
        weighted_capacity = instance_type_configs.value

        ebs_config {
          size                 = each.value.disk_gb
          type                 = "gp3"
          volumes_per_instance = 1
        }
      }
    }

    launch_specifications {
      on_demand_specification {
        allocation_strategy = "lowest-price"
      }
    }
  }

  lifecycle {
    # managed scaling moves the target; to Terraform a moved target would mean another cluster
    ignore_changes = [core_instance_fleet[0].target_on_demand_capacity]
  }
}

resource "aws_emr_instance_fleet" "task" {
  for_each = var.clusters

  name                      = "task"
  cluster_id                = aws_emr_cluster.this[each.key].id
  target_on_demand_capacity = each.value.task.on_demand
  target_spot_capacity      = each.value.task.spot

  dynamic "instance_type_configs" {
    for_each = each.value.task.instance_types

    content {
      instance_type                              = instance_type_configs.key
      weighted_capacity                          = instance_type_configs.value
      bid_price_as_percentage_of_on_demand_price = 100

      ebs_config {
        size                 = each.value.disk_gb
        type                 = "gp3"
        volumes_per_instance = 1
      }
    }
  }

  launch_specifications {
    on_demand_specification {
      allocation_strategy = "lowest-price"
    }

    spot_specification {
      allocation_strategy      = "price-capacity-optimized"
      timeout_action           = "SWITCH_TO_ON_DEMAND"
      timeout_duration_minutes = each.value.spot_wait_minutes
    }
  }

  lifecycle {
    ignore_changes = [target_on_demand_capacity, target_spot_capacity] # managed scaling moves them
  }
}

# Units on demand are bounded by what core may take and the task fleet's own share: all growth beyond that is spot.
resource "aws_emr_managed_scaling_policy" "this" {
  for_each = var.clusters

  cluster_id = aws_emr_cluster.this[each.key].id

  compute_limits {
    unit_type                       = "InstanceFleetUnits"
    minimum_capacity_units          = each.value.core.on_demand
    maximum_capacity_units          = each.value.core.maximum + each.value.task.maximum
    maximum_core_capacity_units     = each.value.core.maximum
    maximum_ondemand_capacity_units = each.value.core.maximum + each.value.task.on_demand
  }

  depends_on = [aws_emr_instance_fleet.task]
}
