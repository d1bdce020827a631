# All keys with their aliases, and replicas of two in a second region.

locals {
  context = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
}

module "kms" {
  source = "../../../../infra/terraform/modules/kms"
  providers = {
    aws         = aws
    aws.replica = aws.replica
  }

  context              = local.context
  deletion_window_days = 7
  multi_region         = true
  replica              = { region = "eu-west-1", purposes = ["gold", "backup"] }
}
