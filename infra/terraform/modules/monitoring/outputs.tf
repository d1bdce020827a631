output "log_groups" {
  description = "Each log group, by its name in modules/names: name and arn. Known in a plan; what uses it is made after the groups."
  value       = module.names.log_groups
  depends_on  = [aws_cloudwatch_log_group.this]
}

output "topic_arns" {
  description = "The topic of each severity: critical, warning, info. Known in a plan; what uses it is made after the topics and their policies."
  value       = local.topic_arns
  depends_on  = [aws_sns_topic_policy.this]
}

output "alarm_names" {
  description = "The alarms that were made, by short name."
  value       = { for name, alarm in aws_cloudwatch_metric_alarm.this : name => alarm.alarm_name }
}

output "dashboard_name" {
  description = "The dashboard of the whole platform; each layer's is called like it with the layer behind."
  value       = aws_cloudwatch_dashboard.platform.dashboard_name
}

output "prometheus_endpoint" {
  description = "Where collectors write to and Grafana reads from; null without managed_prometheus."
  value       = one(aws_prometheus_workspace.this[*].prometheus_endpoint)
}

output "grafana_endpoint" {
  description = "Address of Grafana; null without managed_grafana."
  value       = one(aws_grafana_workspace.this[*].endpoint)
}
