# What a job run on AWS is given: the settings of modules/emr, and what the roles of modules/iam may do. Planned, never applied.

variable "location" {
  description = "Where the code of the current version lies."
  type        = string
}

variable "jars" {
  description = "Names of its jars."
  type        = list(string)
}

locals {
  context   = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  contracts = jsondecode(file("${path.module}/../../../infra/terraform/envs/dev/contracts.auto.tfvars.json")).contracts
}

module "names" {
  source  = "../../../infra/terraform/modules/names"
  context = local.context
}

module "iam" {
  source    = "../../../infra/terraform/modules/iam"
  context   = local.context
  contracts = local.contracts
  marts     = { for id, one in local.contracts : id => try(one.marts, []) }
  github = {
    repository   = "example/tideline"
    environments = ["dev"]
    state        = { bucket = "tideline-shared-state-123456789012", prefix = "dev/", key_arn = "arn:aws:kms:eu-central-1:123456789012:key/state" }
  }
}

module "emr" {
  source             = "../../../infra/terraform/modules/emr"
  context            = local.context
  code               = { location = var.location, jars = var.jars }
  log_store          = { class = "dev.tideline.delta.S3PutIfAbsentLogStore", jar = "${replace(var.location, "/^s3://[^/]+//", "")}/jars/tideline-logstore.jar" }
  subnet_ids         = ["subnet-0a1b2c3d4e5f60001", "subnet-0a1b2c3d4e5f60002"]
  security_group_ids = { emr-core = "sg-0a1b2c3d4e5f60002" }
  role_arns          = {}
  instance_profile   = ""
  bucket_names       = { for zone, bucket in module.names.buckets : zone => bucket.name }
  key_arns           = { telemetry = "arn:aws:kms:eu-central-1:123456789012:key/telemetry", services = "arn:aws:kms:eu-central-1:123456789012:key/services" }
  log_groups         = module.names.log_groups
}

output "job_overrides" {
  value = module.emr.job_overrides
}
