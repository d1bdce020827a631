mock_provider "aws" {}

variables {
  context = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  contracts = {
    "retail.sales"   = { domain = "retail", product = "sales" }
    "retail.returns" = { domain = "retail", product = "returns" }
    "shop.orders"    = { domain = "shop", product = "orders" }
  }
  functions          = { bucket = "tideline-dev-artifacts-123456789012", key = "functions/abc.zip", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
  stream             = { engine = "msk", bootstrap_brokers = "b-1.example:9098" }
  vpc_id             = "vpc-1"
  subnet_ids         = ["subnet-a", "subnet-b", "subnet-c"]
  security_group_ids = { functions = "sg-functions", sftp = "sg-sftp" }
  role_arns = {
    push              = "arn:aws:iam::123456789012:role/tideline-dev-push", delivery = "arn:aws:iam::123456789012:role/tideline-dev-delivery"
    delivery-workflow = "arn:aws:iam::123456789012:role/tideline-dev-delivery-workflow", sftp = "arn:aws:iam::123456789012:role/tideline-dev-sftp"
    upload-events     = "arn:aws:iam::123456789012:role/tideline-dev-upload-events"
  }
  key_arns = { services = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000001" }
  log_groups = {
    push     = { name = "/tideline/dev/push", arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/tideline/dev/push" }
    delivery = { name = "/tideline/dev/delivery", arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/tideline/dev/delivery" }
    sftp     = { name = "/tideline/dev/sftp", arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/tideline/dev/sftp" }
    push-access = {
      name = "/tideline/dev/push-access", arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/tideline/dev/push-access"
    }
    delivery-workflow = {
      name = "/tideline/dev/delivery-workflow", arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/tideline/dev/delivery-workflow"
    }
  }
  topic_arns = { warning = "arn:aws:sns:eu-central-1:123456789012:tideline-dev-warning" }
}

run "refuses_a_contract_under_another_id" {
  command = plan
  variables {
    contracts = { "retail.other" = { domain = "retail", product = "sales" } }
  }
  expect_failures = [var.contracts]
}

run "refuses_an_issuer_without_tls" {
  command = plan
  variables {
    push = { jwt = { issuer = "http://login.example.org", audience = ["a"] } }
  }
  expect_failures = [var.push]
}

run "refuses_a_token_for_nobody" {
  command = plan
  variables {
    push = { jwt = { issuer = "https://login.example.org", audience = [] } }
  }
  expect_failures = [var.push]
}

run "refuses_a_push_without_limit" {
  command = plan
  variables {
    push = { requests_per_second = 0 }
  }
  expect_failures = [var.push]
}

run "refuses_a_request_that_no_function_takes" {
  command = plan
  variables {
    push = { max_bytes = 6291456 }
  }
  expect_failures = [var.push]
}

run "refuses_a_function_that_never_runs" {
  command = plan
  variables {
    push = { reserved_concurrency = 0 }
  }
  expect_failures = [var.push]
}

run "refuses_no_chunk_at_a_time" {
  command = plan
  variables {
    delivery = { concurrency = 0 }
  }
  expect_failures = [var.delivery]
}

run "refuses_more_chunks_than_a_workflow_holds" {
  command = plan
  variables {
    delivery = { chunk_bytes = 65536 }
  }
  expect_failures = [var.delivery]
}

run "refuses_a_short_memory" {
  command = plan
  variables {
    delivery = { remember_days = 7 }
  }
  expect_failures = [var.delivery]
}

run "refuses_fewer_functions_than_chunks" {
  command = plan
  variables {
    delivery = { concurrency = 20 }
  }
  expect_failures = [var.delivery]
}

run "refuses_an_old_security_policy" {
  command = plan
  variables {
    sftp = { enabled = true, security_policy = "TransferSecurityPolicy-2018-11" }
  }
  expect_failures = [var.sftp]
}

run "refuses_a_user_with_an_odd_name" {
  command = plan
  variables {
    sftp_users = { "-x" = { domain = "retail", public_keys = ["ssh-ed25519 AAAA"] } }
  }
  expect_failures = [var.sftp_users]
}

run "refuses_a_user_without_a_key" {
  command = plan
  variables {
    sftp_users = { "partner-a" = { domain = "retail", public_keys = [] } }
  }
  expect_failures = [var.sftp_users]
}

run "refuses_a_private_key" {
  command = plan
  variables {
    sftp_users = { "partner-a" = { domain = "retail", public_keys = ["-----BEGIN OPENSSH PRIVATE "] } }
  }
  expect_failures = [var.sftp_users]
}

run "refuses_a_user_of_no_domain" {
  command = plan
  variables {
    sftp       = { enabled = true }
    sftp_users = { "partner-a" = { domain = "bank", public_keys = ["ssh-ed25519 AAAA"] } }
  }
  expect_failures = [var.sftp_users]
}

run "refuses_a_table_that_is_there_already" {
  command = plan
  variables {
    lookups = { deliveries = { hash_key = "x" } }
  }
  expect_failures = [var.lookups]
}

run "refuses_functions_without_code" {
  command = plan
  variables {
    functions = null
  }
  expect_failures = [var.functions]
}

run "refuses_a_digest_in_hex" {
  command = plan
  variables {
    functions = { bucket = "b", key = "k", sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }
  }
  expect_failures = [var.functions]
}

run "refuses_an_unknown_architecture" {
  command = plan
  variables {
    functions = { bucket = "b", key = "k", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", architecture = "riscv" }
  }
  expect_failures = [var.functions]
}

run "refuses_sftp_outside_of_a_network" {
  command = plan
  variables {
    sftp   = { enabled = true }
    vpc_id = null
  }
  expect_failures = [var.vpc_id]
}

run "refuses_a_single_subnet" {
  command = plan
  variables {
    subnet_ids = ["subnet-a"]
  }
  expect_failures = [var.subnet_ids]
}

run "refuses_functions_without_their_group" {
  command = plan
  variables {
    security_group_ids = {}
  }
  expect_failures = [var.security_group_ids]
}

run "refuses_roles_that_are_missing" {
  command = plan
  variables {
    role_arns = { push = "arn:aws:iam::123456789012:role/tideline-dev-push" }
  }
  expect_failures = [var.role_arns]
}

run "refuses_a_key_that_is_missing" {
  command = plan
  variables {
    key_arns = {}
  }
  expect_failures = [var.key_arns]
}

run "refuses_logs_that_are_missing" {
  command = plan
  variables {
    log_groups = {}
  }
  expect_failures = [var.log_groups]
}

run "refuses_failures_that_nobody_hears" {
  command = plan
  variables {
    topic_arns = {}
  }
  expect_failures = [var.topic_arns]
}
