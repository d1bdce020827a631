# The files of a package in a bucket that keeps versions.

locals {
  context = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  version = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  files   = ["airflow/plugins.zip", "airflow/requirements.txt", "airflow/dags/_generated/index.json", "jobs/ingest.txt"]
}

resource "aws_s3_bucket" "artifacts" {
  bucket = "tideline-dev-artifacts-123456789012"
}

resource "aws_s3_bucket_versioning" "artifacts" {
  bucket = aws_s3_bucket.artifacts.bucket

  versioning_configuration {
    status = "Enabled"
  }
}

module "artifacts" {
  source = "../../../../infra/terraform/modules/artifacts"

  context     = local.context
  folder      = "${path.module}/package"
  bucket_name = aws_s3_bucket_versioning.artifacts.bucket
  manifest = {
    version = local.version
    commit  = ""
    dirty   = false
    files = { for file in local.files : file => {
      sha256        = filesha256("${path.module}/package/${local.version}/${file}")
      sha256_base64 = filebase64sha256("${path.module}/package/${local.version}/${file}")
      bytes         = 1
    } }
  }
}
