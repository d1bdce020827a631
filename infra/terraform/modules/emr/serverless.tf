# The application on which contracts run: it starts with the first job and stops when it is idle.
# The provider's 5.100 has no scheduler (queueing), monitoring or runtime settings for it: monitoring and Spark's settings go with
# each job instead, as the output `job_overrides` has them.

resource "aws_emrserverless_application" "batch" {
  name          = "${local.name}-batch"
  type          = "SPARK"
  release_label = var.release_label
  architecture  = upper(var.architecture)
  tags          = local.tags

  dynamic "initial_capacity" {
    for_each = { for type, worker in { Driver = var.serverless.driver, Executor = var.serverless.executor } : type => worker if worker.workers > 0 }

    content {
      initial_capacity_type = initial_capacity.key

      initial_capacity_config {
        worker_count = initial_capacity.value.workers

        worker_configuration {
          cpu    = "${initial_capacity.value.cpu} vCPU"
          memory = "${initial_capacity.value.memory_gb} GB"
          disk   = "${initial_capacity.value.disk_gb} GB"
        }
      }
    }
  }

  maximum_capacity {
    cpu    = "${var.serverless.maximum.cpu} vCPU"
    memory = "${var.serverless.maximum.memory_gb} GB"
    disk   = "${var.serverless.maximum.disk_gb} GB"
  }

  auto_start_configuration {
    enabled = true
  }

  auto_stop_configuration {
    enabled              = true
    idle_timeout_minutes = var.serverless.idle_minutes
  }

  interactive_configuration {
    livy_endpoint_enabled = false
    studio_enabled        = false
  }

  network_configuration {
    subnet_ids         = var.subnet_ids
    security_group_ids = [var.security_group_ids["emr-core"]]
  }
}

locals {
  # A job asks for workers of the size that is kept ready: a larger one would wait for a new worker beside idle ones that are paid for.
  # Spark takes a tenth on top of what it is told, for what lies outside of the heap.
  workers = { for kind, worker in { driver = var.serverless.driver, executor = var.serverless.executor } : kind => {
    "spark.${kind}.cores"               = tostring(worker.cpu)
    "spark.${kind}.memory"              = "${floor(worker.memory_gb / 1.1)}g"
    "spark.emr-serverless.${kind}.disk" = "${worker.disk_gb}G"
  } }

  # What StartJobRun takes as configurationOverrides: logs encrypted in two places, Spark set up.
  job_overrides = {
    monitoringConfiguration = {
      s3MonitoringConfiguration = {
        logUri           = "${local.logs}-serverless/"
        encryptionKeyArn = var.key_arns["telemetry"]
      }
      cloudWatchLoggingConfiguration = {
        enabled          = true
        logGroupName     = var.log_groups["emr-serverless"].name
        encryptionKeyArn = var.key_arns["telemetry"]
      }
      managedPersistenceMonitoringConfiguration = {
        enabled          = true
        encryptionKeyArn = var.key_arns["telemetry"]
      }
    }
    applicationConfiguration = [{
      classification = "spark-defaults"
      properties = merge(local.spark, local.workers.driver, local.workers.executor, local.code, {
        "spark.pyspark.python" = "python${local.release.python}"
        "spark.jars" = join(",", concat(
          ["/usr/share/aws/delta/lib/delta-spark.jar", "/usr/share/aws/delta/lib/delta-storage.jar"],
          local.log_store_jars, local.code_jars,
        ))
        }, merge([for name, value in local.surroundings : {
          "spark.emr-serverless.driverEnv.${name}" = value
          "spark.executorEnv.${name}"              = value
      }]...))
    }]
  }
}
