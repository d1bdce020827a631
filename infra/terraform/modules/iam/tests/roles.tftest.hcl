# Who may take which role, under which boundary, with which tags.

mock_provider "aws" {}

variables {
  context = { project = "tideline", environment = "dev", account_id = "111122223333", region = "eu-central-1", tags = { cost-center = "42" } }

  contracts = { "retail.sales" = {
    domain = "retail", product = "sales", owner = "retail-data", tier = "gold"
    prefixes = {
      bronze             = { place = "bronze/retail/sales/", ttl_days = 30 }
      silver             = { place = "silver/retail/sales/" }
      quarantine         = { place = "quarantine/retail/sales/" }
      "gold.by_day"      = { place = "gold/by_day/" }
      "documents.runs"   = { place = "documents/runs/retail.sales/" }
      "documents.drift"  = { place = "documents/drift/retail.sales/" }
      "documents.points" = { place = "documents/releases/retail.sales/" }
    }
    roles = {
      producer = { topics = { read = [], write = ["retail.sales.v1"] }, prefixes = { read = [], write = [] } }
      ingest = {
        topics   = { read = ["retail.sales.v1", "tideline.increments.retail.sales"], write = [] }
        prefixes = { read = ["bronze/retail/sales/", "documents/runs/retail.sales/"], write = ["bronze/retail/sales/", "documents/runs/retail.sales/"] }
      }
      refine = {
        topics   = { read = [], write = [] }
        prefixes = { read = ["bronze/retail/sales/", "silver/retail/sales/"], write = ["documents/drift/retail.sales/", "quarantine/retail/sales/", "silver/retail/sales/"] }
      }
      model   = { topics = { read = [], write = [] }, prefixes = { read = ["silver/retail/sales/", "gold/by_day/"], write = ["gold/by_day/"] } }
      publish = { topics = { read = [], write = [] }, prefixes = { read = ["gold/by_day/", "documents/releases/retail.sales/"], write = ["documents/releases/retail.sales/"] } }
      speed = {
        topics   = { read = ["retail.sales.v1", "tideline.increments.retail.sales"], write = ["tideline.increments.retail.sales"] }
        prefixes = { read = ["documents/releases/retail.sales/", "silver/retail/sales/"], write = ["documents/drift/retail.sales/"] }
      }
      serving = {
        topics   = { read = ["retail.sales.v1", "tideline.increments.retail.sales"], write = [] }
        prefixes = { read = ["documents/releases/retail.sales/", "gold/by_day/"], write = [] }
      }
    }
    tables = {
      "bronze.retail_sales" = { zone = "bronze", name = "retail_sales", place = "bronze/retail/sales/" }
      "silver.retail_sales" = { zone = "silver", name = "retail_sales", place = "silver/retail/sales/" }
      "gold.by_day"         = { zone = "gold", name = "by_day", place = "gold/by_day/" }
    }
  } }
}

run "the_least" {
  command = plan

  assert {
    condition = toset(keys(aws_iam_role.this)) == toset([
      "airflow", "backup", "config", "delivery", "delivery-workflow", "deployment", "ecs-execution", "emr-instance", "emr-service", "evolve/retail.sales", "flow-logs", "ingest/retail.sales",
      "lakeformation", "maintain/retail.sales", "model/retail.sales", "publish/retail.sales", "push", "refine/retail.sales", "serving", "speed", "topics", "trail", "upload-events",
    ])
    error_message = "Only what is on by default has a role, and nobody is let in unasked."
  }
  assert {
    condition     = alltrue([for role in aws_iam_role.this : role.permissions_boundary == "arn:aws:iam::111122223333:policy/tideline-dev-boundary"])
    error_message = "A role without the boundary."
  }
  assert {
    condition     = aws_iam_policy.boundary.name == "tideline-dev-boundary"
    error_message = "The boundary has another name than roles say."
  }
  assert {
    condition = alltrue([for one in concat(values(aws_iam_role.this), values(aws_iam_policy.this), [aws_iam_policy.boundary], aws_iam_instance_profile.emr) :
    one.tags.project == "tideline" && one.tags.environment == "dev" && one.tags.module == "iam" && one.tags["cost-center"] == "42"])
    error_message = "A tag is missing."
  }
  assert {
    condition = alltrue([for stage in ["ingest", "refine", "model", "publish", "evolve", "maintain"] : alltrue([for key, value in {
      contract = "retail.sales", domain = "retail", owner = "retail-data", tier = "gold"
    } : aws_iam_role.this["${stage}/retail.sales"].tags[key] == value])])
    error_message = "What belongs to a contract carries its tags."
  }
  assert {
    condition = alltrue([for role in aws_iam_role.this : alltrue([for one in jsondecode(role.assume_role_policy).Statement :
    one.Effect == "Allow" && one.Principal != "*" && try(one.Principal.AWS, "") != "*"])])
    error_message = "A role that anybody may take."
  }
  assert {
    condition = alltrue([for role, service in {
      airflow = "environment/tideline-dev", speed = "ecs", delivery-workflow = "stateMachine:tideline-dev-delivery", emr-service = "elasticmapreduce", flow-logs = "vpc-flow-log", upload-events = "rule/tideline-dev-"
      } : alltrue([for one in jsondecode(aws_iam_role.this[role].assume_role_policy).Statement :
        one.Condition.StringEquals["aws:SourceAccount"] == "111122223333" && alltrue([for arn in one.Condition.ArnLike["aws:SourceArn"] : strcontains(arn, service) && strcontains(arn, ":eu-central-1:111122223333:")])
    ])])
    error_message = "A service may take a role for somebody else's resources."
  }
  assert {
    condition = [for one in jsondecode(aws_iam_role.this["refine/retail.sales"].assume_role_policy).Statement : one.Condition] == [
      { ArnLike = { "aws:SourceArn" = "arn:aws:emr-serverless:eu-central-1:111122223333:/applications/*" }, StringEquals = { "aws:SourceAccount" = "111122223333" } },
      { ArnEquals = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/tideline-dev-emr-instance" } },
    ]
    error_message = "A job's role is taken by EMR Serverless, or by the nodes of our clusters."
  }
  assert {
    condition     = length(keys(aws_iam_role_policy_attachment.this)) == length(keys(aws_iam_policy.this)) && alltrue([for key, one in aws_iam_role_policy_attachment.this : one.policy_arn == "arn:aws:iam::111122223333:policy/${aws_iam_policy.this[key].name}"])
    error_message = "A policy hangs on nothing, or on the wrong role."
  }
}

run "the_most" {
  command = plan

  variables {
    replica_region = "eu-west-1"
    features       = { archive = true, sftp = true, crawlers = true, warehouse = true, prometheus = true, grafana = true, replication = true }
    producers      = { retail = ["arn:aws:iam::444455556666:role/shop"] }
    people = {
      platform-engineer  = ["arn:aws:iam::111122223333:role/sign-in/Platform"]
      analytics-engineer = ["arn:aws:iam::111122223333:role/sign-in/Analytics"]
      analyst            = ["arn:aws:iam::111122223333:saml-provider/Company"]
      on-call            = ["arn:aws:iam::111122223333:role/sign-in/Platform", "arn:aws:iam::111122223333:saml-provider/Company"]
      compliance         = ["arn:aws:iam::111122223333:user/auditor"]
    }
    github = {
      repository   = "example/tideline"
      environments = ["dev"]
      state        = { bucket = "tideline-shared-state-111122223333", prefix = "dev/", key_arn = "arn:aws:kms:eu-central-1:111122223333:key/state" }
    }
  }

  assert {
    condition     = length(setsubtract(["sftp", "firehose", "crawler", "redshift", "monitoring", "replication", "ci-plan", "ci-apply", "ci-contracts", "producer/retail", "analyst", "on-call"], keys(aws_iam_role.this))) == 0
    error_message = "A part is on and its role is not made."
  }
  assert {
    condition = alltrue(flatten([for person in ["platform-engineer", "analytics-engineer", "analyst", "on-call", "compliance"] : [
      for one in jsondecode(aws_iam_role.this[person].assume_role_policy).Statement :
      one.Action == "sts:AssumeRole" ? alltrue([for arn in one.Principal.AWS : try(one.Condition.Bool["aws:MultiFactorAuthPresent"], "unasked") == (strcontains(arn, ":user/") ? "true" : "unasked")]) : one.Condition.StringEquals["SAML:aud"] == "https://signin.aws.amazon.com/saml"
    ]]))
    error_message = "A user gets in without MFA, or a role of the sign-in is asked for what its session cannot say."
  }
  assert {
    condition     = alltrue([for person in ["platform-engineer", "analytics-engineer", "analyst", "on-call", "compliance"] : aws_iam_role.this[person].max_session_duration >= 3600 && aws_iam_role.this[person].max_session_duration <= 14400])
    error_message = "A person's session lasts one to four hours."
  }
  assert {
    condition = jsondecode(aws_iam_role.this["ci-apply"].assume_role_policy).Statement[0].Condition.StringEquals == {
      "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com", "token.actions.githubusercontent.com:sub" = ["repo:example/tideline:environment:dev"]
    }
    error_message = "ci-apply is for the protected environment only."
  }
  assert {
    condition     = aws_iam_role.this["ci-contracts"].assume_role_policy == aws_iam_role.this["ci-apply"].assume_role_policy
    error_message = "Contracts are rolled out by the jobs that apply, and by no other."
  }
  assert {
    condition = toset(flatten([for key, one in aws_iam_policy.this : [for statement in jsondecode(one.policy).Statement : statement.Resource if contains(flatten([statement.Action]), "s3:PutObject")] if startswith(key, "ci-contracts#")])) == toset([
      "arn:aws:s3:::tideline-dev-documents-111122223333/deployments/*",
    ])
    error_message = "A rollout writes deployments: no row, no commit, and no other document."
  }
  assert {
    condition = flatten([for key, one in aws_iam_policy.this : [for statement in jsondecode(one.policy).Statement : statement.Resource if contains(flatten([statement.Action]), "iam:PassRole")] if startswith(key, "ci-contracts#")]) == [
      "arn:aws:iam::111122223333:role/tideline-dev-evolve-*",
    ]
    error_message = "Who starts a job chooses its code: a rollout hands on no role but evolve's."
  }
  assert {
    condition = { for action in ["s3:PutObject", "s3:DeleteObject"] : action => toset(flatten([for key, one in aws_iam_policy.this : [
      for statement in jsondecode(one.policy).Statement : statement.Resource if contains(flatten([statement.Action]), action)
      ] if startswith(key, "evolve/")])) } == {
      "s3:PutObject" = toset([
        "arn:aws:s3:::tideline-dev-logs-111122223333/emr-serverless/*", "arn:aws:s3:::tideline-dev-silver-111122223333/retail/sales/_delta_log/*",
        "arn:aws:s3:::tideline-dev-silver-111122223333/retail/sales/part-*",
      ])
      "s3:DeleteObject" = toset(["arn:aws:s3:::tideline-dev-silver-111122223333/retail/sales/_delta_log/.*.tmp"])
    }
    error_message = "evolve commits to silver of its contract, and deletes temporary files only."
  }
  assert {
    condition     = !strcontains(join("", [for key, one in aws_iam_policy.this : one.policy if startswith(key, "ci-contracts#")]), "DeleteObject")
    error_message = "A rollout deletes nothing."
  }
  assert {
    condition = alltrue([for person, other in { "analyst" = "analytics-engineer", "analytics-engineer" = "analyst" } : alltrue([
      for text in [join("", [for key, one in aws_iam_policy.this : one.policy if startswith(key, "${person}#")])] :
      strcontains(text, ":workgroup/tideline-dev-${person}\"") && strcontains(text, "/athena-results/${person}/*") && !strcontains(text, ":workgroup/tideline-dev-${other}") && !strcontains(text, "athena-results/${other}") && !strcontains(text, "athena-results/*")
    ])])
    error_message = "Who asks has a workgroup and a place of results of their own, and nobody else's."
  }
  assert {
    condition     = strcontains(join("", [for key, one in aws_iam_policy.this : one.policy if startswith(key, "on-call#")]), ":tideline-dev-uploads-undelivered")
    error_message = "Whoever is called for undelivered uploads can take them."
  }
  assert {
    condition     = jsondecode(aws_iam_role.this["ci-plan"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == ["repo:example/tideline:pull_request", "repo:example/tideline:ref:refs/heads/main"]
    error_message = "ci-plan is for pull requests and the branch."
  }
  assert {
    condition     = jsondecode(aws_iam_role.this["producer/retail"].assume_role_policy).Statement[0].Principal.AWS == ["arn:aws:iam::444455556666:role/shop"]
    error_message = "A producer's role is for the producers of its domain."
  }
}

run "an_airflow_of_your_own" {
  command = plan

  variables {
    features           = { airflow = "own", emr_clusters = false }
    airflow_principals = ["arn:aws:iam::111122223333:role/airflow-workers"]
  }

  assert {
    condition     = jsondecode(aws_iam_role.this["airflow"].assume_role_policy).Statement == [{ Action = "sts:AssumeRole", Effect = "Allow", Principal = { AWS = ["arn:aws:iam::111122223333:role/airflow-workers"] } }]
    error_message = "An Airflow of your own takes the role, and AWS's does not."
  }
  assert {
    condition     = !strcontains(join("", [for key, one in aws_iam_policy.this : one.policy if startswith(key, "airflow#")]), "airflow-celery") && length(aws_iam_instance_profile.emr) == 0 && !contains(keys(aws_iam_role.this), "emr-instance")
    error_message = "What belongs to MWAA or to EMR on EC2 is left out."
  }
  assert {
    condition     = output.instance_profile == null
    error_message = "There is no instance profile."
  }
}

run "kinesis" {
  command = plan

  variables { features = { stream = "kinesis" } }

  assert {
    condition     = !contains(keys(aws_iam_role.this), "topics") && alltrue([for one in aws_iam_policy.this : !strcontains(one.policy, "kafka-cluster:")])
    error_message = "With Kinesis nothing speaks of Kafka."
  }
  assert {
    condition     = strcontains(join("", [for key, one in aws_iam_policy.this : one.policy if startswith(key, "push#")]), "arn:aws:kinesis:eu-central-1:111122223333:stream/tideline-dev-retail.sales.v1")
    error_message = "push writes the stream of the contract's events."
  }
}
