mock_provider "aws" {
  mock_resource "aws_backup_vault" {
    defaults = { arn = "arn:aws:backup:eu-central-1:111122223333:backup-vault:tideline-dev-vault" }
  }
}
mock_provider "aws" {
  alias = "replica"
  mock_resource "aws_backup_vault" {
    defaults = { arn = "arn:aws:backup:eu-west-1:444455556666:backup-vault:tideline-prod-vault" }
  }
}

variables {
  context = {
    project     = "tideline"
    environment = "dev"
    account_id  = "111122223333"
    region      = "eu-central-1"
  }
  role_arn  = "arn:aws:iam::111122223333:role/tideline-dev-backup"
  key_arn   = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  topic_arn = "arn:aws:sns:eu-central-1:111122223333:tideline-dev-critical"
  bucket_arns = {
    documents = "arn:aws:s3:::tideline-dev-documents-111122223333"
    gold      = "arn:aws:s3:::tideline-dev-gold-111122223333"
    silver    = "arn:aws:s3:::tideline-dev-silver-111122223333"
  }
}

run "by_default_backups_are_encrypted_locked_and_watched" {
  command = plan

  assert {
    condition     = aws_backup_vault.this.kms_key_arn == var.key_arn && !aws_backup_vault.this.force_destroy
    error_message = "The vault is encrypted by our key and is not destroyed with its backups."
  }
  assert {
    condition     = aws_backup_vault_lock_configuration.this[0].min_retention_days == 7 && aws_backup_vault_lock_configuration.this[0].changeable_for_days == null
    error_message = "The default is a governance lock."
  }
  assert {
    condition = [for one in jsondecode(aws_backup_vault_policy.this.policy).Statement : one.Action
    if one.Sid == "NobodyDeletesBackups" && one.Effect == "Deny" && one.Principal == "*"] == [["backup:DeleteRecoveryPoint", "backup:DisassociateRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"]]
    error_message = "Nobody deletes a backup by hand."
  }
  assert {
    condition     = aws_backup_selection.this.resources == toset([var.bucket_arns.documents, var.bucket_arns.gold])
    error_message = "What can be computed again is not backed up."
  }
  assert {
    condition     = toset([for rule in aws_backup_plan.this.rule : rule.rule_name]) == toset(["daily", "monthly"])
    error_message = "Backups are daily and monthly."
  }
  assert {
    condition     = [for rule in aws_backup_plan.this.rule : one(rule.lifecycle).cold_storage_after if rule.rule_name == "monthly"] == [30]
    error_message = "Old copies go where they cost less."
  }
  assert {
    condition     = aws_backup_vault_notifications.this.sns_topic_arn == var.topic_arn
    error_message = "Somebody hears of what failed."
  }
  assert {
    condition     = length(aws_backup_vault.copy) == 0 && length(aws_backup_restore_testing_plan.this) == 0
    error_message = "A second region and restore tests are asked for."
  }
  assert {
    condition     = aws_backup_vault.this.tags["module"] == "backup" && aws_backup_plan.this.tags["environment"] == "dev"
    error_message = "Everything says whose it is."
  }
}

run "dev_may_throw_its_backups_away" {
  command = plan
  variables {
    schedule      = { daily = { cron = "cron(0 3 * * ? *)", retention_days = 3 } }
    vault_lock    = { mode = "none" }
    force_destroy = true
  }

  assert {
    condition     = length(aws_backup_vault_lock_configuration.this) == 0 && aws_backup_vault.this.force_destroy
    error_message = "Without a lock the vault goes with its backups."
  }
  assert {
    condition     = [for one in jsondecode(aws_backup_vault_policy.this.policy).Statement : one.Sid] == ["NoCopiesFromOtherAccounts"]
    error_message = "Nothing forbids deleting."
  }
}

run "prod_keeps_what_nobody_can_delete_twice_and_tries_it" {
  command = apply
  variables {
    context = { project = "tideline", environment = "prod", account_id = "444455556666", region = "eu-central-1" }
    schedule = {
      hourly  = { cron = "cron(0 * * * ? *)", retention_days = 35, continuous = true }
      monthly = { cron = "cron(0 4 1 * ? *)", retention_days = 400, cold_after_days = 30, copy = true }
    }
    vault_lock   = { mode = "compliance", min_retention_days = 30, max_retention_days = 400, grace_days = 14 }
    copy         = { region = "eu-west-1", key_arn = "arn:aws:kms:eu-west-1:444455556666:key/mrk-1" }
    restore_test = {}
    table_arns   = { lookup = "arn:aws:dynamodb:eu-central-1:444455556666:table/tideline-prod-lookup" }
  }

  assert {
    condition     = aws_backup_vault_lock_configuration.this[0].changeable_for_days == 14 && aws_backup_vault_lock_configuration.copy[0].changeable_for_days == 14
    error_message = "After two weeks nobody can take either lock away."
  }
  assert {
    condition     = [for rule in aws_backup_plan.this.rule : one(rule.copy_action).destination_vault_arn if length(rule.copy_action) > 0] == [aws_backup_vault.copy[0].arn]
    error_message = "Only the rule that says so copies to the second region."
  }
  assert {
    condition     = [for rule in aws_backup_plan.this.rule : rule.rule_name if rule.enable_continuous_backup] == ["hourly"]
    error_message = "Buckets can be restored to a second of the last 35 days."
  }
  assert {
    condition     = aws_backup_restore_testing_plan.this[0].name == "tideline_prod" && toset(keys(aws_backup_restore_testing_selection.this)) == toset(["S3", "DynamoDB"])
    error_message = "Both kinds of backup are restored for a test."
  }
  assert {
    condition     = contains(aws_backup_selection.this.resources, var.table_arns["lookup"])
    error_message = "Lookup tables are backed up too."
  }
  assert {
    condition     = output.copy_vault_arn == aws_backup_vault.copy[0].arn && output.vault_arn == aws_backup_vault.this.arn
    error_message = "The outputs name both vaults."
  }
}
