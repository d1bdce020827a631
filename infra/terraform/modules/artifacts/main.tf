# The code of an environment in its bucket, under `<version>/`: the same code has the same keys, so what runs can be named exactly.
# DAG files alone lie in one folder that does not move: Airflow watches it, and to move it would be an update of half an hour.

module "names" {
  source  = "../names"
  context = var.context
}

locals {
  tags = merge(module.names.tags, { module = "artifacts" })
  dags = "airflow/dags"

  versioned = merge([for manifest in concat([var.manifest], var.earlier) : {
    for path, file in manifest.files : "${manifest.version}/${path}" => file if !startswith(path, "dags/")
  }]...)

  watched = { for path, file in var.manifest.files : path => file if startswith(path, "dags/") }
}

resource "aws_s3_object" "versioned" {
  for_each = local.versioned

  bucket                 = var.bucket_name
  key                    = each.key
  source                 = "${var.folder}/${each.key}"
  source_hash            = each.value.sha256
  checksum_algorithm     = "SHA256"
  server_side_encryption = "aws:kms"
  kms_key_id             = var.key_arn
  tags                   = local.tags
}

resource "aws_s3_object" "dag" {
  for_each = local.watched

  bucket                 = var.bucket_name
  key                    = "airflow/${each.key}"
  source                 = "${var.folder}/${var.manifest.version}/${each.key}"
  source_hash            = each.value.sha256
  checksum_algorithm     = "SHA256"
  server_side_encryption = "aws:kms"
  kms_key_id             = var.key_arn
  tags                   = local.tags
}
