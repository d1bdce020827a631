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
      "airflow/dags/_generated/index.json" = { sha256 = "4444444444444444444444444444444444444444444444444444444444444444", sha256_base64 = "Zm91cg==", bytes = 1 }
      "airflow/dags/contracts.py"          = { sha256 = "5555555555555555555555555555555555555555555555555555555555555555", sha256_base64 = "Zml2ZQ==", bytes = 1 }
    }
  }
}

run "refuses_a_version_that_is_no_hash" {
  command = plan

  variables {
    manifest = {
      version = "v1", commit = "", dirty = false
      files = {
        "airflow/plugins.zip"                = { sha256 = "1111111111111111111111111111111111111111111111111111111111111111", sha256_base64 = "eA==", bytes = 1 }
        "airflow/requirements.txt"           = { sha256 = "2222222222222222222222222222222222222222222222222222222222222222", sha256_base64 = "eA==", bytes = 1 }
        "airflow/dags/_generated/index.json" = { sha256 = "4444444444444444444444444444444444444444444444444444444444444444", sha256_base64 = "eA==", bytes = 1 }
      }
    }
  }

  expect_failures = [var.manifest]
}

run "refuses_a_path_that_leaves_the_folder" {
  command = plan

  variables {
    manifest = {
      version = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", commit = "", dirty = false
      files = {
        "airflow/plugins.zip"                = { sha256 = "1111111111111111111111111111111111111111111111111111111111111111", sha256_base64 = "eA==", bytes = 1 }
        "airflow/requirements.txt"           = { sha256 = "2222222222222222222222222222222222222222222222222222222222222222", sha256_base64 = "eA==", bytes = 1 }
        "airflow/dags/_generated/index.json" = { sha256 = "4444444444444444444444444444444444444444444444444444444444444444", sha256_base64 = "eA==", bytes = 1 }
        "jobs/../secret"                     = { sha256 = "9999999999999999999999999999999999999999999999999999999999999999", sha256_base64 = "eA==", bytes = 1 }
      }
    }
  }

  expect_failures = [var.manifest]
}

run "refuses_an_absolute_path" {
  command = plan

  variables {
    manifest = {
      version = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", commit = "", dirty = false
      files = {
        "airflow/plugins.zip"                = { sha256 = "1111111111111111111111111111111111111111111111111111111111111111", sha256_base64 = "eA==", bytes = 1 }
        "airflow/requirements.txt"           = { sha256 = "2222222222222222222222222222222222222222222222222222222222222222", sha256_base64 = "eA==", bytes = 1 }
        "airflow/dags/_generated/index.json" = { sha256 = "4444444444444444444444444444444444444444444444444444444444444444", sha256_base64 = "eA==", bytes = 1 }
        "/jobs/passwd"                       = { sha256 = "9999999999999999999999999999999999999999999999999999999999999999", sha256_base64 = "eA==", bytes = 1 }
      }
    }
  }

  expect_failures = [var.manifest]
}

run "refuses_a_file_without_a_hash" {
  command = plan

  variables {
    manifest = {
      version = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", commit = "", dirty = false
      files = {
        "airflow/plugins.zip"                = { sha256 = "abc", sha256_base64 = "eA==", bytes = 1 }
        "airflow/requirements.txt"           = { sha256 = "abc", sha256_base64 = "eA==", bytes = 1 }
        "airflow/dags/_generated/index.json" = { sha256 = "abc", sha256_base64 = "eA==", bytes = 1 }
      }
    }
  }

  expect_failures = [var.manifest]
}

run "refuses_a_package_without_an_index" {
  command = plan

  variables {
    manifest = {
      version = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", commit = "", dirty = false
      files = {
        "airflow/plugins.zip"      = { sha256 = "1111111111111111111111111111111111111111111111111111111111111111", sha256_base64 = "eA==", bytes = 1 }
        "airflow/requirements.txt" = { sha256 = "2222222222222222222222222222222222222222222222222222222222222222", sha256_base64 = "eA==", bytes = 1 }
      }
    }
  }

  expect_failures = [var.manifest]
}

run "refuses_a_dirty_package" {
  command = plan

  variables {
    manifest = {
      version = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", commit = "", dirty = true
      files = {
        "airflow/plugins.zip"                = { sha256 = "1111111111111111111111111111111111111111111111111111111111111111", sha256_base64 = "eA==", bytes = 1 }
        "airflow/requirements.txt"           = { sha256 = "2222222222222222222222222222222222222222222222222222222222222222", sha256_base64 = "eA==", bytes = 1 }
        "airflow/dags/_generated/index.json" = { sha256 = "4444444444444444444444444444444444444444444444444444444444444444", sha256_base64 = "eA==", bytes = 1 }
      }
    }
  }

  expect_failures = [var.manifest]
}

run "refuses_the_current_version_as_an_earlier_one" {
  command = plan

  variables {
    earlier = [{ version = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", commit = "", dirty = false, files = {} }]
  }

  expect_failures = [var.earlier]
}

run "refuses_a_folder_with_a_slash_behind" {
  command = plan

  variables {
    folder = "dist/"
  }

  expect_failures = [var.folder]
}

run "refuses_a_file_that_nobody_may_read" {
  command = plan

  variables {
    manifest = {
      version = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", commit = "", dirty = false
      files = {
        "airflow/plugins.zip"                = { sha256 = "1111111111111111111111111111111111111111111111111111111111111111", sha256_base64 = "eA==", bytes = 1 }
        "airflow/requirements.txt"           = { sha256 = "2222222222222222222222222222222222222222222222222222222222222222", sha256_base64 = "eA==", bytes = 1 }
        "airflow/dags/_generated/index.json" = { sha256 = "4444444444444444444444444444444444444444444444444444444444444444", sha256_base64 = "eA==", bytes = 1 }
        "notes/todo.txt"                     = { sha256 = "5555555555555555555555555555555555555555555555555555555555555555", sha256_base64 = "eA==", bytes = 1 }
      }
    }
  }

  expect_failures = [var.manifest]
}
