# What every bucket has, and what the zones have of their own.

mock_provider "aws" {}
mock_provider "aws" {
  alias = "replica"
}

variables {
  context  = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  key_arns = { for zone in ["bronze", "silver", "gold", "quarantine", "landing", "documents", "checkpoints", "artifacts", "audit"] : zone => "arn:aws:kms:eu-central-1:123456789012:key/${zone}" }
  contracts = {
    "retail.sales" = { prefixes = {
      bronze   = { place = "bronze/retail/sales/", ttl_days = 3650 }
      silver   = { place = "silver/retail/sales/", ttl_days = 5 }
      gold     = { place = "gold/kpis/" }
      landing  = { place = "landing/retail/sales/", ttl_days = 3 }
      releases = { place = "documents/releases/retail.sales/" }
      runs     = { place = "documents/runs/retail.sales/", ttl_days = 400 }
    } }
    "retail.stock" = { prefixes = {
      silver  = { place = "silver/retail/stock/", ttl_days = 10 }
      landing = { place = "landing/retail/stock/", ttl_days = 3650 }
      runs    = { place = "documents/runs/retail.stock/", ttl_days = 100 }
    } }
  }
}

run "every_bucket_is_private_versioned_and_encrypted_with_its_own_key" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }

  assert {
    condition     = length(aws_s3_bucket.zone) == 10 && aws_s3_bucket.zone["silver"].bucket == "tideline-dev-silver-123456789012"
    error_message = "Ten zones are ten buckets with the names of modules/names."
  }
  assert {
    condition = alltrue([for zone, block in aws_s3_bucket_public_access_block.zone :
    block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets]) && length(aws_s3_bucket_public_access_block.zone) == 10
    error_message = "Nothing may be public."
  }
  assert {
    condition     = alltrue([for zone, one in aws_s3_bucket_ownership_controls.zone : one.rule[0].object_ownership == "BucketOwnerEnforced"])
    error_message = "ACLs are off everywhere."
  }
  assert {
    condition     = alltrue([for zone, one in aws_s3_bucket_versioning.zone : one.versioning_configuration[0].status == "Enabled"])
    error_message = "Every bucket keeps versions."
  }
  assert {
    condition = alltrue([for zone, one in aws_s3_bucket_server_side_encryption_configuration.zone : alltrue([for rule in one.rule :
      zone == "logs" ? rule.apply_server_side_encryption_by_default[0].sse_algorithm == "AES256" :
      rule.bucket_key_enabled && rule.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms" &&
    rule.apply_server_side_encryption_by_default[0].kms_master_key_id == "arn:aws:kms:eu-central-1:123456789012:key/${zone}"])])
    error_message = "Each zone has its own key; logs alone is under SSE-S3."
  }
  assert {
    condition     = alltrue([for zone, bucket in aws_s3_bucket.zone : bucket.tags["managed-by"] == "terraform" && bucket.tags["zone"] == zone && !bucket.force_destroy])
    error_message = "Buckets are tagged, and not destroyed with what is in them."
  }
  assert {
    condition     = length(aws_s3_bucket_logging.zone) == 9 && aws_s3_bucket_logging.zone["gold"].target_bucket == "tideline-dev-logs-123456789012"
    error_message = "Every bucket but logs writes access logs to logs."
  }
  assert {
    condition     = aws_s3_bucket_notification.landing.eventbridge
    error_message = "EventBridge hears of files that arrive."
  }
  assert {
    condition     = length(aws_s3_bucket.replica) == 0 && length(aws_s3_bucket_replication_configuration.zone) == 0 && length(aws_s3_bucket_inventory.zone) == 0
    error_message = "Without replication and inventory nothing of them is made."
  }
  assert {
    condition     = output.bucket_names["gold"] == "tideline-dev-gold-123456789012" && output.bucket_arns["gold"] == "arn:aws:s3:::tideline-dev-gold-123456789012"
    error_message = "The outputs are known in a plan."
  }
}

run "life_times_break_no_table" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }

  assert {
    condition = alltrue([for zone in ["bronze", "silver", "gold", "quarantine", "checkpoints"] :
    [for rule in aws_s3_bucket_lifecycle_configuration.zone[zone].rule : rule.id if length(rule.expiration) > 0] == ["uploads-and-versions"]])
    error_message = "No rule expires current objects of a table zone or of checkpoints."
  }
  assert {
    condition = alltrue(flatten([for zone, one in aws_s3_bucket_lifecycle_configuration.zone : [
      for rule in one.rule : [for move in rule.transition : move.storage_class == "INTELLIGENT_TIERING"]
    ]]))
    error_message = "Nothing moves to a class that cannot be read at once."
  }
  assert {
    condition     = length([for rule in aws_s3_bucket_lifecycle_configuration.zone["gold"].rule : rule if length(rule.transition) > 0]) == 1
    error_message = "Tables are tiered."
  }
  assert {
    condition = alltrue([for zone, one in aws_s3_bucket_lifecycle_configuration.zone :
      one.rule[0].abort_incomplete_multipart_upload[0].days_after_initiation == 7 && one.rule[0].noncurrent_version_expiration[0].noncurrent_days == 30
    && one.rule[0].expiration[0].expired_object_delete_marker])
    error_message = "Everywhere unfinished uploads, old versions and empty delete markers go."
  }
  assert {
    condition = { for rule in aws_s3_bucket_lifecycle_configuration.zone["silver"].rule : rule.filter[0].prefix => rule.noncurrent_version_expiration[0].noncurrent_days
    if startswith(rule.id, "shorten:") } == { "retail/" = 10, "retail/sales/" = 5 }
    error_message = "A short retention shortens how long deleted versions stay: the domain's longest, and one rule for what is shorter."
  }
  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.zone["bronze"].rule : rule.id] == ["uploads-and-versions", "tiers"]
    error_message = "Ten years of retention are longer than versions are kept anyway: no rule."
  }
  assert {
    condition = { for rule in aws_s3_bucket_lifecycle_configuration.zone["landing"].rule : rule.id => rule.expiration[0].days
    if startswith(rule.id, "expire:") } == { "expire:" = 90, "expire:retail/sales/" = 3 }
    error_message = "A file that arrived goes after 90 days, or sooner by its contract."
  }
  assert {
    condition = { for rule in aws_s3_bucket_lifecycle_configuration.zone["documents"].rule : rule.filter[0].prefix => rule.expiration[0].days
    if startswith(rule.id, "expire:") } == { "runs/" = 400, "runs/retail.stock/" = 100 }
    error_message = "Documents of runs go when contracts say so; releases never."
  }
  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.zone["artifacts"].rule : rule.expiration[0].days if rule.id == "expire:athena-results/"] == [7]
    error_message = "Results of queries expire."
  }
}

run "policies_refuse_what_they_promise" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }

  assert {
    condition = alltrue([for zone, one in aws_s3_bucket_policy.zone : length(setsubtract(["RefusePlainHttp", "RefuseOldTls", "RefuseOtherAccounts", "RefuseCustomerKeys"],
    [for statement in jsondecode(one.policy).Statement : statement.Sid if statement.Effect == "Deny" && statement.Principal == { AWS = "*" }])) == 0])
    error_message = "Every bucket refuses plain HTTP, old TLS, other accounts and customers' keys."
  }
  assert {
    condition = alltrue([for zone, one in aws_s3_bucket_policy.zone : [
      for statement in jsondecode(one.policy).Statement : [statement.Action, statement.Condition] if contains(["RefusePlainHttp", "RefuseOldTls"], statement.Sid)
    ] == [["s3:*", { Bool = { "aws:SecureTransport" = "false" } }], ["s3:*", { NumericLessThan = { "s3:TlsVersion" = "1.2" } }]]])
    error_message = "TLS 1.2 or newer, for every action."
  }
  assert {
    condition     = alltrue([for zone, one in aws_s3_bucket_policy.zone : contains([for statement in jsondecode(one.policy).Statement : statement.Sid], "RefuseAnotherKey") == (zone != "logs")])
    error_message = "Nobody names a key, but where logs are delivered."
  }
  assert {
    condition = alltrue([for zone in ["bronze", "silver", "gold", "quarantine"] : [
      for statement in jsondecode(aws_s3_bucket_policy.zone[zone].policy).Statement : [statement.Resource, statement.Condition["Null"], statement.Condition["Bool"]] if statement.Sid == "RefuseUnconditionalWrites"
      ] == [
      [["arn:aws:s3:::tideline-dev-${zone}-123456789012/*/_delta_log/*.json"], { "s3:if-none-match" = "true" }, { "s3:ObjectCreationOperation" = "true" }]
    ]])
    error_message = "A commit of a Delta table is put under If-None-Match or not at all; parts of an upload are exempt, its completion is not."
  }
  assert {
    condition = [for statement in jsondecode(aws_s3_bucket_policy.zone["documents"].policy).Statement : statement.Resource if statement.Sid == "RefuseUnconditionalWrites"] == [[
      for kind in ["deployments", "drift", "releases", "runs"] : "arn:aws:s3:::tideline-dev-documents-123456789012/${kind}/*"
    ]]
    error_message = "Documents are written once."
  }
  assert {
    condition = [for statement in jsondecode(aws_s3_bucket_policy.zone["silver"].policy).Statement : statement.Condition if statement.Sid == "RefuseOtherAccounts"] == [{
      StringNotEquals = { "aws:PrincipalAccount" = ["123456789012"] }, BoolIfExists = { "aws:PrincipalIsAWSService" = "false" }
    }]
    error_message = "Only this account and AWS's own services come in."
  }
  assert {
    condition     = alltrue(flatten([for zone, one in aws_s3_bucket_policy.zone : [for statement in jsondecode(one.policy).Statement : keys(statement.Principal) == ["Service"] if statement.Effect == "Allow"]]))
    error_message = "No bucket policy lets a person or a role in: that is IAM's."
  }
  assert {
    condition = toset(flatten([for statement in jsondecode(aws_s3_bucket_policy.zone["audit"].policy).Statement : statement.Condition.StringEquals["aws:SourceArn"]
    if statement.Effect == "Allow"])) == toset(["arn:aws:cloudtrail:eu-central-1:123456789012:trail/tideline-dev"])
    error_message = "Only our trail writes to audit."
  }
  assert {
    condition     = contains(flatten([for statement in jsondecode(aws_s3_bucket_policy.zone["audit"].policy).Statement : statement.Action if statement.Sid == "RefuseDeletes"]), "s3:DeleteObjectVersion")
    error_message = "Nobody deletes from audit."
  }
  assert {
    condition = toset([for statement in jsondecode(aws_s3_bucket_policy.zone["logs"].policy).Statement : statement.Principal.Service if statement.Effect == "Allow"]) == toset([
    "logging.s3.amazonaws.com", "logdelivery.elasticloadbalancing.amazonaws.com", "config.amazonaws.com"])
    error_message = "Logs takes what S3, the load balancer and AWS Config deliver."
  }
}

run "an_organization_may_be_trusted" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }
  variables {
    trusted   = { account_ids = ["210987654321"], organization_id = "o-a1b2c3d4e5" }
    inventory = true
  }

  assert {
    condition = [for statement in jsondecode(aws_s3_bucket_policy.zone["gold"].policy).Statement : statement.Condition.StringNotEquals if statement.Sid == "RefuseOtherAccounts"] == [{
      "aws:PrincipalAccount" = ["123456789012", "210987654321"], "aws:PrincipalOrgID" = "o-a1b2c3d4e5"
    }]
    error_message = "Refused is who is neither of the accounts nor of the organization."
  }
  assert {
    condition     = keys(aws_s3_bucket_inventory.zone) == ["bronze", "gold", "quarantine", "silver"]
    error_message = "Inventories are of table zones."
  }
  assert {
    condition     = contains([for statement in jsondecode(aws_s3_bucket_policy.zone["logs"].policy).Statement : statement.Sid], "InventoryArrives")
    error_message = "Logs takes inventories when there are any."
  }
}
