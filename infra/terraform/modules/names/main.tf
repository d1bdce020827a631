# Every name and every ARN that can be known before anything exists. Policies are written with these, never with a
# resource's attribute: so they can be read in a plan, compared with the reviewed table, and have no order of their own.

locals {
  prefix    = "${var.context.project}-${var.context.environment}"
  partition = var.context.partition
  account   = var.context.account_id
  region    = var.context.region
  scope     = "${local.region}:${local.account}"

  # A place is "<zone>/<key prefix>"; the zone names the bucket, the rest is the key.
  zones = ["bronze", "silver", "gold", "quarantine", "landing", "documents", "checkpoints", "artifacts", "logs", "audit"]

  # What a key encrypts: each zone but logs (access logs can only be written under SSE-S3), and what is no bucket.
  purposes = [
    "bronze", "silver", "gold", "quarantine", "landing", "documents", "checkpoints", "artifacts", "audit",
    "stream", "services", "telemetry", "secrets", "backup",
  ]

  roles = [
    # jobs: one per stage; with a contract or a domain behind it, see modules/iam
    "ingest", "refine", "model", "publish", "evolve", "maintain",
    # services
    "speed", "serving", "topics", "ecs-execution", "airflow",
    "emr-service", "emr-instance",
    "push", "delivery", "delivery-workflow", "upload-events", "sftp", "firehose",
    "crawler", "lakeformation", "redshift",
    "replication", "backup", "flow-logs", "trail", "config", "monitoring", "deployment",
    # people and machines outside
    "platform-engineer", "analytics-engineer", "analyst", "on-call", "compliance", "ci-plan", "ci-apply", "ci-contracts",
  ]

  log_groups = [
    "airflow", "speed", "serving", "topics", "push", "push-access", "delivery", "delivery-workflow", "sftp", "emr",
    "emr-serverless", "stream", "firehose", "flow", "trail", "redshift",
  ]
}
