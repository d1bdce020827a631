# What is refused before anything is made.

mock_provider "aws" {}
mock_provider "aws" {
  alias = "replica"
}

variables {
  context  = { project = "tideline", environment = "prod", account_id = "123456789012", region = "eu-central-1" }
  key_arns = { for zone in ["bronze", "silver", "gold", "quarantine", "landing", "documents", "checkpoints", "artifacts", "audit"] : zone => "arn:aws:kms:eu-central-1:123456789012:key/${zone}" }
}

run "a_zone_without_key" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }
  variables {
    key_arns = { bronze = "arn:aws:kms:eu-central-1:123456789012:key/bronze" }
  }
  expect_failures = [var.key_arns]
}

run "a_place_in_no_zone" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }
  variables {
    contracts = { "retail.sales" = { prefixes = { x = { place = "platinum/retail/sales/" } } } }
  }
  expect_failures = [var.contracts]
}

run "a_place_in_audit" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }
  variables {
    contracts = { "retail.sales" = { prefixes = { x = { place = "audit/retail/sales/" } } } }
  }
  expect_failures = [var.contracts]
}

run "a_place_without_slash" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }
  variables {
    contracts = { "retail.sales" = { prefixes = { x = { place = "silver/retail/sales" } } } }
  }
  expect_failures = [var.contracts]
}

run "a_whole_zone_as_a_place" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }
  variables {
    contracts = { "retail.sales" = { prefixes = { x = { place = "silver/" } } } }
  }
  expect_failures = [var.contracts]
}

run "a_place_with_a_wildcard" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }
  variables {
    contracts = { "retail.sales" = { prefixes = { x = { place = "silver/*/" } } } }
  }
  expect_failures = [var.contracts]
}

run "a_retention_of_no_day" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }
  variables {
    contracts = { "retail.sales" = { prefixes = { x = { place = "silver/retail/sales/", ttl_days = 0 } } } }
  }
  expect_failures = [var.contracts]
}

run "releases_that_expire" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }
  variables {
    contracts = { "retail.sales" = { prefixes = { x = { place = "documents/releases/retail.sales/", ttl_days = 30 } } } }
  }
  expect_failures = [var.contracts]
}

run "a_lock_of_unknown_mode" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }
  variables {
    object_lock = { mode = "STRICT" }
  }
  expect_failures = [var.object_lock]
}

run "a_lock_that_can_be_bypassed_in_prod" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }
  variables {
    object_lock = { mode = "GOVERNANCE" }
  }
  expect_failures = [var.object_lock]
}

run "a_lock_of_half_a_day" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }
  variables {
    object_lock = { days = 0.5 }
  }
  expect_failures = [var.object_lock]
}

run "prod_destroyed_with_its_data" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }
  variables {
    force_destroy = true
  }
  expect_failures = [var.force_destroy]
}

run "a_copy_in_the_same_region" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }
  variables {
    replication = { region = "eu-central-1", key_arns = { for zone in ["bronze", "silver", "gold", "quarantine", "documents", "artifacts", "audit", "logs"] : zone => "k" }, role_arn = "r" }
  }
  expect_failures = [var.replication]
}

run "a_copy_of_logs" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }
  variables {
    replication = { region = "eu-west-1", key_arns = { for zone in ["bronze", "silver", "gold", "quarantine", "documents", "artifacts", "audit", "logs"] : zone => "k" }, role_arn = "r", zones = ["logs"] }
  }
  expect_failures = [var.replication]
}

run "a_life_of_no_day" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }
  variables {
    lifetimes = { landing = 0 }
  }
  expect_failures = [var.lifetimes]
}

run "an_audit_shorter_than_its_lock" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }
  variables {
    lifetimes = { audit = 100 }
  }
  expect_failures = [var.lifetimes]
}

run "versions_that_go_at_once" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }
  variables {
    lifetimes = { noncurrent = 1 }
  }
  expect_failures = [var.lifetimes]
}

run "an_account_of_eleven_digits" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }
  variables {
    trusted = { account_ids = ["12345678901"] }
  }
  expect_failures = [var.trusted]
}

run "an_organization_by_name" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }
  variables {
    trusted = { organization_id = "acme" }
  }
  expect_failures = [var.trusted]
}

run "a_copy_without_key" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }
  variables {
    replication = { region = "eu-west-1", key_arns = { gold = "k" }, role_arn = "r" }
  }
  expect_failures = [var.replication]
}
