# prod: nothing that holds data can be deleted by Terraform, copies in a second region, a lock on what auditors read. What only you know stands in terraform.tfvars, what the contracts ask for in
# contracts.auto.tfvars.json (tideline env tfvars); where the state lies in backend.hcl. docs/deploy.md goes through it.

terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
  backend "s3" {}
}

variable "inputs" {
  description = "What only you know: modules/platform names and checks each value."
  type        = any
}

variable "contracts" {
  description = "What the contracts ask for; modules/platform names and checks each value."
  type        = any
}

variable "release" {
  description = "Folder that `tideline env package` wrote; null makes everything that needs no code."
  type        = object({ folder = string })
  default     = null
}

provider "aws" {
  region              = var.inputs.region
  allowed_account_ids = [var.inputs.account_id]
}

provider "aws" {
  alias               = "replica"
  region              = try(coalesce(var.inputs.replica_region), var.inputs.region)
  allowed_account_ids = [var.inputs.account_id]
}

module "platform" {
  source = "../../modules/platform"
  providers = {
    aws         = aws
    aws.replica = aws.replica
  }

  environment = "prod"
  inputs      = var.inputs
  contracts   = var.contracts
  release     = var.release
  character = {
    protect     = true
    size        = "M"
    nat         = "per_zone"
    engine      = "msk"
    log_metrics = "PER_BROKER"
    log_days    = 400
    backup_days = 35
    replicate   = true
    parts       = { archive = true, sftp = true, warehouse = true, managed_prometheus = true }
  }
}

output "platform" {
  description = "Where everything is."
  value       = module.platform.facts
}
