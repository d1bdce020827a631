output "push_url" {
  description = "Where events are pushed: POST <push_url>/v1/events/<contract>. Null when the endpoint is off."
  value       = var.push.enabled ? (var.push.domain == null ? aws_apigatewayv2_api.push[0].api_endpoint : "https://${var.push.domain.name}") : null
}

output "push_api_id" {
  description = "The HTTP API, for metrics and for IAM policies of callers (execute-api:Invoke). Null when the endpoint is off."
  value       = one(aws_apigatewayv2_api.push[*].id)
}

output "push_domain_target" {
  description = "What a DNS alias of push.domain points at: {name, zone_id}; null without a domain."
  value = one([for domain in aws_apigatewayv2_domain_name.push : {
    name    = domain.domain_name_configuration[0].target_domain_name
    zone_id = domain.domain_name_configuration[0].hosted_zone_id
  }])
}

output "function_names" {
  description = "The functions that there are, by what they do."
  value       = { for name, function in aws_lambda_function.this : name => function.function_name }
}

output "sftp_endpoint" {
  description = "The id of the SFTP server; its address is that of its endpoint in the network. Null when it is off."
  value       = one(aws_transfer_server.this[*].id)
}

output "state_machine_arn" {
  description = "The delivery workflow; null when it is off."
  value       = one(aws_sfn_state_machine.delivery[*].arn)
}

output "undelivered_queue" {
  description = "Name of the queue of uploads that could not start the workflow; it should be empty. Null when delivery is off."
  value       = one(aws_sqs_queue.undelivered[*].name)
}

output "lookup_tables" {
  description = "The DynamoDB tables: name and arn."
  value       = { for name, table in aws_dynamodb_table.this : name => { name = table.name, arn = table.arn } }
}

output "inbox" {
  description = "Where files arrive, as a place; a file of a contract lies in <inbox><domain>/<product>/."
  value       = "landing/${local.inbox}"
}
