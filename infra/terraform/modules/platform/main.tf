# The parts, put together once for all environments. What differs between them is in `character` and `inputs`; here it only
# decides which part gets which value. The order of making follows from the references: names, keys, roles and log groups
# first, because everything else is written with them.

locals {
  size  = jsondecode(file("${path.module}/../../sizes.json"))[coalesce(var.inputs.size, var.character.size)]
  parts = var.character.parts

  context = {
    project     = var.inputs.project
    environment = var.environment
    account_id  = var.inputs.account_id
    region      = var.inputs.region
    partition   = startswith(var.inputs.region, "cn-") ? "aws-cn" : startswith(var.inputs.region, "us-gov-") ? "aws-us-gov" : "aws"
    tags = {
      owner       = var.inputs.owner
      cost-center = var.inputs.cost_center
    }
  }

  kafka    = var.character.engine != "kinesis"
  code     = var.release != null
  serves   = var.inputs.image != null && var.inputs.certificate_arn != null
  runs     = var.inputs.image != null
  clusters = length(local.size.clusters) > 0
  replica  = var.character.replicate ? var.inputs.replica_region : null
}

module "names" {
  source  = "../names"
  context = local.context
}

module "kms" {
  source = "../kms"
  providers = {
    aws         = aws
    aws.replica = aws.replica
  }

  context              = local.context
  deletion_window_days = var.character.protect ? 30 : 7
  multi_region         = local.replica != null
  replica              = local.replica == null ? null : { region = local.replica }
}

module "iam" {
  source = "../iam"

  context            = local.context
  contracts          = var.contracts
  marts              = { for id, contract in var.contracts : id => contract.marts }
  scope              = var.character.iam_scope
  people             = var.inputs.people
  producers          = var.inputs.producers
  airflow_principals = var.character.airflow == "own" ? var.inputs.airflow_principals : []
  replica_region     = local.replica
  github = var.inputs.repository == null ? null : {
    repository   = var.inputs.repository
    environments = [var.environment]
    provider_arn = var.inputs.github_provider_arn
    state        = var.inputs.state
  }
  features = {
    stream         = var.character.engine
    archive        = local.parts.archive
    push           = local.parts.push && local.code
    sftp           = local.parts.sftp
    delivery       = local.parts.delivery && local.code
    emr_serverless = true
    emr_clusters   = local.clusters
    airflow        = var.character.airflow
    crawlers       = local.parts.crawlers
    lake_formation = local.parts.lake_formation
    warehouse      = local.parts.warehouse
    prometheus     = local.parts.managed_prometheus
    grafana        = local.parts.managed_grafana
    blue_green     = true
    replication    = local.replica != null
    backup         = local.parts.backup
    flow_logs      = true
    trail          = true
    config         = local.parts.config
  }
}

module "monitoring" {
  source = "../monitoring"

  context            = local.context
  key_arn            = module.kms.key_arns["telemetry"]
  retention_days     = var.character.log_days
  subscribers        = { for severity, addresses in var.inputs.alerts : severity => [for one in addresses : { protocol = "email", endpoint = one }] }
  managed_prometheus = local.parts.managed_prometheus
  managed_grafana    = local.parts.managed_grafana
  role_arns          = module.iam.role_arns
  alarms             = local.watched
}

module "network" {
  source = "../network"

  context            = local.context
  cidr               = var.inputs.cidr
  availability_zones = var.inputs.availability_zones
  nat                = var.character.nat
  internal           = true
  ingress_cidrs      = var.inputs.ingress_cidrs
  operator_cidrs     = var.inputs.operator_cidrs
  sftp_cidrs         = local.parts.sftp ? var.inputs.sftp_cidrs : []
  flow_log_role_arn  = module.iam.role_arns["flow-logs"]
  flow_log_group_arn = module.monitoring.log_groups["flow"].arn
  parts = toset([for part, on in {
    airflow    = var.character.airflow == "mwaa" && local.code
    emr        = local.clusters
    functions  = local.code && (local.parts.push || local.parts.delivery)
    kinesis    = !local.kafka
    prometheus = local.parts.managed_prometheus
    serverless = true
    services   = local.runs
    warehouse  = local.parts.warehouse
  } : part if on])
}

module "storage" {
  source = "../storage"
  providers = {
    aws         = aws
    aws.replica = aws.replica
  }

  context       = local.context
  key_arns      = module.kms.key_arns
  contracts     = var.contracts
  force_destroy = !var.character.protect
  object_lock   = { mode = var.character.protect ? "COMPLIANCE" : "GOVERNANCE", days = var.character.protect ? 365 : 1 }
  lifetimes     = { logs = var.character.log_days }
  replication = local.replica == null ? null : {
    region   = local.replica
    key_arns = module.kms.replica_key_arns
    role_arn = module.iam.role_arns["replication"]
  }
}
