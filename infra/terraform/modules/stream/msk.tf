# Kafka on brokers of a size you choose: three zones, TLS, IAM, and nothing that makes topics on its own.

locals {
  # Partitions (copies included) that AWS recommends as the most of one broker.
  broker_partitions = merge(
    { "kafka.t3.small" = 300 },
    { for size in ["large", "xlarge"] : "kafka.m5.${size}" => 1000 },
    { for size in ["large", "xlarge"] : "kafka.m7g.${size}" => 1000 },
    { "kafka.m5.2xlarge" = 2000, "kafka.m7g.2xlarge" = 2000 },
    { for size in ["4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge"] : "kafka.m5.${size}" => 4000 },
    { for size in ["4xlarge", "8xlarge", "12xlarge", "16xlarge"] : "kafka.m7g.${size}" => 4000 },
  )

  server_properties = {
    "auto.create.topics.enable"                = "false"
    "default.replication.factor"               = "3"
    "log.message.timestamp.type"               = "LogAppendTime"
    "min.insync.replicas"                      = "2"
    "offsets.topic.replication.factor"         = "3"
    "transaction.state.log.min.isr"            = "2"
    "transaction.state.log.replication.factor" = "3"
    "unclean.leader.election.enable"           = "false"
  }
}

resource "aws_msk_configuration" "this" {
  count = local.msk ? 1 : 0

  name              = local.names.stream.cluster
  description       = "No topic makes itself, a record stands on two brokers before it counts, and its time is the broker's."
  kafka_versions    = [var.kafka_version]
  server_properties = join("\n", [for key, value in local.server_properties : "${key}=${value}"])
}

resource "aws_msk_cluster" "this" {
  count = local.msk ? 1 : 0

  cluster_name           = local.names.stream.cluster
  kafka_version          = var.kafka_version
  number_of_broker_nodes = var.brokers.count
  enhanced_monitoring    = var.monitoring_level
  storage_mode           = var.brokers.tiered_storage ? "TIERED" : "LOCAL"
  tags                   = local.tags

  broker_node_group_info {
    instance_type   = var.brokers.instance_type
    client_subnets  = var.subnet_ids
    security_groups = [var.security_group_id]

    connectivity_info {
      public_access {
        type = "DISABLED"
      }
      # Firehose lives outside of the network and reads through a private connection of its own.
      dynamic "vpc_connectivity" {
        for_each = var.archive.enabled ? [true] : []
        content {
          client_authentication {
            sasl {
              iam = true
            }
          }
        }
      }
    }

    storage_info {
      ebs_storage_info {
        volume_size = var.brokers.volume_gb
        dynamic "provisioned_throughput" {
          for_each = var.brokers.throughput_mb == null ? [] : [var.brokers.throughput_mb]
          content {
            enabled           = true
            volume_throughput = provisioned_throughput.value
          }
        }
      }
    }
  }

  client_authentication {
    unauthenticated = false
    sasl {
      iam   = true
      scram = false
    }
  }

  configuration_info {
    arn      = aws_msk_configuration.this[0].arn
    revision = aws_msk_configuration.this[0].latest_revision
  }

  encryption_info {
    encryption_at_rest_kms_key_arn = var.key_arn
    encryption_in_transit {
      client_broker = "TLS"
      in_cluster    = true
    }
  }

  logging_info {
    broker_logs {
      cloudwatch_logs {
        enabled   = true
        log_group = var.log_group_names["stream"]
      }
    }
  }

  dynamic "open_monitoring" {
    for_each = var.brokers.open_monitoring ? [true] : []
    content {
      prometheus {
        jmx_exporter {
          enabled_in_broker = true
        }
        node_exporter {
          enabled_in_broker = true
        }
      }
    }
  }

  lifecycle {
    # Disks grow by themselves (below), so their size is what it has become.
    ignore_changes = [broker_node_group_info[0].storage_info[0].ebs_storage_info[0].volume_size]
  }
}

resource "aws_appautoscaling_target" "disk" {
  count = local.msk ? 1 : 0

  service_namespace  = "kafka"
  scalable_dimension = "kafka:broker-storage:VolumeSize"
  resource_id        = aws_msk_cluster.this[0].arn
  min_capacity       = 1
  max_capacity       = var.brokers.volume_max_gb
  tags               = local.tags
}

resource "aws_appautoscaling_policy" "disk" {
  count = local.msk ? 1 : 0

  name               = "${local.names.stream.cluster}-disk"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.disk[0].service_namespace
  scalable_dimension = aws_appautoscaling_target.disk[0].scalable_dimension
  resource_id        = aws_appautoscaling_target.disk[0].resource_id

  target_tracking_scaling_policy_configuration {
    disable_scale_in = true # a disk of a broker cannot shrink
    target_value     = 60
    predefined_metric_specification {
      predefined_metric_type = "KafkaBrokerStorageUtilization"
    }
  }
}

resource "aws_msk_serverless_cluster" "this" {
  count = local.serverless ? 1 : 0

  cluster_name = local.names.stream.cluster
  tags         = local.tags

  vpc_config {
    subnet_ids         = var.subnet_ids
    security_group_ids = [var.security_group_id]
  }
  client_authentication {
    sasl {
      iam {
        enabled = true
      }
    }
  }
}
