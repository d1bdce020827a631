# The event log: MSK per cluster and per broker, Kinesis per stream.

locals {
  msk_cluster = [for msk in var.alarms.msk[*] : msk if msk.brokers > 0]

  msk_alarms = merge(concat(
    [for msk in local.msk_cluster : {
      msk-no-controller = {
        layer      = "stream", severity = "critical", runbook = "msk-no-controller"
        text       = "The Kafka cluster has no active controller: topics and leaders cannot change."
        comparison = "LessThanThreshold", threshold = 1, missing = "breaching"
        metrics = { controllers = {
          namespace = "AWS/Kafka", metric = "ActiveControllerCount", stat = "Maximum", dimensions = { "Cluster Name" = msk.cluster }
        } }
      }
      msk-offline-partitions = {
        layer     = "stream", severity = "critical", runbook = "msk-offline-partitions"
        text      = "Partitions of the Kafka cluster have no leader: they can be neither read nor written."
        threshold = 0, evaluation = 2
        metrics = { offline = {
          namespace = "AWS/Kafka", metric = "OfflinePartitionsCount", stat = "Maximum", dimensions = { "Cluster Name" = msk.cluster }
        } }
      }
    }],
    [for msk in local.msk_cluster : { for broker in range(1, msk.brokers + 1) : "msk-under-replicated-${broker}" => {
      layer     = "stream", severity = "warning", runbook = "msk-under-replicated"
      text      = "Broker ${broker} has partitions with fewer copies than promised."
      threshold = 0, evaluation = 15
      metrics = { behind = {
        namespace  = "AWS/Kafka", metric = "UnderReplicatedPartitions", stat = "Maximum"
        dimensions = { "Cluster Name" = msk.cluster, "Broker ID" = tostring(broker) }
      } }
    } }],
    [for msk in local.msk_cluster : { for broker in range(1, msk.brokers + 1) : "msk-disk-${broker}" => {
      layer     = "stream", severity = "critical", runbook = "msk-disk"
      text      = "The disk of broker ${broker} is more than ${var.thresholds.disk_percent} % full."
      threshold = var.thresholds.disk_percent
      metrics = { used = {
        namespace  = "AWS/Kafka", metric = "KafkaDataLogsDiskUsed", stat = "Maximum"
        dimensions = { "Cluster Name" = msk.cluster, "Broker ID" = tostring(broker) }
      } }
    } }],
  )...)

  kinesis_alarms = merge(
    { for key, name in var.alarms.streams : "kinesis-iterator-age-${key}" => {
      layer     = "stream", severity = "critical", runbook = "kinesis-iterator-age"
      text      = "Somebody reads stream ${key} more than ${var.thresholds.iterator_age_seconds} s behind its end."
      threshold = var.thresholds.iterator_age_seconds * 1000
      metrics = { age = {
        namespace = "AWS/Kinesis", metric = "GetRecords.IteratorAgeMilliseconds", stat = "Maximum", dimensions = { StreamName = name }
      } }
    } },
    { for key, name in var.alarms.streams : "kinesis-throttled-${key}" => {
      layer      = "stream", severity = "warning", runbook = "kinesis-throttled"
      text       = "Stream ${key} refuses reads or writes because its shards are full."
      threshold  = 0
      expression = "FILL(written, 0) + FILL(read, 0)"
      metrics = { for id, metric in { written = "WriteProvisionedThroughputExceeded", read = "ReadProvisionedThroughputExceeded" } : id => {
        namespace = "AWS/Kinesis", metric = metric, stat = "Sum", dimensions = { StreamName = name }
      } }
    } },
  )

  stream_alarms = merge(local.msk_alarms, local.kinesis_alarms)
}
