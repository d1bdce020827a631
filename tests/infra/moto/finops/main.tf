# Budgets, the watch for anomalies, cost categories and tags, the share of spot.

locals {
  context = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
}

module "finops" {
  source = "../../../../infra/terraform/modules/finops"

  context              = local.context
  budget_monthly       = 400
  subscribers          = ["finance@example.org"]
  topic_arn            = "arn:aws:sns:eu-central-1:123456789012:tideline-dev-warning"
  contracts            = { "retail.sales" = { domain = "retail" } }
  domain_budgets       = { retail = 120 }
  anomalies            = {}
  cost_categories      = true
  cost_allocation_tags = ["domain", "environment"]
  spot_share           = { log_group = aws_cloudwatch_log_group.emr }
}

resource "aws_cloudwatch_log_group" "emr" {
  name = "/tideline/dev/emr"
}
