# What everything stands on: network, replication, queries. What has no metric comes as an event (events.tf).

locals {
  account_alarms = merge(concat(
    [{ for zone, id in var.alarms.nat_gateways : "nat-ports-${zone}" => {
      layer     = "account", severity = "warning", runbook = "nat-ports"
      text      = "The NAT gateway of ${zone} has no ports left: connections to outside fail."
      threshold = 0
      metrics   = { errors = { namespace = "AWS/NATGateway", metric = "ErrorPortAllocation", stat = "Sum", dimensions = { NatGatewayId = id } } }
    } }],
    [{ for key, one in var.alarms.replication : "replication-latency-${key}" => {
      layer     = "account", severity = "warning", runbook = "replication-latency"
      text      = "The copy of ${key} in the other region is more than ${var.thresholds.replication_seconds} s behind."
      threshold = var.thresholds.replication_seconds
      metrics = { behind = {
        namespace  = "AWS/S3", metric = "ReplicationLatency", stat = "Maximum"
        dimensions = { SourceBucket = one.source, DestinationBucket = one.destination, RuleId = one.rule }
      } }
    } }],
    [for names in [var.alarms.workgroups] : {
      query-cutoffs = {
        layer     = "account", severity = "warning", runbook = "query-cutoffs"
        text      = "More than ${var.thresholds.cancelled_queries_hourly} Athena queries were cut off or stopped within an hour."
        threshold = var.thresholds.cancelled_queries_hourly, evaluation = 1, period = 3600
        metrics = { cancelled = {
          namespace = "AWS/Events", metric = "MatchedEvents", stat = "Sum", dimensions = { RuleName = "${local.prefix}-query-cancelled" }
        } }
      }
    } if length(names) > 0],
  )...)
}
