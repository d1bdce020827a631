# Two vaults, both locked, a plan with every kind of rule, notifications and a restore test.

locals {
  context = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
}

module "backup" {
  source = "../../../../infra/terraform/modules/backup"
  providers = {
    aws         = aws
    aws.replica = aws.replica
  }

  context = local.context
  schedule = {
    hourly  = { cron = "cron(0 * * * ? *)", retention_days = 35, continuous = true }
    monthly = { cron = "cron(0 4 1 * ? *)", retention_days = 400, cold_after_days = 30, copy = true }
  }
  vault_lock   = { mode = "governance", min_retention_days = 30 }
  role_arn     = "arn:aws:iam::123456789012:role/tideline-dev-backup"
  key_arn      = "arn:aws:kms:eu-central-1:123456789012:key/backup"
  bucket_arns  = { for zone in ["documents", "gold"] : zone => "arn:aws:s3:::tideline-dev-${zone}-123456789012" }
  table_arns   = { lookup = "arn:aws:dynamodb:eu-central-1:123456789012:table/tideline-dev-lookup" }
  topic_arn    = "arn:aws:sns:eu-central-1:123456789012:tideline-dev-critical"
  copy         = { region = "eu-west-1", key_arn = "arn:aws:kms:eu-west-1:123456789012:key/backup" }
  restore_test = {}
}
