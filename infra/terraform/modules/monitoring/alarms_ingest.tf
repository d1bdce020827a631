# What brings events and files in: functions, the delivery workflow and what it could not take, Firehose, lookup tables.

locals {
  ingest_alarms = merge(
    { for key, name in var.alarms.functions : "function-errors-${key}" => {
      layer     = "ingest", severity = "warning", runbook = "function-errors"
      text      = "Function ${key} ends in errors."
      threshold = 0, evaluation = 1, period = 300
      metrics   = { errors = { namespace = "AWS/Lambda", metric = "Errors", stat = "Sum", dimensions = { FunctionName = name } } }
    } },
    { for key, name in var.alarms.functions : "function-throttles-${key}" => {
      layer     = "ingest", severity = "warning", runbook = "function-throttles"
      text      = "Function ${key} is throttled: callers are turned away."
      threshold = 0, evaluation = 3
      metrics   = { throttles = { namespace = "AWS/Lambda", metric = "Throttles", stat = "Sum", dimensions = { FunctionName = name } } }
    } },
    { for key, arn in var.alarms.state_machines : "workflow-failed-${key}" => {
      layer      = "ingest", severity = "warning", runbook = "workflow-failed"
      text       = "A run of workflow ${key} failed, was aborted or took too long."
      threshold  = 0, evaluation = 1, period = 300
      expression = "FILL(failed, 0) + FILL(aborted, 0) + FILL(late, 0)"
      metrics = { for id, metric in { failed = "ExecutionsFailed", aborted = "ExecutionsAborted", late = "ExecutionsTimedOut" } : id => {
        namespace = "AWS/States", metric = metric, stat = "Sum", dimensions = { StateMachineArn = arn }
      } }
    } },
    # SQS tells nothing of a queue that nobody has touched for six hours: what is known last holds until somebody looks.
    { for key, name in var.alarms.queues : "undelivered-${key}" => {
      layer     = "ingest", severity = "warning", runbook = "undelivered"
      text      = "Queue ${key} holds events that could not be delivered: nothing works on them until a person does."
      threshold = 0, evaluation = 1, period = 300, missing = "ignore"
      metrics = { waiting = {
        namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", stat = "Maximum", dimensions = { QueueName = name }
      } }
    } },
    { for key, name in var.alarms.delivery_streams : "firehose-freshness-${key}" => {
      layer     = "ingest", severity = "warning", runbook = "firehose-freshness"
      text      = "The oldest record that Firehose ${key} has not delivered is more than ${var.thresholds.delivery_seconds} s old."
      threshold = var.thresholds.delivery_seconds
      metrics = { freshness = {
        namespace = "AWS/Firehose", metric = "DeliveryToS3.DataFreshness", stat = "Maximum", dimensions = { DeliveryStreamName = name }
      } }
    } },
    { for key, name in var.alarms.tables : "table-throttles-${key}" => {
      layer      = "ingest", severity = "warning", runbook = "table-throttles"
      text       = "Table ${key} refuses reads or writes because it is asked too often."
      threshold  = 0
      expression = "FILL(read, 0) + FILL(written, 0)"
      metrics = { for id, metric in { read = "ReadThrottleEvents", written = "WriteThrottleEvents" } : id => {
        namespace = "AWS/DynamoDB", metric = metric, stat = "Sum", dimensions = { TableName = name }
      } }
    } },
  )
}
