mock_provider "aws" {}
mock_provider "aws" {
  alias = "replica"
}

# Every input that can be told to be wrong is refused with what to do, before anything is planned.

variables {
  environment = "dev"
  inputs = {
    account_id         = "111122223333"
    region             = "eu-central-1"
    availability_zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
    owner              = "data-platform"
    lake_admins        = ["arn:aws:iam::111122223333:role/Admin"]
  }
  character = { protect = false, parts = { backup = false, config = false } }
  contracts = {}
}

run "an_environment_that_is_none" {
  command = plan
  variables {
    environment = "test"
  }
  expect_failures = [var.environment]
}

run "the_account_of_an_example" {
  command = plan
  variables {
    inputs = merge(var.inputs, { account_id = "123456789012" })
  }
  expect_failures = [var.inputs]
}

run "two_zones" {
  command = plan
  variables {
    inputs = merge(var.inputs, { availability_zones = ["eu-central-1a", "eu-central-1b"] })
  }
  expect_failures = [var.inputs]
}

run "zones_of_another_region" {
  command = plan
  variables {
    inputs = merge(var.inputs, { availability_zones = ["us-east-1a", "us-east-1b", "us-east-1c"] })
  }
  expect_failures = [var.inputs]
}

run "a_size_that_is_none" {
  command = plan
  variables {
    inputs = merge(var.inputs, { size = "XL" })
  }
  expect_failures = [var.inputs]
}

run "alerts_of_an_unknown_severity" {
  command = plan
  variables {
    inputs = merge(var.inputs, { alerts = { urgent = ["a@example.com"] } })
  }
  expect_failures = [var.inputs]
}

run "a_budget_of_nothing" {
  command = plan
  variables {
    inputs = merge(var.inputs, { budget = 0 })
  }
  expect_failures = [var.inputs]
}

run "a_repository_without_its_state" {
  command = plan
  variables {
    inputs = merge(var.inputs, { repository = "example/tideline" })
  }
  expect_failures = [var.inputs]
}

run "a_state_without_a_repository" {
  command = plan
  variables {
    inputs = merge(var.inputs, { state = { bucket = "b", prefix = "dev/", key_arn = "k" } })
  }
  expect_failures = [var.inputs]
}

run "a_catalog_that_nobody_can_grant_on" {
  command = plan
  variables {
    inputs = merge(var.inputs, { lake_admins = [] })
  }
  expect_failures = [var.inputs]
}

run "services_that_would_read_kinesis" {
  command = plan
  variables {
    inputs    = merge(var.inputs, { image = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/tideline/dev/layer:1" })
    character = { protect = false, engine = "kinesis" }
  }
  expect_failures = [var.inputs]
}
