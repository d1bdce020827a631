locals {
  cluster_arn = one(concat(aws_msk_cluster.this[*].arn, aws_msk_serverless_cluster.this[*].arn))
}

output "engine" {
  description = "What carries the events, as asked for."
  value       = var.engine
}

output "bootstrap_brokers" {
  description = "Kafka's addresses for clients that sign with IAM, host:port with commas; null with Kinesis."
  value = one(concat(
    aws_msk_cluster.this[*].bootstrap_brokers_sasl_iam, aws_msk_serverless_cluster.this[*].bootstrap_brokers_sasl_iam,
  ))
}

output "cluster_arn" {
  description = "The Kafka cluster; null with Kinesis."
  value       = local.cluster_arn
}

output "stream_arns" {
  description = "The Kinesis stream of each topic; empty with Kafka."
  value       = { for topic, stream in aws_kinesis_stream.this : topic => stream.arn }
}

output "topics" {
  description = "Name of each topic, by contract, that carries events: what a producer writes to."
  value       = { for name, topic in local.topics : topic.tags.contract => name... if topic.events }
}

output "topics_document" {
  description = "What the topics task makes on Kafka, as canonical JSON: {\"format\": 1, \"topics\": {name: {\"config\", \"partitions\", \"replication\"}}}. With Kinesis there are none to make."
  value       = local.topics_document
}

output "topics_url" {
  description = "Where that document lies, for `tideline topics --from`; null with Kinesis."
  value       = one([for object in aws_s3_object.topics : "s3://${object.bucket}/${object.key}"])
}

output "archive_streams" {
  description = "Name of the Firehose stream of each topic that is archived, for alarms."
  value       = { for topic, archive in aws_kinesis_firehose_delivery_stream.archive : topic => archive.name }
}

output "archive_place" {
  description = "Where raw events are kept, as a place: <zone>/<key prefix>; null when they are not."
  value       = var.archive.enabled ? "bronze/_archive/" : null
}
