# What is told of an event says of what and how.

mock_provider "aws" {}

variables {
  context = { project = "tideline", environment = "dev", account_id = "111122223333", region = "eu-central-1" }
  key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  alarms  = { backup = true, workgroups = ["tideline-dev-analyst"] }
}

run "placeholders_are_placeholders" {
  command = plan

  assert {
    condition     = aws_cloudwatch_event_target.this["backup-failed"].input_transformer[0].input_template == "\"A backup job of <what> ended as <how>. Runbook: docs/runbooks/aws/backup-failed.md\""
    error_message = "EventBridge fills in what stands in angle brackets, and jsonencode writes none."
  }
  assert {
    condition = alltrue([for target in aws_cloudwatch_event_target.this : alltrue([
      for name in keys(target.input_transformer[0].input_paths) : strcontains(target.input_transformer[0].input_template, "<${name}>")
    ]) && can(jsondecode(target.input_transformer[0].input_template))]) && length(aws_cloudwatch_event_target.this) == 2
    error_message = "What is taken from an event is told, in a template that is JSON."
  }
}

run "prometheus_looks_at_a_topic_before_it_publishes" {
  command = apply
  variables {
    managed_prometheus = true
  }

  override_resource {
    target = aws_sns_topic.this
    values = { arn = "arn:aws:sns:eu-central-1:111122223333:tideline-dev-x" }
  }

  assert {
    condition     = alltrue([for policy in aws_sns_topic_policy.this : [for statement in jsondecode(policy.policy).Statement : statement.Action if statement.Sid == "PublishAps"] == [["sns:Publish", "sns:GetTopicAttributes"]]])
    error_message = "Managed Prometheus needs both rights."
  }
}
