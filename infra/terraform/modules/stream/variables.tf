variable "context" {
  description = "Which installation this is: see modules/names."
  type = object({
    project     = string
    environment = string
    account_id  = string
    region      = string
    partition   = optional(string, "aws")
    tags        = optional(map(string), {})
  })
}

variable "engine" {
  description = "What carries the events: msk (Kafka on brokers of a size you choose), msk_serverless (Kafka without brokers) or kinesis (one stream per topic)."
  type        = string
  default     = "msk"

  validation {
    condition     = contains(["msk", "msk_serverless", "kinesis"], var.engine)
    error_message = "engine is msk, msk_serverless or kinesis."
  }
}

variable "contracts" {
  description = "What contracts give (see infra/terraform/README.md); topics, and the producer's topics (those carry events), are read here."
  type = map(object({
    domain = string
    owner  = string
    tier   = string
    topics = map(object({ partitions = number, config = map(string) }))
    roles = map(object({
      topics = object({ read = list(string), write = list(string) })
    }))
  }))

  validation {
    condition = alltrue([
      for contract in values(var.contracts) : alltrue([
        for name, topic in contract.topics : can(regex("^[a-zA-Z0-9._-]{1,200}$", name)) && topic.partitions >= 1 && floor(topic.partitions) == topic.partitions
      ])
    ])
    error_message = "A topic's name is 1 to 200 letters, digits, dots, underscores and hyphens, and it has a whole number of partitions of at least 1."
  }
  validation {
    condition = length(flatten([for contract in values(var.contracts) : keys(contract.topics)])) == length(distinct(flatten([
      for contract in values(var.contracts) : keys(contract.topics)
    ])))
    error_message = "Two contracts name the same topic."
  }
  validation {
    condition     = alltrue([for contract in values(var.contracts) : contains(keys(contract.roles), "producer")])
    error_message = "Every contract has the role producer: what it writes are the topics of events."
  }
  validation {
    condition = var.engine != "msk" || 3 * sum(concat([0], flatten([
      for contract in values(var.contracts) : [for topic in values(contract.topics) : topic.partitions]
    ]))) <= var.brokers.count * lookup(local.broker_partitions, var.brokers.instance_type, 0)
    error_message = "The topics' partitions, three copies each, are more than the brokers should hold: raise brokers.count or brokers.instance_type. Partitions per broker: t3.small 300; m5.large, m5.xlarge, m7g.large, m7g.xlarge 1000; 2xlarge 2000; 4xlarge and above 4000."
  }
  validation {
    condition = var.engine != "msk_serverless" || sum(concat([0], flatten([
      for contract in values(var.contracts) : [for topic in values(contract.topics) : topic.partitions]
    ]))) <= 2400
    error_message = "MSK Serverless holds 2400 partitions; the topics ask for more. Use engine = msk, or fewer partitions."
  }
  validation {
    condition = var.engine != "kinesis" || var.kinesis.mode != "PROVISIONED" || sum(concat([0], flatten([
      for contract in values(var.contracts) : [for topic in values(contract.topics) : topic.partitions]
    ]))) <= var.kinesis.shard_quota
    error_message = "The topics ask for more shards than kinesis.shard_quota: have the quota of the account raised and say so, or use kinesis.mode = ON_DEMAND."
  }
  validation {
    condition = var.engine != "kinesis" || var.kinesis.mode != "ON_DEMAND" || length(flatten([
      for contract in values(var.contracts) : keys(contract.topics)
    ])) <= var.kinesis.on_demand_stream_quota
    error_message = "There are more topics than kinesis.on_demand_stream_quota: have the quota of the account raised and say so, or use kinesis.mode = PROVISIONED."
  }
  validation {
    condition = var.engine != "kinesis" || alltrue(flatten([
      for contract in values(var.contracts) : [
        for topic in values(contract.topics) : tonumber(lookup(topic.config, "max.message.bytes", "1048576")) <= 1048576
      ]
    ]))
    error_message = "A Kinesis record holds 1 MiB with its key; a topic's max.message.bytes is more. Lower the contract's maxEventBytes, or use Kafka."
  }
  validation {
    condition = var.engine != "kinesis" || alltrue(flatten([
      for contract in values(var.contracts) : [for name in keys(contract.topics) : length("${var.context.project}-${var.context.environment}-${name}") <= 128]
    ]))
    error_message = "A stream's name, project and environment included, has at most 128 characters."
  }
}

variable "subnet_ids" {
  description = "One private subnet in each of three zones; brokers are spread over them."
  type        = list(string)
  default     = []

  validation {
    condition     = var.engine == "kinesis" || length(var.subnet_ids) == 3
    error_message = "Kafka lives in three subnets, one per zone: three copies of each record, of which two have to answer."
  }
}

variable "security_group_id" {
  description = "The security group of the brokers (`stream` of modules/network)."
  type        = string
  default     = null

  validation {
    condition     = var.engine == "kinesis" || var.security_group_id != null
    error_message = "Kafka needs security_group_id, the group `stream` of modules/network."
  }
}

variable "key_arn" {
  description = "The KMS key of the event log (`stream` of modules/kms). MSK Serverless takes no key of yours: AWS's own encrypts it."
  type        = string
}

variable "kafka_version" {
  description = "Of MSK with brokers: a version without ZooKeeper, such as 3.9.x.kraft."
  type        = string
  default     = "3.9.x.kraft"

  validation {
    condition     = can(regex("^[3-9]\\.[0-9]+(\\.[0-9x]+)?\\.kraft$", var.kafka_version))
    error_message = "kafka_version is a KRaft version such as 3.9.x.kraft; ZooKeeper is not supported."
  }
}

variable "brokers" {
  description = "Of MSK with brokers. count: brokers over all zones. volume_gb, volume_max_gb: disk of each broker at first and at most (it grows by itself when 60 % full, and never shrinks). throughput_mb: provisioned MB/s of each disk, null for what comes with the type. tiered_storage: events on cheaper storage, in one copy, and on the disks for local_hours only. open_monitoring: exporters for Prometheus on 11001 and 11002."
  type = object({
    instance_type   = optional(string, "kafka.m7g.large")
    count           = optional(number, 3)
    volume_gb       = optional(number, 100)
    volume_max_gb   = optional(number, 1000)
    throughput_mb   = optional(number)
    tiered_storage  = optional(bool, false)
    local_hours     = optional(number, 24)
    open_monitoring = optional(bool, false)
  })
  default = {}

  validation {
    condition     = contains(keys(local.broker_partitions), var.brokers.instance_type)
    error_message = "brokers.instance_type is one of kafka.t3.small, kafka.m5.{large,xlarge,2xlarge,4xlarge,8xlarge,12xlarge,16xlarge,24xlarge}, kafka.m7g.{large,xlarge,2xlarge,4xlarge,8xlarge,12xlarge,16xlarge}."
  }
  validation {
    condition     = var.brokers.count >= 3 && var.brokers.count <= 60 && var.brokers.count % 3 == 0
    error_message = "brokers.count is a multiple of three (one zone is like another) from 3 to 60."
  }
  validation {
    condition     = var.brokers.volume_gb >= 1 && var.brokers.volume_max_gb <= 16384 && var.brokers.volume_gb <= var.brokers.volume_max_gb
    error_message = "brokers.volume_gb is at least 1 and at most volume_max_gb, which is at most 16384."
  }
  validation {
    condition = var.brokers.throughput_mb == null ? true : (
      var.brokers.throughput_mb >= 250 && var.brokers.throughput_mb <= 1000 && var.brokers.volume_gb >= 10 && can(regex("\\.(4|8|12|16|24)xlarge$", var.brokers.instance_type))
    )
    error_message = "brokers.throughput_mb is 250 to 1000, on disks of at least 10 GB and brokers of 4xlarge and above."
  }
  validation {
    condition     = !var.brokers.tiered_storage || var.brokers.instance_type != "kafka.t3.small"
    error_message = "kafka.t3.small has no tiered storage."
  }
  validation {
    condition     = var.brokers.local_hours >= 1 && floor(var.brokers.local_hours) == var.brokers.local_hours
    error_message = "brokers.local_hours is a whole number of hours, at least 1: readers that are that far behind read the cheaper storage."
  }
}

variable "monitoring_level" {
  description = "Which metrics of the brokers CloudWatch gets. DEFAULT is free and has all that the alarms judge; PER_BROKER adds some 30 of each broker (what a slow one is busy with); PER_TOPIC_PER_BROKER and PER_TOPIC_PER_PARTITION add some of each topic, which thousands of topics make dearer than the brokers."
  type        = string
  default     = "DEFAULT"

  validation {
    condition     = contains(["DEFAULT", "PER_BROKER", "PER_TOPIC_PER_BROKER", "PER_TOPIC_PER_PARTITION"], var.monitoring_level)
    error_message = "monitoring_level is DEFAULT, PER_BROKER, PER_TOPIC_PER_BROKER or PER_TOPIC_PER_PARTITION."
  }
}

variable "kinesis" {
  description = "Of engine = kinesis. mode: ON_DEMAND, or PROVISIONED with a shard per partition. shard_quota, on_demand_stream_quota: what the account is allowed in this region (AWS's defaults here), so that a plan tells what an apply would refuse."
  type = object({
    mode                   = optional(string, "ON_DEMAND")
    shard_quota            = optional(number, 500)
    on_demand_stream_quota = optional(number, 50)
  })
  default = {}

  validation {
    condition     = contains(["ON_DEMAND", "PROVISIONED"], var.kinesis.mode)
    error_message = "kinesis.mode is ON_DEMAND or PROVISIONED."
  }
}

variable "archive" {
  description = "Copies raw events by Firehose to the zone bronze under _archive/<topic>/, beside the tables and inside none. buffer_mb, buffer_seconds: a file is written when either is reached. days: how long it is kept is the lifecycle of modules/storage."
  type = object({
    enabled        = optional(bool, false)
    buffer_mb      = optional(number, 64)
    buffer_seconds = optional(number, 300)
    key_arn        = optional(string)
  })
  default = {}

  validation {
    condition     = var.archive.buffer_mb >= 1 && var.archive.buffer_mb <= 128 && var.archive.buffer_seconds >= 0 && var.archive.buffer_seconds <= 900
    error_message = "archive.buffer_mb is 1 to 128 and archive.buffer_seconds 0 to 900."
  }
  validation {
    condition     = !var.archive.enabled || var.archive.key_arn != null
    error_message = "archive.key_arn is the KMS key of the zone bronze: what Firehose writes there is encrypted with it."
  }
  validation {
    condition     = !var.archive.enabled || var.engine != "msk" || var.brokers.instance_type != "kafka.t3.small"
    error_message = "Firehose reads MSK by private connectivity, which kafka.t3.small has not."
  }
}

variable "role_arns" {
  description = "What modules/iam gives; `firehose` is used."
  type        = map(string)

  validation {
    condition     = !var.archive.enabled || contains(keys(var.role_arns), "firehose")
    error_message = "role_arns has no firehose: the archive needs it."
  }
}

variable "bucket_arns" {
  description = "What modules/storage gives, by zone; `bronze` is used."
  type        = map(string)

  validation {
    condition     = !var.archive.enabled || contains(keys(var.bucket_arns), "bronze")
    error_message = "bucket_arns has no bronze: the archive lies there."
  }
}

variable "bucket_names" {
  description = "What modules/storage gives, by zone; `artifacts` is used, for the topics document."
  type        = map(string)
  default     = {}

  validation {
    condition     = var.engine == "kinesis" || contains(keys(var.bucket_names), "artifacts")
    error_message = "bucket_names has no artifacts: what the topics task makes is written there."
  }
}

variable "log_group_names" {
  description = "Log groups by name; `stream` (brokers) and `firehose` are used."
  type        = map(string)

  validation {
    condition     = var.engine != "msk" || contains(keys(var.log_group_names), "stream")
    error_message = "log_group_names has no stream: the brokers write there."
  }
  validation {
    condition     = !var.archive.enabled || contains(keys(var.log_group_names), "firehose")
    error_message = "log_group_names has no firehose: the archive writes its errors there."
  }
}
