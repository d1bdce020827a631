# The code of an environment in its bucket: `<who reads it>/<version>/<file>`, such as jobs/4f0c.../ingest.py. Roles are let in by the
# first part, and the same code has the same keys, so that what runs can be named exactly. DAG files alone lie in one folder that
# does not move: Airflow watches it, and to move it would be an update of half an hour. Nothing names an encryption: the bucket does.

module "names" {
  source  = "../names"
  context = var.context
}

locals {
  tags = merge(module.names.tags, { module = "artifacts" })
  dags = "airflow/dags"

  # `jobs/ingest.py` of a version is the key `jobs/<version>/ingest.py`
  versioned = merge([for manifest in concat([var.manifest], var.earlier) : {
    for path, file in manifest.files : replace(path, "/^([^/]+)/", "$1/${manifest.version}") => {
      source = "${var.folder}/${manifest.version}/${path}"
      sha256 = file.sha256
    } if !startswith(path, "${local.dags}/")
  }]...)

  watched = { for path, file in var.manifest.files : path => file if startswith(path, "${local.dags}/") }
}

resource "aws_s3_object" "versioned" {
  for_each = local.versioned

  bucket             = var.bucket_name
  key                = each.key
  source             = each.value.source
  source_hash        = each.value.sha256
  checksum_algorithm = "SHA256"
  tags               = local.tags
}

resource "aws_s3_object" "dag" {
  for_each = local.watched

  bucket             = var.bucket_name
  key                = each.key
  source             = "${var.folder}/${var.manifest.version}/${each.key}"
  source_hash        = each.value.sha256
  checksum_algorithm = "SHA256"
  tags               = local.tags
}
