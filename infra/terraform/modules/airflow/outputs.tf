output "webserver_url" {
  description = "Airflow's web server, null in mode own."
  value       = local.managed ? "https://${aws_mwaa_environment.this[0].webserver_url}" : null
}

output "environment_arn" {
  description = "The managed environment, null in mode own."
  value       = one(aws_mwaa_environment.this[*].arn)
}

output "environment_name" {
  description = "The managed environment's name, null in mode own: a metric of MWAA is told by it."
  value       = local.managed ? local.name : null
}

output "pools" {
  description = "Slots by pool. AWS has no setting for them: README.md says how they are made, once."
  value       = { for pool, slots in var.pools : pool => slots }
}

output "own" {
  description = "What an Airflow of your own is set up with (README.md): the role to assume, the files to fetch, the settings of each process."
  value = {
    airflow_version = var.airflow_version
    role_arn        = var.role_arn
    dags            = "s3://${var.bucket}/${var.objects.dags}/"
    plugins         = "s3://${var.bucket}/${var.objects.plugins.key}"
    requirements    = "s3://${var.bucket}/${var.objects.requirements.key}"
    options         = local.options
    variables       = var.variables
  }
}
