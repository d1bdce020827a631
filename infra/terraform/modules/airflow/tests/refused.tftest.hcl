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

run "refuses_an_unknown_mode" {
  command = plan

  variables {
    mode = "composer"
  }

  expect_failures = [var.mode]
}

run "refuses_a_version_that_was_never_tested" {
  command = plan

  variables {
    airflow_version = "2.10.5"
  }

  expect_failures = [var.airflow_version]
}

run "refuses_an_unknown_class" {
  command = plan

  variables {
    class = "mw2.small"
  }

  expect_failures = [var.class]
}

run "refuses_no_worker" {
  command = plan

  variables {
    workers = { min = 0 }
  }

  expect_failures = [var.workers]
}

run "refuses_more_workers_than_aws_has" {
  command = plan

  variables {
    workers = { max = 26 }
  }

  expect_failures = [var.workers]
}

run "refuses_fewest_above_most_workers" {
  command = plan

  variables {
    workers = { min = 9, max = 3 }
  }

  expect_failures = [var.workers]
}

run "refuses_two_workers_on_the_smallest_class" {
  command = plan

  variables {
    class = "mw1.micro"
  }

  expect_failures = [var.workers]
}

run "refuses_one_scheduler" {
  command = plan

  variables {
    schedulers = 1
  }

  expect_failures = [var.schedulers]
}

run "refuses_one_webserver" {
  command = plan

  variables {
    webservers = { min = 1 }
  }

  expect_failures = [var.webservers]
}

run "refuses_an_unknown_access" {
  command = plan

  variables {
    access = "open"
  }

  expect_failures = [var.access]
}

run "refuses_one_subnet" {
  command = plan

  variables {
    subnet_ids = ["subnet-a"]
  }

  expect_failures = [var.subnet_ids]
}

run "refuses_plugins_that_are_no_zip" {
  command = plan

  variables {
    objects = { requirements = { key = "airflow/r.txt", version_id = "1" }, plugins = { key = "airflow/p.tar", version_id = "1" }, dags = "airflow/dags" }
  }

  expect_failures = [var.objects]
}

run "refuses_a_folder_with_a_slash_behind" {
  command = plan

  variables {
    objects = { requirements = { key = "airflow/r.txt", version_id = "1" }, plugins = { key = "airflow/p.zip", version_id = "1" }, dags = "airflow/dags/" }
  }

  expect_failures = [var.objects]
}

run "refuses_a_variable_of_somebody_else" {
  command = plan

  variables {
    variables = { PATH = "/tmp" }
  }

  expect_failures = [var.variables]
}

run "refuses_a_secret_among_the_variables" {
  command = plan

  variables {
    variables = { TIDELINE_DB_PASSWORD = "x" }
  }

  expect_failures = [var.variables]
}

run "refuses_a_line_break_in_a_variable" {
  command = plan

  variables {
    variables = { TIDELINE_DAGS = "a\nb" }
  }

  expect_failures = [var.variables]
}

run "refuses_an_option_without_a_section" {
  command = plan

  variables {
    options = { parallelism = "4" }
  }

  expect_failures = [var.options]
}

run "refuses_a_pool_without_a_slot" {
  command = plan

  variables {
    pools = { dbt = 0 }
  }

  expect_failures = [var.pools]
}

run "refuses_an_unknown_log_level" {
  command = plan

  variables {
    log_levels = { task = "ALL" }
  }

  expect_failures = [var.log_levels]
}

run "refuses_logs_of_a_day" {
  command = plan

  variables {
    log_retention_days = 1
  }

  expect_failures = [var.log_retention_days]
}

run "refuses_a_maintenance_at_a_quarter_past" {
  command = plan

  variables {
    maintenance = "SUN:03:15"
  }

  expect_failures = [var.maintenance]
}
