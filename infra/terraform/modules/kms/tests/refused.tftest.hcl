mock_provider "aws" {}
mock_provider "aws" {
  alias = "replica"
}

variables {
  context = {
    project     = "tideline"
    environment = "dev"
    account_id  = "111122223333"
    region      = "eu-central-1"
  }
}

run "a_deletion_window_under_a_week" {
  command = plan
  variables {
    deletion_window_days = 6
  }
  expect_failures = [var.deletion_window_days]
}

run "a_deletion_window_over_thirty_days" {
  command = plan
  variables {
    deletion_window_days = 31
  }
  expect_failures = [var.deletion_window_days]
}

run "a_rotation_that_aws_does_not_offer" {
  command = plan
  variables {
    rotation_days = 89
  }
  expect_failures = [var.rotation_days]
}

run "a_rotation_after_half_a_day" {
  command = plan
  variables {
    rotation_days = 100.5
  }
  expect_failures = [var.rotation_days]
}

run "a_replica_of_keys_that_cannot_have_one" {
  command = plan
  variables {
    replica = { region = "eu-west-1" }
  }
  expect_failures = [var.replica]
}

run "a_replica_in_the_same_region" {
  command = plan
  variables {
    multi_region = true
    replica      = { region = "eu-central-1" }
  }
  expect_failures = [var.replica]
}

run "a_replica_for_an_unknown_purpose" {
  command = plan
  variables {
    multi_region = true
    replica      = { region = "eu-west-1", purposes = ["platinum"] }
  }
  expect_failures = [var.replica]
}
