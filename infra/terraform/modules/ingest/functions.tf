# The two functions: one package of code and contracts. Both are only ever called by somebody who waits for the answer, so neither
# has a dead-letter queue: who calls hears of the failure (the producer by 503, the workflow by its Catch).

locals {
  functions = merge(
    var.push.enabled ? { push = {
      description = "Takes events over HTTPS, judges each by its contract and writes them to the log."
      memory      = var.push.memory_mb, timeout = 28, reserved = var.push.reserved_concurrency
      environment = merge(local.log, {
        TIDELINE_PUSH_MAX_BYTES  = tostring(var.push.max_bytes)
        TIDELINE_PUSH_MAX_EVENTS = tostring(var.push.max_events)
        TIDELINE_PUSH_SCOPE      = var.push.jwt == null ? "" : var.push.jwt.scope
      })
    } } : {},
    var.delivery.enabled ? { delivery = {
      description = "Delivers files of the landing zone to the log, each chunk once."
      memory      = var.delivery.memory_mb, timeout = 300, reserved = var.delivery.reserved_concurrency
      environment = merge(local.log, {
        TIDELINE_LANDING_BUCKET    = local.names.buckets["landing"].name
        TIDELINE_QUARANTINE_BUCKET = local.names.buckets["quarantine"].name
        TIDELINE_DELIVERIES_TABLE  = local.deliveries
        TIDELINE_DELIVERY_DAYS     = tostring(var.delivery.remember_days)
        TIDELINE_CHUNK_BYTES       = tostring(var.delivery.chunk_bytes)
        TIDELINE_MAX_FILE_BYTES    = tostring(var.delivery.max_file_bytes)
        TIDELINE_PATIENCE_S        = "120"
      })
    } } : {},
  )
}

resource "aws_lambda_function" "this" {
  for_each = local.functions

  function_name                  = "${local.names.prefix}-${each.key}"
  description                    = each.value.description
  role                           = var.role_arns[each.key]
  runtime                        = "python3.12"
  architectures                  = [var.functions.architecture]
  handler                        = "tideline.functions.${each.key}.handler"
  s3_bucket                      = var.functions.bucket
  s3_key                         = var.functions.key
  source_code_hash               = var.functions.sha256
  code_signing_config_arn        = var.functions.code_signing_config_arn
  memory_size                    = each.value.memory
  timeout                        = each.value.timeout
  reserved_concurrent_executions = each.value.reserved
  kms_key_arn                    = var.key_arns["services"]
  tags                           = local.tags

  environment {
    variables = each.value.environment
  }
  logging_config {
    log_format = "JSON"
    log_group  = var.log_groups[each.key].name
  }
  tracing_config {
    mode = "Active"
  }
  vpc_config {
    subnet_ids         = var.subnet_ids
    security_group_ids = [var.security_group_ids["functions"]]
  }
}
