# The speed and the serving layer: what people see first.

locals {
  services_alarms = merge(concat(
    [for serving in var.alarms.serving[*] : {
      serving-errors = {
        layer      = "services", severity = "critical", runbook = "serving-errors"
        text       = "More than ${var.thresholds.serving_errors_percent} % of the requests to the serving layer end in 5xx."
        threshold  = var.thresholds.serving_errors_percent
        expression = "IF(FILL(requests, 0) > 0, 100 * (FILL(ours, 0) + FILL(balancer, 0)) / requests, 0)"
        metrics = { for id, metric in { requests = "RequestCount", ours = "HTTPCode_Target_5XX_Count", balancer = "HTTPCode_ELB_5XX_Count" } : id => {
          namespace = "AWS/ApplicationELB", metric = metric, stat = "Sum", dimensions = { LoadBalancer = serving.load_balancer }
        } }
      }
      serving-latency = {
        layer     = "services", severity = "warning", runbook = "serving-latency"
        text      = "One answer in a hundred takes longer than ${var.thresholds.serving_latency_seconds} s."
        threshold = var.thresholds.serving_latency_seconds
        metrics = { latency = {
          namespace = "AWS/ApplicationELB", metric = "TargetResponseTime", stat = "p99", dimensions = { LoadBalancer = serving.load_balancer }
        } }
      }
      serving-no-host = {
        layer      = "services", severity = "critical", runbook = "serving-no-host"
        text       = "The load balancer has no healthy serving task: there are no answers."
        comparison = "LessThanThreshold", threshold = 1, evaluation = 2, missing = "breaching"
        expression = join(" + ", [for colour in sort(keys(serving.target_groups)) : "FILL(${colour}, 0)"])
        metrics = { for colour, group in serving.target_groups : colour => {
          namespace  = "AWS/ApplicationELB", metric = "HealthyHostCount", stat = "Minimum"
          dimensions = { LoadBalancer = serving.load_balancer, TargetGroup = group }
        } }
      }
      serving-unhealthy-host = {
        layer      = "services", severity = "warning", runbook = "serving-unhealthy-host"
        text       = "A serving task has not been ready for ten minutes."
        threshold  = 0, evaluation = 10
        expression = join(" + ", [for colour in sort(keys(serving.target_groups)) : "FILL(${colour}, 0)"])
        metrics = { for colour, group in serving.target_groups : colour => {
          namespace  = "AWS/ApplicationELB", metric = "UnHealthyHostCount", stat = "Maximum"
          dimensions = { LoadBalancer = serving.load_balancer, TargetGroup = group }
        } }
      }
    }],
    # A deployment of the speed layer stops the old tasks first: five minutes are its due.
    [for services in var.alarms.services[*] : { for kind, name in services.names : "${kind}-not-running" => {
      layer      = "services", severity = "critical", runbook = "service-not-running"
      text       = "The ${kind} layer has no running task."
      comparison = "LessThanThreshold", threshold = 1, missing = "breaching"
      metrics = { running = {
        namespace  = "ECS/ContainerInsights", metric = "RunningTaskCount", stat = "Maximum"
        dimensions = { ClusterName = services.cluster, ServiceName = name }
      } }
    } }],
    [for services in var.alarms.services[*] : { for kind, name in services.names : "${kind}-memory" => {
      layer     = "services", severity = "warning", runbook = "service-memory"
      text      = "The ${kind} layer uses more than 85 % of its memory."
      threshold = 85, evaluation = 15
      metrics = { memory = {
        namespace  = "AWS/ECS", metric = "MemoryUtilization", stat = "Maximum"
        dimensions = { ClusterName = services.cluster, ServiceName = name }
      } }
    } }],
    # Adding tasks takes minutes (three to decide, some to start and to rebuild): a quarter of an hour is theirs.
    [for services in var.alarms.services[*] : {
      speed-lag = {
        layer     = "services", severity = "critical", runbook = "speed-lag"
        text      = "The speed layer's slowest partition is more than ${var.thresholds.speed_lag_events} events behind the log and more tasks have not helped, or its metrics do not arrive."
        threshold = var.thresholds.speed_lag_events, missing = "breaching", evaluation = 15
        metrics = { lag = {
          namespace = local.namespace, metric = "tideline_speed_lag_events", stat = "Maximum", dimensions = { service = "speed" }
        } }
      }
      # 0 where a task has to work on a contract and does not, 1 where it does or has nothing of it to do: the Minimum of all tasks and
      # contracts finds the one in trouble, whichever task it is on and also when it is tried again and again.
      speed-contract-not-running = {
        layer      = "services", severity = "critical", runbook = "speed-contract-not-running"
        text       = "Partitions of a contract have been worked on by nobody for a quarter of an hour, or again and again not: its answers are old."
        comparison = "LessThanThreshold", threshold = 1, evaluation = 15
        metrics = { running = {
          namespace = local.namespace, metric = "tideline_speed_running", stat = "Minimum", dimensions = { service = "speed" }
        } }
      }
    } if services.collector && contains(keys(services.names), "speed")],
    [for services in var.alarms.services[*] : {
      speed-tasks-missing = {
        layer      = "services", severity = "warning", runbook = "service-not-running"
        text       = "The speed layer has had fewer tasks than it wants for a quarter of an hour."
        threshold  = 0, evaluation = 15
        expression = "FILL(wanted, 0) - FILL(running, 0)"
        metrics = { for id, metric in { wanted = "DesiredTaskCount", running = "RunningTaskCount" } : id => {
          namespace  = "ECS/ContainerInsights", metric = metric, stat = "Minimum"
          dimensions = { ClusterName = services.cluster, ServiceName = services.names["speed"] }
        } }
      }
    } if contains(keys(services.names), "speed")],
    [{
      positions-lost = {
        layer     = "services", severity = "critical", runbook = "positions-lost"
        text      = "The log was shortened before it was read: positions are lost to the speed or the serving layer."
        threshold = 0, evaluation = 1
        metrics   = { lost = { namespace = local.namespace, metric = "positions-lost", stat = "Sum", dimensions = {} } }
      }
    }],
    [{ for group in local.structured : "${group}-logged-errors" => {
      layer     = "services", severity = "warning", runbook = "logged-errors"
      text      = "${group} logged errors."
      threshold = 0, evaluation = 1, period = 300
      metrics   = { errors = { namespace = local.namespace, metric = "${group}-errors", stat = "Sum", dimensions = {} } }
    } }],
  )...)
}
