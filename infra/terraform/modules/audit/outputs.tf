output "trail_arn" {
  description = "ARN of the trail; null without one."
  value       = one(aws_cloudtrail.this[*].arn)
}

output "rule_names" {
  description = "Names of the AWS Config rules that were made."
  value       = sort([for rule in aws_config_config_rule.this : rule.name])
}
