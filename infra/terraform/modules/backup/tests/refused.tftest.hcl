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
  role_arn  = "arn:aws:iam::111122223333:role/tideline-dev-backup"
  key_arn   = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  topic_arn = "arn:aws:sns:eu-central-1:111122223333:tideline-dev-critical"
  bucket_arns = {
    documents = "arn:aws:s3:::tideline-dev-documents-111122223333"
    gold      = "arn:aws:s3:::tideline-dev-gold-111122223333"
  }
}

run "no_rule" {
  command = plan
  variables {
    schedule = {}
  }
  expect_failures = [var.schedule]
}

run "a_rule_with_a_name_in_capitals" {
  command = plan
  variables {
    schedule = { Daily = { cron = "cron(0 3 * * ? *)", retention_days = 35 } }
  }
  expect_failures = [var.schedule]
}

run "a_cron_of_five_fields" {
  command = plan
  variables {
    schedule = { daily = { cron = "0 3 * * *", retention_days = 35 } }
  }
  expect_failures = [var.schedule]
}

run "a_retention_of_nothing" {
  command = plan
  variables {
    schedule   = { daily = { cron = "cron(0 3 * * ? *)", retention_days = 0 } }
    vault_lock = { mode = "none" }
  }
  expect_failures = [var.schedule]
}

run "cold_storage_that_ends_before_it_is_paid_for" {
  command = plan
  variables {
    schedule = { daily = { cron = "cron(0 3 * * ? *)", retention_days = 100, cold_after_days = 30 } }
  }
  expect_failures = [var.schedule]
}

run "a_continuous_rule_over_35_days" {
  command = plan
  variables {
    schedule = { daily = { cron = "cron(0 3 * * ? *)", retention_days = 36, continuous = true } }
  }
  expect_failures = [var.schedule]
}

run "two_continuous_rules" {
  command = plan
  variables {
    schedule = { daily = { cron = "cron(0 3 * * ? *)", retention_days = 30, continuous = true }, again = { cron = "cron(0 3 * * ? *)", retention_days = 30, continuous = true } }
  }
  expect_failures = [var.schedule]
}

run "a_copy_to_nowhere" {
  command = plan
  variables {
    schedule = { daily = { cron = "cron(0 3 * * ? *)", retention_days = 35, copy = true } }
  }
  expect_failures = [var.schedule]
}

run "an_unknown_lock" {
  command = plan
  variables {
    vault_lock = { mode = "strong" }
  }
  expect_failures = [var.vault_lock]
}

run "bounds_in_the_wrong_order" {
  command = plan
  variables {
    vault_lock = { mode = "none", min_retention_days = 40, max_retention_days = 30 }
  }
  expect_failures = [var.vault_lock]
}

run "a_grace_that_aws_does_not_allow" {
  command = plan
  variables {
    vault_lock = { mode = "compliance", grace_days = 2 }
  }
  expect_failures = [var.vault_lock]
}

run "a_rule_that_the_lock_would_refuse" {
  command = plan
  variables {
    vault_lock = { mode = "governance", min_retention_days = 60 }
  }
  expect_failures = [var.vault_lock]
}

run "throwing_away_what_is_locked" {
  command = plan
  variables {
    force_destroy = true
  }
  expect_failures = [var.force_destroy]
}

run "a_role_that_is_a_name" {
  command = plan
  variables {
    role_arn = "backup"
  }
  expect_failures = [var.role_arn]
}

run "a_key_that_is_an_alias" {
  command = plan
  variables {
    key_arn = "alias/tideline-dev-backup"
  }
  expect_failures = [var.key_arn]
}

run "a_zone_without_a_bucket" {
  command = plan
  variables {
    zones = ["bronze"]
  }
  expect_failures = [var.zones]
}

run "nothing_to_back_up" {
  command = plan
  variables {
    zones = []
  }
  expect_failures = [var.table_arns]
}

run "a_topic_that_is_a_name" {
  command = plan
  variables {
    topic_arn = "critical"
  }
  expect_failures = [var.topic_arn]
}

run "a_copy_within_the_region" {
  command = plan
  variables {
    copy = { region = "eu-central-1", key_arn = "arn:aws:kms:eu-central-1:111122223333:key/1" }
  }
  expect_failures = [var.copy]
}

run "a_copy_under_a_key_of_this_region" {
  command = plan
  variables {
    copy = { region = "eu-west-1", key_arn = "arn:aws:kms:eu-central-1:111122223333:key/1" }
  }
  expect_failures = [var.copy]
}

run "a_copy_that_the_lock_would_refuse" {
  command = plan
  variables {
    copy = { region = "eu-west-1", key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1", retention_days = 5 }
  }
  expect_failures = [var.vault_lock]
}

run "a_restore_test_at_no_time" {
  command = plan
  variables {
    restore_test = { cron = "monthly" }
  }
  expect_failures = [var.restore_test]
}

run "a_restore_that_stays_a_month" {
  command = plan
  variables {
    restore_test = { hours = 700 }
  }
  expect_failures = [var.restore_test]
}
