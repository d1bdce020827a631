# What moves events: the log, the ways in, the jobs and who starts them, the two services.

locals {
  # With what Spark commits to the buckets: their policies refuse every other writer (ADR 0016).
  log_store = local.code ? {
    class = "dev.tideline.delta.S3PutIfAbsentLogStore"
    jar   = module.artifacts[0].objects["jobs/jars/tideline-logstore.jar"].key
  } : null

  # Of the topics that the speed layer reads and does not write itself.
  partitions = sum(concat([0], flatten([for one in var.contracts : [
    for topic in setsubtract(one.roles["speed"].topics.read, one.roles["speed"].topics.write) : try(one.topics[topic].partitions, 0)
  ]])))

  reserved = var.inputs.reserve_concurrency ? null : -1 # null: what modules/ingest says

  manifest = local.code ? jsondecode(file("${var.release.folder}/manifest.json")) : null

  # What every process of Tideline is told of this environment; src/tideline/settings.py names each.
  settings = merge(
    { TIDELINE_REMOTE_LAKE = "s3://${module.names.prefix}-{zone}-${var.inputs.account_id}" },
    local.kafka ? { TIDELINE_KAFKA = module.stream.bootstrap_brokers, TIDELINE_KAFKA_IAM_REGION = var.inputs.region } : {},
  )
}

module "artifacts" {
  source = "../artifacts"
  count  = local.code ? 1 : 0

  context     = local.context
  manifest    = local.manifest
  folder      = var.release.folder
  allow_dirty = !var.character.protect
  bucket_name = module.storage.bucket_names["artifacts"]
}

module "stream" {
  source = "../stream"

  context           = local.context
  engine            = var.character.engine
  contracts         = var.contracts
  subnet_ids        = module.network.private_subnet_ids
  security_group_id = module.network.security_group_ids["stream"]
  key_arn           = module.kms.key_arns["stream"]
  brokers           = local.size.brokers
  monitoring_level  = var.character.log_metrics
  archive = {
    enabled = local.parts.archive
    key_arn = module.kms.key_arns["bronze"]
  }
  role_arns       = module.iam.role_arns
  bucket_arns     = module.storage.bucket_arns
  bucket_names    = module.storage.bucket_names
  log_group_names = { for name, group in module.monitoring.log_groups : name => group.name }
}

module "ingest" {
  source = "../ingest"

  context             = local.context
  contracts           = var.contracts
  push                = { enabled = local.parts.push && local.code, reserved_concurrency = local.reserved }
  delivery            = { enabled = local.parts.delivery && local.code, reserved_concurrency = local.reserved }
  sftp                = { enabled = local.parts.sftp }
  sftp_users          = local.parts.sftp ? var.inputs.sftp_users : {}
  deletion_protection = var.character.protect
  functions           = local.code ? local.functions : null
  stream = {
    engine            = var.character.engine
    bootstrap_brokers = module.stream.bootstrap_brokers
  }
  vpc_id             = module.network.vpc_id
  subnet_ids         = module.network.private_subnet_ids
  security_group_ids = module.network.security_group_ids
  role_arns          = module.iam.role_arns
  key_arns           = module.kms.key_arns
  log_groups         = module.monitoring.log_groups
  topic_arns         = module.monitoring.topic_arns
}

module "emr" {
  source = "../emr"

  context            = local.context
  serverless         = local.size.serverless
  clusters           = { for name, cluster in local.size.clusters : name => merge(cluster, { termination_protection = var.character.protect }) }
  tls_certificates   = local.clusters ? "emr/certificates.zip" : null
  code               = one(module.artifacts[*].spark)
  log_store          = local.log_store
  subnet_ids         = module.network.private_subnet_ids
  security_group_ids = module.network.security_group_ids
  role_arns          = module.iam.role_arns
  instance_profile   = local.clusters ? module.iam.instance_profile : ""
  bucket_names       = module.storage.bucket_names
  key_arns           = module.kms.key_arns
  log_groups         = module.monitoring.log_groups
}

module "airflow" {
  source = "../airflow"
  count  = local.code ? 1 : 0

  context            = local.context
  mode               = var.character.airflow
  class              = local.size.airflow.class
  workers            = local.size.airflow.workers
  schedulers         = local.size.airflow.schedulers
  subnet_ids         = slice(module.network.private_subnet_ids, 0, 2)
  security_group_ids = module.network.security_group_ids
  role_arn           = module.iam.role_arns["airflow"]
  bucket             = module.storage.bucket_names["artifacts"]
  key_arn            = module.kms.key_arns["artifacts"]
  objects            = module.artifacts[0].airflow
  variables = merge(local.settings, {
    TIDELINE_SPARK_APPLICATION = module.emr.application_id
    TIDELINE_SPARK_REGION      = var.inputs.region
    TIDELINE_SPARK_CODE        = module.artifacts[0].spark.location
    TIDELINE_SPARK_ROLE        = "arn:${local.context.partition}:iam::${var.inputs.account_id}:role/${module.names.prefix}-{stage}-{${var.character.iam_scope}}"
    TIDELINE_SPARK_OVERRIDES   = module.emr.job_overrides
  })
  log_retention_days = var.character.log_days
}

module "services" {
  source = "../services"

  context             = local.context
  image               = var.inputs.image
  collector_image     = var.inputs.collector_image
  prometheus          = local.parts.managed_prometheus && var.inputs.collector_image != null ? { endpoint = module.monitoring.prometheus_endpoint } : null
  speed               = local.size.speed
  partitions          = local.partitions
  serving             = local.size.serving
  topics              = local.kafka ? { command = ["tideline", "topics", "--from", module.stream.topics_url] } : null
  vpc_id              = module.network.vpc_id
  private_subnet_ids  = module.network.private_subnet_ids
  internal            = true
  security_group_ids  = module.network.security_group_ids
  role_arns           = module.iam.role_arns
  certificate_arn     = var.inputs.certificate_arn
  bucket_names        = module.storage.bucket_names
  key_arns            = module.kms.key_arns
  log_groups          = module.monitoring.log_groups
  environment         = local.settings
  deletion_protection = var.character.protect
}
