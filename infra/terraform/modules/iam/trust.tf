# Which AWS service takes which role, and for what of ours. `sources` is empty where the service sends no aws:SourceArn when it
# takes a role (EC2, Lambda, CodeDeploy, Backup, CloudTrail, S3 replication, Redshift, Lake Formation): a condition would shut it
# out. There the guard is that only this account's iam:PassRole can hand the role to the service.

locals {
  service_trust = {
    "speed"         = { services = ["ecs-tasks.amazonaws.com"], sources = ["arn:${local.partition}:ecs:${local.scope}:*"] }
    "serving"       = { services = ["ecs-tasks.amazonaws.com"], sources = ["arn:${local.partition}:ecs:${local.scope}:*"] }
    "topics"        = { services = ["ecs-tasks.amazonaws.com"], sources = ["arn:${local.partition}:ecs:${local.scope}:*"] }
    "ecs-execution" = { services = ["ecs-tasks.amazonaws.com"], sources = ["arn:${local.partition}:ecs:${local.scope}:*"] }
    "deployment"    = { services = ["codedeploy.amazonaws.com"], sources = [] }

    "push"              = { services = ["lambda.amazonaws.com"], sources = [] }
    "delivery"          = { services = ["lambda.amazonaws.com"], sources = [] }
    "delivery-workflow" = { services = ["states.amazonaws.com"], sources = ["${local.names.arns.state_machine}delivery"] }
    "upload-events"     = { services = ["events.amazonaws.com"], sources = ["arn:${local.partition}:events:${local.scope}:rule/${local.names.prefix}-*"] }
    "sftp"              = { services = ["transfer.amazonaws.com"], sources = ["arn:${local.partition}:transfer:${local.scope}:user/*", "arn:${local.partition}:transfer:${local.scope}:server/*"] }
    "firehose"          = { services = ["firehose.amazonaws.com"], sources = ["arn:${local.partition}:firehose:${local.scope}:deliverystream/${local.names.prefix}-*"] }

    "emr-service"  = { services = ["elasticmapreduce.${local.partition == "aws-cn" ? local.dns : "amazonaws.com"}"], sources = ["arn:${local.partition}:elasticmapreduce:${local.scope}:*"] }
    "emr-instance" = { services = ["ec2.${local.partition == "aws-cn" ? local.dns : "amazonaws.com"}"], sources = [] }
    "airflow"      = { services = ["airflow.amazonaws.com", "airflow-env.amazonaws.com"], sources = [local.names.arns.airflow] }

    "crawler"       = { services = ["glue.amazonaws.com"], sources = ["arn:${local.partition}:glue:${local.scope}:*"] }
    "lakeformation" = { services = ["lakeformation.amazonaws.com", "glue.amazonaws.com"], sources = [] }
    "redshift"      = { services = ["redshift-serverless.amazonaws.com", "redshift.amazonaws.com"], sources = [] }
    "monitoring"    = { services = ["grafana.amazonaws.com"], sources = ["arn:${local.partition}:grafana:${local.scope}:/workspaces/*"] }

    "replication" = { services = ["s3.amazonaws.com"], sources = [] }
    "backup"      = { services = ["backup.amazonaws.com"], sources = [] }
    "flow-logs"   = { services = ["vpc-flow-logs.amazonaws.com"], sources = ["arn:${local.partition}:ec2:${local.scope}:vpc-flow-log/*"] }
    "trail"       = { services = ["cloudtrail.amazonaws.com"], sources = [] }
    "config"      = { services = ["config.amazonaws.com"], sources = ["arn:${local.partition}:config:${local.scope}:*"] }
  }

  # Which of them are on.
  services  = [for role, on in { "speed" = true, "serving" = true, "topics" = var.features.stream != "kinesis", "ecs-execution" = true, "deployment" = var.features.blue_green } : role if on]
  ingesting = [for role, on in { "push" = var.features.push, "delivery" = var.features.delivery, "delivery-workflow" = var.features.delivery, "upload-events" = var.features.delivery, "sftp" = var.features.sftp, "firehose" = var.features.archive } : role if on]
  platform = [for role, on in {
    "emr-service"   = var.features.emr_clusters
    "emr-instance"  = var.features.emr_clusters
    "airflow"       = true
    "crawler"       = var.features.crawlers
    "lakeformation" = var.features.lake_formation
    "redshift"      = var.features.warehouse
    "monitoring"    = var.features.grafana
    "replication"   = var.features.replication
    "backup"        = var.features.backup
    "flow-logs"     = var.features.flow_logs
    "trail"         = var.features.trail
    "config"        = var.features.config
  } : role if on]

  # Roles that others than AWS services take: producers, and an Airflow of your own.
  outside_trust = merge(
    { for domain, arns in var.producers : "producer/${domain}" => [jsonencode({
      Effect = "Allow", Principal = { AWS = sort(arns) }, Action = "sts:AssumeRole"
    })] },
    { for role in ["airflow"] : role => [jsonencode({
      Effect = "Allow", Principal = { AWS = sort(var.airflow_principals) }, Action = "sts:AssumeRole"
    })] if var.features.airflow == "own" },
  )
}
