# One dashboard for the platform (lights, and the alarms of each severity), one per layer (each alarm as its graph with its
# threshold, and what to look at beside it). They are made from the alarms: nothing is watched that cannot be seen.

locals {
  layers = toset([for _, alarm in local.alarms : alarm.layer])
  graphs = {
    services = concat([for serving in var.alarms.serving[*] : {
      title = "Requests, and answers by the second (p50, p99)"
      metrics = [
        ["AWS/ApplicationELB", "RequestCount", "LoadBalancer", serving.load_balancer, { stat = "Sum" }],
        ["AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", serving.load_balancer, { stat = "p50", yAxis = "right" }],
        ["AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", serving.load_balancer, { stat = "p99", yAxis = "right" }],
      ]
      }],
      [for services in var.alarms.services[*] : {
        title = "Speed: tasks that run and are wanted, and how far the slowest partition is behind"
        metrics = concat(
          [for metric in ["RunningTaskCount", "DesiredTaskCount"] : ["ECS/ContainerInsights", metric, "ClusterName", services.cluster, "ServiceName", services.names["speed"], { stat = "Maximum" }]],
          [for metric in ["tideline_speed_lag_events"] : [local.namespace, metric, "service", "speed", { stat = "Maximum", yAxis = "right" }] if services.collector],
        )
      } if contains(keys(services.names), "speed")],
    )
    stream = concat(
      [for msk in local.msk_cluster : {
        title   = "Bytes in, by broker"
        metrics = [for broker in range(1, msk.brokers + 1) : ["AWS/Kafka", "BytesInPerSec", "Cluster Name", msk.cluster, "Broker ID", tostring(broker), { stat = "Average" }]]
      }],
      [for key, name in var.alarms.streams : {
        title   = "Records of ${key}"
        metrics = [for metric in ["IncomingRecords", "GetRecords.Records"] : ["AWS/Kinesis", metric, "StreamName", name, { stat = "Sum" }]]
      }],
    )
    batch = [for airflow in var.alarms.airflow[*] : {
      title   = "Airflow tasks: running, queued"
      metrics = [for metric in ["RunningTasks", "QueuedTasks"] : ["AmazonMWAA", metric, "Function", "Executor", "Environment", airflow.environment, { stat = "Maximum" }]]
    }]
    ingest = [for key, name in var.alarms.functions : {
      title = "Calls of ${key}, and how long they take (p99, ms)"
      metrics = [
        ["AWS/Lambda", "Invocations", "FunctionName", name, { stat = "Sum" }],
        ["AWS/Lambda", "Duration", "FunctionName", name, { stat = "p99", yAxis = "right" }],
      ]
    }]
    account = [for zone, id in var.alarms.nat_gateways : {
      title   = "Bytes out of ${zone}"
      metrics = [["AWS/NATGateway", "BytesOutToDestination", "NatGatewayId", id, { stat = "Sum" }]]
    }]
  }
}

resource "aws_cloudwatch_dashboard" "platform" {
  dashboard_name = local.prefix
  dashboard_body = templatefile("${path.module}/dashboards/platform.json.tftpl", {
    prefix = local.prefix
    region = local.region
    layers = sort(local.layers)
    lights = [for severity, names in local.by_severity : "${module.names.arns.alarm}any-${severity}" if length(names) > 0]
    alarms = { for severity, names in local.by_severity : severity => [for name in names : local.alarm_arns[name]] if length(names) > 0 }
  })
}

resource "aws_cloudwatch_dashboard" "layer" {
  for_each = local.layers

  dashboard_name = "${local.prefix}-${each.key}"
  dashboard_body = templatefile("${path.module}/dashboards/layer.json.tftpl", {
    layer  = each.key
    region = local.region
    alarms = { for name, alarm in local.alarms : name => local.alarm_arns[name] if alarm.layer == each.key }
    graphs = local.graphs[each.key]
  })
}
