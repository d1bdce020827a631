# Every role of an environment with all parts on and the contract retail.sales, as its generated files have it.

locals {
  generated = "${path.module}/../../../../infra/terraform/_generated"
  needs     = jsondecode(file("${local.generated}/contracts/retail/sales.json"))
  tables    = jsondecode(file("${local.generated}/catalog/retail/sales.json")).tables

  # What `tideline env tfvars` does: the laptop's _tideline/ is the zone documents.
  contract = {
    domain   = local.needs.tags.domain
    product  = "sales"
    owner    = local.needs.tags.owner
    tier     = local.needs.tags.tier
    prefixes = { for name, one in local.needs.prefixes : name => { place = replace(one.prefix, "_tideline/", "documents/"), ttl_days = one.ttl_days } }
    roles = { for name, one in local.needs.roles : name => {
      topics   = one.topics
      prefixes = { for way, prefixes in one.prefixes : way => [for prefix in prefixes : replace(prefix, "_tideline/", "documents/")] }
    } }
    tables = { for table in local.tables : "${table.DatabaseName}.${table.Name}" => {
      zone  = table.DatabaseName
      name  = table.Name
      place = "${table.StorageDescriptor.Location}/"
    } }
  }
}

module "iam" {
  source         = "../../../../infra/terraform/modules/iam"
  context        = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  contracts      = { "retail.sales" = local.contract }
  marts          = { "retail.sales" = ["dim_customer", "dim_date", "dim_product", "fct_sales", "int_customers", "kpi_daily"] }
  replica_region = "eu-west-1"

  people = {
    "platform-engineer"  = ["arn:aws:iam::123456789012:role/sign-in/Platform"]
    "analytics-engineer" = ["arn:aws:iam::123456789012:role/sign-in/Analytics"]
    "analyst"            = ["arn:aws:iam::123456789012:saml-provider/Company"]
    "on-call"            = ["arn:aws:iam::123456789012:role/sign-in/Platform", "arn:aws:iam::123456789012:saml-provider/Company"]
    "compliance"         = ["arn:aws:iam::123456789012:user/auditor"]
  }
  producers = { retail = ["arn:aws:iam::210987654321:role/shop"] }

  github = {
    repository   = "example/tideline"
    environments = ["dev"]
    state        = { bucket = "tideline-state-123456789012", prefix = "dev/", key_arn = "arn:aws:kms:eu-central-1:123456789012:key/state" }
  }

  features = {
    archive = true, sftp = true, crawlers = true, warehouse = true, prometheus = true, grafana = true, replication = true
  }
}

output "role_arns" {
  value = module.iam.role_arns
}
