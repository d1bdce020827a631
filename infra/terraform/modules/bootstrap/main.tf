# The bucket that holds Terraform's states, and its key. Locks are files beside the states (use_lockfile): a conditional
# write of S3 decides who gets one, so there is no lock table.

module "names" {
  source  = "../names"
  context = var.context
}

# the roles of each environment, by the names that modules/iam gives them; they need not exist yet
module "environment" {
  source   = "../names"
  for_each = var.environments

  context = merge(var.context, {
    environment = each.key
    account_id  = coalesce(each.value.account_id, var.context.account_id)
  })
}

locals {
  tags   = merge(module.names.tags, { module = "bootstrap" })
  bucket = "${module.names.prefix}-state-${var.context.account_id}"
  logs   = "${module.names.prefix}-state-logs-${var.context.account_id}"
  arn    = "arn:${var.context.partition}:s3:::${local.bucket}"

  writers = { for name, one in module.environment : name => [for role in ["ci-apply", "platform-engineer"] : one.roles[role].arn] }
  readers = { for name, one in module.environment : name => [one.roles["ci-plan"].arn] }
  owner   = { for name, one in var.environments : name => "arn:${var.context.partition}:iam::${coalesce(one.account_id, var.context.account_id)}:root" }
}

resource "aws_s3_bucket" "state" {
  bucket = local.bucket
  tags   = local.tags

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "state" {
  bucket = aws_s3_bucket.state.id

  versioning_configuration {
    status = "Enabled"
  }
}

# No bucket key: with one, the encryption context would name the bucket only, and the key's policy could not tell dev from prod.
resource "aws_s3_bucket_server_side_encryption_configuration" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    bucket_key_enabled = false

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.state.arn
    }
  }
}

resource "aws_s3_bucket_ownership_controls" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "state" {
  bucket                  = aws_s3_bucket.state.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "state" {
  bucket     = aws_s3_bucket.state.id
  depends_on = [aws_s3_bucket_versioning.state]

  rule {
    id     = "history"
    status = "Enabled"
    filter {}

    noncurrent_version_expiration {
      noncurrent_days           = var.history_days
      newer_noncurrent_versions = 10
    }
    # a lock that was released leaves a delete marker behind
    expiration {
      expired_object_delete_marker = true
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_s3_bucket_logging" "state" {
  bucket        = aws_s3_bucket.state.id
  target_bucket = aws_s3_bucket.logs.id
  target_prefix = "state/"
  depends_on    = [aws_s3_bucket_policy.logs] # S3 refuses a log that it may not deliver
}

resource "aws_s3_bucket_policy" "state" {
  bucket     = aws_s3_bucket.state.id
  policy     = local.bucket_policy
  depends_on = [aws_s3_bucket_public_access_block.state]
}

resource "aws_kms_key" "state" {
  description             = "Terraform's states of ${join(", ", keys(var.environments))}"
  enable_key_rotation     = true
  deletion_window_in_days = var.key_deletion_window_days
  policy                  = local.key_policy
  tags                    = local.tags

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "state" {
  name          = "alias/${module.names.prefix}-state"
  target_key_id = aws_kms_key.state.key_id
}
