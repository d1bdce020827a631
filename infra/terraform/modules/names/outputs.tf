output "prefix" {
  description = "Begins every name: project and environment, such as tideline-dev."
  value       = local.prefix
}

output "tags" {
  description = "What every taggable resource carries; the caller's tags win."
  value = merge({
    project     = var.context.project
    environment = var.context.environment
    managed-by  = "terraform"
  }, var.context.tags)
}

output "zones" {
  description = "The zones of the lake and of what serves it, in a stable order."
  value       = local.zones
}

output "buckets" {
  description = "Bucket of each zone: name and arn."
  value = { for zone in local.zones : zone => {
    name = "${local.prefix}-${zone}-${local.account}"
    arn  = "arn:${local.partition}:s3:::${local.prefix}-${zone}-${local.account}"
  } }
}

output "replicas" {
  description = "Bucket of each zone in the second region: name and arn. It exists only where replication is on."
  value = { for zone in local.zones : zone => {
    name = "${local.prefix}-${zone}-${local.account}-replica"
    arn  = "arn:${local.partition}:s3:::${local.prefix}-${zone}-${local.account}-replica"
  } }
}

output "query_results" {
  description = "Place below which Athena leaves the results of all askers; they expire after days."
  value       = "artifacts/athena-results/"
}

output "askers" {
  description = "Who asks Athena, by the name of the role: the workgroup that is theirs alone, its ARN, and the place of their results."
  value = { for person in ["analyst", "analytics-engineer"] : person => {
    workgroup = "${local.prefix}-${person}"
    arn       = "arn:${local.partition}:athena:${local.scope}:workgroup/${local.prefix}-${person}"
    results   = "artifacts/athena-results/${person}/"
  } }
}

output "keys" {
  description = "Alias of the KMS key of each purpose. Policies name keys by kms:ResourceAliases, since key ids are unknown before they exist."
  value       = { for purpose in local.purposes : purpose => { alias = "alias/${local.prefix}-${purpose}" } }
}

output "key_arn_pattern" {
  description = "The resource of a policy statement about keys; only ever together with a kms:ResourceAliases condition."
  value       = "arn:${local.partition}:kms:${local.scope}:key/*"
}

output "roles" {
  description = "Each fixed role: name and arn."
  value = { for role in local.roles : role => {
    name = "${local.prefix}-${role}"
    arn  = "arn:${local.partition}:iam::${local.account}:role/${local.prefix}-${role}"
  } }
}

output "boundary_arn" {
  description = "The permissions boundary that every role of this environment carries."
  value       = "arn:${local.partition}:iam::${local.account}:policy/${local.prefix}-boundary"
}

output "log_groups" {
  description = "Each log group: name and arn."
  value = { for group in local.log_groups : group => {
    name = "/${var.context.project}/${var.context.environment}/${group}"
    arn  = "arn:${local.partition}:logs:${local.scope}:log-group:/${var.context.project}/${var.context.environment}/${group}"
  } }
}

output "stream" {
  description = "The event log: name of the cluster, ARN patterns as IAM for Kafka and Kinesis writes them (a cluster's uuid is unknown before it exists), and the consumer group in which speed tasks share partitions."
  value = {
    cluster        = "${local.prefix}-events"
    cluster_arn    = "arn:${local.partition}:kafka:${local.scope}:cluster/${local.prefix}-events/*"
    topic_arn      = "arn:${local.partition}:kafka:${local.scope}:topic/${local.prefix}-events/*"
    group_arn      = "arn:${local.partition}:kafka:${local.scope}:group/${local.prefix}-events/*"
    speed_group    = "${local.prefix}-speed"
    transaction    = "arn:${local.partition}:kafka:${local.scope}:transactional-id/${local.prefix}-events/*"
    kinesis_prefix = "${local.prefix}-"
    kinesis_arn    = "arn:${local.partition}:kinesis:${local.scope}:stream/${local.prefix}-"
  }
}

output "arns" {
  description = "What else policies name: the beginning of the ARN of everything of one kind in this environment."
  value = {
    database       = "arn:${local.partition}:glue:${local.scope}:database/${replace(local.prefix, "-", "_")}_"
    table          = "arn:${local.partition}:glue:${local.scope}:table/${replace(local.prefix, "-", "_")}_"
    glue_catalog   = "arn:${local.partition}:glue:${local.scope}:catalog"
    workgroup      = "arn:${local.partition}:athena:${local.scope}:workgroup/${local.prefix}-"
    dynamodb_table = "arn:${local.partition}:dynamodb:${local.scope}:table/${local.prefix}-"
    secret         = "arn:${local.partition}:secretsmanager:${local.scope}:secret:${local.prefix}/"
    parameter      = "arn:${local.partition}:ssm:${local.scope}:parameter/${var.context.project}/${var.context.environment}/"
    topic          = "arn:${local.partition}:sns:${local.scope}:${local.prefix}-"
    queue          = "arn:${local.partition}:sqs:${local.scope}:${local.prefix}-"
    function       = "arn:${local.partition}:lambda:${local.scope}:function:${local.prefix}-"
    state_machine  = "arn:${local.partition}:states:${local.scope}:stateMachine:${local.prefix}-"
    repository     = "arn:${local.partition}:ecr:${local.scope}:repository/${var.context.project}/${var.context.environment}/"
    ecs_cluster    = "arn:${local.partition}:ecs:${local.scope}:cluster/${local.prefix}"
    ecs_service    = "arn:${local.partition}:ecs:${local.scope}:service/${local.prefix}/"
    ecs_task       = "arn:${local.partition}:ecs:${local.scope}:task/${local.prefix}/"
    ecs_definition = "arn:${local.partition}:ecs:${local.scope}:task-definition/${local.prefix}-"
    emr_cluster    = "arn:${local.partition}:elasticmapreduce:${local.scope}:cluster/*"
    emr_serverless = "arn:${local.partition}:emr-serverless:${local.scope}:/applications/*"
    airflow        = "arn:${local.partition}:airflow:${local.scope}:environment/${local.prefix}"
    backup_vault   = "arn:${local.partition}:backup:${local.scope}:backup-vault:${local.prefix}-"
    trail          = "arn:${local.partition}:cloudtrail:${local.scope}:trail/${local.prefix}"
    alarm          = "arn:${local.partition}:cloudwatch:${local.scope}:alarm:${local.prefix}-"
  }
}

output "databases" {
  description = "Glue database of each table zone; a hyphen is no letter of a database name."
  value       = { for zone in ["bronze", "silver", "gold", "quarantine"] : zone => "${replace(local.prefix, "-", "_")}_${zone}" }
}
