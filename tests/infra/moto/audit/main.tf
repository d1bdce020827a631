# The trail, AWS Config and what wakes somebody, with the buckets and the log group that they write to. moto has no Access Analyzer.

locals {
  context = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  zones   = ["silver", "gold", "quarantine", "documents", "audit", "logs"]
}

module "names" {
  source  = "../../../../infra/terraform/modules/names"
  context = local.context
}

resource "aws_s3_bucket" "zone" {
  for_each = toset(local.zones)
  bucket   = module.names.buckets[each.key].name
}

resource "aws_s3_bucket_policy" "audit" {
  bucket = aws_s3_bucket.zone["audit"].id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{
    Sid       = "TrailWrites"
    Effect    = "Allow"
    Principal = { Service = "cloudtrail.amazonaws.com" }
    Action    = ["s3:GetBucketAcl", "s3:PutObject"]
    Resource  = [aws_s3_bucket.zone["audit"].arn, "${aws_s3_bucket.zone["audit"].arn}/*"]
  }] })
}

resource "aws_cloudwatch_log_group" "trail" {
  name = module.names.log_groups["trail"].name
}

resource "aws_sns_topic" "critical" {
  name = "tideline-dev-critical"
}

module "audit" {
  source          = "../../../../infra/terraform/modules/audit"
  context         = local.context
  trail           = { functions = true, insights = true }
  config          = { without = ["access-keys-rotated"] }
  access_analyzer = null
  bucket_names    = { for zone, bucket in aws_s3_bucket.zone : zone => bucket.bucket }
  bucket_arns     = { for zone, bucket in aws_s3_bucket.zone : zone => bucket.arn }
  key_arns        = { audit = "arn:aws:kms:eu-central-1:123456789012:key/audit" }
  role_arns       = { for role in ["trail", "config"] : role => module.names.roles[role].arn }
  log_group_arn   = module.names.log_groups["trail"].arn
  topic_arn       = aws_sns_topic.critical.arn
  depends_on      = [aws_s3_bucket_policy.audit, aws_cloudwatch_log_group.trail]
}
