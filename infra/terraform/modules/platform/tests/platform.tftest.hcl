mock_provider "aws" {}
mock_provider "aws" {
  alias = "replica"
}

variables {
  environment = "dev"
  inputs = {
    account_id         = "111122223333"
    region             = "eu-central-1"
    availability_zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
    owner              = "data-platform"
    lake_admins        = ["arn:aws:iam::111122223333:role/Admin"]
  }
  character = { protect = false, parts = { backup = false, config = false } }
  contracts = {
    "shop.orders" = {
      version        = "1.0.0"
      domain         = "shop"
      product        = "orders"
      owner          = "shop-data"
      tier           = "gold"
      classification = "internal"
      topics = {
        "shop.orders.v1"                  = { partitions = 2, config = { "retention.ms" = "604800000" } }
        "tideline.increments.shop.orders" = { partitions = 2, config = { "retention.ms" = "604800000" } }
      }
      prefixes = {
        bronze = { place = "bronze/shop/orders/", ttl_days = 30 }
        silver = { place = "silver/shop/orders/", ttl_days = 30 }
        runs   = { place = "documents/runs/shop.orders/" }
      }
      roles = {
        producer = { topics = { read = [], write = ["shop.orders.v1"] }, prefixes = { read = [], write = [] } }
        ingest   = { topics = { read = ["shop.orders.v1"], write = [] }, prefixes = { read = ["bronze/shop/orders/"], write = ["bronze/shop/orders/"] } }
        refine   = { topics = { read = [], write = [] }, prefixes = { read = ["bronze/shop/orders/"], write = ["silver/shop/orders/"] } }
        model    = { topics = { read = [], write = [] }, prefixes = { read = ["silver/shop/orders/"], write = [] } }
        publish  = { topics = { read = [], write = [] }, prefixes = { read = [], write = ["documents/runs/shop.orders/"] } }
        speed    = { topics = { read = ["shop.orders.v1"], write = ["tideline.increments.shop.orders"] }, prefixes = { read = [], write = [] } }
        serving  = { topics = { read = ["tideline.increments.shop.orders"], write = [] }, prefixes = { read = [], write = [] } }
      }
      tables = {}
    }
  }
}

run "an_environment_without_code_image_or_certificate_is_everything_that_needs_none" {
  command = plan

  assert {
    condition     = output.facts.code == null && output.facts.airflow == null && output.facts.push == null && output.facts.api == null
    error_message = "Nothing that needs code, an image or a certificate is made before there is one."
  }
  assert {
    condition     = output.facts.buckets["silver"] == "tideline-dev-silver-111122223333"
    error_message = "Buckets are there from the first apply on."
  }
  assert {
    condition     = length(module.backup) == 0 && length(module.finops) == 0
    error_message = "A part that is off makes nothing."
  }
  assert {
    condition     = length(jsondecode(output.facts.topics_document).topics) == 2
    error_message = "The topics are those of the contracts."
  }
}

run "what_holds_data_is_protected_where_the_character_says_so" {
  command = plan
  variables {
    environment = "prod"
    character   = { protect = true, size = "M", nat = "per_zone", backup_days = 35 }
  }

  assert {
    condition     = length(module.backup) == 1
    error_message = "Prod is backed up."
  }
  assert {
    condition     = output.facts.buckets["silver"] == "tideline-prod-silver-111122223333"
    error_message = "Names say the environment."
  }
}

run "an_account_of_a_landing_zone_keeps_its_recorder_and_its_bill" {
  command = plan
  variables {
    character = { protect = false, parts = { backup = false } }
    inputs = {
      account_id         = "111122223333"
      region             = "eu-central-1"
      availability_zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
      owner              = "data-platform"
      lake_admins        = ["arn:aws:iam::111122223333:role/Admin"]
      budget             = 500
      config_recorder    = false

      reserve_concurrency = false
    }
  }

  assert {
    condition     = local.reserved == -1
    error_message = "An account with ten calls at once has none to reserve."
  }

  assert {
    condition     = length(module.audit.rule_names) > 0 && local.recorder == false
    error_message = "Rules are judged by the recorder that there is."
  }
  assert {
    condition     = length(module.finops[0].budget_names) == 1 && local.anomalies == null
    error_message = "A member of an organization has a budget, and no monitor that only the payer may make."
  }
}

run "inputs_choose_another_size_than_the_environment" {
  command = plan
  variables {
    inputs = {
      account_id         = "111122223333"
      region             = "eu-central-1"
      availability_zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
      owner              = "data-platform"
      lake_admins        = ["arn:aws:iam::111122223333:role/Admin"]
      size               = "L"
    }
  }

  assert {
    condition     = keys(output.facts.clusters) == ["batch"]
    error_message = "Size L has a cluster on EC2."
  }
}

run "speed_has_no_more_tasks_than_its_contracts_have_partitions" {
  command = plan
  variables {
    inputs = {
      account_id         = "111122223333"
      region             = "eu-central-1"
      availability_zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
      owner              = "data-platform"
      lake_admins        = ["arn:aws:iam::111122223333:role/Admin"]
      size               = "M"
      image              = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/tideline/dev/layer@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    }
  }

  assert {
    condition     = module.services.speed_tasks == { minimum = 2, maximum = 2 }
    error_message = "Size M may have more, but there are two partitions of events; those of increments are written, not shared."
  }
}

run "kinesis_instead_of_kafka" {
  command = plan
  variables {
    character = { protect = false, engine = "kinesis", parts = { backup = false, config = false } }
  }

  assert {
    condition     = output.facts.kafka == null && length(jsondecode(output.facts.topics_document).topics) == 0
    error_message = "With Kinesis there is no Kafka."
  }
}
