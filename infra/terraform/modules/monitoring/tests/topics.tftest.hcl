# Who may publish, who is told, how long logs are kept, and what prod has more than dev.

mock_provider "aws" {}

variables {
  context     = { project = "tideline", environment = "dev", account_id = "111122223333", region = "eu-central-1" }
  key_arn     = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  subscribers = { critical = [{ protocol = "email", endpoint = "on-call@example.org" }, { protocol = "sqs", endpoint = "arn:aws:sqs:eu-central-1:111122223333:pager" }] }
}

run "topics" {
  command = apply # a topic's ARN is known afterwards only

  override_resource {
    target = aws_sns_topic.this
    values = { arn = "arn:aws:sns:eu-central-1:111122223333:tideline-dev-x" }
  }

  assert {
    condition     = toset(keys(aws_sns_topic.this)) == toset(["critical", "warning", "info"]) && alltrue([for topic in aws_sns_topic.this : topic.kms_master_key_id == var.key_arn])
    error_message = "One encrypted topic per severity."
  }
  assert {
    condition = alltrue(flatten([for severity, policy in aws_sns_topic_policy.this : [for statement in jsondecode(policy.policy).Statement :
      statement.Resource == "arn:aws:sns:eu-central-1:111122223333:tideline-dev-${severity}" && flatten([statement.Action]) == ["sns:Publish"] &&
      (statement.Effect == "Deny" || contains(["PublishBackup", "PublishEvents"], statement.Sid) || (try(statement.Condition.StringEquals["aws:SourceAccount"], "") == "111122223333" && can(statement.Condition.ArnLike["aws:SourceArn"]) && can(statement.Principal.Service)))
    ]]))
    error_message = "Only named services publish, each for this account and what is ours."
  }
  assert {
    condition = alltrue([for policy in aws_sns_topic_policy.this : [
      for statement in jsondecode(policy.policy).Statement : statement.Principal.Service if statement.Effect == "Allow" && !can(statement.Condition)
    ] == ["backup.amazonaws.com", "events.amazonaws.com"]])
    error_message = "EventBridge takes no condition in a topic's policy, AWS Backup none that is documented: with one nothing is told."
  }
  assert {
    condition     = alltrue([for policy in aws_sns_topic_policy.this : length([for statement in jsondecode(policy.policy).Statement : statement if statement.Effect == "Deny" && try(statement.Condition.Bool["aws:SecureTransport"], "") == "false"]) == 1])
    error_message = "Nothing is published without TLS."
  }
  assert {
    condition     = !strcontains(aws_sns_topic_policy.this["critical"].policy, "aps.amazonaws.com")
    error_message = "Prometheus may publish only where there is one."
  }
  assert {
    condition     = length(aws_sns_topic_subscription.this) == 2 && alltrue([for one in aws_sns_topic_subscription.this : contains(["email", "sqs"], one.protocol)])
    error_message = "Who wants to be told is."
  }
  assert {
    condition     = alltrue([for severity, arn in output.topic_arns : arn == "arn:aws:sns:eu-central-1:111122223333:tideline-dev-${severity}"])
    error_message = "The outputs are the names that policies are written with."
  }
  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.this : group.kms_key_id == var.key_arn && group.retention_in_days == 30 && startswith(group.name, "/tideline/dev/")]) && toset(keys(output.log_groups)) == toset(keys(aws_cloudwatch_log_group.this))
    error_message = "Every log group is encrypted and ends."
  }
}

run "prod_keeps_more_and_has_prometheus" {
  command = plan
  variables {
    context             = { project = "tideline", environment = "prod", account_id = "111122223333", region = "eu-central-1" }
    retention_days      = 400
    retention_overrides = { trail = 731 }
    managed_prometheus  = true
    managed_grafana     = true
    role_arns           = { monitoring = "arn:aws:iam::111122223333:role/tideline-prod-monitoring" }
  }

  assert {
    condition     = aws_cloudwatch_log_group.this["speed"].retention_in_days == 400 && aws_cloudwatch_log_group.this["trail"].retention_in_days == 731
    error_message = "prod keeps logs for longer, and some for longer still."
  }
  assert {
    condition     = aws_prometheus_workspace.this[0].kms_key_arn == var.key_arn && strcontains(aws_prometheus_rule_group_namespace.this[0].data, "tideline_speed_lag_events")
    error_message = "The workspace is encrypted and has the laptop's alerts."
  }
  assert {
    condition     = yamldecode(yamldecode(aws_prometheus_alert_manager_definition.this[0].definition).alertmanager_config).route.routes[0].receiver == "critical" && yamldecode(yamldecode(aws_prometheus_alert_manager_definition.this[0].definition).alertmanager_config).receivers[0].sns_configs[0].topic_arn == "arn:aws:sns:eu-central-1:111122223333:tideline-prod-critical"
    error_message = "An alert of severity page reaches the critical topic."
  }
  assert {
    condition     = length([for service in local.publishers : service if service == "aps"]) == 1
    error_message = "Prometheus may publish."
  }
  assert {
    condition     = aws_grafana_workspace.this[0].permission_type == "CUSTOMER_MANAGED" && aws_grafana_workspace.this[0].authentication_providers == tolist(["AWS_SSO"])
    error_message = "People sign in to Grafana as themselves, and it has our role only."
  }
}

run "dev_has_neither" {
  command = plan

  assert {
    condition     = length(aws_prometheus_workspace.this) + length(aws_grafana_workspace.this) + length(aws_prometheus_rule_group_namespace.this) == 0 && output.prometheus_endpoint == null
    error_message = "What is optional is off."
  }
}
