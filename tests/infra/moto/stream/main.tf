# The event log on Kinesis with its archive; MSK is planned only (tests of the module), since moto carries no such cluster.

locals {
  context = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  config  = { "cleanup.policy" = "delete", "max.message.bytes" = "12288", "retention.ms" = "1209600000" }
}

resource "aws_kms_key" "this" {
  for_each    = toset(["stream", "bronze"])
  description = each.key
}

resource "aws_s3_bucket" "bronze" {
  bucket = "tideline-dev-bronze-123456789012"
}

resource "aws_cloudwatch_log_group" "firehose" {
  name = "/tideline/dev/firehose"
}

module "stream" {
  source   = "../../../../infra/terraform/modules/stream"
  for_each = { ON_DEMAND = "v1", PROVISIONED = "v2" }

  context = local.context
  engine  = "kinesis"
  kinesis = { mode = each.key }
  contracts = {
    "retail.sales" = {
      domain = "retail", owner = "retail-data", tier = "gold"
      topics = {
        "retail.sales.${each.value}"                     = { partitions = 2, config = local.config }
        "tideline.increments.retail.sales.${each.value}" = { partitions = 2, config = local.config }
      }
      roles = { producer = { topics = { read = [], write = ["retail.sales.${each.value}"] } } }
    }
  }
  key_arn         = aws_kms_key.this["stream"].arn
  archive         = { enabled = true, key_arn = aws_kms_key.this["bronze"].arn }
  role_arns       = { firehose = "arn:aws:iam::123456789012:role/tideline-dev-firehose" }
  bucket_arns     = { bronze = aws_s3_bucket.bronze.arn }
  log_group_names = { firehose = aws_cloudwatch_log_group.firehose.name }
}
