# The catalog is what contracts say; who reads it is what tags say.

mock_provider "aws" {}

variables {
  context      = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  bucket_names = { for zone in ["bronze", "silver", "gold", "quarantine", "artifacts"] : zone => "tideline-dev-${zone}-123456789012" }
  key_arns     = { for purpose in ["artifacts", "secrets", "services"] : purpose => "arn:aws:kms:eu-central-1:123456789012:key/${purpose}" }
  role_arns = {
    for role in ["ci-apply", "lakeformation", "crawler", "redshift", "analyst", "analytics-engineer", "refine/retail.sales", "publish/retail", "producer/retail"] :
    role => "arn:aws:iam::123456789012:role/tideline-dev-${role}"
  }
  contracts = {
    "retail.sales" = {
      domain         = "retail"
      owner          = "retail-data"
      tier           = "gold"
      classification = "confidential"
      schema         = "{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\", \"maximum\": 999999999.999}"
      tables = {
        "silver.retail_sales" = {
          zone        = "silver"
          name        = "retail_sales"
          place       = "silver/retail/sales/"
          description = "Typed and deduplicated."
          parameters  = { table_type = "DELTA", "spark.sql.sources.provider" = "delta", "tideline.classification" = "confidential" }
          columns = [
            { name = "event_id", type = "string", comment = "Identity.", classification = "internal" },
            { name = "customer_id", type = "string", comment = "Customer.", classification = "confidential", pii = true },
            { name = "position", type = "bigint", comment = "Offset." },
          ]
        }
        "gold.sales_by_day" = {
          zone        = "gold"
          name        = "sales_by_day"
          place       = "gold/sales_by_day/"
          description = "Sales by day."
          parameters  = { table_type = "DELTA", "spark.sql.sources.provider" = "delta", "tideline.classification" = "internal" }
          columns     = [{ name = "day", type = "date", comment = "Day in UTC." }]
        }
      }
    }
  }
}

run "tables_are_what_contracts_say" {
  command = plan

  assert {
    condition     = { for zone, one in aws_glue_catalog_database.zone : one.name => one.location_uri } == { for zone in ["bronze", "gold", "quarantine", "silver"] : "tideline_dev_${zone}" => "s3://tideline-dev-${zone}-123456789012/" }
    error_message = "One database for each table zone."
  }
  assert {
    condition = (aws_glue_catalog_table.this["silver.retail_sales"].database_name == "tideline_dev_silver" && aws_glue_catalog_table.this["silver.retail_sales"].owner == "retail-data"
    && aws_glue_catalog_table.this["silver.retail_sales"].parameters["spark.sql.sources.provider"] == "delta")
    error_message = "A table stands in its zone's database as a Delta table."
  }
  assert {
    condition = alltrue([for storage in [aws_glue_catalog_table.this["silver.retail_sales"].storage_descriptor[0]] :
    storage.location == "s3://tideline-dev-silver-123456789012/retail/sales" && storage.ser_de_info[0].parameters["path"] == storage.location])
    error_message = "Athena and Spark find the same files."
  }
  assert {
    condition     = [for column in aws_glue_catalog_table.this["silver.retail_sales"].storage_descriptor[0].columns : "${column.name} ${column.type} ${column.comment}"] == ["event_id string Identity.", "customer_id string Customer.", "position bigint Offset."]
    error_message = "Columns in their order, with their comments."
  }
  assert {
    condition = (strcontains(aws_glue_schema.event["retail.sales"].schema_definition, "draft-07") && strcontains(aws_glue_schema.event["retail.sales"].schema_definition, "999999999.999")
    && aws_glue_schema.event["retail.sales"].compatibility == "NONE")
    error_message = "The registry gets the event's schema in a draft that it reads, its numbers untouched."
  }
  assert {
    condition     = { for key in ["contract", "domain", "owner", "tier"] : key => aws_glue_schema.event["retail.sales"].tags[key] } == { contract = "retail.sales", domain = "retail", owner = "retail-data", tier = "gold" }
    error_message = "What belongs to a contract carries its names."
  }
  assert {
    condition = (aws_glue_data_catalog_encryption_settings.this.data_catalog_encryption_settings[0].encryption_at_rest[0].catalog_encryption_mode == "SSE-KMS"
    && aws_glue_data_catalog_encryption_settings.this.data_catalog_encryption_settings[0].connection_password_encryption[0].return_connection_password_encrypted)
    error_message = "The catalog is encrypted."
  }
  assert {
    condition     = length(aws_glue_crawler.zone) == 0 && length(aws_redshiftserverless_workgroup.this) == 0 && output.warehouse_endpoint == null && output.external_schema_sql == null
    error_message = "Crawlers and the warehouse are off unless asked for."
  }
  assert {
    condition     = output.databases["gold"] == "tideline_dev_gold" && output.workgroups == { analyst = "tideline-dev-analyst", analytics-engineer = "tideline-dev-analytics-engineer" }
    error_message = "Databases and workgroups are known in a plan."
  }
}

run "personal_columns_are_tagged_and_granted_to_nobody" {
  command = plan

  assert {
    condition     = length(aws_lakeformation_data_lake_settings.this) == 1 && aws_lakeformation_data_lake_settings.this[0].admins == toset(["arn:aws:iam::123456789012:role/tideline-dev-ci-apply"])
    error_message = "Only admins manage; there are no default permissions."
  }
  assert {
    condition     = keys(aws_lakeformation_lf_tag.this) == ["classification", "domain", "pii", "tier", "zone"]
    error_message = "Five tags."
  }
  assert {
    condition = { for zone, one in aws_lakeformation_resource_lf_tags.database : zone => [for tag in one.lf_tag : tag.value if tag.key == "pii"] } == {
    bronze = ["true"], gold = ["false"], quarantine = ["true"], silver = ["false"] }
    error_message = "Raw records are personal until proved otherwise."
  }
  assert {
    condition     = keys(aws_lakeformation_resource_lf_tags.personal) == ["silver.retail_sales"] && aws_lakeformation_resource_lf_tags.personal["silver.retail_sales"].table_with_columns[0].column_names == toset(["customer_id"])
    error_message = "The personal column is tagged as such."
  }
  assert {
    condition     = { for tag in aws_lakeformation_resource_lf_tags.table["gold.sales_by_day"].lf_tag : tag.key => tag.value } == { domain = "retail", tier = "gold", classification = "internal" }
    error_message = "A table carries its domain, tier and its own classification."
  }
  assert {
    condition     = { for one in aws_lakeformation_permissions.table["analyst"].lf_tag_policy[0].expression : one.key => sort(one.values) } == { zone = tolist(["gold"]), pii = tolist(["false"]) }
    error_message = "An analyst reads gold without personal columns."
  }
  assert {
    condition = ({ for one in aws_lakeformation_permissions.table["analytics-engineer"].lf_tag_policy[0].expression : one.key => sort(one.values) } == { zone = tolist(["gold", "silver"]), pii = tolist(["false"]) }
    && aws_lakeformation_permissions.table["analytics-engineer"].permissions == toset(["DESCRIBE", "SELECT"]))
    error_message = "An analytics engineer reads silver too, and writes nothing."
  }
  assert {
    condition     = keys(aws_lakeformation_permissions.table) == ["analyst", "analytics-engineer", "crawler", "redshift"] && keys(aws_lakeformation_permissions.database) == keys(aws_lakeformation_permissions.table)
    error_message = "Roles without business in the catalog get nothing there: jobs, producers and who applies."
  }
  assert {
    condition     = [for name, one in aws_lakeformation_permissions.table : name if length(setsubtract(one.permissions, ["ALTER", "DESCRIBE", "SELECT"])) > 0] == []
    error_message = "Nobody writes rows through Lake Formation."
  }
  assert {
    condition     = [for name, one in aws_lakeformation_permissions.table : name if contains(flatten([for part in one.lf_tag_policy[0].expression : tolist(part.values) if part.key == "pii"]), "true")] == ["crawler"]
    error_message = "Only the crawler, which is off, would see personal columns."
  }
  assert {
    condition     = alltrue([for zone, one in aws_lakeformation_resource.zone : one.arn == "arn:aws:s3:::tideline-dev-${zone}-123456789012" && one.role_arn == "arn:aws:iam::123456789012:role/tideline-dev-lakeformation"]) && length(aws_lakeformation_resource.zone) == 4
    error_message = "Locations are read in the name of a role of ours."
  }
}

run "without_lake_formation_iam_decides" {
  command = plan
  variables {
    lake_formation = null
    role_arns      = {}
  }

  assert {
    condition = (length(aws_lakeformation_data_lake_settings.this) + length(aws_lakeformation_resource.zone) + length(aws_lakeformation_lf_tag.this) + length(aws_lakeformation_resource_lf_tags.table)
    + length(aws_lakeformation_permissions.database) + length(aws_lakeformation_permissions.table) == 0)
    error_message = "Nothing of Lake Formation is made."
  }
}

run "questions_have_a_limit_and_answers_an_end" {
  command = plan
  variables {
    query_limits  = { analytics-engineer = 1099511627776 }
    crawlers      = {}
    named_queries = { rows = { zone = "silver", sql = "select count(*) from retail_sales" } }
  }

  assert {
    condition = alltrue([for asker, one in aws_athena_workgroup.this : one.configuration[0].enforce_workgroup_configuration && one.configuration[0].publish_cloudwatch_metrics_enabled
      && one.configuration[0].bytes_scanned_cutoff_per_query == { analyst = 107374182400, analytics-engineer = 1099511627776 }[asker]
    && one.configuration[0].engine_version[0].selected_engine_version == "Athena engine version 3"])
    error_message = "Nobody gets around the limit, and each kind of person has its own."
  }
  assert {
    condition = alltrue([for asker, group in aws_athena_workgroup.this : alltrue([for one in group.configuration[0].result_configuration : one.output_location == "s3://tideline-dev-artifacts-123456789012/athena-results/${asker}/"
    && one.encryption_configuration[0].encryption_option == "SSE_KMS" && one.encryption_configuration[0].kms_key_arn == "arn:aws:kms:eu-central-1:123456789012:key/artifacts" && one.expected_bucket_owner == "123456789012"])])
    error_message = "Results go where they expire, encrypted, and where nobody else reads."
  }
  assert {
    condition     = keys(aws_glue_crawler.zone) == ["gold", "silver"] && aws_glue_crawler.zone["silver"].schema_change_policy[0].update_behavior == "LOG" && aws_glue_crawler.zone["silver"].delta_target[0].delta_tables == toset(["s3://tideline-dev-silver-123456789012/retail/sales/"])
    error_message = "Crawlers look at contracts' Delta tables and change nothing."
  }
  assert {
    condition = keys(aws_athena_named_query.this) == ["analyst/rows", "analytics-engineer/rows"] && alltrue([for key, query in aws_athena_named_query.this :
    query.name == "rows" && query.database == "tideline_dev_silver" && query.workgroup == "tideline-dev-${split("/", key)[0]}"])
    error_message = "A named query is about its zone's database, and everybody who asks finds it."
  }
}

run "a_warehouse_is_private_and_has_an_end" {
  command = plan
  variables {
    warehouse          = { external_schema = true }
    subnet_ids         = ["subnet-a", "subnet-b", "subnet-c"]
    security_group_ids = { warehouse = "sg-1" }
  }

  assert {
    condition     = aws_redshiftserverless_workgroup.this["gold"].enhanced_vpc_routing && !aws_redshiftserverless_workgroup.this["gold"].publicly_accessible && aws_redshiftserverless_workgroup.this["gold"].security_group_ids == toset(["sg-1"])
    error_message = "The warehouse is in the network, not on the internet."
  }
  assert {
    condition     = contains([for one in aws_redshiftserverless_workgroup.this["gold"].config_parameter : "${one.parameter_key}=${one.parameter_value}"], "require_ssl=true")
    error_message = "The warehouse speaks TLS only."
  }
  assert {
    condition = (aws_redshiftserverless_namespace.this["gold"].manage_admin_password && aws_redshiftserverless_namespace.this["gold"].admin_user_password == null
    && aws_redshiftserverless_namespace.this["gold"].kms_key_id == "arn:aws:kms:eu-central-1:123456789012:key/services" && aws_redshiftserverless_namespace.this["gold"].admin_password_secret_kms_key_id == "arn:aws:kms:eu-central-1:123456789012:key/secrets")
    error_message = "No password passes through Terraform; data and secret are encrypted with our keys."
  }
  assert {
    condition     = aws_redshiftserverless_usage_limit.daily["gold"].breach_action == "deactivate" && aws_redshiftserverless_usage_limit.daily["gold"].amount == 24
    error_message = "A day has a limit."
  }
  assert {
    condition     = strcontains(aws_redshiftdata_statement.gold["gold"].sql, "'tideline_dev_gold'") && output.external_schema_sql == aws_redshiftdata_statement.gold["gold"].sql
    error_message = "Gold is shown in the warehouse."
  }
}
