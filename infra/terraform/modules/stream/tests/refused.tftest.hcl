mock_provider "aws" {}

variables {
  context = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  contracts = {
    "retail.sales" = {
      domain = "retail", owner = "retail-data", tier = "gold"
      topics = { "retail.sales.v1" = { partitions = 4, config = { "max.message.bytes" = "12288" } } }
      roles  = { producer = { topics = { read = [], write = ["retail.sales.v1"] } } }
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

run "refuses_an_engine_that_there_is_not" {
  command = plan
  variables {
    engine = "pulsar"
  }
  expect_failures = [var.engine]
}

run "refuses_a_topic_without_partitions" {
  command = plan
  variables {
    contracts = { "retail.sales" = merge(var.contracts["retail.sales"], { topics = { "retail.sales.v1" = { partitions = 0, config = { "max.message.bytes" = "12288" } } } }) }
  }
  expect_failures = [var.contracts]
}

run "refuses_a_topic_of_two_contracts" {
  command = plan
  variables {
    contracts = {
      "retail.sales" = {
        domain = "retail", owner = "retail-data", tier = "gold"
        topics = { "retail.sales.v1" = { partitions = 4, config = { "max.message.bytes" = "12288" } } }
        roles  = { producer = { topics = { read = [], write = ["retail.sales.v1"] } } }
      }
      "retail.other" = {
        domain = "retail", owner = "retail-data", tier = "gold"
        topics = { "retail.sales.v1" = { partitions = 4, config = {} } }
        roles  = { producer = { topics = { read = [], write = [] } } }
      }
    }
  }
  expect_failures = [var.contracts]
}

run "refuses_a_contract_without_producer" {
  command = plan
  variables {
    contracts = {
      "retail.sales" = {
        domain = "retail", owner = "retail-data", tier = "gold"
        topics = { "retail.sales.v1" = { partitions = 4, config = { "max.message.bytes" = "12288" } } }
        roles  = { speed = { topics = { read = [], write = ["retail.sales.v1"] } } }
      }
    }
  }
  expect_failures = [var.contracts]
}

run "refuses_more_partitions_than_the_brokers_hold" {
  command = plan
  variables {
    contracts = { "retail.sales" = merge(var.contracts["retail.sales"], { topics = { "retail.sales.v1" = { partitions = 1001, config = { "max.message.bytes" = "12288" } } } }) }
  }
  expect_failures = [var.contracts]
}

run "refuses_more_partitions_than_serverless_holds" {
  command = plan
  variables {
    engine    = "msk_serverless"
    contracts = { "retail.sales" = merge(var.contracts["retail.sales"], { topics = { "retail.sales.v1" = { partitions = 2401, config = { "max.message.bytes" = "12288" } } } }) }
  }
  expect_failures = [var.contracts]
}

run "refuses_more_shards_than_the_account_has" {
  command = plan
  variables {
    engine    = "kinesis"
    kinesis   = { mode = "PROVISIONED" }
    contracts = { "retail.sales" = merge(var.contracts["retail.sales"], { topics = { "retail.sales.v1" = { partitions = 501, config = { "max.message.bytes" = "12288" } } } }) }
  }
  expect_failures = [var.contracts]
}

run "refuses_more_streams_than_the_account_has" {
  command = plan
  variables {
    engine  = "kinesis"
    kinesis = { on_demand_stream_quota = 0 }
  }
  expect_failures = [var.contracts]
}

run "refuses_a_record_that_kinesis_does_not_hold" {
  command = plan
  variables {
    engine    = "kinesis"
    contracts = { "retail.sales" = merge(var.contracts["retail.sales"], { topics = { "retail.sales.v1" = { partitions = 4, config = { "max.message.bytes" = "1052672" } } } }) }
  }
  expect_failures = [var.contracts]
}

run "refuses_a_name_that_is_too_long_for_a_stream" {
  command = plan
  variables {
    engine = "kinesis"
    contracts = {
      "retail.sales" = {
        domain = "retail", owner = "retail-data", tier = "gold"
        topics = { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" = { partitions = 4, config = { "max.message.bytes" = "12288" } } }
        roles  = { producer = { topics = { read = [], write = ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] } } }
      }
    }
  }
  expect_failures = [var.contracts]
}

run "refuses_brokers_in_two_zones" {
  command = plan
  variables {
    subnet_ids = ["subnet-a", "subnet-b"]
  }
  expect_failures = [var.subnet_ids]
}

run "refuses_brokers_without_a_security_group" {
  command = plan
  variables {
    security_group_id = null
  }
  expect_failures = [var.security_group_id]
}

run "refuses_zookeeper" {
  command = plan
  variables {
    kafka_version = "3.6.0"
  }
  expect_failures = [var.kafka_version]
}

run "refuses_an_unknown_type_of_broker" {
  command = plan
  variables {
    brokers = { instance_type = "kafka.c9.huge" }
  }
  expect_failures = [var.brokers]
}

run "refuses_four_brokers_over_three_zones" {
  command = plan
  variables {
    brokers = { count = 4 }
  }
  expect_failures = [var.brokers]
}

run "refuses_a_disk_that_shrinks" {
  command = plan
  variables {
    brokers = { volume_gb = 200, volume_max_gb = 100 }
  }
  expect_failures = [var.brokers]
}

run "refuses_throughput_on_a_small_broker" {
  command = plan
  variables {
    brokers = { throughput_mb = 300 }
  }
  expect_failures = [var.brokers]
}

run "refuses_tiered_storage_on_t3" {
  command = plan
  variables {
    brokers = { instance_type = "kafka.t3.small", tiered_storage = true }
  }
  expect_failures = [var.brokers]
}

run "refuses_an_unknown_mode_of_kinesis" {
  command = plan
  variables {
    kinesis = { mode = "SOMETIMES" }
  }
  expect_failures = [var.kinesis]
}

run "refuses_a_buffer_beyond_what_firehose_has" {
  command = plan
  variables {
    archive = { buffer_mb = 200 }
  }
  expect_failures = [var.archive]
}

run "refuses_an_archive_without_a_key" {
  command = plan
  variables {
    archive = { enabled = true }
  }
  expect_failures = [var.archive]
}

run "refuses_an_archive_of_t3" {
  command = plan
  variables {
    archive = { enabled = true, key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000002" }
    brokers = { instance_type = "kafka.t3.small" }
  }
  expect_failures = [var.archive]
}

run "refuses_an_archive_without_its_role" {
  command = plan
  variables {
    archive   = { enabled = true, key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000002" }
    role_arns = {}
  }
  expect_failures = [var.role_arns]
}

run "refuses_an_archive_without_its_bucket" {
  command = plan
  variables {
    archive     = { enabled = true, key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000002" }
    bucket_arns = {}
  }
  expect_failures = [var.bucket_arns]
}

run "refuses_brokers_without_logs" {
  command = plan
  variables {
    log_group_names = {}
  }
  expect_failures = [var.log_group_names]
}

run "refuses_an_archive_without_logs" {
  command = plan
  variables {
    archive         = { enabled = true, key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000002" }
    log_group_names = { stream = "/tideline/dev/stream" }
  }
  expect_failures = [var.log_group_names]
}

run "refuses_kafka_without_a_place_for_its_topics" {
  command = plan
  variables {
    bucket_names = {}
  }
  expect_failures = [var.bucket_names]
}

run "refuses_metrics_that_there_are_not" {
  command = plan
  variables {
    monitoring_level = "PER_PARTITION"
  }
  expect_failures = [var.monitoring_level]
}

run "refuses_no_time_on_the_disks" {
  command = plan
  variables {
    brokers = { tiered_storage = true, local_hours = 0 }
  }
  expect_failures = [var.brokers]
}
