mock_provider "aws" {
  mock_resource "aws_kinesis_stream" {
    defaults = { arn = "arn:aws:kinesis:eu-central-1:123456789012:stream/tideline-dev-retail.sales.v1" }
  }
}

variables {
  context = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  engine  = "kinesis"
  contracts = {
    "retail.sales" = {
      domain = "retail", owner = "retail-data", tier = "gold"
      topics = {
        "retail.sales.v1"                  = { partitions = 4, config = { "max.message.bytes" = "12288", "retention.ms" = "1209600001" } }
        "retail.sales.short"               = { partitions = 1, config = { "retention.ms" = "3600000" } }
        "retail.sales.long"                = { partitions = 1, config = { "retention.ms" = "315360000000" } }
        "retail.sales.forever"             = { partitions = 1, config = { "retention.ms" = "-1" } }
        "tideline.increments.retail.sales" = { partitions = 4, config = { "max.message.bytes" = "1048576", "retention.ms" = "604800000" } }
      }
      roles = { producer = { topics = { read = [], write = ["retail.sales.v1"] } } }
    }
  }
  key_arn         = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000001"
  role_arns       = { firehose = "arn:aws:iam::123456789012:role/tideline-dev-firehose" }
  bucket_arns     = { bronze = "arn:aws:s3:::tideline-dev-bronze-123456789012" }
  log_group_names = { stream = "/tideline/dev/stream", firehose = "/tideline/dev/firehose" }
}

run "a_stream_per_topic_encrypted_measured_and_tagged" {
  command = plan

  assert {
    condition = alltrue([
      for topic, stream in aws_kinesis_stream.this : stream.encryption_type == "KMS" && stream.kms_key_id == var.key_arn &&
      stream.name == "tideline-dev-${topic}" && length(stream.shard_level_metrics) == 7 && stream.stream_mode_details[0].stream_mode == "ON_DEMAND"
    ]) && length(aws_kinesis_stream.this) == 5
    error_message = "one stream per topic, increments too, our key, shard metrics"
  }
  assert {
    condition = (
      aws_kinesis_stream.this["retail.sales.v1"].retention_period == 337 && aws_kinesis_stream.this["retail.sales.short"].retention_period == 24 &&
      aws_kinesis_stream.this["retail.sales.long"].retention_period == 8760 && aws_kinesis_stream.this["retail.sales.forever"].retention_period == 8760
    )
    error_message = "retention in hours, rounded up, between a day and a year"
  }
  assert {
    condition = { for key, value in aws_kinesis_stream.this["retail.sales.v1"].tags : key => value } == {
      project  = "tideline", environment = "dev", managed-by = "terraform", module = "stream"
      contract = "retail.sales", domain = "retail", owner = "retail-data", tier = "gold"
    }
    error_message = "tagged by contract"
  }
  assert {
    condition     = jsondecode(output.topics_document) == { format = 1, topics = {} } && output.bootstrap_brokers == null && output.cluster_arn == null
    error_message = "there is nothing left for the topics task"
  }
  assert {
    condition     = length(aws_msk_cluster.this) == 0 && length(aws_appautoscaling_policy.disk) == 0
    error_message = "no brokers"
  }
}

run "provisioned_streams_have_a_shard_per_partition" {
  command = plan
  variables {
    kinesis = { mode = "PROVISIONED" }
  }

  assert {
    condition     = aws_kinesis_stream.this["retail.sales.v1"].shard_count == 4 && aws_kinesis_stream.this["retail.sales.short"].shard_count == 1
    error_message = "shards are partitions"
  }
}

run "the_archive_reads_the_stream" {
  command = apply
  variables {
    archive = { enabled = true, key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000002", buffer_mb = 5, buffer_seconds = 60 }
  }

  assert {
    condition = (
      keys(aws_kinesis_firehose_delivery_stream.archive) == ["retail.sales.v1"] &&
      length(aws_kinesis_firehose_delivery_stream.archive["retail.sales.v1"].kinesis_source_configuration) == 1 &&
      length(aws_kinesis_firehose_delivery_stream.archive["retail.sales.v1"].msk_source_configuration) == 0 && length(aws_msk_cluster_policy.firehose) == 0
    )
    error_message = "from Kinesis, events only"
  }
  assert {
    condition     = output.archive_place == "bronze/_archive/" && keys(output.archive_streams) == ["retail.sales.v1"] && startswith(output.archive_streams["retail.sales.v1"], "tideline-dev-archive-")
    error_message = "whoever looks for the archive is told where"
  }
}
