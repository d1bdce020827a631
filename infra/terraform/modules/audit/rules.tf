# What AWS Config watches: what our modules promise, so that a change by hand is seen. Each rule says why it is there.

locals {
  rules = {
    s3-bucket-public-read-prohibited           = "Nobody outside reads the lake."
    s3-bucket-public-write-prohibited          = "Nobody outside writes to it: that is code that runs, or rows that count."
    s3-bucket-ssl-requests-only                = "Rows never travel in the clear."
    s3-bucket-server-side-encryption-enabled   = "A new bucket beside ours is encrypted too."
    s3-bucket-versioning-enabled               = "A table deleted by mistake comes back from its versions."
    encrypted-volumes                          = "Shuffle files of EMR hold rows."
    cloudtrail-enabled                         = "Without the trail nobody can say who did it."
    cloud-trail-encryption-enabled             = "The trail names people and places."
    cloud-trail-log-file-validation-enabled    = "A trail that could be edited proves nothing."
    cmk-backing-key-rotation-enabled           = "A key that leaked stops being useful within a year."
    kms-cmk-not-scheduled-for-deletion         = "Without its key a zone is lost for good."
    iam-policy-no-statements-with-admin-access = "Least privilege ends with one such statement."
    iam-root-access-key-check                  = "Root's key cannot be limited by anything."
    access-keys-rotated                        = "Nothing of ours uses long-lived keys; one that exists is replaced."
    vpc-flow-logs-enabled                      = "Where data went to is asked after every incident."
    vpc-default-security-group-closed          = "What is made by hand starts closed."
    restricted-ssh                             = "Sessions go through Systems Manager, no port is open."
    emr-master-no-public-ip                    = "Clusters live in private subnets."
    dynamodb-pitr-enabled                      = "Lookup tables go back to any second."
    lambda-function-public-access-prohibited   = "The push endpoint is the only door, and it checks."
    cloudwatch-log-group-encrypted             = "Log lines may name keys of events."
  }
}

locals {
  # AWS's own identifiers, where they are not the name in capitals.
  identifiers = {
    restricted-ssh     = "INCOMING_SSH_DISABLED"
    cloudtrail-enabled = "CLOUD_TRAIL_ENABLED"
  }
  parameters = {
    access-keys-rotated = { maxAccessKeyAge = "90" }
  }
  made = var.config == null ? toset([]) : setsubtract(keys(local.rules), var.config.without)
}

resource "aws_config_config_rule" "this" {
  for_each         = local.made
  name             = "${local.name}-${each.key}"
  description      = local.rules[each.key]
  input_parameters = contains(keys(local.parameters), each.key) ? jsonencode(local.parameters[each.key]) : null
  tags             = local.tags
  source {
    owner             = "AWS"
    source_identifier = try(local.identifiers[each.key], upper(replace(each.key, "-", "_")))
  }
  depends_on = [aws_config_configuration_recorder.this]
}

resource "aws_config_configuration_recorder" "this" {
  count    = try(var.config.record, false) ? 1 : 0
  name     = local.name
  role_arn = var.role_arns["config"]
  recording_group {
    all_supported                 = true
    include_global_resource_types = true
  }
  recording_mode {
    recording_frequency = var.config.frequency
  }
}

# To logs: AWS Config delivers to no bucket whose Object Lock has a default retention, as audit's has.
resource "aws_config_delivery_channel" "this" {
  count          = length(aws_config_configuration_recorder.this)
  name           = local.name
  s3_bucket_name = var.bucket_names["logs"]
  s3_key_prefix  = "config"
  snapshot_delivery_properties {
    delivery_frequency = "TwentyFour_Hours"
  }
  depends_on = [aws_config_configuration_recorder.this]
}

resource "aws_config_configuration_recorder_status" "this" {
  count      = length(aws_config_configuration_recorder.this)
  name       = aws_config_configuration_recorder.this[0].name
  is_enabled = true
  depends_on = [aws_config_delivery_channel.this]
}
