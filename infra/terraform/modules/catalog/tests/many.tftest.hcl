# Many contracts of twenty domains: tables follow contracts, grants do not. (README.md says how a plan grows with them.)

mock_provider "aws" {}

variables {
  context      = { project = "tideline", environment = "prod", account_id = "123456789012", region = "eu-central-1" }
  bucket_names = { for zone in ["bronze", "silver", "gold", "quarantine", "artifacts"] : zone => "tideline-prod-${zone}-123456789012" }
  key_arns     = { for purpose in ["artifacts", "secrets", "services"] : purpose => "arn:aws:kms:eu-central-1:123456789012:key/${purpose}" }
  role_arns = merge(
    { for role in ["ci-apply", "lakeformation", "analyst"] : role => "arn:aws:iam::123456789012:role/tideline-prod-${role}" },
    { for n in range(20) : "refine/domain${n}" => "arn:aws:iam::123456789012:role/tideline-prod-refine-domain${n}" },
  )
}

run "grants_follow_readers_not_contracts" {
  command = plan
  variables {
    contracts = { for n in range(200) : "domain${n % 20}.product${n}" => {
      domain         = "domain${n % 20}"
      owner          = "owner${n % 20}"
      tier           = "silver"
      classification = "internal"
      tables = { "silver.domain${n % 20}_product${n}" = {
        zone        = "silver"
        name        = "domain${n % 20}_product${n}"
        place       = "silver/domain${n % 20}/product${n}/"
        description = "Rows."
        columns     = [{ name = "event_id", type = "string", comment = "Identity." }]
        parameters  = {}
      } }
    } }
  }

  assert {
    condition     = length(aws_glue_catalog_table.this) == 200 && length(aws_lakeformation_resource_lf_tags.table) == 200
    error_message = "Each contract's table is there, with its tags."
  }
  assert {
    condition     = keys(aws_lakeformation_permissions.table) == ["analyst"] && length(aws_lakeformation_lf_tag.this["domain"].values) == 20
    error_message = "Grants follow readers: an analyst, and no job of any domain."
  }
}

run "a_domain_for_each_of_many_is_too_many" {
  command = plan
  variables {
    contracts = { for n in flatten([for k in range(2) : range(600 * k, 600 * k + 600)]) : "domain${n}.product" => {
      domain = "domain${n}", owner = "owner", tier = "silver", classification = "internal"
    } }
  }
  expect_failures = [aws_lakeformation_lf_tag.this["domain"]]
}
