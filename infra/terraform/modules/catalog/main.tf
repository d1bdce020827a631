# Databases, tables and schemas as contracts describe them: nothing is discovered that was not decided.

module "names" {
  source  = "../names"
  context = var.context
}

locals {
  tags      = merge(module.names.tags, { module = "catalog" })
  prefix    = module.names.prefix
  databases = module.names.databases
  buckets   = var.bucket_names

  about = {
    bronze     = "Raw records as they came, one row per record."
    silver     = "Typed and deduplicated events, one row per counted event."
    gold       = "Views, marts and what gates measured."
    quarantine = "Events that could not be read or broke a rule, with the reason."
  }

  contract_tags = { for id, contract in var.contracts : id => merge(local.tags, {
    contract = id, domain = contract.domain, owner = contract.owner, tier = contract.tier
  }) }

  # By "<zone>.<table>", which is unique over all contracts: `tideline compile` refuses two that claim one.
  tables = merge([for id, contract in var.contracts : { for key, table in contract.tables : key => merge(table, {
    contract = id
    domain   = contract.domain
    owner    = contract.owner
    tier     = contract.tier
    location = "s3://${local.buckets[table.zone]}/${trimsuffix(trimprefix(table.place, "${table.zone}/"), "/")}"
    level    = lookup(table.parameters, "tideline.classification", contract.classification)
    personal = [for column in table.columns : column.name if coalesce(column.pii, false)]
  }) }]...)

  # For each instance Terraform evaluates its for_each anew, all of it, and looks for each resource that it refers to among all that are
  # planned. So what goes by the thousand goes by keys that were made once, looks the rest up here, and names what it waits for.
  table_keys    = tomap({ for key, _ in local.tables : key => key })
  personal_keys = tomap({ for key, table in local.tables : key => key if length(table.personal) > 0 })
  schemas       = { for id, contract in var.contracts : id => contract.schema if contract.schema != null }
  schema_keys   = tomap({ for id, _ in local.schemas : id => id })
}

# For the whole account. The key is Glue's own (aws/glue), which serves whoever may call Glue here: a key of ours would have to be granted to
# every reader of a column's name, and protects no row. Passwords of connections, if somebody makes one, get the key of secrets.
resource "aws_glue_data_catalog_encryption_settings" "this" {
  data_catalog_encryption_settings {
    encryption_at_rest {
      catalog_encryption_mode = "SSE-KMS"
    }
    connection_password_encryption {
      return_connection_password_encrypted = true
      aws_kms_key_id                       = var.key_arns["secrets"]
    }
  }
}

resource "aws_glue_catalog_database" "zone" {
  for_each     = local.about
  name         = local.databases[each.key]
  description  = each.value
  location_uri = "s3://${local.buckets[each.key]}/"
  tags         = merge(local.tags, { zone = each.key })

  # Made before, it would be open to IAM_ALLOWED_PRINCIPALS.
  depends_on = [aws_lakeformation_data_lake_settings.this]
}

resource "aws_glue_catalog_table" "this" {
  for_each      = local.table_keys
  database_name = local.databases[local.tables[each.key].zone]
  name          = local.tables[each.key].name
  description   = substr(local.tables[each.key].description, 0, 2048)
  owner         = local.tables[each.key].owner
  table_type    = "EXTERNAL_TABLE"
  parameters    = local.tables[each.key].parameters

  storage_descriptor {
    location      = local.tables[each.key].location
    input_format  = "org.apache.hadoop.mapred.SequenceFileInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat"

    # Spark finds a table's files by `path`, Athena by the location; neither uses the class.
    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
      parameters            = { path = local.tables[each.key].location, "serialization.format" = "1" }
    }

    dynamic "columns" {
      for_each = local.tables[each.key].columns
      content {
        name       = columns.value.name
        type       = columns.value.type
        comment    = substr(columns.value.comment, 0, 255)
        parameters = columns.value.classification == null ? null : { classification = columns.value.classification }
      }
    }
  }

  depends_on = [aws_glue_catalog_database.zone]
}

resource "aws_glue_registry" "events" {
  registry_name = local.prefix
  description   = "Schema of one event of each contract."
  tags          = local.tags
}

# The registry reads drafts 4, 6 and 7. What Tideline writes uses nothing that is newer than draft 7 but the word for itself.
resource "aws_glue_schema" "event" {
  for_each          = local.schema_keys
  registry_arn      = "arn:${var.context.partition}:glue:${var.context.region}:${var.context.account_id}:registry/${local.prefix}"
  schema_name       = each.key
  description       = "One event of ${each.key}."
  data_format       = "JSON"
  compatibility     = var.schema_compatibility
  schema_definition = replace(local.schemas[each.key], "https://json-schema.org/draft/2020-12/schema", "http://json-schema.org/draft-07/schema#")
  tags              = local.contract_tags[each.key]

  depends_on = [aws_glue_registry.events]
}

# A crawler tells what differs from the contract; it changes no table (LOG).
resource "aws_glue_crawler" "zone" {
  for_each      = var.crawlers == null ? toset([]) : toset([for table in local.tables : table.zone if table.zone != "quarantine"])
  name          = "${local.prefix}-${each.key}"
  description   = "Compares the Delta tables of ${each.key} with the catalog."
  database_name = aws_glue_catalog_database.zone[each.key].name
  role          = var.role_arns["crawler"]
  schedule      = var.crawlers.schedule
  tags          = merge(local.tags, { zone = each.key })

  delta_target {
    delta_tables              = [for table in local.tables : "${table.location}/" if table.zone == each.key]
    write_manifest            = false
    create_native_delta_table = true
  }
  schema_change_policy {
    update_behavior = "LOG"
    delete_behavior = "LOG"
  }
}
