# What makes it findable, watched, affordable and restorable.

locals {
  # What an account may have once, or only the one that pays.
  recorder  = var.inputs.config_recorder
  anomalies = var.inputs.pays_the_bill ? {} : null

  # What monitoring watches: null or absent where the part is off, so that its alarms are not made.
  watched = {
    services = local.runs ? {
      cluster   = module.services.cluster_name
      names     = module.services.service_names
      collector = var.inputs.collector_image != null
    } : null
    serving = local.serves ? {
      load_balancer = module.services.load_balancer_suffix
      target_groups = module.services.target_groups
    } : null
    msk              = local.kafka ? { cluster = module.names.stream.cluster, brokers = var.character.engine == "msk" ? local.size.brokers.count : 0 } : null
    delivery_streams = module.stream.archive_streams
    nat_gateways     = module.network.nat_gateway_ids
    replication      = module.storage.replication_rules
    streams          = { for topic, arn in module.stream.stream_arns : topic => reverse(split("/", arn))[0] }
    emr_clusters     = module.emr.cluster_ids
    emr_serverless   = { batch = module.emr.application_id }
    airflow          = local.code && var.character.airflow == "mwaa" ? { environment = module.airflow[0].environment_name } : null
    functions        = module.ingest.function_names
    state_machines   = local.code && local.parts.delivery ? { delivery = module.ingest.state_machine_arn } : {}
    queues           = local.code && local.parts.delivery ? { uploads = module.ingest.undelivered_queue } : {}
    tables           = { for name, table in module.ingest.lookup_tables : name => table.name }
    workgroups       = values(module.catalog.workgroups)
    backup           = local.parts.backup
  }
}

module "catalog" {
  source = "../catalog"

  context            = local.context
  contracts          = var.contracts
  bucket_names       = module.storage.bucket_names
  key_arns           = module.kms.key_arns
  role_arns          = module.iam.role_arns
  crawlers           = local.parts.crawlers ? {} : null
  lake_formation     = local.parts.lake_formation ? { admins = var.inputs.lake_admins } : null
  warehouse          = local.parts.warehouse ? {} : null
  subnet_ids         = module.network.private_subnet_ids
  security_group_ids = module.network.security_group_ids
  force_destroy      = !var.character.protect
}

module "audit" {
  source = "../audit"

  context       = local.context
  config        = local.parts.config ? { record = local.recorder } : null
  bucket_names  = module.storage.bucket_names
  bucket_arns   = module.storage.bucket_arns
  key_arns      = module.kms.key_arns
  role_arns     = module.iam.role_arns
  log_group_arn = module.monitoring.log_groups["trail"].arn
  topic_arn     = module.monitoring.topic_arns["critical"]
}

module "finops" {
  source = "../finops"
  count  = local.parts.finops && var.inputs.budget != null ? 1 : 0

  context        = local.context
  budget_monthly = var.inputs.budget
  subscribers    = toset(lookup(var.inputs.alerts, "warning", []))
  topic_arn      = module.monitoring.topic_arns["warning"]
  contracts      = var.contracts
  anomalies      = local.anomalies
  spot_share     = local.clusters ? { log_group = module.monitoring.log_groups["emr"] } : null
}

module "backup" {
  source = "../backup"
  count  = local.parts.backup ? 1 : 0
  providers = {
    aws         = aws
    aws.replica = aws.replica
  }

  context       = local.context
  schedule      = { daily = { cron = "cron(0 3 * * ? *)", retention_days = var.character.backup_days, copy = local.replica != null } }
  vault_lock    = { mode = var.character.protect ? "compliance" : "none", min_retention_days = 7, max_retention_days = 400 }
  force_destroy = !var.character.protect
  role_arn      = module.iam.role_arns["backup"]
  key_arn       = module.kms.key_arns["backup"]
  bucket_arns   = module.storage.bucket_arns
  table_arns    = { for name, table in module.ingest.lookup_tables : name => table.arn }
  topic_arn     = module.monitoring.topic_arns["critical"]
  restore_test  = var.character.protect ? {} : null
  copy          = local.replica == null ? null : { region = local.replica, key_arn = module.kms.replica_key_arns["backup"] }
}
