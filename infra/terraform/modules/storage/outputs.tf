output "bucket_names" {
  description = "Name of the bucket of each zone, once it is private, encrypted and has its policy."
  value       = { for zone, bucket in local.buckets : zone => bucket.name }
  depends_on  = [aws_s3_bucket_policy.zone, aws_s3_bucket_server_side_encryption_configuration.zone, aws_s3_bucket_versioning.zone]
}

output "bucket_arns" {
  description = "ARN of the bucket of each zone."
  value       = { for zone, bucket in local.buckets : zone => bucket.arn }
  depends_on  = [aws_s3_bucket_policy.zone, aws_s3_bucket_server_side_encryption_configuration.zone, aws_s3_bucket_versioning.zone]
}

output "replica_bucket_arns" {
  description = "ARN of the replica of each zone that has one."
  value       = { for zone in local.copied : zone => local.replicas[zone].arn }
  depends_on  = [aws_s3_bucket_policy.replica, aws_s3_bucket_versioning.replica]
}

output "rule_counts" {
  description = "Number of lifecycle rules of each bucket; S3 takes 1,000."
  value       = local.rule_count
}

output "replication_rules" {
  description = "Rule that copies each zone, as S3's metrics name it: source, destination, rule; empty without a second region."
  value = { for zone, one in aws_s3_bucket_replication_configuration.zone : zone => {
    source      = one.bucket
    destination = local.replicas[zone].name
    rule        = "everything"
  } }
}
