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
  description = "What StartJobRun takes as configurationOverrides, as text: encrypted logs, Delta, a catalog of its own, the log store."
  value       = jsonencode(local.job_overrides)
}

output "step_arguments" {
  description = "What a step on a cluster gives spark-submit before the script: cluster mode, and the code of the current version."
  value = concat(["--deploy-mode", "cluster"], flatten([for name, value in merge(
    local.code,
    length(local.code_jars) == 0 ? {} : { "spark.jars" = join(",", concat(local.log_store_jars, local.code_jars)) },
    merge([for name, value in local.surroundings : { "spark.yarn.appMasterEnv.${name}" = value, "spark.executorEnv.${name}" = value }]...),
  ) : ["--conf", "${name}=${value}"]]))
}

output "release" {
  description = "Versions of Spark, Delta and Python that the release carries."
  value       = local.release
}
