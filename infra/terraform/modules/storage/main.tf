# One bucket per zone, all private, versioned and encrypted the same way. What differs by zone stands in the tables below.

module "names" {
  source  = "../names"
  context = var.context
}

locals {
  tags    = merge(module.names.tags, { module = "storage" })
  buckets = module.names.buckets

  table_zones = toset(["bronze", "silver", "gold", "quarantine"])
  zones       = toset(module.names.zones)

  lock_mode = coalesce(var.object_lock.mode, var.context.environment == "prod" ? "COMPLIANCE" : "GOVERNANCE")
}

resource "aws_s3_bucket" "zone" {
  for_each            = local.zones
  bucket              = local.buckets[each.key].name
  force_destroy       = var.force_destroy
  object_lock_enabled = each.key == "audit"
  tags                = merge(local.tags, { zone = each.key })
}

resource "aws_s3_bucket_public_access_block" "zone" {
  for_each                = local.zones
  bucket                  = aws_s3_bucket.zone[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "zone" {
  for_each = local.zones
  bucket   = aws_s3_bucket.zone[each.key].id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "zone" {
  for_each = local.zones
  bucket   = aws_s3_bucket.zone[each.key].id
  versioning_configuration {
    status = "Enabled"
  }
}

# Access logs of S3 and of the load balancer can only be written under SSE-S3; they hold no rows.
resource "aws_s3_bucket_server_side_encryption_configuration" "zone" {
  for_each = local.zones
  bucket   = aws_s3_bucket.zone[each.key].id
  rule {
    bucket_key_enabled = each.key != "logs"
    apply_server_side_encryption_by_default {
      sse_algorithm     = each.key == "logs" ? "AES256" : "aws:kms"
      kms_master_key_id = each.key == "logs" ? null : var.key_arns[each.key]
    }
  }
}

resource "aws_s3_bucket_policy" "zone" {
  for_each = local.zones
  bucket   = aws_s3_bucket.zone[each.key].id
  policy   = jsonencode({ Version = "2012-10-17", Statement = local.statements[each.key] })

  # S3 refuses two changes of a bucket's access at the same time.
  depends_on = [aws_s3_bucket_public_access_block.zone, aws_s3_bucket_ownership_controls.zone]
}

resource "aws_s3_bucket_object_lock_configuration" "audit" {
  bucket = aws_s3_bucket.zone["audit"].id
  rule {
    default_retention {
      mode = local.lock_mode
      days = var.object_lock.days
    }
  }
  depends_on = [aws_s3_bucket_versioning.zone]
}

resource "aws_s3_bucket_logging" "zone" {
  for_each      = setsubtract(local.zones, ["logs"])
  bucket        = aws_s3_bucket.zone[each.key].id
  target_bucket = local.buckets["logs"].name
  target_prefix = "s3/${each.key}/"
  target_object_key_format {
    partitioned_prefix {
      partition_date_source = "EventTime"
    }
  }
  depends_on = [aws_s3_bucket_policy.zone]
}

# A file that arrives is told to EventBridge; the rules that listen belong to modules/ingest.
resource "aws_s3_bucket_notification" "landing" {
  bucket      = aws_s3_bucket.zone["landing"].id
  eventbridge = true
}

resource "aws_s3_bucket_inventory" "zone" {
  for_each                 = var.inventory ? local.table_zones : []
  bucket                   = aws_s3_bucket.zone[each.key].id
  name                     = "weekly"
  included_object_versions = "All"
  optional_fields          = ["Size", "LastModifiedDate", "StorageClass", "EncryptionStatus", "BucketKeyStatus", "IntelligentTieringAccessTier"]
  schedule {
    frequency = "Weekly"
  }
  destination {
    bucket {
      bucket_arn = local.buckets["logs"].arn
      account_id = var.context.account_id
      format     = "Parquet"
      prefix     = "inventory"
      encryption {
        sse_s3 {}
      }
    }
  }
  depends_on = [aws_s3_bucket_policy.zone]
}
