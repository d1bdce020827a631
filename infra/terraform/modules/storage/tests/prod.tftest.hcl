# What prod has beside dev: a lock that is final, and a copy in a second region.

mock_provider "aws" {}
mock_provider "aws" {
  alias = "replica"
}

variables {
  context  = { project = "tideline", environment = "prod", account_id = "123456789012", region = "eu-central-1" }
  key_arns = { for zone in ["bronze", "silver", "gold", "quarantine", "landing", "documents", "checkpoints", "artifacts", "audit"] : zone => "arn:aws:kms:eu-central-1:123456789012:key/${zone}" }
  replication = {
    region   = "eu-west-1"
    key_arns = { for zone in ["bronze", "silver", "gold", "quarantine", "documents", "artifacts", "audit"] : zone => "arn:aws:kms:eu-west-1:123456789012:key/${zone}" }
    role_arn = "arn:aws:iam::123456789012:role/tideline-prod-replication"
  }
}

run "the_audit_lock_of_prod_is_final" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }

  assert {
    condition     = aws_s3_bucket_object_lock_configuration.audit.rule[0].default_retention[0].mode == "COMPLIANCE" && aws_s3_bucket_object_lock_configuration.audit.rule[0].default_retention[0].days == 365
    error_message = "In prod not even root shortens the lock."
  }
  assert {
    condition     = [for zone, bucket in aws_s3_bucket.zone : zone if bucket.object_lock_enabled] == ["audit"]
    error_message = "Object Lock is on for audit, and for nothing that a table lives in."
  }
}

run "the_lock_of_dev_can_be_undone" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }
  variables {
    context       = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
    object_lock   = { days = 1 }
    force_destroy = true
    replication   = null
  }

  assert {
    condition     = aws_s3_bucket_object_lock_configuration.audit.rule[0].default_retention[0].mode == "GOVERNANCE" && aws_s3_bucket_object_lock_configuration.audit.rule[0].default_retention[0].days == 1
    error_message = "Dev can be torn down."
  }
  assert {
    condition     = alltrue([for zone, bucket in aws_s3_bucket.zone : bucket.force_destroy]) && length(aws_s3_bucket.replica) == 0
    error_message = "Dev is destroyed whole and has no copy."
  }
}

run "what_matters_is_copied_to_the_second_region" {
  command   = plan
  providers = { aws = aws, aws.replica = aws.replica }

  assert {
    condition     = keys(aws_s3_bucket.replica) == ["artifacts", "audit", "bronze", "documents", "gold", "quarantine", "silver"] && aws_s3_bucket.replica["gold"].bucket == "tideline-prod-gold-123456789012-replica"
    error_message = "Tables, documents, code and the trail are copied; logs, checkpoints and landing are not."
  }
  assert {
    condition     = alltrue([for zone, one in aws_s3_bucket_public_access_block.replica : one.block_public_acls && one.block_public_policy && one.ignore_public_acls && one.restrict_public_buckets]) && length(aws_s3_bucket_public_access_block.replica) == 7
    error_message = "A copy is as private as what it copies."
  }
  assert {
    condition     = alltrue(flatten([for zone, one in aws_s3_bucket_server_side_encryption_configuration.replica : [for rule in one.rule : rule.apply_server_side_encryption_by_default[0].kms_master_key_id == "arn:aws:kms:eu-west-1:123456789012:key/${zone}"]]))
    error_message = "Each copy is encrypted with its zone's key in its own region."
  }
  assert {
    condition = alltrue([for zone, one in aws_s3_bucket_replication_configuration.zone :
      one.rule[0].source_selection_criteria[0].sse_kms_encrypted_objects[0].status == "Enabled"
      && one.rule[0].destination[0].replication_time[0].status == "Enabled" && one.rule[0].destination[0].metrics[0].status == "Enabled"
    && one.rule[0].destination[0].encryption_configuration[0].replica_kms_key_id == "arn:aws:kms:eu-west-1:123456789012:key/${zone}"])
    error_message = "Encrypted objects are copied within 15 minutes, measured, under the replica's key."
  }
  assert {
    condition     = { for zone, one in aws_s3_bucket_replication_configuration.zone : zone => one.rule[0].delete_marker_replication[0].status if one.rule[0].delete_marker_replication[0].status == "Disabled" } == { audit = "Disabled" }
    error_message = "What VACUUM deletes is deleted in the copy; the trail is not."
  }
  assert {
    condition     = aws_s3_bucket_object_lock_configuration.replica["audit"].rule[0].default_retention[0].mode == "COMPLIANCE"
    error_message = "The copy of the trail is locked too."
  }
  assert {
    condition = alltrue([for zone, one in aws_s3_bucket_policy.replica :
    strcontains(one.policy, "RefusePlainHttp") && strcontains(one.policy, "tideline-prod-${zone}-123456789012-replica/*") && !strcontains(one.policy, "123456789012/*") && !strcontains(one.policy, "Allow")])
    error_message = "The copy's policy refuses the same, about its own bucket."
  }
  assert {
    condition     = output.replica_bucket_arns["silver"] == "arn:aws:s3:::tideline-prod-silver-123456789012-replica"
    error_message = "Copies are told."
  }
}
