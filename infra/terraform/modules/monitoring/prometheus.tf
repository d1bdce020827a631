# Optional: the alerts of the laptop in a managed Prometheus, fed by the collectors beside the services; Grafana to look.

resource "aws_prometheus_workspace" "this" {
  count = var.managed_prometheus ? 1 : 0

  alias       = local.prefix
  kms_key_arn = var.key_arn
  tags        = local.tags
}

resource "aws_prometheus_rule_group_namespace" "this" {
  count = var.managed_prometheus ? 1 : 0

  name         = local.prefix
  workspace_id = aws_prometheus_workspace.this[0].id
  data         = file("${path.module}/rules/alerts.yml")
  tags         = local.tags
}

# The labels are those of the alerts: `page` wakes somebody, `ticket` waits for the day.
resource "aws_prometheus_alert_manager_definition" "this" {
  count = var.managed_prometheus ? 1 : 0

  workspace_id = aws_prometheus_workspace.this[0].id
  definition = yamlencode({ alertmanager_config = yamlencode({
    route = {
      receiver        = "warning"
      group_by        = ["alertname", "contract"]
      repeat_interval = "12h"
      routes          = [{ receiver = "critical", matchers = ["severity=\"page\""] }]
    }
    receivers = [for severity in ["critical", "warning"] : {
      name = severity
      sns_configs = [{
        topic_arn     = local.topic_arns[severity]
        sigv4         = { region = local.region }
        subject       = "${local.prefix} {{ .CommonLabels.alertname }}"
        send_resolved = true
      }]
    }]
  }) })

  depends_on = [aws_sns_topic_policy.this]
}

resource "aws_grafana_workspace" "this" {
  count = var.managed_grafana ? 1 : 0

  name                     = local.prefix
  account_access_type      = "CURRENT_ACCOUNT"
  authentication_providers = ["AWS_SSO"]
  permission_type          = "CUSTOMER_MANAGED"
  role_arn                 = var.role_arns["monitoring"]
  data_sources             = var.managed_prometheus ? ["CLOUDWATCH", "PROMETHEUS"] : ["CLOUDWATCH"]
  tags                     = local.tags
}
