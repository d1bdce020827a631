# Lake Formation: who reads which columns. Everything carries tags; a grant names tags, never a table, so that a new contract needs no new grant.
# What a role may do is what both IAM and Lake Formation allow: IAM of a job names its contract's tables, the grant here its domain's.

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

  # Readers that are no job: zones, and whether personal columns too.
  readers = {
    analyst            = { zones = ["gold"], pii = ["false"] }
    analytics-engineer = { zones = ["gold", "silver"], pii = ["false"] }
    redshift           = { zones = ["gold"], pii = ["false"] }
    crawler            = { zones = ["bronze", "gold", "silver"], pii = ["false", "true"] }
  }

  # What each stage needs of the tables of its own domain.
  stages = {
    ingest   = { read = [], write = ["bronze"] }
    refine   = { read = ["bronze"], write = ["quarantine", "silver"] }
    model    = { read = ["silver"], write = ["gold"] }
    publish  = { read = ["bronze", "gold", "quarantine", "silver"], write = [] }
    maintain = { read = [], write = ["bronze", "gold", "quarantine", "silver"] }
  }
  jobs = { for role, arn in var.role_arns : role => merge(local.stages[split("/", role)[0]], {
    arn    = arn
    domain = split(".", split("/", role)[1])[0]
  }) if local.governed && strcontains(role, "/") && contains(keys(local.stages), split("/", role)[0]) }

  reading = { for role, at in local.readers : role => merge(at, { arn = var.role_arns[role] }) if local.governed && contains(keys(var.role_arns), role) }

  seen_databases = merge(
    { for role, at in local.reading : role => { arn = at.arn, zones = at.zones, rights = role == "crawler" ? ["CREATE_TABLE", "DESCRIBE"] : ["DESCRIBE"] } },
    { for role, at in local.jobs : "${role}:reads" => { arn = at.arn, zones = at.read, rights = ["DESCRIBE"] } if length(at.read) > 0 },
    { for role, at in local.jobs : "${role}:writes" => { arn = at.arn, zones = at.write, rights = ["CREATE_TABLE", "DESCRIBE"] } if length(at.write) > 0 },
  )
  seen_tables = merge(
    { for role, at in local.reading : role => {
      arn    = at.arn, rights = role == "crawler" ? ["ALTER", "DESCRIBE", "SELECT"] : ["DESCRIBE", "SELECT"]
      having = { zone = at.zones, pii = at.pii }
    } },
    { for role, at in local.jobs : "${role}:reads" => {
      arn    = at.arn, rights = ["DESCRIBE", "SELECT"]
      having = { zone = at.read, domain = [at.domain] }
    } if length(at.read) > 0 },
    { for role, at in local.jobs : "${role}:writes" => {
      arn    = at.arn, rights = ["ALTER", "DELETE", "DESCRIBE", "INSERT", "SELECT"]
      having = { zone = at.write, domain = [at.domain] }
    } if length(at.write) > 0 },
  )
  # A table can only be made where its maker may put it.
  located = merge([for role, at in local.jobs : { for zone in at.write : "${role}:${zone}" => { arn = at.arn, zone = zone } }]...)
}

# For the whole account. Without default permissions nothing is open to whoever IAM lets call Glue.
resource "aws_lakeformation_data_lake_settings" "this" {
  count  = local.governed ? 1 : 0
  admins = local.admins
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

resource "aws_lakeformation_permissions" "location" {
  for_each    = local.located
  principal   = each.value.arn
  permissions = ["DATA_LOCATION_ACCESS"]
  data_location {
    arn = aws_lakeformation_resource.zone[each.value.zone].arn
  }
}
