locals {
  plugins      = "airflow/${var.manifest.version}/plugins.zip"
  requirements = "airflow/${var.manifest.version}/requirements.txt"
}

output "version" {
  description = "The version of the code: what a job is started with."
  value       = var.manifest.version
}

output "objects" {
  description = "Every file of the current version but the DAG files, by its path: bucket, key, version_id, sha256 (hexadecimal) and sha256_base64 (as Lambda wants it)."
  value = { for path, file in var.manifest.files : path => {
    bucket        = var.bucket_name
    key           = replace(path, "/^([^/]+)/", "$1/${var.manifest.version}")
    version_id    = aws_s3_object.versioned[replace(path, "/^([^/]+)/", "$1/${var.manifest.version}")].version_id
    sha256        = file.sha256
    sha256_base64 = file.sha256_base64
  } if !startswith(path, "${local.dags}/") }
}

output "airflow" {
  description = "What modules/airflow takes as `objects`."
  value = {
    requirements = { key = local.requirements, version_id = aws_s3_object.versioned[local.requirements].version_id }
    plugins      = { key = local.plugins, version_id = aws_s3_object.versioned[local.plugins].version_id }
    dags         = local.dags
  }
}

output "spark" {
  description = "What modules/emr takes as `code`: where the scripts and packages of jobs are, and the names of the jars below that."
  value = {
    location = "s3://${var.bucket_name}/jobs/${var.manifest.version}"
    jars     = [for path, _ in var.manifest.files : basename(path) if startswith(path, "jobs/jars/")]
  }
}
