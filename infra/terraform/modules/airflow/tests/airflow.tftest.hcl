mock_provider "aws" {}

variables {
  context            = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  subnet_ids         = ["subnet-a", "subnet-b", "subnet-c"]
  security_group_ids = { airflow = "sg-airflow" }
  role_arn           = "arn:aws:iam::123456789012:role/tideline-dev-airflow"
  bucket             = "tideline-dev-artifacts-123456789012"
  key_arn            = "arn:aws:kms:eu-central-1:123456789012:key/artifacts"
  objects = {
    requirements = { key = "airflow/0123/requirements.txt", version_id = "v1" }
    plugins      = { key = "airflow/0123/plugins.zip", version_id = "v2" }
    dags         = "airflow/dags"
  }
}

run "the_environment_is_private_and_encrypted" {
  command = plan

  assert {
    condition     = aws_mwaa_environment.this[0].webserver_access_mode == "PRIVATE_ONLY"
    error_message = "The web server is private unless asked for otherwise."
  }
  assert {
    condition     = aws_mwaa_environment.this[0].kms_key == var.key_arn
    error_message = "The environment is encrypted with the key of artifacts."
  }
  assert {
    condition     = aws_mwaa_environment.this[0].airflow_version == "3.3.1" && aws_mwaa_environment.this[0].name == "tideline-dev"
    error_message = "The version is the tested one, the name is the environment's."
  }
  assert {
    condition     = length(aws_mwaa_environment.this[0].network_configuration[0].subnet_ids) == 2
    error_message = "Two of the three subnets are used: AWS takes no more."
  }
  assert {
    condition     = aws_mwaa_environment.this[0].source_bucket_arn == "arn:aws:s3:::tideline-dev-artifacts-123456789012"
    error_message = "Code comes from the artifacts bucket."
  }
}

run "all_five_logs_are_kept_for_their_time" {
  command = plan

  assert {
    condition     = length(aws_cloudwatch_log_group.this) == 5 && alltrue([for group in aws_cloudwatch_log_group.this : group.retention_in_days == 90 && group.kms_key_id == var.key_arn])
    error_message = "Five log groups, encrypted, with an end."
  }
  assert {
    condition     = aws_cloudwatch_log_group.this["Task"].name == "airflow-tideline-dev-Task"
    error_message = "The names are those that MWAA writes to."
  }
  assert {
    condition = alltrue([
      aws_mwaa_environment.this[0].logging_configuration[0].dag_processing_logs[0].enabled,
      aws_mwaa_environment.this[0].logging_configuration[0].scheduler_logs[0].enabled,
      aws_mwaa_environment.this[0].logging_configuration[0].task_logs[0].enabled,
      aws_mwaa_environment.this[0].logging_configuration[0].webserver_logs[0].enabled,
      aws_mwaa_environment.this[0].logging_configuration[0].worker_logs[0].enabled,
      aws_mwaa_environment.this[0].logging_configuration[0].task_logs[0].log_level == "INFO",
    ])
    error_message = "All five logs are on, tasks tell what they do."
  }
}

run "airflow_is_set_up_as_on_a_laptop" {
  command = plan

  variables {
    options   = { "core.parallelism" = "64", "dag_processor.refresh_interval" = "60" }
    variables = { TIDELINE_DAGS = "grouped", TIDELINE_SERVING = "it's" }
  }

  assert {
    condition = alltrue([
      aws_mwaa_environment.this[0].airflow_configuration_options["core.dags_are_paused_at_creation"] == "True",
      aws_mwaa_environment.this[0].airflow_configuration_options["core.parallelism"] == "64",
      aws_mwaa_environment.this[0].airflow_configuration_options["dag_processor.refresh_interval"] == "60",
    ])
    error_message = "Tideline's settings hold, and the environment's own win."
  }
  assert {
    condition = alltrue([
      strcontains(aws_s3_object.startup[0].content, "export TIDELINE_DAGS='grouped'\n"),
      strcontains(aws_s3_object.startup[0].content, "export TIDELINE_SERVING='it'\\''s'\n"),
      strcontains(aws_s3_object.startup[0].content, "export TIDELINE_INDEX='/usr/local/airflow/dags/_generated/index.json'\n"),
    ])
    error_message = "Each setting is exported, whatever it contains."
  }
}

run "the_smallest_class_has_one_of_each" {
  command = plan

  variables {
    class   = "mw1.micro"
    workers = { max = 1 }
  }

  assert {
    condition     = aws_mwaa_environment.this[0].schedulers == 1 && aws_mwaa_environment.this[0].min_webservers == 1 && aws_mwaa_environment.this[0].max_workers == 1
    error_message = "mw1.micro has one scheduler, one worker, one web server."
  }
}

run "production_differs_from_dev_as_asked" {
  command = plan

  variables {
    context = { project = "tideline", environment = "prod", account_id = "210987654321", region = "eu-central-1" }
    class   = "mw1.large"
    workers = { min = 4, max = 20 }
    pools   = { spark = 40 }
  }

  assert {
    condition     = aws_mwaa_environment.this[0].name == "tideline-prod" && aws_mwaa_environment.this[0].environment_class == "mw1.large" && aws_mwaa_environment.this[0].min_workers == 4
    error_message = "Production has its own name and size."
  }
  assert {
    condition     = output.pools == { spark = 40, dbt = 4, python = 8 }
    error_message = "Pools are told."
  }
}

run "everything_carries_the_tags" {
  command = plan

  assert {
    condition = alltrue([for tags in concat([aws_mwaa_environment.this[0].tags, aws_s3_object.startup[0].tags], [for group in aws_cloudwatch_log_group.this : group.tags]) :
      tags["project"] == "tideline" && tags["environment"] == "dev" && tags["managed-by"] == "terraform" && tags["module"] == "airflow"
    ])
    error_message = "Environment, script and log groups carry project, environment, managed-by and module."
  }
}

run "an_airflow_of_your_own_gets_outputs_and_nothing_else" {
  command = plan

  variables {
    mode = "own"
  }

  assert {
    condition     = length(aws_mwaa_environment.this) + length(aws_s3_object.startup) + length(aws_cloudwatch_log_group.this) == 0
    error_message = "Nothing is made."
  }
  assert {
    condition     = output.webserver_url == null && output.environment_arn == null && output.own.dags == "s3://tideline-dev-artifacts-123456789012/airflow/dags/"
    error_message = "The outputs say where the files are."
  }
}
