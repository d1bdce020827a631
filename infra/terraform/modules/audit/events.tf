# What wakes somebody at once. EventBridge sees what happens in this region; sign-ins of root may be recorded in another one, and are
# also counted in the trail's log group, which has every region.

locals {
  calls = {
    trail-stopped = {
      why    = "The trail is stopped, removed or narrowed."
      source = "aws.cloudtrail"
      names  = ["DeleteTrail", "PutEventSelectors", "StopLogging", "UpdateTrail"]
      detail = {}
    }
    recorder-stopped = {
      why    = "AWS Config looks away."
      source = "aws.config"
      names  = ["DeleteConfigurationRecorder", "DeleteDeliveryChannel", "StopConfigurationRecorder"]
      detail = {}
    }
    key-disabled = {
      why    = "A key is switched off or will be deleted: its zone cannot be read without it."
      source = "aws.kms"
      names  = ["DisableKey", "DisableKeyRotation", "PutKeyPolicy", "ScheduleKeyDeletion"]
      detail = {}
    }
    bucket-changed = {
      why    = "What protects one of our buckets was changed."
      source = "aws.s3"
      names = [
        "DeleteBucket", "DeleteBucketEncryption", "DeleteBucketPolicy", "DeleteBucketPublicAccessBlock", "DeleteBucketReplication",
        "PutBucketAcl", "PutBucketEncryption", "PutBucketLifecycle", "PutBucketObjectLockConfiguration", "PutBucketPolicy",
        "PutBucketPublicAccessBlock", "PutBucketReplication", "PutBucketVersioning",
      ]
      detail = { requestParameters = { bucketName = sort([for bucket in module.names.buckets : bucket.name]) } }
    }
  }

  patterns = merge(
    { for name, call in local.calls : name => {
      source      = [call.source]
      detail-type = ["AWS API Call via CloudTrail"]
      detail      = merge({ eventSource = [replace(call.source, "/^aws\\.(.*)$/", "$1.amazonaws.com")], eventName = call.names }, call.detail)
    } },
    {
      root-login = {
        source      = ["aws.signin"]
        detail-type = ["AWS Console Sign In via CloudTrail"]
        detail      = { userIdentity = { type = ["Root"] } }
      }
      open-to-others = {
        source      = ["aws.access-analyzer"]
        detail-type = ["Access Analyzer Finding"]
        detail      = { status = ["ACTIVE"] }
      }
    },
  )
  reasons = merge({ for name, call in local.calls : name => call.why }, {
    root-login     = "Root signed in."
    open-to-others = "Something of this account can be reached from outside it."
  })
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each      = local.reasons
  name          = "${local.name}-guard-${each.key}"
  description   = each.value
  event_pattern = jsonencode(local.patterns[each.key])
  tags          = local.tags
}

resource "aws_cloudwatch_event_target" "this" {
  for_each  = local.reasons
  rule      = aws_cloudwatch_event_rule.this[each.key].name
  target_id = "topic"
  arn       = var.topic_arn
  input_transformer {
    input_paths = {
      what = "$.detail-type"
      call = "$.detail.eventName"
      who  = "$.detail.userIdentity.arn"
      at   = "$.time"
      id   = "$.id"
    }
    input_template = "\"${local.name}: ${each.value} <what> <call> by <who> at <at> (event <id>)\""
  }
}

# Any use of root, in any region; AWS's own services acting for it do not count.
resource "aws_cloudwatch_log_metric_filter" "root" {
  count          = var.trail == null ? 0 : 1
  name           = "${local.name}-root-use"
  log_group_name = module.names.log_groups["trail"].name
  pattern        = "{ $.userIdentity.type = \"Root\" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != \"AwsServiceEvent\" }"
  metric_transformation {
    name          = "RootUse"
    namespace     = "${local.name}/audit"
    value         = "1"
    default_value = "0"
  }
}

resource "aws_cloudwatch_metric_alarm" "root" {
  count               = length(aws_cloudwatch_log_metric_filter.root)
  alarm_name          = "${local.name}-root-use"
  alarm_description   = "Somebody works as root. Find out who and why; nothing of the platform needs it."
  namespace           = "${local.name}/audit"
  metric_name         = "RootUse"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic_arn]
  tags                = local.tags
}
