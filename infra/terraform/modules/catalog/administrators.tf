# Who administers Lake Formation may grant anything to anybody, and yet change or drop no table that somebody else made: a column that
# ci-apply brings to a table of a person's first apply would be refused. So those who administer are granted what Terraform does to the
# catalog: descriptions, not rows.

locals {
  administrators = merge(
    { for arn in try(var.lake_formation.admins, []) : arn => arn if arn != module.names.roles["ci-apply"].arn },
    { for name in ["ci-apply"] : name => var.role_arns[name] if local.governed && contains(keys(var.role_arns), name) },
  )
}

resource "aws_lakeformation_permissions" "administered_databases" {
  for_each    = local.administrators
  principal   = each.value
  permissions = ["ALTER", "CREATE_TABLE", "DESCRIBE", "DROP"]
  lf_tag_policy {
    resource_type = "DATABASE"
    expression {
      key    = aws_lakeformation_lf_tag.this["zone"].key
      values = local.zones
    }
  }
}

resource "aws_lakeformation_permissions" "administered_tables" {
  for_each    = local.administrators
  principal   = each.value
  permissions = ["ALTER", "DESCRIBE", "DROP"]
  lf_tag_policy {
    resource_type = "TABLE"
    expression {
      key    = aws_lakeformation_lf_tag.this["zone"].key
      values = local.zones
    }
  }
}
