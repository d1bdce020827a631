# The batch layer: EMR and Airflow. That a contract has no new release is an alert of its own (release-age).

locals {
  batch_alarms = merge(concat(
    [{ for key, id in var.alarms.emr_clusters : "emr-apps-failed-${key}" => {
      layer     = "batch", severity = "warning", runbook = "emr-apps-failed"
      text      = "A Spark application failed on EMR cluster ${key}."
      threshold = 0, evaluation = 1, period = 300
      # YARN counts since it was started: what is new is the difference
      expression = "DIFF(failed)"
      metrics = { failed = {
        namespace = "AWS/ElasticMapReduce", metric = "AppsFailed", stat = "Maximum", dimensions = { JobFlowId = id }
      } }
    } }],
    [{ for key, id in var.alarms.emr_clusters : "emr-hdfs-${key}" => {
      layer     = "batch", severity = "warning", runbook = "emr-hdfs"
      text      = "HDFS of EMR cluster ${key} is more than ${var.thresholds.disk_percent} % full."
      threshold = var.thresholds.disk_percent, evaluation = 3, period = 300
      metrics = { used = {
        namespace = "AWS/ElasticMapReduce", metric = "HDFSUtilization", stat = "Maximum", dimensions = { JobFlowId = id }
      } }
    } }],
    [{ for key, id in var.alarms.emr_serverless : "emr-serverless-failed-${key}" => {
      layer     = "batch", severity = "warning", runbook = "emr-apps-failed"
      text      = "A Spark job failed on EMR Serverless application ${key}."
      threshold = 0, evaluation = 1, period = 300
      metrics = { failed = {
        namespace = "AWS/EMRServerless", metric = "FailedJobs", stat = "Maximum", dimensions = { ApplicationId = id }
      } }
    } }],
    [for airflow in var.alarms.airflow[*] : {
      airflow-scheduler = {
        layer      = "batch", severity = "critical", runbook = "airflow-scheduler"
        text       = "Airflow's scheduler gives no sign of life: no run starts."
        comparison = "LessThanThreshold", threshold = 1, missing = "breaching"
        metrics = { beats = {
          namespace = "AmazonMWAA", metric = "SchedulerHeartbeat", stat = "Sum", dimensions = { Environment = airflow.environment, Function = "Scheduler" }
        } }
      }
      airflow-queued-tasks = {
        layer     = "batch", severity = "warning", runbook = "airflow-queued-tasks"
        text      = "More than ${var.thresholds.queued_tasks} Airflow tasks have waited for a worker for half an hour."
        threshold = var.thresholds.queued_tasks, evaluation = 6, period = 300
        metrics = { queued = {
          namespace = "AmazonMWAA", metric = "QueuedTasks", stat = "Minimum", dimensions = { Environment = airflow.environment, Function = "Executor" }
        } }
      }
    }],
  )...)
}
