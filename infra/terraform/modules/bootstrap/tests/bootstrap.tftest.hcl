# known in a plan already, since what may not be destroyed cannot be applied here
mock_provider "aws" {
  override_during = plan

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-central-1:111122223333:key/1f2e3d4c-0000-4000-8000-000000000000" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { id = "tideline-shared-state-111122223333" }
  }
}

variables {
  context = {
    project     = "tideline"
    environment = "shared"
    account_id  = "111122223333"
    region      = "eu-central-1"
  }
  environments = {
    dev  = {}
    prod = { account_id = "444455556666" }
  }
  administrators = ["arn:aws:iam::111122223333:role/Admin"]
}

run "the_bucket_is_private_versioned_and_encrypted_with_its_own_key" {
  command = plan

  assert {
    condition     = aws_s3_bucket.state.bucket == "tideline-shared-state-111122223333"
    error_message = "the name comes from project, environment and account"
  }
  assert {
    condition     = aws_s3_bucket_versioning.state.versioning_configuration[0].status == "Enabled"
    error_message = "an older state is the only way back from a broken one"
  }
  assert {
    condition = alltrue([for block in [aws_s3_bucket_public_access_block.state, aws_s3_bucket_public_access_block.logs] :
      block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets
    ])
    error_message = "nothing here is ever public"
  }
  assert {
    condition = alltrue([for rule in aws_s3_bucket_server_side_encryption_configuration.state.rule :
      rule.apply_server_side_encryption_by_default[0].kms_master_key_id == aws_kms_key.state.arn && !rule.bucket_key_enabled
    ])
    error_message = "each state is encrypted under its own encryption context, with the key of the states"
  }
  assert {
    condition     = aws_kms_key.state.enable_key_rotation && aws_kms_key.state.deletion_window_in_days == 30
    error_message = "the key rotates and takes its time to go"
  }
  assert {
    condition     = aws_s3_bucket_logging.state.target_bucket == aws_s3_bucket.logs.id
    error_message = "who reads a state is written down"
  }
  assert {
    condition     = alltrue([for one in [aws_s3_bucket.state, aws_s3_bucket.logs, aws_kms_key.state] : one.tags["module"] == "bootstrap" && one.tags["project"] == "tideline"])
    error_message = "everything taggable is tagged"
  }
  assert {
    condition     = output.backend["dev"] == "bucket               = \"tideline-shared-state-111122223333\"\nkey                  = \"dev/platform.tfstate\"\nworkspace_key_prefix = \"dev/workspaces\"\nregion               = \"eu-central-1\"\nencrypt              = true\nkms_key_id           = \"arn:aws:kms:eu-central-1:111122223333:key/1f2e3d4c-0000-4000-8000-000000000000\"\nuse_lockfile         = true\n"
    error_message = "the text is a whole partial configuration with S3's own locking"
  }
  assert {
    condition     = toset(keys(output.backend)) == toset(["bootstrap", "dev", "prod"])
    error_message = "one text per environment and one for this root"
  }
}

run "dev_cannot_read_the_state_of_prod" {
  command = plan

  assert {
    condition = [for one in jsondecode(aws_s3_bucket_policy.state.policy).Statement : [one.Action, one.Condition.ArnNotLike["aws:PrincipalArn"]] if one.Sid == "OthersReadNotProd"] == [[
      ["s3:GetObject", "s3:GetObjectVersion"],
      [
        "arn:aws:iam::444455556666:role/tideline-prod-ci-apply", "arn:aws:iam::444455556666:role/tideline-prod-platform-engineer",
        "arn:aws:iam::444455556666:role/tideline-prod-ci-plan", "arn:aws:iam::111122223333:role/Admin",
      ],
    ]]
    error_message = "only prod's own roles, in prod's account, and the administrators read prod's state"
  }
  assert {
    condition = alltrue([for one in jsondecode(aws_s3_bucket_policy.state.policy).Statement :
      !strcontains(jsonencode(one.Condition), "tideline-dev-") || alltrue([for place in one.Resource : !strcontains(place, "/prod/")])
    ])
    error_message = "no statement names a role of dev together with the prefix of prod"
  }
  assert {
    condition = alltrue([for one in jsondecode(aws_kms_key.state.policy).Statement :
      !strcontains(jsonencode(one.Condition), "tideline-dev-") || one.Condition.StringLike["kms:EncryptionContext:aws:s3:arn"] == ["arn:aws:s3:::tideline-shared-state-111122223333/dev/*"]
      if can(one.Condition)
    ])
    error_message = "the key decrypts for dev what lies under dev's prefix"
  }
}

run "whoever_only_plans_cannot_write" {
  command = plan

  assert {
    condition = alltrue([for one in jsondecode(aws_s3_bucket_policy.state.policy).Statement :
      !strcontains(jsonencode(one.Condition), "-ci-plan") || alltrue([for action in one.Action : contains(["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"], action)])
    ])
    error_message = "ci-plan reads and lists"
  }
  assert {
    condition     = length([for one in jsondecode(aws_s3_bucket_policy.state.policy).Statement : one if startswith(one.Sid, "OthersWriteNot") && one.Effect == "Deny"]) == 3
    error_message = "each prefix denies its objects to whoever is not named, that of this root too"
  }
  assert {
    condition = alltrue([for one in jsondecode(aws_kms_key.state.policy).Statement :
      one.Action == ["kms:Decrypt"] if strcontains(jsonencode(one), "-ci-plan")
    ])
    error_message = "ci-plan only decrypts"
  }
}

run "only_tls" {
  command = plan

  assert {
    condition = alltrue([for policy in [aws_s3_bucket_policy.state.policy, aws_s3_bucket_policy.logs.policy] : anytrue([
      for one in jsondecode(policy).Statement : one.Effect == "Deny" && one.Principal == "*" && try(one.Condition.Bool["aws:SecureTransport"], "") == "false" && length(one.Resource) == 2
    ])])
    error_message = "both buckets refuse plain HTTP, for themselves and for their objects"
  }
}

run "an_account_of_its_own" {
  command = plan
  variables {
    context      = { project = "tideline", environment = "dev", account_id = "111122223333", region = "eu-central-1" }
    environments = { dev = {} }
  }
  assert {
    condition     = aws_s3_bucket.state.bucket == "tideline-dev-state-111122223333"
    error_message = "the norm: one account, one environment, one bucket"
  }
}

run "refuses_no_environment" {
  command = plan
  variables {
    environments = {}
  }
  expect_failures = [var.environments]
}

run "refuses_an_environment_called_bootstrap" {
  command = plan
  variables {
    environments = { bootstrap = {} }
  }
  expect_failures = [var.environments]
}

run "refuses_a_wrong_account" {
  command = plan
  variables {
    environments = { dev = { account_id = "12" } }
  }
  expect_failures = [var.environments]
}

run "refuses_nobody_as_administrator" {
  command = plan
  variables {
    administrators = []
  }
  expect_failures = [var.administrators]
}

run "refuses_everybody_as_administrator" {
  command = plan
  variables {
    administrators = ["arn:aws:iam::111122223333:role/*"]
  }
  expect_failures = [var.administrators]
}

run "refuses_a_short_history" {
  command = plan
  variables {
    history_days = 7
  }
  expect_failures = [var.history_days]
}

run "refuses_a_short_access_log" {
  command = plan
  variables {
    access_log_days = 0.5
  }
  expect_failures = [var.access_log_days]
}

run "refuses_to_delete_the_key_at_once" {
  command = plan
  variables {
    key_deletion_window_days = 1
  }
  expect_failures = [var.key_deletion_window_days]
}
