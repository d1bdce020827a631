# The copy in a second region: same privacy, its own key, its own versions. Nobody writes there but S3's replication; ADR 0016 says
# how a Delta table is taken from it, since S3 copies files in no order.

locals {
  copied   = var.replication == null ? toset([]) : var.replication.zones
  replicas = module.names.replicas

  # Retention has to reach the copy, so what VACUUM deletes is deleted there too. The trail is never deleted, here or there.
  deletes_copied = { for zone in local.copied : zone => zone != "audit" }
}

resource "aws_s3_bucket" "replica" {
  for_each            = local.copied
  provider            = aws.replica
  bucket              = local.replicas[each.key].name
  force_destroy       = var.force_destroy
  object_lock_enabled = each.key == "audit"
  tags                = merge(local.tags, { zone = each.key, replica = "true" })
}

resource "aws_s3_bucket_public_access_block" "replica" {
  for_each                = local.copied
  provider                = aws.replica
  bucket                  = aws_s3_bucket.replica[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "replica" {
  for_each = local.copied
  provider = aws.replica
  bucket   = aws_s3_bucket.replica[each.key].id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "replica" {
  for_each = local.copied
  provider = aws.replica
  bucket   = aws_s3_bucket.replica[each.key].id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "replica" {
  for_each = local.copied
  provider = aws.replica
  bucket   = aws_s3_bucket.replica[each.key].id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.replication.key_arns[each.key]
    }
  }
}

# The same refusals, about the other bucket. A table that lives here after a failover is written under the same conditions.
resource "aws_s3_bucket_policy" "replica" {
  for_each = local.copied
  provider = aws.replica
  bucket   = aws_s3_bucket.replica[each.key].id
  policy = replace(
    jsonencode({ Version = "2012-10-17", Statement = local.refused[each.key] }),
    local.buckets[each.key].arn, local.replicas[each.key].arn,
  )
  depends_on = [aws_s3_bucket_public_access_block.replica, aws_s3_bucket_ownership_controls.replica]
}

resource "aws_s3_bucket_object_lock_configuration" "replica" {
  for_each = setintersection(local.copied, ["audit"])
  provider = aws.replica
  bucket   = aws_s3_bucket.replica[each.key].id
  rule {
    default_retention {
      mode = local.lock_mode
      days = var.object_lock.days
    }
  }
  depends_on = [aws_s3_bucket_versioning.replica]
}

# S3 copies no expiry: replaced versions end here as they do at home. Contracts' own rules are copied as deletes and need none.
resource "aws_s3_bucket_lifecycle_configuration" "replica" {
  for_each = local.copied
  provider = aws.replica
  bucket   = aws_s3_bucket.replica[each.key].id

  rule {
    id     = "uploads-and-versions"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = var.lifetimes.abort_multipart
    }
    noncurrent_version_expiration {
      noncurrent_days = var.lifetimes.noncurrent
    }
    expiration {
      expired_object_delete_marker = true
    }
  }

  depends_on = [aws_s3_bucket_versioning.replica]
}

resource "aws_s3_bucket_replication_configuration" "zone" {
  for_each = local.copied
  bucket   = aws_s3_bucket.zone[each.key].id
  role     = var.replication.role_arn

  rule {
    id       = "everything"
    priority = 1
    status   = "Enabled"
    filter {}
    delete_marker_replication {
      status = local.deletes_copied[each.key] ? "Enabled" : "Disabled"
    }
    source_selection_criteria {
      sse_kms_encrypted_objects {
        status = "Enabled"
      }
    }
    destination {
      bucket        = local.replicas[each.key].arn
      storage_class = contains(local.table_zones, each.key) ? "INTELLIGENT_TIERING" : "STANDARD"
      encryption_configuration {
        replica_kms_key_id = var.replication.key_arns[each.key]
      }
      # Copied within 15 minutes, or a metric says what is late.
      replication_time {
        status = "Enabled"
        time {
          minutes = 15
        }
      }
      metrics {
        status = "Enabled"
        event_threshold {
          minutes = 15
        }
      }
    }
  }

  depends_on = [
    aws_s3_bucket_versioning.zone, aws_s3_bucket_versioning.replica,
    aws_s3_bucket_server_side_encryption_configuration.replica, aws_s3_bucket_object_lock_configuration.replica,
  ]
}
