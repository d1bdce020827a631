# Thousands of contracts: S3 takes 1,000 lifecycle rules of a bucket.

mock_provider "aws" {}
mock_provider "aws" {
  alias = "replica"
}

variables {
  context  = { project = "tideline", environment = "prod", account_id = "123456789012", region = "eu-central-1" }
  key_arns = { for zone in ["bronze", "silver", "gold", "quarantine", "landing", "documents", "checkpoints", "artifacts", "audit"] : zone => "arn:aws:kms:eu-central-1:123456789012:key/${zone}" }
}

run "two_thousand_contracts_of_twenty_domains_fit" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }
  variables {
    # One in seven has a shorter retention than its domain; bronze keeps ten years, silver and landing two weeks.
    contracts = { for n in flatten([for k in range(2) : range(1000 * k, 1000 * k + 1000)]) : "domain${n % 20}.product${n}" => { prefixes = {
      bronze   = { place = "bronze/domain${n % 20}/product${n}/", ttl_days = 3650 }
      silver   = { place = "silver/domain${n % 20}/product${n}/", ttl_days = n % 7 == 0 ? 7 : 14 }
      gold     = { place = "gold/view${n}/" }
      landing  = { place = "landing/domain${n % 20}/product${n}/", ttl_days = n % 7 == 0 ? 7 : 14 }
      releases = { place = "documents/releases/domain${n % 20}.product${n}/" }
      runs     = { place = "documents/runs/domain${n % 20}.product${n}/", ttl_days = 400 }
    } } }
  }

  # 20 rules of domains and 286 of contracts that keep less than their domain, beside what every bucket has.
  assert {
    condition     = output.rule_counts == { artifacts = 2, audit = 2, bronze = 2, checkpoints = 1, documents = 2, gold = 2, landing = 308, logs = 2, quarantine = 2, silver = 308 }
    error_message = "Rules are counted: ${jsonencode(output.rule_counts)}"
  }
  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.zone["silver"].rule) == output.rule_counts["silver"] && length(aws_s3_bucket_lifecycle_configuration.zone["landing"].rule) == output.rule_counts["landing"]
    error_message = "What is counted is what is made."
  }
}

run "a_retention_for_each_of_two_thousand_does_not_fit_and_says_so" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }
  variables {
    lifetimes = { landing = 3650 }
    contracts = { for n in flatten([for k in range(2) : range(1000 * k, 1000 * k + 1000)]) : "retail.product${n}" => { prefixes = {
      landing = { place = "landing/retail/product${n}/", ttl_days = n + 1 }
    } } }
  }
  expect_failures = [aws_s3_bucket_lifecycle_configuration.zone["landing"]]
}
