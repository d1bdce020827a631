output "vault_arn" {
  description = "The vault."
  value       = aws_backup_vault.this.arn
}

output "plan_id" {
  description = "The backup plan."
  value       = aws_backup_plan.this.id
}

output "copy_vault_arn" {
  description = "The vault in the second region; null without one."
  value       = one(aws_backup_vault.copy[*].arn)
}
