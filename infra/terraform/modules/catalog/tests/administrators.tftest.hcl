# Who applies may change what somebody else's apply made; who plans may look.

mock_provider "aws" {}

variables {
  context        = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  bucket_names   = { for zone in ["bronze", "silver", "gold", "quarantine", "artifacts"] : zone => "tideline-dev-${zone}-123456789012" }
  key_arns       = { for purpose in ["artifacts", "secrets", "services"] : purpose => "arn:aws:kms:eu-central-1:123456789012:key/${purpose}" }
  role_arns      = { for role in ["ci-apply", "ci-plan", "lakeformation"] : role => "arn:aws:iam::123456789012:role/tideline-dev-${role}" }
  lake_formation = { admins = ["arn:aws:iam::123456789012:role/Admin", "arn:aws:iam::123456789012:role/tideline-dev-ci-apply"] }
}

run "administrators_may_change_each_others_tables" {
  command = plan

  assert {
    condition = { for name, one in aws_lakeformation_permissions.administered_tables : name => one.principal } == {
      "arn:aws:iam::123456789012:role/Admin" = "arn:aws:iam::123456789012:role/Admin", ci-apply = "arn:aws:iam::123456789012:role/tideline-dev-ci-apply"
    }
    error_message = "Each administrator once, by a name that a first plan knows."
  }
  assert {
    condition     = alltrue([for one in aws_lakeformation_permissions.administered_tables : one.permissions == toset(["ALTER", "DESCRIBE", "DROP"]) && one.lf_tag_policy[0].resource_type == "TABLE"])
    error_message = "Descriptions of tables, and no row of them."
  }
  assert {
    condition     = alltrue([for one in aws_lakeformation_permissions.administered_databases : one.permissions == toset(["ALTER", "CREATE_TABLE", "DESCRIBE", "DROP"]) && one.lf_tag_policy[0].resource_type == "DATABASE"])
    error_message = "A new contract's table is made in a database of another's."
  }
  assert {
    condition     = aws_lakeformation_data_lake_settings.this[0].read_only_admins == toset(["arn:aws:iam::123456789012:role/tideline-dev-ci-plan"])
    error_message = "Who plans sees every table and grant, and changes none."
  }
}

run "without_lake_formation_there_is_nothing_to_administer" {
  command = plan
  variables {
    lake_formation = null
  }

  assert {
    condition     = length(aws_lakeformation_permissions.administered_tables) + length(aws_lakeformation_permissions.administered_databases) == 0
    error_message = "IAM decides alone."
  }
}
