# What is refused before anything is made.

mock_provider "aws" {}

variables {
  context      = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  bucket_names = { for zone in ["bronze", "silver", "gold", "quarantine", "artifacts"] : zone => "tideline-dev-${zone}-123456789012" }
  key_arns     = { for purpose in ["artifacts", "secrets", "services"] : purpose => "arn:aws:kms:eu-central-1:123456789012:key/${purpose}" }
  role_arns    = { for role in ["ci-apply", "lakeformation", "crawler", "redshift"] : role => "arn:aws:iam::123456789012:role/tideline-dev-${role}" }
}

run "a_table_in_landing" {
  command = plan
  variables {
    contracts = { "retail.sales" = { domain = "retail", owner = "o", tier = "gold", classification = "internal", schema = null, tables = { x = { zone = "landing", name = "t", place = "landing/x/", description = "d", columns = [], parameters = {} } } } }
  }
  expect_failures = [var.contracts]
}

run "a_table_outside_its_zone" {
  command = plan
  variables {
    contracts = { "retail.sales" = { domain = "retail", owner = "o", tier = "gold", classification = "internal", schema = null, tables = { x = { zone = "silver", name = "t", place = "gold/x/", description = "d", columns = [], parameters = {} } } } }
  }
  expect_failures = [var.contracts]
}

run "a_classification_of_its_own" {
  command = plan
  variables {
    contracts = { "retail.sales" = { domain = "retail", owner = "o", tier = "gold", classification = "secret", schema = null, tables = {} } }
  }
  expect_failures = [var.contracts]
}

run "a_schema_that_is_no_json" {
  command = plan
  variables {
    contracts = { "retail.sales" = { domain = "retail", owner = "o", tier = "gold", classification = "internal", schema = "type: object", tables = {} } }
  }
  expect_failures = [var.contracts]
}

run "a_schema_too_large" {
  command = plan
  variables {
    contracts = { "retail.sales" = { domain = "retail", owner = "o", tier = "gold", classification = "internal", schema = jsonencode({ description = join("", [for n in range(1000) : format("%0200d", n)]) }), tables = {} } }
  }
  expect_failures = [var.contracts]
}

run "a_compatibility_unknown" {
  command = plan
  variables {
    schema_compatibility = "SOMETIMES"
  }
  expect_failures = [var.schema_compatibility]
}

run "a_zone_without_bucket" {
  command = plan
  variables {
    bucket_names = { gold = "tideline-dev-gold-123456789012" }
  }
  expect_failures = [var.bucket_names]
}

run "no_key_of_results" {
  command = plan
  variables {
    key_arns = { secrets = "arn:aws:kms:eu-central-1:123456789012:key/secrets" }
  }
  expect_failures = [var.key_arns]
}

run "lake_formation_without_its_role" {
  command = plan
  variables {
    role_arns = { ci-apply = "arn:aws:iam::123456789012:role/tideline-dev-ci-apply" }
  }
  expect_failures = [var.role_arns]
}

run "lake_formation_without_admin" {
  command = plan
  variables {
    role_arns = { lakeformation = "arn:aws:iam::123456789012:role/tideline-dev-lakeformation" }
  }
  expect_failures = [var.role_arns]
}

run "a_crawler_without_role" {
  command = plan
  variables {
    crawlers  = {}
    role_arns = { ci-apply = "arn:aws:iam::123456789012:role/a", lakeformation = "arn:aws:iam::123456789012:role/b" }
  }
  expect_failures = [var.role_arns]
}

run "a_crawler_by_rate" {
  command = plan
  variables {
    crawlers = { schedule = "rate(1 hour)" }
  }
  expect_failures = [var.crawlers]
}

run "an_admin_by_name" {
  command = plan
  variables {
    lake_formation = { admins = ["somebody"] }
  }
  expect_failures = [var.lake_formation]
}

run "a_limit_below_what_athena_takes" {
  command = plan
  variables {
    query_limits = { analyst = 1000 }
  }
  expect_failures = [var.query_limits]
}

run "a_query_about_landing" {
  command = plan
  variables {
    named_queries = { x = { zone = "landing", sql = "select 1" } }
  }
  expect_failures = [var.named_queries]
}

run "a_warehouse_of_nine_units" {
  command = plan
  variables {
    warehouse          = { base_capacity = 9, max_capacity = 16 }
    subnet_ids         = ["a", "b", "c"]
    security_group_ids = { warehouse = "sg-1" }
  }
  expect_failures = [var.warehouse]
}

run "a_warehouse_smaller_at_most" {
  command = plan
  variables {
    warehouse          = { base_capacity = 32, max_capacity = 8 }
    subnet_ids         = ["a", "b", "c"]
    security_group_ids = { warehouse = "sg-1" }
  }
  expect_failures = [var.warehouse]
}

run "a_warehouse_without_limit" {
  command = plan
  variables {
    warehouse          = { daily_limit = 0 }
    subnet_ids         = ["a", "b", "c"]
    security_group_ids = { warehouse = "sg-1" }
  }
  expect_failures = [var.warehouse]
}

run "a_warehouse_in_two_zones" {
  command = plan
  variables {
    warehouse          = {}
    subnet_ids         = ["a", "b"]
    security_group_ids = { warehouse = "sg-1" }
  }
  expect_failures = [var.subnet_ids]
}

run "a_warehouse_open_to_all" {
  command = plan
  variables {
    warehouse  = {}
    subnet_ids = ["a", "b", "c"]
  }
  expect_failures = [var.security_group_ids]
}

run "a_warehouse_without_role" {
  command = plan
  variables {
    warehouse          = {}
    subnet_ids         = ["a", "b", "c"]
    security_group_ids = { warehouse = "sg-1" }
    role_arns          = { ci-apply = "arn:aws:iam::123456789012:role/a", lakeformation = "arn:aws:iam::123456789012:role/b" }
  }
  expect_failures = [var.role_arns]
}

