output "application_id" {
  description = "The EMR Serverless application."
  value       = aws_emrserverless_application.batch.id
}

output "application_arn" {
  description = "The EMR Serverless application."
  value       = aws_emrserverless_application.batch.arn
}

output "cluster_ids" {
  description = "The EMR on EC2 clusters, by name."
  value       = { for name, cluster in aws_emr_cluster.this : name => cluster.id }
}

output "security_configuration" {
  description = "Name of the clusters' security configuration, null without clusters."
  value       = one(aws_emr_security_configuration.this[*].name)
}

output "job_overrides" {
  description = "What StartJobRun takes as configurationOverrides, as text: encrypted logs, Delta, the Glue catalog, the log store."
  value       = jsonencode(local.job_overrides)
}

output "release" {
  description = "Versions of Spark, Delta and Python that the release carries."
  value       = local.release
}
