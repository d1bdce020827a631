# Lake Formation: who reads which columns. Everything carries tags; a grant names tags, never a table, so that a new contract needs no new grant.
# What a role may do is what both IAM and Lake Formation allow. Jobs are granted nothing: they find tables by their place and have no right
# in Glue (modules/iam), so that nothing here writes a table and nobody but the crawler, which is off, would see personal columns.

locals {
  governed = var.lake_formation != null

  governed_keys          = local.governed ? local.table_keys : tomap({})
  governed_personal_keys = local.governed ? local.personal_keys : tomap({})

  zones = keys(local.about)

  lf_tags = { for key, values in {
    zone           = local.zones
    domain         = sort(distinct([for contract in var.contracts : contract.domain]))
    tier           = sort(distinct([for contract in var.contracts : contract.tier]))
    classification = ["confidential", "internal", "public", "restricted"]
    pii            = ["false", "true"]
  } : key => values if local.governed && length(values) > 0 }

  # Raw records hold whatever came: personal until proved otherwise. In silver and gold columns say it themselves.
  personal = { bronze = "true", quarantine = "true", silver = "false", gold = "false" }

  admins = local.governed ? setunion(var.lake_formation.admins, [for name in ["ci-apply"] : var.role_arns[name] if contains(keys(var.role_arns), name)]) : toset([])

  # Who reads: zones, and whether personal columns too.
  readers = {
    analyst            = { zones = ["gold"], pii = ["false"] }
    analytics-engineer = { zones = ["gold", "silver"], pii = ["false"] }
    redshift           = { zones = ["gold"], pii = ["false"] }
    crawler            = { zones = ["bronze", "gold", "silver"], pii = ["false", "true"] }
  }

  reading = { for role, at in local.readers : role => merge(at, { arn = var.role_arns[role] }) if local.governed && contains(keys(var.role_arns), role) }

  seen_databases = { for role, at in local.reading : role => {
    arn = at.arn, zones = at.zones, rights = role == "crawler" ? ["CREATE_TABLE", "DESCRIBE"] : ["DESCRIBE"]
  } }
  seen_tables = { for role, at in local.reading : role => {
    arn    = at.arn, rights = role == "crawler" ? ["ALTER", "DESCRIBE", "SELECT"] : ["DESCRIBE", "SELECT"]
    having = { zone = at.zones, pii = at.pii }
  } }
}

# For the whole account. Without default permissions nothing is open to whoever IAM lets call Glue.
resource "aws_lakeformation_data_lake_settings" "this" {
  count  = local.governed ? 1 : 0
  admins = local.admins

  # Terraform reads each table again when it plans, and Lake Formation hides from a role what it was not granted.
  read_only_admins = [for name in ["ci-plan"] : var.role_arns[name] if contains(keys(var.role_arns), name)]
}

resource "aws_lakeformation_resource" "zone" {
  for_each = local.governed ? toset(local.zones) : toset([])
  arn      = module.names.buckets[each.key].arn
  role_arn = var.role_arns["lakeformation"]
}

resource "aws_lakeformation_lf_tag" "this" {
  for_each   = local.lf_tags
  key        = each.key
  values     = each.value
  depends_on = [aws_lakeformation_data_lake_settings.this]

  lifecycle {
    precondition {
      condition     = length(each.value) <= 1000
      error_message = "The LF-tag ${each.key} would have ${length(each.value)} values and Lake Formation takes 1000: there are too many domains for one account."
    }
  }
}

resource "aws_lakeformation_resource_lf_tags" "database" {
  for_each = local.governed ? local.databases : {}
  database {
    name = aws_glue_catalog_database.zone[each.key].name
  }
  lf_tag {
    key   = aws_lakeformation_lf_tag.this["zone"].key
    value = each.key
  }
  lf_tag {
    key   = aws_lakeformation_lf_tag.this["pii"].key
    value = local.personal[each.key]
  }
  depends_on = [aws_glue_catalog_table.this]
}

# zone and pii come from the database. Tables are named, not referred to: a reference to one of thousands is evaluated as all of them,
# and would make an edge from each to each. They are there because the database's tags wait for them.
resource "aws_lakeformation_resource_lf_tags" "table" {
  for_each = local.governed_keys
  table {
    database_name = local.databases[local.tables[each.key].zone]
    name          = local.tables[each.key].name
  }
  dynamic "lf_tag" {
    for_each = { domain = local.tables[each.key].domain, tier = local.tables[each.key].tier, classification = local.tables[each.key].level }
    content {
      key   = lf_tag.key
      value = lf_tag.value
    }
  }
  depends_on = [aws_lakeformation_lf_tag.this, aws_lakeformation_resource_lf_tags.database]
}

resource "aws_lakeformation_resource_lf_tags" "personal" {
  for_each = local.governed_personal_keys
  table_with_columns {
    database_name = local.databases[local.tables[each.key].zone]
    name          = local.tables[each.key].name
    column_names  = local.tables[each.key].personal
  }
  lf_tag {
    key   = "pii"
    value = "true"
  }
  depends_on = [aws_lakeformation_lf_tag.this, aws_lakeformation_resource_lf_tags.database]
}

resource "aws_lakeformation_permissions" "database" {
  for_each    = local.seen_databases
  principal   = each.value.arn
  permissions = each.value.rights
  lf_tag_policy {
    resource_type = "DATABASE"
    expression {
      key    = aws_lakeformation_lf_tag.this["zone"].key
      values = each.value.zones
    }
  }
}

resource "aws_lakeformation_permissions" "table" {
  for_each    = { for role, one in local.seen_tables : role => one if alltrue([for key in keys(one.having) : contains(keys(local.lf_tags), key)]) }
  principal   = each.value.arn
  permissions = each.value.rights
  lf_tag_policy {
    resource_type = "TABLE"
    dynamic "expression" {
      for_each = each.value.having
      content {
        key    = aws_lakeformation_lf_tag.this[expression.key].key
        values = expression.value
      }
    }
  }
}
