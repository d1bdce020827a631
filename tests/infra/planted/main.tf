# A small platform of real modules for tests/infra/test_planted.py: everything is known in its plan, and it needs no account. Faults are
# planted in a copy of the modules; here there is none.

variable "inputs" {
  description = "As of an environment: the table of permissions takes names from it."
  type        = object({ account_id = string, region = string })
  default     = { account_id = "123456789012", region = "eu-central-1" }
}

locals {
  context  = merge(var.inputs, { project = "tideline", environment = "dev" })
  scope    = "${var.inputs.region}:${var.inputs.account_id}"
  zones    = ["bronze", "silver", "gold", "quarantine", "landing", "documents", "checkpoints", "artifacts", "audit"]
  keys     = { for name in concat(local.zones, ["services", "stream", "telemetry"]) : name => "arn:aws:kms:${local.scope}:key/${name}" }
  groups   = { for name in ["speed", "serving", "topics", "push", "push-access"] : name => { name = "/tideline/dev/${name}", arn = "arn:aws:logs:${local.scope}:log-group:/tideline/dev/${name}" } }
  roles    = { for name in ["speed", "serving", "topics", "ecs-execution", "deployment", "push", "firehose"] : name => "arn:aws:iam::${var.inputs.account_id}:role/tideline-dev-${name}" }
  subnets  = ["subnet-0a", "subnet-0b", "subnet-0c"]
  security = { for name in ["load-balancer", "services", "stream", "functions", "sftp"] : name => "sg-${name}" }
}

# Not of an environment, and in no plan of one: here it is held to the same rules.
module "bootstrap" {
  source         = "../../../infra/terraform/modules/bootstrap"
  context        = merge(local.context, { environment = "shared" })
  environments   = { dev = {}, prod = { account_id = "210987654321" } }
  administrators = ["arn:aws:iam::${var.inputs.account_id}:role/Admin"]
}

module "iam" {
  source    = "../../../infra/terraform/modules/iam"
  context   = local.context
  contracts = {}
}

module "storage" {
  source = "../../../infra/terraform/modules/storage"
  providers = {
    aws         = aws
    aws.replica = aws.replica
  }
  context   = local.context
  key_arns  = local.keys
  contracts = {}
}

module "monitoring" {
  source  = "../../../infra/terraform/modules/monitoring"
  context = local.context
  key_arn = local.keys["telemetry"]
}

module "network" {
  source              = "../../../infra/terraform/modules/network"
  context             = local.context
  cidr                = "10.20.0.0/16"
  availability_zones  = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  nat                 = "none"
  operator_cidrs      = ["10.200.0.0/16"]
  interface_endpoints = ["sts"]
  flow_log_role_arn   = "arn:aws:iam::${var.inputs.account_id}:role/tideline-dev-flow-logs"
  flow_log_group_arn  = "arn:aws:logs:${local.scope}:log-group:/tideline/dev/flow"
}

module "stream" {
  source            = "../../../infra/terraform/modules/stream"
  context           = local.context
  engine            = "msk"
  contracts         = {}
  subnet_ids        = local.subnets
  security_group_id = local.security["stream"]
  key_arn           = local.keys["stream"]
  role_arns         = local.roles
  bucket_arns       = { bronze = "arn:aws:s3:::tideline-dev-bronze-${var.inputs.account_id}" }
  bucket_names      = { artifacts = "tideline-dev-artifacts-${var.inputs.account_id}" }
  log_group_names   = { stream = "/tideline/dev/stream" }
}

module "services" {
  source             = "../../../infra/terraform/modules/services"
  context            = local.context
  image              = "${var.inputs.account_id}.dkr.ecr.${var.inputs.region}.amazonaws.com/tideline/dev/layer:0.1.0"
  certificate_arn    = "arn:aws:acm:${local.scope}:certificate/11111111-2222-3333-4444-555555555555"
  vpc_id             = "vpc-0"
  private_subnet_ids = local.subnets
  security_group_ids = local.security
  bucket_names       = { logs = "tideline-dev-logs-${var.inputs.account_id}" }
  key_arns           = local.keys
  log_groups         = local.groups
  role_arns          = local.roles
}

module "ingest" {
  source             = "../../../infra/terraform/modules/ingest"
  context            = local.context
  contracts          = { "retail.sales" = { domain = "retail", product = "sales" } }
  push               = { jwt = { issuer = "https://login.example.org/", audience = ["tideline"] } }
  delivery           = { enabled = false }
  functions          = { bucket = "tideline-dev-artifacts-${var.inputs.account_id}", key = "functions/package.zip", sha256 = "hznHbmgfkAkjuQDJ3w73XPQh05yrtUZQxLmtGbanbYU=" }
  stream             = { engine = "kinesis" }
  vpc_id             = "vpc-0"
  subnet_ids         = local.subnets
  security_group_ids = local.security
  role_arns          = local.roles
  key_arns           = local.keys
  log_groups         = local.groups
  topic_arns         = { warning = "arn:aws:sns:${local.scope}:tideline-dev-warning" }
}
