# What is recorded, where it goes, and whom it wakes.

mock_provider "aws" {}

variables {
  context       = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  bucket_names  = { for zone in ["silver", "gold", "quarantine", "documents", "audit", "logs"] : zone => "tideline-dev-${zone}-123456789012" }
  bucket_arns   = { for zone in ["silver", "gold", "quarantine", "documents", "audit", "logs"] : zone => "arn:aws:s3:::tideline-dev-${zone}-123456789012" }
  key_arns      = { audit = "arn:aws:kms:eu-central-1:123456789012:key/audit" }
  role_arns     = { for role in ["trail", "config"] : role => "arn:aws:iam::123456789012:role/tideline-dev-${role}" }
  log_group_arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/tideline/dev/trail"
  topic_arn     = "arn:aws:sns:eu-central-1:123456789012:tideline-dev-critical"
}

run "the_trail_is_whole_signed_and_encrypted" {
  command = plan

  assert {
    condition = (aws_cloudtrail.this[0].is_multi_region_trail && aws_cloudtrail.this[0].include_global_service_events
    && aws_cloudtrail.this[0].enable_log_file_validation && coalesce(aws_cloudtrail.this[0].enable_logging, true))
    error_message = "Every region, global services, signed digests, switched on."
  }
  assert {
    condition = (aws_cloudtrail.this[0].kms_key_id == "arn:aws:kms:eu-central-1:123456789012:key/audit" && aws_cloudtrail.this[0].s3_bucket_name == "tideline-dev-audit-123456789012"
    && aws_cloudtrail.this[0].s3_key_prefix == "cloudtrail" && aws_cloudtrail.this[0].cloud_watch_logs_group_arn == "arn:aws:logs:eu-central-1:123456789012:log-group:/tideline/dev/trail:*")
    error_message = "The trail goes to audit under its key, below the prefix that the bucket's policy names, and to its log group."
  }
  assert {
    condition     = aws_cloudtrail.this[0].name == "tideline-dev" && aws_cloudtrail.this[0].tags["module"] == "audit"
    error_message = "The trail has the name that the bucket's policy names, and tags."
  }
  assert {
    condition     = [for one in aws_cloudtrail.this[0].advanced_event_selector : one.name] == ["Management events", "Objects of audit, documents, gold, quarantine, silver", "Writes to lookup tables"]
    error_message = "Recorded are management, the objects of the zones that hold answers or proof, and writes to lookup tables."
  }
  assert {
    condition = [for field in aws_cloudtrail.this[0].advanced_event_selector[1].field_selector : tolist(field.starts_with) if field.field == "resources.ARN"] == [tolist([
    for zone in ["audit", "documents", "gold", "quarantine", "silver"] : "arn:aws:s3:::tideline-dev-${zone}-123456789012/"])]
    error_message = "Data events are of these buckets, each name closed by a slash."
  }
  assert {
    condition     = length(aws_cloudtrail.this[0].insight_selector) == 0 && length(aws_accessanalyzer_analyzer.shared) == 1 && length(aws_accessanalyzer_analyzer.unused) == 0
    error_message = "What costs by the piece is off unless asked for."
  }
}

run "config_watches_what_modules_promise" {
  command = plan

  assert {
    condition = length(setsubtract([
      "S3_BUCKET_PUBLIC_READ_PROHIBITED", "S3_BUCKET_SSL_REQUESTS_ONLY", "ENCRYPTED_VOLUMES", "CLOUD_TRAIL_ENABLED",
      "IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS", "CMK_BACKING_KEY_ROTATION_ENABLED", "INCOMING_SSH_DISABLED",
    ], [for rule in aws_config_config_rule.this : rule.source[0].source_identifier])) == 0
    error_message = "The rules carry AWS's identifiers."
  }
  assert {
    condition     = alltrue([for rule in aws_config_config_rule.this : rule.source[0].owner == "AWS" && length(split(" ", rule.description)) >= 4 && rule.tags["project"] == "tideline"])
    error_message = "Each rule says why it is there."
  }
  assert {
    condition     = aws_config_configuration_recorder.this[0].recording_group[0].all_supported && aws_config_configuration_recorder_status.this[0].is_enabled
    error_message = "The recorder records everything and is on."
  }
  assert {
    condition     = aws_config_delivery_channel.this[0].s3_bucket_name == "tideline-dev-logs-123456789012" && aws_config_delivery_channel.this[0].s3_key_prefix == "config"
    error_message = "AWS Config cannot deliver to a locked bucket: it delivers to logs."
  }
}

run "what_must_not_pass_unseen_wakes_somebody" {
  command = plan

  assert {
    condition     = keys(aws_cloudwatch_event_rule.this) == ["bucket-changed", "key-disabled", "open-to-others", "recorder-stopped", "root-login", "trail-stopped"]
    error_message = "Six things wake somebody."
  }
  assert {
    condition     = alltrue([for name, target in aws_cloudwatch_event_target.this : target.arn == "arn:aws:sns:eu-central-1:123456789012:tideline-dev-critical" && can(jsondecode(target.input_transformer[0].input_template))])
    error_message = "All of them are told to the topic, as one line of text."
  }
  assert {
    condition = (jsondecode(aws_cloudwatch_event_rule.this["key-disabled"].event_pattern).detail.eventSource == ["kms.amazonaws.com"]
    && contains(jsondecode(aws_cloudwatch_event_rule.this["key-disabled"].event_pattern).detail.eventName, "ScheduleKeyDeletion"))
    error_message = "A key that will be deleted is heard of."
  }
  assert {
    condition     = contains(jsondecode(aws_cloudwatch_event_rule.this["bucket-changed"].event_pattern).detail.requestParameters.bucketName, "tideline-dev-gold-123456789012") && length(jsondecode(aws_cloudwatch_event_rule.this["bucket-changed"].event_pattern).detail.requestParameters.bucketName) == 10
    error_message = "Changes of our ten buckets are heard of, and only of ours."
  }
  assert {
    condition     = contains(jsondecode(aws_cloudwatch_event_rule.this["trail-stopped"].event_pattern).detail.eventName, "StopLogging")
    error_message = "A trail that is stopped is heard of."
  }
  assert {
    condition     = aws_cloudwatch_log_metric_filter.root[0].log_group_name == "/tideline/dev/trail" && aws_cloudwatch_metric_alarm.root[0].alarm_actions == toset(["arn:aws:sns:eu-central-1:123456789012:tideline-dev-critical"])
    error_message = "Root is also heard of when it signs in in another region."
  }
}

run "every_part_can_be_off" {
  command = plan
  variables {
    trail           = null
    config          = null
    access_analyzer = null
    role_arns       = {}
  }

  assert {
    condition     = length(aws_cloudtrail.this) + length(aws_config_config_rule.this) + length(aws_config_configuration_recorder.this) + length(aws_accessanalyzer_analyzer.shared) + length(aws_cloudwatch_metric_alarm.root) == 0
    error_message = "A part that is null makes nothing."
  }
  assert {
    condition     = output.trail_arn == null && length(aws_cloudwatch_event_rule.this) == 6
    error_message = "Events are heard of whatever records them."
  }
}

run "prod_records_more" {
  command = plan
  variables {
    context         = { project = "tideline", environment = "prod", account_id = "123456789012", region = "eu-central-1" }
    trail           = { functions = true, insights = true }
    config          = { frequency = "DAILY", record = false, without = ["restricted-ssh"] }
    access_analyzer = { unused_days = 90 }
  }

  assert {
    condition     = length(aws_cloudtrail.this[0].insight_selector) == 2 && length(aws_cloudtrail.this[0].advanced_event_selector) == 4
    error_message = "Insights and calls of functions are recorded when asked for."
  }
  assert {
    condition     = aws_accessanalyzer_analyzer.unused[0].configuration[0].unused_access[0].unused_access_age == 90
    error_message = "Rights that nobody used for 90 days are found."
  }
  assert {
    condition     = length(aws_config_configuration_recorder.this) == 0 && !contains(keys(aws_config_config_rule.this), "restricted-ssh") && length(aws_config_config_rule.this) > 15
    error_message = "Where the account records already only rules are made, without those that are named."
  }
}
