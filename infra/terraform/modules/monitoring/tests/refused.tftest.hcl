# Each wrong input is refused by the variable it belongs to.

mock_provider "aws" {}

variables {
  context = { project = "tideline", environment = "dev", account_id = "111122223333", region = "eu-central-1" }
  key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
}

run "no_key" {
  command = plan
  variables {
    key_arn = "alias/aws/sns"
  }
  expect_failures = [var.key_arn]
}

run "logs_for_ever" {
  command = plan
  variables {
    retention_days = 0
  }
  expect_failures = [var.retention_days]
}

run "a_time_that_cloudwatch_has_not" {
  command = plan
  variables {
    retention_overrides = { trail = 100 }
  }
  expect_failures = [var.retention_overrides]
}

run "anybody_may_publish" {
  command = plan
  variables {
    publishers = ["*"]
  }
  expect_failures = [var.publishers]
}

run "told_in_plain_http" {
  command = plan
  variables {
    subscribers = { info = [{ protocol = "http", endpoint = "http://example.org" }] }
  }
  expect_failures = [var.subscribers]
}

run "an_address_that_is_none" {
  command = plan
  variables {
    subscribers = { critical = [{ protocol = "email", endpoint = "on-call" }] }
  }
  expect_failures = [var.subscribers]
}

run "too_many_brokers" {
  command = plan
  variables {
    alarms = { msk = { cluster = "x", brokers = 61 } }
  }
  expect_failures = [var.alarms]
}

run "a_service_that_we_have_not" {
  command = plan
  variables {
    alarms = { services = { cluster = "x", names = { batch = "batch" } } }
  }
  expect_failures = [var.alarms]
}

run "an_alarm_at_nothing" {
  command = plan
  variables {
    thresholds = { speed_lag_events = 0 }
  }
  expect_failures = [var.thresholds]
}

run "an_alarm_too_late" {
  command = plan
  variables {
    thresholds = { disk_percent = 99 }
  }
  expect_failures = [var.thresholds]
}

run "grafana_without_a_role" {
  command = plan
  variables {
    managed_grafana = true
  }
  expect_failures = [var.role_arns]
}
