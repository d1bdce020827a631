# One stream per topic. A topic's retention is rounded up to whole hours and kept between the day and the year that Kinesis
# allows; without end is a year.

locals {
  streams      = local.kinesis ? local.topics : {}
  retention_ms = { for name, topic in local.topics : name => tonumber(lookup(topic.config, "retention.ms", "604800000")) }
}

resource "aws_kinesis_stream" "this" {
  for_each = local.streams

  name             = "${local.names.stream.kinesis_prefix}${each.key}"
  shard_count      = var.kinesis.mode == "PROVISIONED" ? each.value.partitions : null
  retention_period = local.retention_ms[each.key] < 0 ? 8760 : min(8760, max(24, ceil(local.retention_ms[each.key] / 3600000)))
  encryption_type  = "KMS"
  kms_key_id       = var.key_arn
  tags             = merge(local.tags, each.value.tags)

  shard_level_metrics = [
    "IncomingBytes", "IncomingRecords", "IteratorAgeMilliseconds", "OutgoingBytes", "OutgoingRecords",
    "ReadProvisionedThroughputExceeded", "WriteProvisionedThroughputExceeded",
  ]

  stream_mode_details {
    stream_mode = var.kinesis.mode
  }
}
