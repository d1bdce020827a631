# What nobody may, zone by zone; and what each stage may of its own.

mock_provider "aws" {}

variables {
  context        = { project = "tideline", environment = "dev", account_id = "111122223333", region = "eu-central-1" }
  replica_region = "eu-west-1"
  features       = { archive = true, sftp = true, crawlers = true, warehouse = true, grafana = true, replication = true }
  people         = { for person in ["platform-engineer", "analytics-engineer", "analyst", "on-call", "compliance"] : person => ["arn:aws:iam::111122223333:role/sign-in/Someone"] }
  producers      = { retail = ["arn:aws:iam::444455556666:role/shop"] }
  marts          = { "retail.sales" = ["fct_sales"] }

  contracts = { "retail.sales" = {
    domain = "retail", product = "sales", owner = "retail-data", tier = "gold"
    prefixes = {
      bronze             = { place = "bronze/retail/sales/" }
      silver             = { place = "silver/retail/sales/" }
      "gold.by_day"      = { place = "gold/by_day/" }
      "documents.points" = { place = "documents/releases/retail.sales/" }
    }
    roles = {
      producer = { topics = { read = [], write = ["retail.sales.v1"] }, prefixes = { read = [], write = [] } }
      ingest = {
        topics   = { read = ["retail.sales.v1", "tideline.increments.retail.sales"], write = [] }
        prefixes = { read = ["bronze/retail/sales/", "documents/runs/retail.sales/"], write = ["bronze/retail/sales/", "documents/runs/retail.sales/"] }
      }
      refine  = { topics = { read = [], write = [] }, prefixes = { read = ["bronze/retail/sales/", "silver/retail/sales/"], write = ["documents/drift/retail.sales/", "silver/retail/sales/"] } }
      model   = { topics = { read = [], write = [] }, prefixes = { read = ["silver/retail/sales/", "gold/by_day/"], write = ["gold/by_day/"] } }
      publish = { topics = { read = [], write = [] }, prefixes = { read = ["gold/by_day/", "documents/releases/retail.sales/"], write = ["documents/releases/retail.sales/"] } }
      speed   = { topics = { read = ["retail.sales.v1"], write = ["tideline.increments.retail.sales"] }, prefixes = { read = ["documents/releases/retail.sales/", "silver/retail/sales/"], write = ["documents/drift/retail.sales/"] } }
      serving = { topics = { read = ["retail.sales.v1"], write = [] }, prefixes = { read = ["documents/releases/retail.sales/", "gold/by_day/"], write = [] } }
    }
    tables = { "silver.retail_sales" = { zone = "silver", name = "retail_sales", place = "silver/retail/sales/" } }
  } }
}

run "zones" {
  command = plan

  # Each line: who, what, where; the name of a role with the actions that it may on objects of a zone.
  assert {
    condition = jsonencode({ for role in distinct([for key in keys(aws_iam_policy.this) : split("#", key)[0]]) : role => sort(distinct(flatten([
      for key, one in aws_iam_policy.this : [for statement in jsondecode(one.policy).Statement : [for action in statement.Action : action if startswith(action, "s3:Delete") || startswith(action, "s3:PutObject") || action == "s3:GetObject"]
        if statement.Effect == "Allow" && length([for arn in flatten([statement.Resource]) : arn if startswith(arn, "arn:aws:s3:::tideline-dev-silver-111122223333/")]) > 0
      ] if startswith(key, "${role}#")])))
      if length(flatten([for key, one in aws_iam_policy.this : [for statement in jsondecode(one.policy).Statement : [for arn in flatten([statement.Resource]) : arn if startswith(arn, "arn:aws:s3:::tideline-dev-silver-111122223333/")]] if startswith(key, "${role}#")])) > 0
      }) == jsonencode({
      "backup"                = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectVersionTagging"]
      "crawler"               = ["s3:GetObject"]
      "evolve/retail.sales"   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
      "lakeformation"         = ["s3:GetObject"]
      "maintain/retail.sales" = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
      "model/retail.sales"    = ["s3:GetObject"]
      "refine/retail.sales"   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
      "replication"           = []
      "speed"                 = ["s3:GetObject"]
    })
    error_message = "Somebody else reaches silver, or does more there: no person, not serving, not push."
  }
  assert {
    condition = alltrue(flatten([for key, one in aws_iam_policy.this : [for statement in jsondecode(one.policy).Statement : [for arn in flatten([try(statement.Resource, [])]) :
      strcontains(arn, "_delta_log") || startswith(key, "maintain/") || startswith(key, "backup#") || startswith(key, "sftp#") || startswith(key, "delivery#")
    ] if statement.Effect == "Allow" && contains(flatten([try(statement.Action, [])]), "s3:DeleteObject")]]))
    error_message = "Objects of tables are deleted by maintain only; everybody else cleans logs of tables, or inboxes."
  }
  assert {
    condition = alltrue(flatten([for key, one in aws_iam_policy.this : [for statement in jsondecode(one.policy).Statement : [for arn in flatten([try(statement.Resource, [])]) : !strcontains(arn, "-documents-")]
    if statement.Effect == "Allow" && !startswith(key, "backup#") && contains(flatten([try(statement.Action, [])]), "s3:DeleteObject")]]))
    error_message = "A document, once written, is deleted by nobody."
  }
  assert {
    condition     = toset([for key, one in aws_iam_policy.this : split("#", key)[0] if strcontains(one.policy, "tideline-dev-audit-111122223333/") || strcontains(one.policy, "tideline-dev-audit-111122223333\"")]) == toset(["compliance", "replication"])
    error_message = "Compliance and the copy read the audit zone, nobody writes it."
  }
  assert {
    condition     = !strcontains(join("", [for key, one in aws_iam_policy.this : one.policy if startswith(key, "compliance#")]), "s3:Put") && !strcontains(join("", [for key, one in aws_iam_policy.this : one.policy if startswith(key, "compliance#")]), "-gold-111122223333/")
    error_message = "Compliance reads what happened, no data, and writes nothing."
  }
  assert {
    condition = alltrue([for person in ["platform-engineer", "on-call", "compliance", "analyst"] : alltrue([for zone in ["bronze", "silver", "quarantine", "landing"] :
      !strcontains(replace(join("", [for key, one in aws_iam_policy.this : one.policy if startswith(key, "${person}#")]), "arn:aws:s3:::tideline-dev-${zone}-111122223333\"", ""), zone == "silver" ? "_silver" : "-${zone}-111122223333/")
    ])])
    error_message = "A person's role names objects of a zone that is not for people."
  }
  assert {
    condition     = !strcontains(join("", [for key, one in aws_iam_policy.this : one.policy if startswith(key, "analyst#")]), "tideline-dev-gold-")
    error_message = "Under Lake Formation an analyst has no right to the objects of gold themselves."
  }
  assert {
    condition = join("", [for key, one in aws_iam_policy.this : one.policy if startswith(key, "producer/")]) == jsonencode({ Version = "2012-10-17", Statement = [
      { Sid = "ConnectToCluster", Effect = "Allow", Action = ["kafka-cluster:Connect", "kafka-cluster:WriteDataIdempotently"], Resource = ["arn:aws:kafka:eu-central-1:111122223333:cluster/tideline-dev-events/*"] },
      { Sid = "WriteTopics0", Effect = "Allow", Action = ["kafka-cluster:DescribeTopic", "kafka-cluster:WriteData"], Resource = ["arn:aws:kafka:eu-central-1:111122223333:topic/tideline-dev-events/*/retail.sales.v1"] },
    ] })
    error_message = "A producer writes its domain's event topics and nothing else."
  }
  assert {
    condition     = strcontains(join("", [for key, one in aws_iam_policy.this : one.policy if startswith(key, "model/")]), "arn:aws:s3:::tideline-dev-gold-111122223333/fct_sales/*") && strcontains(join("", [for key, one in aws_iam_policy.this : one.policy if startswith(key, "model/")]), "gold-111122223333/quality_retail_sales/*")
    error_message = "model builds the marts and what gates measure."
  }
  assert {
    condition = alltrue(flatten([for one in aws_iam_policy.this : [for statement in jsondecode(one.policy).Statement :
      statement.Effect == "Deny" || (alltrue([for action in flatten([statement.Action]) : !strcontains(action, "*")]) && (!contains(flatten([statement.Resource]), "*") || startswith(statement.Sid, "NoResourceLevel")))
    ]]))
    error_message = "An action by wildcard, or a resource * that is not marked for the review."
  }
  assert {
    condition = alltrue(flatten([for one in aws_iam_policy.this : [for statement in jsondecode(one.policy).Statement : length(statement.Condition.StringEquals["iam:PassedToService"]) > 0
    if contains(flatten([statement.Action]), "iam:PassRole")]]))
    error_message = "A role is handed on to any service."
  }
  assert {
    condition = alltrue(flatten([for one in aws_iam_policy.this : [for statement in jsondecode(one.policy).Statement :
      anytrue([for operator, keys in try(statement.Condition, {}) : anytrue([for key in keys(keys) : contains(["kms:ResourceAliases", "aws:ResourceTag/environment"], key)])])
      if anytrue([for arn in flatten([statement.Resource]) : endswith(arn, ":key/*")])
    ]]))
    error_message = "A key of somebody else: every statement about keys says which by alias or by tag."
  }
}

run "without_lake_formation" {
  command = plan

  variables { features = { lake_formation = false } }

  assert {
    condition     = strcontains(join("", [for key, one in aws_iam_policy.this : one.policy if startswith(key, "analyst#")]), "tideline-dev-gold-111122223333/*") && !strcontains(join("", [for key, one in aws_iam_policy.this : one.policy if startswith(key, "analy")]), "-silver-111122223333")
    error_message = "Without Lake Formation IAM opens gold, and silver to no person: it has personal columns."
  }
}

run "boundary" {
  command = plan

  assert {
    condition = alltrue([for sid in ["StayInRegion", "WriteNowhereElse", "NoUsers", "NoRoleWithoutThisBoundary", "OnlyOurRoles", "LeaveTheBoundary", "LeaveBoundaries", "LeaveTheDoor", "LeaveProviders", "LeaveTheGuards", "LeaveTheAudit"] :
    contains([for one in jsondecode(aws_iam_policy.boundary.policy).Statement : one.Sid if one.Effect == "Deny"], sid)])
    error_message = "The boundary lost a refusal."
  }
  assert {
    condition = alltrue([for action in ["cloudtrail:StopLogging", "kms:ScheduleKeyDeletion", "s3:BypassGovernanceRetention", "s3:DeleteBucketPolicy", "config:StopConfigurationRecorder"] :
    contains(flatten([for one in jsondecode(aws_iam_policy.boundary.policy).Statement : one.Action if one.Sid == "LeaveTheGuards"]), action)])
    error_message = "A guard can be taken away."
  }
  assert {
    condition     = [for one in jsondecode(aws_iam_policy.boundary.policy).Statement : one.Condition.StringNotEquals["aws:RequestedRegion"] if one.Sid == "StayInRegion"] == [["eu-central-1", "eu-west-1"]]
    error_message = "The second region is open for copies only when there are any."
  }
}
