# Inputs that would open more than is meant, or that cannot be right.

mock_provider "aws" {}

variables {
  context = { project = "tideline", environment = "dev", account_id = "111122223333", region = "eu-central-1" }
}

run "scope" {
  command = plan
  variables { scope = "table" }
  expect_failures = [var.scope]
}

run "domains_that_begin_alike" {
  command = plan
  variables {
    scope = "domain"
    contracts = { for domain in ["retail", "retail_eu"] : "${domain}.sales" => {
      domain = domain, product = "sales", owner = "o", tier = "gold", prefixes = {}, tables = {}
      roles  = { for role in ["ingest", "refine", "model", "publish", "speed", "serving"] : role => { topics = { read = [], write = [] }, prefixes = { read = [], write = [] } } }
    } }
  }
  expect_failures = [var.scope]
}

run "a_contract_under_another_name" {
  command = plan
  variables {
    contracts = { "retail.orders" = {
      domain = "retail", product = "sales", owner = "o", tier = "gold", prefixes = {}, tables = {}
      roles  = { for role in ["ingest", "refine", "model", "publish", "speed", "serving"] : role => { topics = { read = [], write = [] }, prefixes = { read = [], write = [] } } }
    } }
  }
  expect_failures = [var.contracts]
}

run "a_contract_without_a_stage" {
  command = plan
  variables {
    contracts = { "retail.sales" = {
      domain = "retail", product = "sales", owner = "o", tier = "gold", prefixes = {}, tables = {}
      roles  = { for role in ["ingest", "refine", "model", "publish", "speed"] : role => { topics = { read = [], write = [] }, prefixes = { read = [], write = [] } } }
    } }
  }
  expect_failures = [var.contracts]
}

run "a_place_with_a_wildcard" {
  command = plan
  variables {
    contracts = { "retail.sales" = {
      domain = "retail", product = "sales", owner = "o", tier = "gold", prefixes = {}, tables = {}
      roles  = { for role in ["ingest", "refine", "model", "publish", "speed", "serving"] : role => { topics = { read = [], write = [] }, prefixes = { read = ["silver/*/"], write = [] } } }
    } }
  }
  expect_failures = [var.contracts]
}

run "a_place_of_the_audit_zone" {
  command = plan
  variables {
    contracts = { "retail.sales" = {
      domain = "retail", product = "sales", owner = "o", tier = "gold", prefixes = {}, tables = {}
      roles  = { for role in ["ingest", "refine", "model", "publish", "speed", "serving"] : role => { topics = { read = [], write = [] }, prefixes = { read = [], write = ["audit/retail/"] } } }
    } }
  }
  expect_failures = [var.contracts]
}

run "a_topic_with_a_wildcard" {
  command = plan
  variables {
    contracts = { "retail.sales" = {
      domain = "retail", product = "sales", owner = "o", tier = "gold", prefixes = {}, tables = {}
      roles  = { for role in ["ingest", "refine", "model", "publish", "speed", "serving"] : role => { topics = { read = ["*"], write = [] }, prefixes = { read = [], write = [] } } }
    } }
  }
  expect_failures = [var.contracts]
}

run "a_mart_with_a_path" {
  command = plan
  variables { marts = { "retail.sales" = ["../silver"] } }
  expect_failures = [var.marts]
}

run "a_quota_beyond_what_aws_grants" {
  command = plan
  variables { role_quota = 10000 }
  expect_failures = [var.role_quota]
}

run "a_person_nobody_knows" {
  command = plan
  variables { people = { intern = ["arn:aws:iam::111122223333:role/Intern"] } }
  expect_failures = [var.people]
}

run "a_whole_account_as_a_person" {
  command = plan
  variables { people = { analyst = ["arn:aws:iam::111122223333:root"] } }
  expect_failures = [var.people]
}

run "a_producer_of_no_domain" {
  command = plan
  variables { producers = { retail = ["arn:aws:iam::444455556666:role/shop"] } }
  expect_failures = [var.producers]
}

run "a_repository_with_a_wildcard" {
  command = plan
  variables {
    github = { repository = "example/*", environments = ["dev"], state = { bucket = "state-111122223333", prefix = "dev/", key_arn = "arn:aws:kms:eu-central-1:111122223333:key/state" } }
  }
  expect_failures = [var.github]
}

run "an_environment_with_a_wildcard" {
  command = plan
  variables {
    github = { repository = "example/tideline", environments = ["*"], state = { bucket = "state-111122223333", prefix = "dev/", key_arn = "arn:aws:kms:eu-central-1:111122223333:key/state" } }
  }
  expect_failures = [var.github]
}

run "a_branch_with_a_wildcard" {
  command = plan
  variables {
    github = { repository = "example/tideline", branch = "*", environments = ["dev"], state = { bucket = "state-111122223333", prefix = "dev/", key_arn = "arn:aws:kms:eu-central-1:111122223333:key/state" } }
  }
  expect_failures = [var.github]
}

run "the_state_of_every_environment" {
  command = plan
  variables {
    github = { repository = "example/tideline", environments = ["dev"], state = { bucket = "state-111122223333", prefix = "", key_arn = "arn:aws:kms:eu-central-1:111122223333:key/state" } }
  }
  expect_failures = [var.github]
}

run "an_engine_nobody_knows" {
  command = plan
  variables { features = { stream = "pulsar" } }
  expect_failures = [var.features]
}

run "an_airflow_nobody_knows" {
  command = plan
  variables { features = { airflow = "composer" } }
  expect_failures = [var.features]
}

run "nowhere_to_run" {
  command = plan
  variables { features = { emr_serverless = false, emr_clusters = false } }
  expect_failures = [var.features]
}

run "copies_into_the_same_region" {
  command = plan
  variables {
    features       = { replication = true }
    replica_region = "eu-central-1"
  }
  expect_failures = [var.replica_region]
}

run "an_airflow_without_a_home" {
  command = plan
  variables { features = { airflow = "own" } }
  expect_failures = [var.airflow_principals]
}

run "a_whole_account_as_airflow" {
  command = plan
  variables {
    features           = { airflow = "own" }
    airflow_principals = ["arn:aws:iam::111122223333:root"]
  }
  expect_failures = [var.airflow_principals]
}
