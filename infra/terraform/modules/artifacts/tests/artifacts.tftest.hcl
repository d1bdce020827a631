mock_provider "aws" {}

variables {
  context     = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  folder      = "dist"
  bucket_name = "tideline-dev-artifacts-123456789012"
  manifest = {
    version = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    commit  = "0123456789abcdef0123456789abcdef01234567"
    dirty   = false
    files = {
      "airflow/plugins.zip"                = { sha256 = "1111111111111111111111111111111111111111111111111111111111111111", sha256_base64 = "b25l", bytes = 1 }
      "airflow/requirements.txt"           = { sha256 = "2222222222222222222222222222222222222222222222222222222222222222", sha256_base64 = "dHdv", bytes = 1 }
      "functions/functions.zip"            = { sha256 = "3333333333333333333333333333333333333333333333333333333333333333", sha256_base64 = "dGhyZWU=", bytes = 1 }
      "jobs/jars/kafka-clients.jar"        = { sha256 = "8888888888888888888888888888888888888888888888888888888888888888", sha256_base64 = "ZWlnaHQ=", bytes = 1 }
      "airflow/dags/_generated/index.json" = { sha256 = "4444444444444444444444444444444444444444444444444444444444444444", sha256_base64 = "Zm91cg==", bytes = 1 }
      "airflow/dags/contracts.py"          = { sha256 = "5555555555555555555555555555555555555555555555555555555555555555", sha256_base64 = "Zml2ZQ==", bytes = 1 }
    }
  }
}

run "code_lies_under_its_version_and_dags_where_airflow_looks" {
  command = plan

  assert {
    condition     = toset([for object in aws_s3_object.versioned : object.key]) == toset(["airflow/${var.manifest.version}/plugins.zip", "airflow/${var.manifest.version}/requirements.txt", "functions/${var.manifest.version}/functions.zip", "jobs/${var.manifest.version}/jars/kafka-clients.jar"])
    error_message = "A file lies below who reads it and its version."
  }
  assert {
    condition     = toset([for object in aws_s3_object.dag : object.key]) == toset(["airflow/dags/_generated/index.json", "airflow/dags/contracts.py"])
    error_message = "DAG files lie in one folder whatever the version."
  }
  assert {
    condition     = aws_s3_object.versioned["functions/${var.manifest.version}/functions.zip"].source == "dist/${var.manifest.version}/functions/functions.zip" && aws_s3_object.dag["airflow/dags/contracts.py"].source == "dist/${var.manifest.version}/airflow/dags/contracts.py"
    error_message = "Files come from the folder of their version."
  }
}

run "everything_is_checked_and_tagged" {
  command = plan

  assert {
    condition     = alltrue([for object in concat(values(aws_s3_object.versioned), values(aws_s3_object.dag)) : object.checksum_algorithm == "SHA256"])
    error_message = "Each object carries its checksum."
  }
  assert {
    condition     = alltrue([for object in concat(values(aws_s3_object.versioned), values(aws_s3_object.dag)) : object.tags["module"] == "artifacts" && object.tags["environment"] == "dev"])
    error_message = "Each object carries the tags."
  }
  assert {
    condition     = aws_s3_object.dag["airflow/dags/contracts.py"].source_hash == var.manifest.files["airflow/dags/contracts.py"].sha256
    error_message = "A changed file is uploaded again."
  }
}

run "the_outputs_name_what_others_take" {
  command = apply

  assert {
    condition     = output.objects["functions/functions.zip"].key == "functions/${var.manifest.version}/functions.zip" && output.objects["functions/functions.zip"].sha256_base64 == "dGhyZWU=" && length(output.objects) == 4
    error_message = "Functions find their code and its hash."
  }
  assert {
    condition     = output.airflow.plugins.key == "airflow/${var.manifest.version}/plugins.zip" && output.airflow.plugins.version_id != "" && output.airflow.dags == "airflow/dags"
    error_message = "Airflow finds plugins, requirements and DAGs."
  }
  assert {
    condition     = output.spark.location == "s3://tideline-dev-artifacts-123456789012/jobs/${var.manifest.version}" && output.spark.jars == ["kafka-clients.jar"]
    error_message = "Jobs find their version."
  }
}

run "an_earlier_version_stays" {
  command = plan

  variables {
    earlier = [{
      version = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", commit = "", dirty = false
      files = {
        "jobs/spark_jobs.zip"       = { sha256 = "6666666666666666666666666666666666666666666666666666666666666666", sha256_base64 = "c2l4", bytes = 1 }
        "airflow/dags/contracts.py" = { sha256 = "7777777777777777777777777777777777777777777777777777777777777777", sha256_base64 = "c2V2ZW4=", bytes = 1 }
      }
    }]
  }

  assert {
    condition     = contains(keys(aws_s3_object.versioned), "jobs/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb/spark_jobs.zip") && length(aws_s3_object.versioned) == 5
    error_message = "A job that began on the earlier version finds its files."
  }
  assert {
    condition     = aws_s3_object.dag["airflow/dags/contracts.py"].source_hash == var.manifest.files["airflow/dags/contracts.py"].sha256
    error_message = "Airflow sees the current DAGs only."
  }
}

run "a_dirty_package_is_taken_where_it_is_allowed" {
  command = plan

  variables {
    allow_dirty = true
    manifest = {
      version = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", commit = "", dirty = true
      files = {
        "airflow/plugins.zip"                = { sha256 = "1111111111111111111111111111111111111111111111111111111111111111", sha256_base64 = "b25l", bytes = 1 }
        "airflow/requirements.txt"           = { sha256 = "2222222222222222222222222222222222222222222222222222222222222222", sha256_base64 = "dHdv", bytes = 1 }
        "airflow/dags/_generated/index.json" = { sha256 = "4444444444444444444444444444444444444444444444444444444444444444", sha256_base64 = "Zm91cg==", bytes = 1 }
      }
    }
  }

  assert {
    condition     = length(aws_s3_object.versioned) == 2
    error_message = "On a laptop's own environment an uncommitted tree is fine."
  }
}
