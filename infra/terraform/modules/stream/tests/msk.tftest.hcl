mock_provider "aws" {
  mock_resource "aws_msk_cluster" {
    defaults = {
      arn                        = "arn:aws:kafka:eu-central-1:123456789012:cluster/tideline-dev-events/6f1f3e5c-1111-2222-3333-444455556666-7"
      bootstrap_brokers_sasl_iam = "b-1.example:9098,b-2.example:9098,b-3.example:9098"
    }
  }
  mock_resource "aws_msk_serverless_cluster" {
    defaults = {
      arn                        = "arn:aws:kafka:eu-central-1:123456789012:cluster/tideline-dev-events/6f1f3e5c-1111-2222-3333-444455556666-s1"
      bootstrap_brokers_sasl_iam = "boot-a.example:9098"
    }
  }
  mock_resource "aws_msk_configuration" {
    defaults = { arn = "arn:aws:kafka:eu-central-1:123456789012:configuration/tideline-dev-events/6f1f3e5c-1111-2222-3333-444455556666-8" }
  }
  mock_resource "aws_appautoscaling_target" {
    defaults = { arn = "arn:aws:application-autoscaling:eu-central-1:123456789012:scalable-target/0" }
  }
}

variables {
  context = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  contracts = {
    "retail.sales" = {
      domain = "retail", owner = "retail-data", tier = "gold"
      topics = {
        "retail.sales.v1" = {
          partitions = 4
          config     = { "cleanup.policy" = "delete", "max.message.bytes" = "12288", "message.timestamp.type" = "LogAppendTime", "min.insync.replicas" = "2", "retention.ms" = "1209600000" }
        }
        "tideline.increments.retail.sales" = {
          partitions = 4
          config     = { "max.message.bytes" = "1048576", "min.insync.replicas" = "2", "retention.ms" = "604800000" }
        }
      }
      roles = { producer = { topics = { read = [], write = ["retail.sales.v1"] } } }
    }
  }
  subnet_ids        = ["subnet-a", "subnet-b", "subnet-c"]
  security_group_id = "sg-stream"
  key_arn           = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000001"
  role_arns         = { firehose = "arn:aws:iam::123456789012:role/tideline-dev-firehose" }
  bucket_arns       = { bronze = "arn:aws:s3:::tideline-dev-bronze-123456789012" }
  bucket_names      = { artifacts = "tideline-dev-artifacts-123456789012" }
  log_group_names   = { stream = "/tideline/dev/stream", firehose = "/tideline/dev/firehose" }
}

run "brokers_in_three_zones_encrypted_and_by_iam_only" {
  command = plan

  assert {
    condition = (
      aws_msk_cluster.this[0].number_of_broker_nodes == 3 &&
      length(aws_msk_cluster.this[0].broker_node_group_info[0].client_subnets) == 3 &&
      aws_msk_cluster.this[0].enhanced_monitoring == "DEFAULT" && endswith(aws_msk_cluster.this[0].kafka_version, ".kraft")
    )
    error_message = "three brokers over three subnets, KRaft, and only those metrics that are free"
  }
  assert {
    condition = (
      aws_msk_cluster.this[0].encryption_info[0].encryption_at_rest_kms_key_arn == var.key_arn &&
      aws_msk_cluster.this[0].encryption_info[0].encryption_in_transit[0].client_broker == "TLS" &&
      aws_msk_cluster.this[0].encryption_info[0].encryption_in_transit[0].in_cluster
    )
    error_message = "encrypted by our key at rest and by TLS everywhere else"
  }
  assert {
    condition = (
      aws_msk_cluster.this[0].client_authentication[0].sasl[0].iam && !aws_msk_cluster.this[0].client_authentication[0].sasl[0].scram &&
      !aws_msk_cluster.this[0].client_authentication[0].unauthenticated &&
      aws_msk_cluster.this[0].broker_node_group_info[0].connectivity_info[0].public_access[0].type == "DISABLED" &&
      length(aws_msk_cluster.this[0].broker_node_group_info[0].connectivity_info[0].vpc_connectivity) == 0
    )
    error_message = "IAM alone lets in, and nobody from outside of the network"
  }
  assert {
    condition = alltrue([
      for line in ["auto.create.topics.enable=false", "min.insync.replicas=2", "default.replication.factor=3", "log.message.timestamp.type=LogAppendTime", "unclean.leader.election.enable=false"] :
      contains(split("\n", aws_msk_configuration.this[0].server_properties), line)
    ])
    error_message = "brokers lose nothing that was acknowledged and make no topic on their own"
  }
  assert {
    condition     = aws_msk_cluster.this[0].logging_info[0].broker_logs[0].cloudwatch_logs[0].log_group == "/tideline/dev/stream"
    error_message = "brokers log"
  }
  assert {
    condition     = aws_msk_cluster.this[0].tags["module"] == "stream" && aws_msk_cluster.this[0].tags["environment"] == "dev"
    error_message = "tagged"
  }
  assert {
    condition = (
      aws_appautoscaling_target.disk[0].max_capacity == 1000 &&
      aws_appautoscaling_policy.disk[0].target_tracking_scaling_policy_configuration[0].disable_scale_in
    )
    error_message = "disks grow up to the limit and never shrink"
  }
  assert {
    condition     = length(aws_kinesis_stream.this) == 0 && length(aws_msk_serverless_cluster.this) == 0 && length(aws_kinesis_firehose_delivery_stream.archive) == 0
    error_message = "one engine, and no archive unless asked for"
  }
}

run "the_topics_document_is_what_the_topics_task_makes" {
  command = apply

  assert {
    condition = jsondecode(output.topics_document) == {
      format = 1
      topics = {
        "retail.sales.v1" = {
          config     = { "cleanup.policy" = "delete", "max.message.bytes" = "12288", "message.timestamp.type" = "LogAppendTime", "min.insync.replicas" = "2", "retention.ms" = "1209600000" }
          partitions = 4, replication = 3
        }
        "tideline.increments.retail.sales" = {
          config     = { "max.message.bytes" = "1048576", "min.insync.replicas" = "2", "retention.ms" = "604800000" }
          partitions = 4, replication = 3
        }
      }
    }
    error_message = "every topic, increments too, as the contract has it, three copies"
  }
  assert {
    condition     = output.bootstrap_brokers == "b-1.example:9098,b-2.example:9098,b-3.example:9098" && output.stream_arns == {} && output.topics == { "retail.sales" = ["retail.sales.v1"] }
    error_message = "clients get the addresses for IAM"
  }
  assert {
    condition     = aws_s3_object.topics[0].content == output.topics_document && output.topics_url == "s3://tideline-dev-artifacts-123456789012/topics/topics.json"
    error_message = "the task finds the document where its role may read"
  }
}

run "tiered_storage_open_monitoring_and_throughput_are_switches" {
  command = plan
  variables {
    brokers          = { instance_type = "kafka.m7g.4xlarge", count = 6, volume_gb = 500, throughput_mb = 300, tiered_storage = true, local_hours = 12, open_monitoring = true }
    monitoring_level = "PER_BROKER"
  }

  assert {
    condition = (
      aws_msk_cluster.this[0].storage_mode == "TIERED" && aws_msk_cluster.this[0].enhanced_monitoring == "PER_BROKER" &&
      aws_msk_cluster.this[0].open_monitoring[0].prometheus[0].jmx_exporter[0].enabled_in_broker &&
      aws_msk_cluster.this[0].broker_node_group_info[0].storage_info[0].ebs_storage_info[0].provisioned_throughput[0].volume_throughput == 300
    )
    error_message = "what was asked for"
  }
  assert {
    condition = (
      jsondecode(output.topics_document).topics["retail.sales.v1"].config["remote.storage.enable"] == "true" &&
      jsondecode(output.topics_document).topics["retail.sales.v1"].config["local.retention.ms"] == "43200000" &&
      jsondecode(output.topics_document).topics["retail.sales.v1"].config["segment.ms"] == "3600000" &&
      jsondecode(output.topics_document).topics["retail.sales.v1"].config["retention.ms"] == "1209600000" &&
      !can(jsondecode(output.topics_document).topics["tideline.increments.retail.sales"].config["remote.storage.enable"])
    )
    error_message = "events move to cheaper storage and stay on the disks for half a day, increments do not move"
  }
}

run "what_would_not_stay_longer_or_is_compacted_is_not_tiered" {
  command = plan
  variables {
    brokers = { instance_type = "kafka.m7g.large", tiered_storage = true, local_hours = 96 }
    contracts = { for name, config in {
      "short"    = { "retention.ms" = "172800000" } # two days: the cheaper storage keeps three at least
      "equal"    = { "retention.ms" = "345600000" } # as long as on the disks
      "latest"   = { "cleanup.policy" = "compact", "retention.ms" = "1209600000" }
      "for-ever" = { "retention.ms" = "-1" }
      "unsaid"   = {} # Kafka's seven days
      } : name => {
      domain = "retail", owner = "retail-data", tier = "gold"
      topics = { "${name}.v1" = { partitions = 1, config = config } }
      roles  = { producer = { topics = { read = [], write = ["${name}.v1"] } } }
    } }
  }

  assert {
    condition     = [for name, topic in jsondecode(output.topics_document).topics : name if can(topic.config["remote.storage.enable"])] == ["for-ever.v1", "unsaid.v1"]
    error_message = "only what gains by it"
  }
  assert {
    condition     = alltrue([for name, topic in jsondecode(output.topics_document).topics : can(topic.config["local.retention.ms"]) == can(topic.config["remote.storage.enable"])])
    error_message = "local retention is said where there is another storage, and nowhere else"
  }
}

run "the_archive_reads_msk_privately_and_lies_inside_no_table" {
  command = apply
  variables {
    archive = { enabled = true, key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000002" }
  }

  assert {
    condition = (
      keys(aws_kinesis_firehose_delivery_stream.archive) == ["retail.sales.v1"] &&
      aws_kinesis_firehose_delivery_stream.archive["retail.sales.v1"].extended_s3_configuration[0].compression_format == "GZIP" &&
      aws_kinesis_firehose_delivery_stream.archive["retail.sales.v1"].extended_s3_configuration[0].kms_key_arn == var.archive.key_arn &&
      aws_kinesis_firehose_delivery_stream.archive["retail.sales.v1"].extended_s3_configuration[0].cloudwatch_logging_options[0].enabled &&
      startswith(aws_kinesis_firehose_delivery_stream.archive["retail.sales.v1"].extended_s3_configuration[0].prefix, "_archive/retail.sales.v1/") &&
      startswith(aws_kinesis_firehose_delivery_stream.archive["retail.sales.v1"].extended_s3_configuration[0].error_output_prefix, "_archive_errors/")
    )
    error_message = "events only, compressed, encrypted, logged, and under a name no domain can have"
  }
  assert {
    condition = { for topic, one in aws_kinesis_firehose_delivery_stream.archive : topic => one.extended_s3_configuration[0].cloudwatch_logging_options[0].log_stream_name } == {
      for topic, one in aws_cloudwatch_log_stream.archive : topic => one.name if one.log_group_name == var.log_group_names["firehose"]
    }
    error_message = "Firehose writes its errors into a stream that is there"
  }
  assert {
    condition = (
      aws_kinesis_firehose_delivery_stream.archive["retail.sales.v1"].msk_source_configuration[0].authentication_configuration[0].connectivity == "PRIVATE" &&
      aws_msk_cluster.this[0].broker_node_group_info[0].connectivity_info[0].vpc_connectivity[0].client_authentication[0].sasl[0].iam
    )
    error_message = "Firehose reads by a private connection and IAM"
  }
  assert {
    condition = jsondecode(aws_msk_cluster_policy.firehose[0].policy).Statement == [{
      Sid       = "FirehoseReadsPrivately", Effect = "Allow", Principal = { Service = "firehose.amazonaws.com" }
      Action    = "kafka:CreateVpcConnection", Resource = "arn:aws:kafka:eu-central-1:123456789012:cluster/tideline-dev-events/*"
      Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
    }]
    error_message = "the service alone, one action, this account"
  }
}

run "serverless_by_iam_with_what_it_lets_a_topic_say" {
  command = apply
  variables {
    engine = "msk_serverless"
  }

  assert {
    condition = (
      aws_msk_serverless_cluster.this[0].client_authentication[0].sasl[0].iam[0].enabled && length(aws_msk_cluster.this) == 0 &&
      length(aws_msk_configuration.this) == 0 && length(aws_appautoscaling_target.disk) == 0 && output.bootstrap_brokers == "boot-a.example:9098"
    )
    error_message = "a cluster without brokers of ours"
  }
  assert {
    condition     = !strcontains(output.topics_document, "min.insync.replicas") && strcontains(output.topics_document, "retention.ms")
    error_message = "MSK Serverless refuses a topic that sets min.insync.replicas"
  }
}
