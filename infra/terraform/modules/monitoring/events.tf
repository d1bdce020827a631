# What has no metric: an event, told as a sentence with its runbook.

locals {
  ecs_services = [for services in var.alarms.services[*] : [
    for name in values(services.names) : "${module.names.arns.ecs_service}${name}"
  ]]

  told = merge(concat(
    [for backup in [var.alarms.backup] : {
      backup-failed = {
        severity = "critical"
        pattern = {
          source        = ["aws.backup"]
          "detail-type" = ["Backup Job State Change"]
          detail        = { state = ["FAILED", "ABORTED", "EXPIRED"], backupVaultName = [{ prefix = "${local.prefix}-" }] }
        }
        paths = { what = "$.detail.resourceArn", how = "$.detail.state" }
        text  = "A backup job of <what> ended as <how>."
      }
    } if backup],
    [for services in local.ecs_services : {
      deployment-failed = {
        severity = "warning"
        pattern = {
          source        = ["aws.ecs"]
          "detail-type" = ["ECS Deployment State Change"]
          resources     = services
          detail        = { eventName = ["SERVICE_DEPLOYMENT_FAILED"] }
        }
        paths = { what = "$.resources[0]", how = "$.detail.reason" }
        text  = "A deployment of <what> failed and was rolled back: <how>"
      }
      switch-failed = {
        severity = "warning"
        pattern = {
          source        = ["aws.codedeploy"]
          "detail-type" = ["CodeDeploy Deployment State-change Notification"]
          detail        = { state = ["FAILURE", "STOP"], application = ["${local.prefix}-serving"] }
        }
        paths = { what = "$.detail.deploymentId", how = "$.detail.state" }
        text  = "The blue/green deployment <what> of the serving layer ended as <how>."
      }
    }],
    [for names in [var.alarms.workgroups] : {
      query-cancelled = {
        severity = "info"
        pattern = {
          source        = ["aws.athena"]
          "detail-type" = ["Athena Query State Change"]
          detail        = { currentState = ["CANCELLED"], workgroupName = names }
        }
        paths = { what = "$.detail.queryExecutionId", how = "$.detail.workgroupName" }
        text  = "Athena query <what> of <how> was cut off or stopped."
      }
    } if length(names) > 0],
  )...)
  event_runbooks = { query-cancelled = "query-cutoffs", switch-failed = "deployment-failed" }
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.told

  name          = "${local.prefix}-${each.key}"
  description   = "Runbook: ${local.runbooks}/${lookup(local.event_runbooks, each.key, each.key)}.md"
  event_pattern = jsonencode(each.value.pattern)
  tags          = local.tags
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = local.told

  rule      = aws_cloudwatch_event_rule.this[each.key].name
  target_id = "topic"
  arn       = aws_sns_topic.this[each.value.severity].arn

  input_transformer {
    input_paths = each.value.paths
    # not by jsonencode, which writes \u003c for <: EventBridge would fill in nothing
    input_template = "\"${each.value.text} Runbook: ${local.runbooks}/${lookup(local.event_runbooks, each.key, each.key)}.md\""
  }
}
