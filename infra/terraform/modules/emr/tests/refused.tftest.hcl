mock_provider "aws" {}

variables {
  context            = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  subnet_ids         = ["subnet-a", "subnet-b", "subnet-c"]
  security_group_ids = { emr-primary = "sg-primary", emr-core = "sg-core", emr-service = "sg-service" }
  role_arns          = { emr-service = "arn:aws:iam::123456789012:role/tideline-dev-emr-service" }
  instance_profile   = "tideline-dev-emr-instance"
  bucket_names       = { artifacts = "tideline-dev-artifacts-123456789012", logs = "tideline-dev-logs-123456789012" }
  key_arns           = { telemetry = "arn:aws:kms:eu-central-1:123456789012:key/telemetry", services = "arn:aws:kms:eu-central-1:123456789012:key/services" }
  log_groups         = { emr-serverless = { name = "/tideline/dev/emr-serverless", arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/tideline/dev/emr-serverless" } }
  tls_certificates   = "emr/certificates.zip"
  clusters = {
    batch = {
      primary_types = ["m7g.xlarge", "m6g.xlarge"]
      core          = { instance_types = { "r7g.xlarge" = 4, "r6g.xlarge" = 4 }, on_demand = 8, maximum = 16 }
      task          = { instance_types = { "r7g.xlarge" = 4, "r6g.xlarge" = 4, "r7g.2xlarge" = 8 }, spot = 28, on_demand = 12, maximum = 96 }
    }
  }
}

run "refuses_a_release_that_was_never_tested" {
  command = plan

  variables {
    release_label = "emr-7.9.0"
  }

  expect_failures = [var.release_label]
}

run "refuses_another_processor" {
  command = plan

  variables {
    architecture = "riscv"
  }

  expect_failures = [var.architecture]
}

run "refuses_half_of_the_task_fleet_on_demand" {
  command = plan

  variables {
    clusters = {
      batch = {
        primary_types = ["m7g.xlarge"]
        core          = { instance_types = { "r7g.xlarge" = 4 }, on_demand = 8, maximum = 16 }
        task          = { instance_types = { "r7g.xlarge" = 4, "r6g.xlarge" = 4, "r7g.2xlarge" = 8 }, spot = 20, on_demand = 20, maximum = 96 }
      }
    }
  }

  expect_failures = [var.clusters]
}

run "refuses_a_little_less_than_seventy_percent_spot" {
  command = plan

  variables {
    clusters = {
      batch = {
        primary_types = ["m7g.xlarge"]
        core          = { instance_types = { "r7g.xlarge" = 4 }, on_demand = 8, maximum = 16 }
        task          = { instance_types = { "r7g.xlarge" = 4, "r6g.xlarge" = 4, "r7g.2xlarge" = 8 }, spot = 69, on_demand = 31, maximum = 120 }
      }
    }
  }

  expect_failures = [var.clusters]
}

run "refuses_a_task_fleet_of_two_types" {
  command = plan

  variables {
    clusters = {
      batch = {
        primary_types = ["m7g.xlarge"]
        core          = { instance_types = { "r7g.xlarge" = 4 }, on_demand = 8, maximum = 16 }
        task          = { instance_types = { "r7g.xlarge" = 4, "r6g.xlarge" = 4 }, spot = 40, maximum = 96 }
      }
    }
  }

  expect_failures = [var.clusters]
}

run "refuses_a_core_fleet_without_a_unit" {
  command = plan

  variables {
    clusters = {
      batch = {
        primary_types = ["m7g.xlarge"]
        core          = { instance_types = { "r7g.xlarge" = 4 }, on_demand = 0, maximum = 16 }
        task          = { instance_types = { "r7g.xlarge" = 4, "r6g.xlarge" = 4, "r7g.2xlarge" = 8 }, spot = 40, maximum = 96 }
      }
    }
  }

  expect_failures = [var.clusters]
}

run "refuses_a_maximum_below_the_target" {
  command = plan

  variables {
    clusters = {
      batch = {
        primary_types = ["m7g.xlarge"]
        core          = { instance_types = { "r7g.xlarge" = 4 }, on_demand = 8, maximum = 16 }
        task          = { instance_types = { "r7g.xlarge" = 4, "r6g.xlarge" = 4, "r7g.2xlarge" = 8 }, spot = 40, maximum = 39 }
      }
    }
  }

  expect_failures = [var.clusters]
}

run "refuses_a_core_maximum_below_the_target" {
  command = plan

  variables {
    clusters = {
      batch = {
        primary_types = ["m7g.xlarge"]
        core          = { instance_types = { "r7g.xlarge" = 4 }, on_demand = 8, maximum = 7 }
        task          = { instance_types = { "r7g.xlarge" = 4, "r6g.xlarge" = 4, "r7g.2xlarge" = 8 }, spot = 40, maximum = 96 }
      }
    }
  }

  expect_failures = [var.clusters]
}

run "refuses_mixed_processors" {
  command = plan

  variables {
    clusters = {
      batch = {
        primary_types = ["m7g.xlarge"]
        core          = { instance_types = { "r7g.xlarge" = 4 }, on_demand = 8, maximum = 16 }
        task          = { instance_types = { "r7g.xlarge" = 4, "r6i.xlarge" = 4, "r7g.2xlarge" = 8 }, spot = 40, maximum = 96 }
      }
    }
  }

  expect_failures = [var.clusters]
}

run "refuses_a_name_with_capitals" {
  command = plan

  variables {
    clusters = {
      Batch = {
        primary_types = ["m7g.xlarge"]
        core          = { instance_types = { "r7g.xlarge" = 4 }, on_demand = 8, maximum = 16 }
        task          = { instance_types = { "r7g.xlarge" = 4, "r6g.xlarge" = 4, "r7g.2xlarge" = 8 }, spot = 40, maximum = 96 }
      }
    }
  }

  expect_failures = [var.clusters]
}

run "refuses_a_cluster_that_never_ends" {
  command = plan

  variables {
    clusters = {
      batch = {
        primary_types = ["m7g.xlarge"]
        core          = { instance_types = { "r7g.xlarge" = 4 }, on_demand = 8, maximum = 16 }
        task          = { instance_types = { "r7g.xlarge" = 4, "r6g.xlarge" = 4, "r7g.2xlarge" = 8 }, spot = 40, maximum = 96 }
        idle_minutes  = 20000
      }
    }
  }

  expect_failures = [var.clusters]
}

run "refuses_no_step_at_all" {
  command = plan

  variables {
    clusters = {
      batch = {
        primary_types = ["m7g.xlarge"]
        core          = { instance_types = { "r7g.xlarge" = 4 }, on_demand = 8, maximum = 16 }
        task          = { instance_types = { "r7g.xlarge" = 4, "r6g.xlarge" = 4, "r7g.2xlarge" = 8 }, spot = 40, maximum = 96 }
        steps         = 0
      }
    }
  }

  expect_failures = [var.clusters]
}

run "refuses_a_cluster_without_certificates" {
  command = plan

  variables {
    tls_certificates = null
  }

  expect_failures = [var.tls_certificates]
}

run "refuses_a_log_store_without_a_jar" {
  command = plan

  variables {
    log_store = { class = "example.LogStore", jar = "jobs/log-store.zip" }
  }

  expect_failures = [var.log_store]
}

run "refuses_a_worker_of_three_cpus" {
  command = plan

  variables {
    serverless = { executor = { cpu = 3 } }
  }

  expect_failures = [var.serverless]
}

run "refuses_a_worker_with_too_much_memory" {
  command = plan

  variables {
    serverless = { executor = { cpu = 4, memory_gb = 31 } }
  }

  expect_failures = [var.serverless]
}

run "refuses_a_worker_with_too_little_disk" {
  command = plan

  variables {
    serverless = { driver = { disk_gb = 10 } }
  }

  expect_failures = [var.serverless]
}

run "refuses_half_a_worker" {
  command = plan

  variables {
    serverless = { driver = { workers = 0.5 } }
  }

  expect_failures = [var.serverless]
}

run "refuses_more_kept_ready_than_allowed" {
  command = plan

  variables {
    serverless = { executor = { workers = 20 } }
  }

  expect_failures = [var.serverless]
}

run "refuses_an_application_that_never_stops" {
  command = plan

  variables {
    serverless = { idle_minutes = 0 }
  }

  expect_failures = [var.serverless]
}

run "refuses_no_subnet" {
  command = plan

  variables {
    subnet_ids = []
  }

  expect_failures = [var.subnet_ids]
}

run "refuses_code_that_is_not_in_s3" {
  command = plan

  variables {
    code = { location = "/tmp/jobs", jars = [] }
  }

  expect_failures = [var.code]
}
