# What is refused before anything is made.

mock_provider "aws" {}

variables {
  context       = { project = "tideline", environment = "prod", account_id = "123456789012", region = "eu-central-1" }
  bucket_names  = { for zone in ["silver", "gold", "quarantine", "documents", "audit", "logs"] : zone => "tideline-prod-${zone}-123456789012" }
  bucket_arns   = { for zone in ["silver", "gold", "quarantine", "documents", "audit", "logs"] : zone => "arn:aws:s3:::tideline-prod-${zone}-123456789012" }
  key_arns      = { audit = "arn:aws:kms:eu-central-1:123456789012:key/audit" }
  role_arns     = { for role in ["trail", "config"] : role => "arn:aws:iam::123456789012:role/tideline-prod-${role}" }
  log_group_arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/tideline/prod/trail"
  topic_arn     = "arn:aws:sns:eu-central-1:123456789012:tideline-prod-critical"
}

run "data_events_of_no_zone" {
  command = plan
  variables {
    trail = { data_events = ["silver", "gold", "quarantine", "audit", "platinum"] }
  }
  expect_failures = [var.trail]
}

run "prod_that_does_not_ask_who_read_gold" {
  command = plan
  variables {
    trail = { data_events = ["audit"] }
  }
  expect_failures = [var.trail]
}

run "a_recorder_that_records_weekly" {
  command = plan
  variables {
    config = { frequency = "WEEKLY" }
  }
  expect_failures = [var.config]
}

run "a_rule_that_there_is_not" {
  command = plan
  variables {
    config = { without = ["no-such-rule"] }
  }
  expect_failures = [var.config]
}

run "rights_unused_for_ten_years" {
  command = plan
  variables {
    access_analyzer = { unused_days = 3650 }
  }
  expect_failures = [var.access_analyzer]
}

run "no_bucket_for_the_trail" {
  command = plan
  variables {
    bucket_names = { logs = "tideline-prod-logs-123456789012" }
  }
  expect_failures = [var.bucket_names]
}

run "an_unknown_bucket" {
  command = plan
  variables {
    bucket_arns = { audit = "arn:aws:s3:::tideline-prod-audit-123456789012" }
  }
  expect_failures = [var.bucket_arns]
}

run "no_key" {
  command = plan
  variables {
    key_arns = {}
  }
  expect_failures = [var.key_arns]
}

run "no_role_of_the_trail" {
  command = plan
  variables {
    role_arns = { config = "arn:aws:iam::123456789012:role/tideline-prod-config" }
  }
  expect_failures = [var.role_arns]
}

run "no_role_of_the_recorder" {
  command = plan
  variables {
    role_arns = { trail = "arn:aws:iam::123456789012:role/tideline-prod-trail" }
  }
  expect_failures = [var.role_arns]
}

run "a_log_group_with_a_star" {
  command = plan
  variables {
    log_group_arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/tideline/prod/trail:*"
  }
  expect_failures = [var.log_group_arn]
}

run "a_topic_that_is_none" {
  command = plan
  variables {
    topic_arn = "arn:aws:sqs:eu-central-1:123456789012:queue"
  }
  expect_failures = [var.topic_arn]
}

