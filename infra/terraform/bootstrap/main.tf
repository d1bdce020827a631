# Applied once per account, before anything else, by an administrator: see README.md.

provider "aws" {
  region              = var.context.region
  allowed_account_ids = [var.context.account_id]
}

module "bootstrap" {
  source = "../modules/bootstrap"

  context         = var.context
  environments    = var.environments
  administrators  = var.administrators
  history_days    = var.history_days
  access_log_days = var.access_log_days
}
