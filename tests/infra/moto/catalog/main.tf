# Databases, tables, tags, grants and the workgroup of two contracts; the warehouse is beyond moto and only planned (modules/catalog/tests).

locals {
  context = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  zones   = ["bronze", "silver", "gold", "quarantine", "artifacts"]
  columns = [
    { name = "event_id", type = "string", comment = "Identity of the event.", classification = "internal" },
    { name = "customer_id", type = "string", comment = "Customer number.", classification = "confidential", pii = true },
    { name = "position", type = "bigint", comment = "Offset of the record in its partition." },
  ]
  zoned = { for product in ["sales", "stock"] : product => { for zone in ["bronze", "silver", "quarantine"] : "${zone}.retail_${product}" => {
    zone        = zone
    name        = "retail_${product}"
    place       = "${zone}/retail/${product}/"
    description = "Rows of ${product} in ${zone}."
    columns     = local.columns
    parameters  = { table_type = "DELTA", "spark.sql.sources.provider" = "delta", "tideline.classification" = "confidential" }
  } } }
}

module "names" {
  source  = "../../../../infra/terraform/modules/names"
  context = local.context
}

module "catalog" {
  source       = "../../../../infra/terraform/modules/catalog"
  context      = local.context
  bucket_names = { for zone in local.zones : zone => module.names.buckets[zone].name }
  key_arns     = { for purpose in ["artifacts", "secrets", "services"] : purpose => "arn:aws:kms:eu-central-1:123456789012:key/${purpose}" }
  role_arns = merge(
    { for role in ["ci-apply", "crawler", "lakeformation", "analyst", "analytics-engineer"] : role => module.names.roles[role].arn },
    { for stage in ["ingest", "refine", "model", "publish", "maintain"] : "${stage}/retail.sales" => "arn:aws:iam::123456789012:role/tideline-dev-${stage}-retail.sales" },
  )
  crawlers      = { schedule = "cron(0 3 * * ? *)" }
  force_destroy = true
  named_queries = { rows-per-day = { zone = "silver", sql = "select log_time, count(*) from retail_sales group by 1" } }
  contracts = { for product, tables in local.zoned : "retail.${product}" => {
    domain         = "retail"
    owner          = "retail-data"
    tier           = "gold"
    classification = "confidential"
    tables         = tables
    schema         = jsonencode({ "$schema" = "https://json-schema.org/draft/2020-12/schema", type = "object", properties = { event_id = { type = "string" } } })
  } }
}
