# One role per contract or per domain; long lists over several policies; the longest names.

mock_provider "aws" {}

variables {
  context = { project = "tideline", environment = "prod", account_id = "111122223333", region = "eu-central-1" }
  contracts = { for n in range(30) : "retail.product${n}" => {
    domain = "retail", product = "product${n}", owner = "team-${n % 2}", tier = "gold"
    prefixes = {
      bronze   = { place = "bronze/retail/product${n}/" }
      silver   = { place = "silver/retail/product${n}/" }
      "gold.a" = { place = "gold/product${n}_by_country_and_day/" }
      releases = { place = "documents/releases/retail.product${n}/" }
    }
    roles = merge(
      { for role in ["refine", "model", "publish", "serving", "speed"] : role => {
        topics = { read = [], write = role == "speed" ? ["tideline.increments.retail.product${n}"] : [] }
        prefixes = {
          read  = ["bronze/retail/product${n}/", "documents/releases/retail.product${n}/", "gold/product${n}_by_country_and_day/"]
          write = role == "model" ? ["gold/product${n}_by_country_and_day/"] : []
        }
      } },
      {
        producer = { topics = { read = [], write = ["retail.product${n}.v1"] }, prefixes = { read = [], write = [] } }
        ingest = {
          topics   = { read = ["retail.product${n}.v1", "tideline.increments.retail.product${n}"], write = [] }
          prefixes = { read = ["bronze/retail/product${n}/", "silver/retail/product${n}/_delta_log/"], write = ["bronze/retail/product${n}/", "documents/runs/retail.product${n}/"] }
        }
      },
    )
    tables = { "gold.a" = { zone = "gold", name = "product${n}_by_country_and_day", place = "gold/product${n}_by_country_and_day/" } }
  } }
}

run "by_contract" {
  command = plan

  assert {
    condition     = length([for role in keys(aws_iam_role.this) : role if strcontains(role, "/")]) == 6 * 30
    error_message = "Six roles for each contract."
  }
  assert {
    condition     = alltrue([for key, one in aws_iam_policy.this : !strcontains(one.policy, "product2") if startswith(key, "refine/retail.product1#")])
    error_message = "A contract's role reaches another contract."
  }
  assert {
    condition     = strcontains(join("", [for key, one in aws_iam_policy.this : one.policy if startswith(key, "serving#")]), "arn:aws:s3:::tideline-prod-gold-111122223333/*")
    error_message = "Beyond twenty contracts serving holds the zone."
  }
}

run "by_domain" {
  command = plan

  variables { scope = "domain" }

  assert {
    condition     = toset([for role in keys(aws_iam_role.this) : role if strcontains(role, "/")]) == toset(["ingest/retail", "refine/retail", "model/retail", "publish/retail", "evolve/retail", "maintain/retail"])
    error_message = "Six roles for each domain."
  }
  assert {
    condition     = strcontains(join("", [for key, one in aws_iam_policy.this : one.policy if startswith(key, "ingest/")]), "tideline-prod-bronze-111122223333/retail/*") && strcontains(join("", [for key, one in aws_iam_policy.this : one.policy if startswith(key, "ingest/")]), "documents-111122223333/runs/retail.*") && strcontains(join("", [for key, one in aws_iam_policy.this : one.policy if startswith(key, "ingest/")]), "/tideline.increments.retail.*")
    error_message = "Places with the domain in their name are cut back to it."
  }
  assert {
    condition = alltrue([for stage in ["ingest", "evolve"] : alltrue(flatten([for key, one in aws_iam_policy.this : [for statement in jsondecode(one.policy).Statement : [
      for arn in statement.Resource : arn == "arn:aws:s3:::tideline-prod-silver-111122223333/retail/*/_delta_log/*" || (stage == "evolve" && (!strcontains(arn, "*") || endswith(arn, "/retail/*/part-*")))
      if strcontains(arn, "-silver-111122223333/")
    ] if contains(statement.Action, "s3:GetObject") || contains(statement.Action, "s3:PutObject")] if startswith(key, "${stage}/")]))])
    error_message = "Who needs silver's logs alone reads rows of the domain, or evolve more than it has to."
  }
  assert {
    condition     = strcontains(join("", [for key, one in aws_iam_policy.this : one.policy if startswith(key, "ingest/")]), "silver-111122223333/retail/*/_delta_log/*") && strcontains(join("", [for key, one in aws_iam_policy.this : one.policy if startswith(key, "evolve/")]), "documents-111122223333/deployments/*")
    error_message = "A cut finds no log of silver, or evolve no order."
  }
  assert {
    condition     = length([for key in keys(aws_iam_policy.this) : key if startswith(key, "model/")]) > 1 && alltrue([for one in aws_iam_policy.this : length(one.policy) <= 6144])
    error_message = "Thirty gold tables need more than one policy, none longer than IAM takes."
  }
  assert {
    condition     = alltrue([for n in range(30) : length([for key, one in aws_iam_policy.this : key if startswith(key, "model/") && strcontains(one.policy, "gold-111122223333/product${n}_by_country_and_day/*\"")]) == 1])
    error_message = "Each gold table is in exactly one of them."
  }
  assert {
    condition     = aws_iam_role.this["refine/retail"].tags.domain == "retail" && aws_iam_role.this["refine/retail"].tags.tier == "gold" && !contains(keys(aws_iam_role.this["refine/retail"].tags), "owner")
    error_message = "A domain's roles carry what all of its contracts share."
  }
  assert {
    condition     = length(output.job_roles) == 180
    error_message = "Every contract finds its roles."
  }
}

run "too_many_roles" {
  command = plan

  variables { role_quota = 150 }

  expect_failures = [aws_iam_role.this]
}

run "the_longest_names" {
  command = plan

  variables {
    context        = { project = "abcdefghijkl", environment = "abcdefghij", account_id = "111122223333", region = "ap-southeast-1", partition = "aws-us-gov" }
    contracts      = {}
    replica_region = "ap-northeast-1"
    features       = { archive = true, sftp = true, crawlers = true, warehouse = true, prometheus = true, grafana = true, replication = true }
    people         = { for person in ["platform-engineer", "analytics-engineer", "analyst", "on-call", "compliance"] : person => ["arn:aws-us-gov:iam::111122223333:saml-provider/Company"] }
    github = {
      repository   = "example/tideline"
      environments = ["prod"]
      state        = { bucket = "abcdefghijkl-shared-state-111122223333", prefix = "abcdefghij/", key_arn = "arn:aws-us-gov:kms:ap-southeast-1:111122223333:key/state" }
    }
  }

  assert {
    condition     = alltrue([for role in aws_iam_role.this : length(role.name) <= 64]) && length([for key in keys(aws_iam_policy.this) : key if startswith(key, "ci-apply#")]) <= 10
    error_message = "With the longest names something does not fit."
  }
}

run "a_long_contract" {
  command = plan

  variables {
    contracts = { "a_rather_long_domain_name.and_a_product_with_an_even_longer_name" = {
      domain = "a_rather_long_domain_name", product = "and_a_product_with_an_even_longer_name", owner = "o", tier = "gold", prefixes = {}, tables = {}
      roles  = { for role in ["ingest", "refine", "model", "publish", "speed", "serving"] : role => { topics = { read = [], write = [] }, prefixes = { read = [], write = [] } } }
    } }
  }

  assert {
    condition     = length(aws_iam_role.this["ingest/a_rather_long_domain_name.and_a_product_with_an_even_longer_name"].name) == 64 && length(distinct([for role in aws_iam_role.this : role.name])) == length(aws_iam_role.this)
    error_message = "A long name is cut and stays a name of its own."
  }
}
