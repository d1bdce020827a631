# Raw events beside the lake, byte for byte and a line each, for the day on which bronze has to be made again. A table
# is at <domain>/<product>/ and a domain begins with a letter: so _archive/ lies inside no table.

resource "aws_kinesis_firehose_delivery_stream" "archive" {
  for_each = local.archived

  name        = "${local.names.prefix}-archive-${substr(sha256(each.key), 0, 8)}"
  destination = "extended_s3"
  tags        = merge(local.tags, each.value.tags)

  dynamic "kinesis_source_configuration" {
    for_each = local.kinesis ? [aws_kinesis_stream.this[each.key].arn] : []
    content {
      kinesis_stream_arn = kinesis_source_configuration.value
      role_arn           = var.role_arns["firehose"]
    }
  }

  dynamic "msk_source_configuration" {
    for_each = local.kinesis ? [] : [local.cluster_arn]
    content {
      msk_cluster_arn = msk_source_configuration.value
      topic_name      = each.key
      authentication_configuration {
        connectivity = "PRIVATE"
        role_arn     = var.role_arns["firehose"]
      }
    }
  }

  extended_s3_configuration {
    role_arn            = var.role_arns["firehose"]
    bucket_arn          = var.bucket_arns["bronze"]
    prefix              = "_archive/${each.key}/!{timestamp:yyyy/MM/dd/HH}/"
    error_output_prefix = "_archive_errors/${each.key}/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/"
    compression_format  = "GZIP"
    buffering_size      = var.archive.buffer_mb
    buffering_interval  = var.archive.buffer_seconds
    kms_key_arn         = var.archive.key_arn

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = var.log_group_names["firehose"]
      log_stream_name = aws_cloudwatch_log_stream.archive[each.key].name
    }

    processing_configuration {
      enabled = true
      processors {
        type = "AppendDelimiterToRecord"
      }
    }
  }

  depends_on = [aws_msk_cluster_policy.firehose]
}

# Firehose opens no stream of its own: without it what went wrong is told to nobody.
resource "aws_cloudwatch_log_stream" "archive" {
  for_each = local.archived

  name           = each.key
  log_group_name = var.log_group_names["firehose"]
}

# The service may make its private connection to this cluster and nothing else.
resource "aws_msk_cluster_policy" "firehose" {
  count = var.archive.enabled && !local.kinesis ? 1 : 0

  cluster_arn = local.cluster_arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "FirehoseReadsPrivately"
      Effect    = "Allow"
      Principal = { Service = "firehose.amazonaws.com" }
      Action    = "kafka:CreateVpcConnection"
      Resource  = local.names.stream.cluster_arn
      Condition = { StringEquals = { "aws:SourceAccount" = var.context.account_id } }
    }]
  })
}
