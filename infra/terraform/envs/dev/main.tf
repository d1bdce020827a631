# dev: cheap, and may be destroyed with everything in it. What only you know stands in terraform.tfvars, what the contracts ask for in
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

  environment = "dev"
  inputs      = var.inputs
  contracts   = var.contracts
  release     = var.release
  character = {
    protect     = false
    size        = "S"
    nat         = "single"
    engine      = "msk"
    log_days    = 30
    backup_days = 7
    parts       = { backup = false, config = false }
  }
}

output "platform" {
  description = "Where everything is."
  value       = module.platform.facts
}
