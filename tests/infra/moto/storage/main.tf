# Every bucket with all that hangs on it, and replicas in a second region.

locals {
  context = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  zones   = ["bronze", "silver", "gold", "quarantine", "landing", "documents", "checkpoints", "artifacts", "audit"]
}

module "storage" {
  source = "../../../../infra/terraform/modules/storage"
  providers = {
    aws         = aws
    aws.replica = aws.replica
  }
  context       = local.context
  key_arns      = { for zone in local.zones : zone => "arn:aws:kms:eu-central-1:123456789012:key/${zone}" }
  force_destroy = true
  inventory     = true
  contracts = {
    "retail.sales" = { prefixes = {
      bronze      = { place = "bronze/retail/sales/", ttl_days = 7 }
      silver      = { place = "silver/retail/sales/", ttl_days = 3650 }
      "gold.kpis" = { place = "gold/kpis/" }
      landing     = { place = "landing/retail/sales/", ttl_days = 3 }
      runs        = { place = "documents/runs/retail.sales/", ttl_days = 400 }
    } }
    "retail.stock" = { prefixes = { bronze = { place = "bronze/retail/stock/" } } }
  }
  replication = {
    region   = "eu-west-1"
    key_arns = { for zone in local.zones : zone => "arn:aws:kms:eu-west-1:123456789012:key/${zone}" }
    role_arn = "arn:aws:iam::123456789012:role/tideline-dev-replication"
  }
}
