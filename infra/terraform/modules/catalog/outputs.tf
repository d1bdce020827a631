output "databases" {
  description = "Glue database of each table zone; what uses one is made after its tables and grants."
  value       = local.databases
  depends_on = [
    aws_glue_catalog_database.zone, aws_glue_catalog_table.this,
    aws_lakeformation_permissions.database, aws_lakeformation_permissions.table,
  ]
}

output "workgroups" {
  description = "Name of the Athena workgroup of each kind of person, known in a plan."
  value       = { for asker, workgroup in aws_athena_workgroup.this : asker => workgroup.name }
}

output "registry_arn" {
  description = "ARN of the schema registry."
  value       = aws_glue_registry.events.arn
}

output "warehouse_endpoint" {
  description = "Host and port of the warehouse; null without one."
  value       = one([for workgroup in aws_redshiftserverless_workgroup.this : { address = workgroup.endpoint[0].address, port = workgroup.endpoint[0].port }])
}

output "warehouse_secret_arn" {
  description = "ARN of the secret with the warehouse's first user; null without a warehouse."
  value       = one([for namespace in aws_redshiftserverless_namespace.this : namespace.admin_password_secret_arn])
}

output "external_schema_sql" {
  description = "The statement that shows gold in the warehouse; run once, by Terraform with warehouse.external_schema or by hand. Null without a warehouse."
  value       = var.warehouse == null ? null : local.external_schema_sql
}
