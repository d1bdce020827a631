output "budget_names" {
  description = "Budget by what it counts: total, and domain/<name> for each domain that has one."
  value       = { for name, budget in aws_budgets_budget.this : name => budget.name }
}

output "spot_alarm_arn" {
  description = "Alarm on the share of spot in the task fleets; null without clusters on EC2."
  value       = one([for alarm in aws_cloudwatch_metric_alarm.spot_share : alarm.arn])
}
