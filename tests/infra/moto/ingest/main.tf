# Every way in: push by HTTPS, files by SFTP, the delivery workflow and its tables.

locals {
  context = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  groups  = ["push", "push-access", "delivery", "delivery-workflow", "sftp"]
}

resource "aws_s3_bucket" "this" {
  for_each = toset(["artifacts", "landing"])
  bucket   = "tideline-dev-${each.key}-123456789012"
}

# moto keeps whatever bytes a function is made of: here one empty archive.
resource "aws_s3_object" "package" {
  bucket         = aws_s3_bucket.this["artifacts"].bucket
  key            = "functions/package.zip"
  content_base64 = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="
}

resource "aws_kms_key" "services" {
  description = "services"
}

resource "aws_sns_topic" "warning" {
  name = "tideline-dev-warning"
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = toset(local.groups)
  name     = "/tideline/dev/${each.key}"
}

resource "aws_iam_role" "this" {
  for_each = toset(["push", "delivery", "delivery-workflow", "upload-events", "sftp"])
  name     = "tideline-dev-${each.key}"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_vpc" "this" {
  cidr_block = "10.64.0.0/16"
}

resource "aws_subnet" "this" {
  for_each          = { a = "10.64.0.0/24", b = "10.64.1.0/24" }
  vpc_id            = aws_vpc.this.id
  cidr_block        = each.value
  availability_zone = "eu-central-1${each.key}"
}

resource "aws_security_group" "this" {
  for_each    = toset(["functions", "sftp"])
  name        = "tideline-dev-${each.key}"
  description = each.key
  vpc_id      = aws_vpc.this.id
}

module "ingest" {
  source = "../../../../infra/terraform/modules/ingest"

  context             = local.context
  contracts           = { "retail.sales" = { domain = "retail", product = "sales" } }
  push                = { jwt = { issuer = "https://login.example.org/", audience = ["tideline"] } }
  sftp                = { enabled = true }
  sftp_users          = { "partner-a" = { domain = "retail", public_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJpartnera"] } }
  lookups             = { rates = { hash_key = "currency", range_key = "day" } }
  deletion_protection = false
  functions           = { bucket = aws_s3_object.package.bucket, key = aws_s3_object.package.key, sha256 = "hznHbmgfkAkjuQDJ3w73XPQh05yrtUZQxLmtGbanbYU=" }
  stream              = { engine = "kinesis" }
  vpc_id              = aws_vpc.this.id
  subnet_ids          = [for subnet in aws_subnet.this : subnet.id]
  security_group_ids  = { for name, group in aws_security_group.this : name => group.id }
  role_arns           = { for name, role in aws_iam_role.this : name => role.arn }
  key_arns            = { services = aws_kms_key.services.arn }
  log_groups          = { for name, group in aws_cloudwatch_log_group.this : name => { name = group.name, arn = group.arn } }
  topic_arns          = { warning = aws_sns_topic.warning.arn }
}
