mock_provider "aws" {}

variables {
  context = {
    project     = "tideline"
    environment = "dev"
    account_id  = "111122223333"
    region      = "eu-central-1"
  }
  budget_monthly = 400
  topic_arn      = "arn:aws:sns:eu-central-1:111122223333:tideline-dev-warning"
}

run "a_budget_of_nothing" {
  command = plan
  variables {
    budget_monthly = 0
  }
  expect_failures = [var.budget_monthly]
}

run "a_currency_by_its_sign" {
  command = plan
  variables {
    currency = "$"
  }
  expect_failures = [var.currency]
}

run "no_threshold" {
  command = plan
  variables {
    thresholds = []
  }
  expect_failures = [var.thresholds]
}

run "the_same_threshold_twice" {
  command = plan
  variables {
    thresholds = [{ percent = 80 }, { percent = 80 }]
  }
  expect_failures = [var.thresholds]
}

run "an_unknown_kind_of_threshold" {
  command = plan
  variables {
    thresholds = [{ percent = 80, kind = "GUESSED" }]
  }
  expect_failures = [var.thresholds]
}

run "a_threshold_of_nothing" {
  command = plan
  variables {
    thresholds = [{ percent = 0 }]
  }
  expect_failures = [var.thresholds]
}

run "a_subscriber_without_an_address" {
  command = plan
  variables {
    subscribers = ["finance"]
  }
  expect_failures = [var.subscribers]
}

run "a_topic_that_is_a_name" {
  command = plan
  variables {
    topic_arn = "warning"
  }
  expect_failures = [var.topic_arn]
}

run "a_budget_for_a_domain_of_nobody" {
  command = plan
  variables {
    domain_budgets = { retail = 100 }
  }
  expect_failures = [var.domain_budgets]
}

run "a_domain_with_a_budget_of_nothing" {
  command = plan
  variables {
    contracts      = { "retail.sales" = { domain = "retail" } }
    domain_budgets = { retail = 0 }
  }
  expect_failures = [var.domain_budgets]
}

run "an_anomaly_of_nothing" {
  command = plan
  variables {
    anomalies = { amount = 0 }
  }
  expect_failures = [var.anomalies]
}

run "a_tag_that_nothing_carries" {
  command = plan
  variables {
    cost_allocation_tags = ["team"]
  }
  expect_failures = [var.cost_allocation_tags]
}

run "a_share_over_everything" {
  command = plan
  variables {
    spot_share = { percent = 101, log_group = { name = "/tideline/dev/emr", arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/tideline/dev/emr" } }
  }
  expect_failures = [var.spot_share]
}

run "a_log_group_with_all_its_streams" {
  command = plan
  variables {
    spot_share = { log_group = { name = "/tideline/dev/emr", arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/tideline/dev/emr:*" } }
  }
  expect_failures = [var.spot_share]
}
