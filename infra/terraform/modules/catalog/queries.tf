# Who asks gold with SQL: Athena by the query, the warehouse by the hour.

# A workgroup for each kind of person: what one asks, and the answers that lie in the bucket, no other kind of person sees.
resource "aws_athena_workgroup" "this" {
  for_each      = module.names.askers
  name          = each.value.workgroup
  description   = "Questions of ${each.key}s: a limit for each query, results that expire and that nobody else reads."
  force_destroy = var.force_destroy
  tags          = local.tags

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.query_limits[each.key]
    engine_version {
      selected_engine_version = "Athena engine version 3"
    }
    result_configuration {
      output_location       = "s3://${local.buckets["artifacts"]}/${trimprefix(each.value.results, "artifacts/")}"
      expected_bucket_owner = var.context.account_id
      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = var.key_arns["artifacts"]
      }
    }
  }
}

resource "aws_athena_named_query" "this" {
  for_each    = local.named_queries
  name        = each.value.name
  description = each.value.query.description
  workgroup   = aws_athena_workgroup.this[each.value.asker].name
  database    = aws_glue_catalog_database.zone[each.value.query.zone].name
  query       = each.value.query.sql
}

locals {
  # Athena shows a saved query inside of its workgroup only.
  named_queries = merge([for asker in keys(module.names.askers) : { for name, query in var.named_queries : "${asker}/${name}" => {
    asker = asker, name = name, query = query
  } }]...)

  warehouse = var.warehouse == null ? toset([]) : toset(["gold"])

  # What shows gold in the warehouse; `IAM_ROLE default` is the namespace's own role.
  external_schema_sql = "CREATE EXTERNAL SCHEMA IF NOT EXISTS gold FROM DATA CATALOG DATABASE '${local.databases["gold"]}' REGION '${var.context.region}' IAM_ROLE default"

  # All that AWS keeps for a workgroup, so that a second plan finds nothing else.
  parameters = var.warehouse == null ? {} : {
    auto_mv                          = "true"
    datestyle                        = "ISO, MDY"
    enable_case_sensitive_identifier = "false"
    enable_user_activity_logging     = "true"
    max_query_execution_time         = tostring(var.warehouse.query_seconds)
    query_group                      = "default"
    require_ssl                      = "true"
    search_path                      = "$user, public"
    use_fips_ssl                     = "false"
  }
}

# Its password is made, kept and rotated by Secrets Manager: Terraform never sees it.
resource "aws_redshiftserverless_namespace" "this" {
  for_each                         = local.warehouse
  namespace_name                   = local.prefix
  db_name                          = "tideline"
  admin_username                   = "tideline_admin"
  manage_admin_password            = true
  admin_password_secret_kms_key_id = var.key_arns["secrets"]
  kms_key_id                       = var.key_arns["services"]
  iam_roles                        = [var.role_arns["redshift"]]
  default_iam_role_arn             = var.role_arns["redshift"]
  log_exports                      = ["connectionlog", "useractivitylog", "userlog"]
  tags                             = local.tags
}

resource "aws_redshiftserverless_workgroup" "this" {
  for_each             = local.warehouse
  namespace_name       = aws_redshiftserverless_namespace.this[each.key].namespace_name
  workgroup_name       = local.prefix
  base_capacity        = var.warehouse.base_capacity
  max_capacity         = var.warehouse.max_capacity
  enhanced_vpc_routing = true
  publicly_accessible  = false
  port                 = 5439
  subnet_ids           = var.subnet_ids
  security_group_ids   = [var.security_group_ids["warehouse"]]
  tags                 = local.tags

  dynamic "config_parameter" {
    for_each = local.parameters
    content {
      parameter_key   = config_parameter.key
      parameter_value = config_parameter.value
    }
  }
}

resource "aws_redshiftserverless_usage_limit" "daily" {
  for_each      = local.warehouse
  resource_arn  = aws_redshiftserverless_workgroup.this[each.key].arn
  usage_type    = "serverless-compute"
  period        = "daily"
  amount        = var.warehouse.daily_limit
  breach_action = "deactivate"
}

resource "aws_redshiftdata_statement" "gold" {
  for_each       = try(var.warehouse.external_schema, false) ? local.warehouse : toset([])
  workgroup_name = aws_redshiftserverless_workgroup.this[each.key].workgroup_name
  database       = aws_redshiftserverless_namespace.this[each.key].db_name
  secret_arn     = aws_redshiftserverless_namespace.this[each.key].admin_password_secret_arn
  sql            = local.external_schema_sql
}
