# The managed Airflow of an environment. In mode `own` there is none: the outputs say what an Airflow of your own needs.

module "names" {
  source  = "../names"
  context = var.context
}

locals {
  name    = module.names.prefix
  tags    = merge(module.names.tags, { module = "airflow" })
  managed = var.mode == "mwaa"
  micro   = var.class == "mw1.micro"

  # What src/tideline/local/airflow_home.py sets on a laptop, as far as a managed environment lets it be set.
  options = merge({
    "core.dags_are_paused_at_creation"         = "True"
    "core.load_examples"                       = "False"
    "core.dagbag_import_timeout"               = "120"
    "core.min_serialized_dag_update_interval"  = "5"
    "dag_processor.refresh_interval"           = "30"
    "dag_processor.min_file_process_interval"  = "30"
    "dag_processor.dag_file_processor_timeout" = "240"
  }, var.options)

  # MWAA copies the folder of DAGs here and unpacks the plugins there.
  variables = merge({
    TIDELINE_HOME        = "/tmp/tideline"
    TIDELINE_CONTRACTS   = "/usr/local/airflow/dags/_contracts"
    TIDELINE_INDEX       = "/usr/local/airflow/dags/_generated/index.json"
    TIDELINE_DBT_PROJECT = "/usr/local/airflow/plugins/dbt_project"
  }, var.variables)

  startup = join("\n", concat(
    ["#!/bin/sh", "# Written by Terraform: the settings of every Airflow process."],
    [for name, value in local.variables : "export ${name}='${replace(value, "'", "'\\''")}'"],
    [""],
  ))

  logs = { DAGProcessing = "dag_processing", Scheduler = "scheduler", Task = "task", WebServer = "webserver", Worker = "worker" }
}

# MWAA names its own log groups and would make them without an end; made here first, they keep to the retention.
resource "aws_cloudwatch_log_group" "this" {
  for_each = local.managed ? local.logs : {}

  name              = "airflow-${local.name}-${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arn
  tags              = local.tags
}

resource "aws_s3_object" "startup" {
  count = local.managed ? 1 : 0

  bucket  = var.bucket
  key     = "airflow/startup.sh"
  content = local.startup
  tags    = local.tags
}

resource "aws_mwaa_environment" "this" {
  count = local.managed ? 1 : 0

  name               = local.name
  airflow_version    = var.airflow_version
  environment_class  = var.class
  execution_role_arn = var.role_arn
  kms_key            = var.key_arn
  tags               = local.tags

  min_workers    = var.workers.min
  max_workers    = var.workers.max
  schedulers     = local.micro ? 1 : var.schedulers
  min_webservers = local.micro ? 1 : var.webservers.min
  max_webservers = local.micro ? 1 : var.webservers.max

  source_bucket_arn                = "arn:${var.context.partition}:s3:::${var.bucket}"
  dag_s3_path                      = var.objects.dags
  plugins_s3_path                  = var.objects.plugins.key
  plugins_s3_object_version        = var.objects.plugins.version_id
  requirements_s3_path             = var.objects.requirements.key
  requirements_s3_object_version   = var.objects.requirements.version_id
  startup_script_s3_path           = aws_s3_object.startup[0].key
  startup_script_s3_object_version = aws_s3_object.startup[0].version_id

  airflow_configuration_options   = local.options
  webserver_access_mode           = var.access == "private" ? "PRIVATE_ONLY" : "PUBLIC_ONLY"
  weekly_maintenance_window_start = var.maintenance

  network_configuration {
    security_group_ids = [var.security_group_ids["airflow"]]
    subnet_ids         = slice(var.subnet_ids, 0, 2)
  }

  logging_configuration {
    dag_processing_logs {
      enabled   = true
      log_level = var.log_levels.dag_processing
    }
    scheduler_logs {
      enabled   = true
      log_level = var.log_levels.scheduler
    }
    task_logs {
      enabled   = true
      log_level = var.log_levels.task
    }
    webserver_logs {
      enabled   = true
      log_level = var.log_levels.webserver
    }
    worker_logs {
      enabled   = true
      log_level = var.log_levels.worker
    }
  }

  depends_on = [aws_cloudwatch_log_group.this]
}
