output "version" {
  description = "The version of the code: what a job is started with."
  value       = var.manifest.version
}

output "objects" {
  description = "Every file of the current version but the DAG files, by its path: bucket, key, version_id, sha256 (hexadecimal) and sha256_base64 (as Lambda wants it)."
  value = { for path, file in var.manifest.files : path => {
    bucket        = var.bucket_name
    key           = "${var.manifest.version}/${path}"
    version_id    = aws_s3_object.versioned["${var.manifest.version}/${path}"].version_id
    sha256        = file.sha256
    sha256_base64 = file.sha256_base64
  } if !startswith(path, "dags/") }
}

output "airflow" {
  description = "What modules/airflow takes as `objects`."
  value = {
    requirements = {
      key        = "${var.manifest.version}/requirements.txt"
      version_id = aws_s3_object.versioned["${var.manifest.version}/requirements.txt"].version_id
    }
    plugins = {
      key        = "${var.manifest.version}/plugins.zip"
      version_id = aws_s3_object.versioned["${var.manifest.version}/plugins.zip"].version_id
    }
    dags = local.dags
  }
}

output "location" {
  description = "Where the files of the current version are, for Spark: s3://<bucket>/<version>."
  value       = "s3://${var.bucket_name}/${var.manifest.version}"
}
