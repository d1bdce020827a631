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
      local.msk && var.brokers.tiered_storage && topic.events ? { "remote.storage.enable" = "true" } : {},
    )
  }
}
