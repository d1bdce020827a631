# The event log: one Kafka cluster, or one Kinesis stream per topic. Which topics there are, only contracts say.

module "names" {
  source  = "../names"
  context = var.context
}

locals {
  names = module.names
  tags  = merge(module.names.tags, { module = "stream" })

  msk        = var.engine == "msk"
  serverless = var.engine == "msk_serverless"
  kinesis    = var.engine == "kinesis"

  # Every topic with the contract it belongs to. An increments topic can be made again from the events, so only events
  # are archived and kept in tiered storage.
  topics = merge([
    for id, contract in var.contracts : {
      for name, topic in contract.topics : name => {
        partitions = topic.partitions
        config     = topic.config
        events     = contains(contract.roles["producer"].topics.write, name)
        tags       = { contract = id, domain = contract.domain, owner = contract.owner, tier = contract.tier }
      }
    }
  ]...)
  archived = var.archive.enabled ? { for name, topic in local.topics : name => topic if topic.events } : {}

  # What MSK Serverless lets a topic say; min.insync.replicas and the rest are the service's own business.
  serverless_config = [
    "cleanup.policy", "compression.type", "max.message.bytes", "message.timestamp.difference.max.ms",
    "message.timestamp.type", "retention.bytes", "retention.ms",
  ]
  topic_config = {
    for name, topic in local.topics : name => merge(
      { for key, value in topic.config : key => value if !local.serverless || contains(local.serverless_config, key) },
      contains(local.tiered, name) ? {
        "local.retention.ms"    = tostring(local.local_ms)
        "remote.storage.enable" = "true"
        "segment.ms"            = tostring(min(local.local_ms, 3600 * 1000)) # only a closed segment can leave a broker
      } : {},
    )
  }

  # The cheaper storage keeps three days at least, and no compacted topic; what would not stay longer than on the disks has no use for it.
  local_ms    = var.brokers.local_hours * 3600 * 1000
  tiered_from = max(local.local_ms + 1, 3 * 24 * 3600 * 1000)
  kept_ms     = { for name, topic in local.topics : name => tonumber(lookup(topic.config, "retention.ms", "604800000")) }
  tiered = [for name, topic in local.topics : name if(
    local.msk && var.brokers.tiered_storage && topic.events && lookup(topic.config, "cleanup.policy", "delete") == "delete"
    && (local.kept_ms[name] < 0 || local.kept_ms[name] >= local.tiered_from)
  )]

  topics_document = jsonencode({
    format = 1
    topics = local.kinesis ? {} : {
      for name, topic in local.topics : name => {
        config      = local.topic_config[name]
        partitions  = topic.partitions
        replication = 3
      }
    }
  })
}

# What the topics task makes: it reads this, and not the contracts of its image, since the engine has a say in it.
resource "aws_s3_object" "topics" {
  count = local.kinesis ? 0 : 1

  bucket  = var.bucket_names["artifacts"]
  key     = "topics/topics.json"
  content = local.topics_document
  tags    = local.tags
}
