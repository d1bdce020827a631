# How events come in beside the log itself: pushed by HTTPS, delivered as files by SFTP or by whoever may write to the landing zone.

module "names" {
  source  = "../names"
  context = var.context
}

locals {
  names = module.names
  tags  = merge(module.names.tags, { module = "ingest" })

  # Files arrive under inbox/<domain>/<product>/ of the zone landing, and leave it when they are delivered or refused.
  inbox = "inbox/"

  # What both functions have to know of the log.
  log = {
    TIDELINE_ENGINE          = var.stream.engine
    TIDELINE_KAFKA_BOOTSTRAP = var.stream.bootstrap_brokers == null ? "" : var.stream.bootstrap_brokers
    TIDELINE_STREAM_PREFIX   = module.names.stream.kinesis_prefix
    TIDELINE_INDEX           = "/var/task/contracts/index.json"
  }
}
