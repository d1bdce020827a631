mock_provider "aws" {}
mock_provider "aws" {
  alias = "replica"
}

variables {
  context = {
    project     = "tideline"
    environment = "dev"
    account_id  = "111122223333"
    region      = "eu-central-1"
    tags        = { cost-center = "42" }
  }
}

run "every_purpose_has_a_rotating_key_with_an_alias" {
  command = plan

  assert {
    condition     = toset(keys(aws_kms_key.this)) == toset(keys(module.names.keys))
    error_message = "One key per purpose of modules/names."
  }
  assert {
    condition     = alltrue([for key in aws_kms_key.this : key.enable_key_rotation && key.rotation_period_in_days == 365])
    error_message = "Every key rotates within a year."
  }
  assert {
    condition     = alltrue([for key in aws_kms_key.this : key.deletion_window_in_days == 30])
    error_message = "The default leaves thirty days to notice a deletion."
  }
  assert {
    condition     = alltrue([for purpose, alias in aws_kms_alias.this : alias.name == "alias/tideline-dev-${purpose}"])
    error_message = "Roles name keys by these aliases."
  }
  assert {
    condition     = alltrue([for purpose, key in aws_kms_key.this : key.tags["purpose"] == purpose && key.tags["module"] == "kms" && key.tags["cost-center"] == "42"])
    error_message = "Every key says what it is for and whose it is."
  }
  assert {
    condition     = alltrue([for key in aws_kms_key.this : key.multi_region == false]) && length(aws_kms_replica_key.this) == 0
    error_message = "Without being asked nothing is in another region."
  }
}

run "policies_let_in_only_the_account_and_named_services" {
  command = plan

  assert {
    condition = alltrue(flatten([for key in aws_kms_key.this : [for one in jsondecode(key.policy).Statement :
      try(one.Principal.AWS == "arn:aws:iam::111122223333:root", can(regex("^[a-z0-9.-]+\\.amazonaws\\.com$", one.Principal.Service)))
    ]]))
    error_message = "Nobody but the account (by IAM) and services of AWS stands in a key's policy."
  }
  assert {
    condition = alltrue(flatten([for key in aws_kms_key.this : [for one in jsondecode(key.policy).Statement :
      can(one.Principal.AWS) || strcontains(try(jsonencode(one.Condition), ""), "111122223333")
    ]]))
    error_message = "A service may use a key for this account only."
  }
  assert {
    condition = alltrue(flatten([for key in aws_kms_key.this : [for one in jsondecode(key.policy).Statement : [for action in one.Action :
      !strcontains(action, "*")
    ]]]))
    error_message = "Actions are named one by one."
  }
  assert {
    condition = alltrue(flatten([for purpose, key in aws_kms_key.this : [for one in jsondecode(key.policy).Statement :
      one.Condition.StringEquals["kms:ViaService"] == ["s3.eu-central-1.amazonaws.com"] if one.Sid == "UsedByIam"
    ] if contains(["bronze", "silver", "gold", "quarantine", "landing", "documents", "checkpoints", "audit"], purpose)]))
    error_message = "What lies in buckets is decrypted through S3 only."
  }
  assert {
    condition = [for one in jsondecode(aws_kms_key.this["artifacts"].policy).Statement : one.Condition.StringEquals["kms:ViaService"]
    if one.Sid == "UsedByIam"] == [["s3.eu-central-1.amazonaws.com", "sqs.eu-central-1.amazonaws.com"]]
    error_message = "The key of artifacts is used through S3, and through the queue of a managed Airflow."
  }
  assert {
    condition = [for one in jsondecode(aws_kms_key.this["artifacts"].policy).Statement : one.Condition.ArnLike["kms:EncryptionContext:aws:logs:arn"]
    if one.Sid == "AirflowLogGroups"] == ["arn:aws:logs:eu-central-1:111122223333:log-group:airflow-tideline-dev-*"]
    error_message = "MWAA's own log groups are encrypted with the key of its code."
  }
  assert {
    condition     = alltrue([for zone in ["bronze", "silver", "gold", "landing"] : length(jsondecode(aws_kms_key.this[zone].policy).Statement) == 3])
    error_message = "No service needs the keys of the tables in its own name."
  }
  assert {
    condition = [for one in jsondecode(aws_kms_key.this["telemetry"].policy).Statement : one.Condition.ArnLike["kms:EncryptionContext:aws:logs:arn"]
    if one.Sid == "LogGroups"] == ["arn:aws:logs:eu-central-1:111122223333:log-group:/tideline/dev/*"]
    error_message = "CloudWatch Logs uses the key for log groups of this environment."
  }
  assert {
    condition = [for one in jsondecode(aws_kms_key.this["audit"].policy).Statement : one.Condition.StringEquals["aws:SourceArn"]
    if one.Sid == "TrailWritesEncrypted"] == ["arn:aws:cloudtrail:eu-central-1:111122223333:trail/tideline-dev"]
    error_message = "Only our own trail writes under the key of the audit bucket."
  }
  assert {
    condition = alltrue([for service in ["aps", "backup", "budgets", "cloudwatch", "costalerts", "events"] :
      contains([for one in jsondecode(aws_kms_key.this["telemetry"].policy).Statement : try(one.Principal.Service, "")], "${service}.amazonaws.com")
    ])
    error_message = "Whoever publishes to the encrypted topics may use their key."
  }
  assert {
    condition = [for one in jsondecode(aws_kms_key.this["telemetry"].policy).Statement : one.Condition
    if contains(["BackupNotifies", "EventsNotifies"], one.Sid)] == [for _ in range(2) : { ArnLike = { "kms:EncryptionContext:aws:sns:topicArn" = "arn:aws:sns:eu-central-1:111122223333:tideline-dev-*" } }]
    error_message = "What reaches a key from EventBridge says for which topic, and not for whom: a source in the condition would lose every event."
  }
}

run "prod_has_replicas_with_a_policy_of_their_own_region" {
  command = plan
  variables {
    context       = { project = "tideline", environment = "prod", account_id = "444455556666", region = "eu-central-1" }
    multi_region  = true
    rotation_days = 90
    replica       = { region = "eu-west-1", purposes = ["gold", "documents", "backup"] }
  }

  assert {
    condition     = alltrue([for key in aws_kms_key.this : key.multi_region])
    error_message = "Keys with replicas are multi-region keys."
  }
  assert {
    condition     = toset(keys(aws_kms_replica_key.this)) == toset(["gold", "documents", "backup"])
    error_message = "Only the named purposes have replicas."
  }
  assert {
    condition = [for one in jsondecode(aws_kms_replica_key.this["gold"].policy).Statement : one.Condition.StringEquals["kms:ViaService"]
    if one.Sid == "UsedByIam"] == [["s3.eu-west-1.amazonaws.com"]]
    error_message = "A replica is used through S3 of its own region."
  }
  assert {
    condition     = aws_kms_alias.replica["gold"].name == "alias/tideline-prod-gold"
    error_message = "Roles name a replica by the same alias."
  }
  assert {
    condition     = aws_kms_replica_key.this["gold"].tags["purpose"] == "gold" && aws_kms_replica_key.this["gold"].deletion_window_in_days == 30
    error_message = "A replica is tagged and guarded as its key is."
  }
}

run "outputs_are_by_purpose" {
  command = apply

  assert {
    condition     = output.key_arns["silver"] == aws_kms_key.this["silver"].arn && length(output.key_arns) == length(module.names.keys)
    error_message = "The other modules find every key by its purpose."
  }
  assert {
    condition     = output.replica_key_arns == {}
    error_message = "No replica, no ARN."
  }
}
