# Beside each service, when there is an image for it: the AWS distribution of the OpenTelemetry collector. It reads /metrics over the
# task's own loopback and passes on two things: the few metrics that alarms and scaling need, as embedded metrics in the log (so it
# needs no permission of its own), and all of them to Managed Prometheus when there is one.
#
# In CloudWatch a metric has one dimension, the service: each task sends a value for each of its contracts and partitions, so that
# the Maximum of the lag is that of the slowest partition of any task, and the Minimum of `running` that of the worst contract of any
# task. No sum or average of them means anything. In Prometheus the task's ARN is a label: all tasks would write one series else.

locals {
  namespace = "${var.context.project}/${var.context.environment}"
  watched   = ["^tideline_speed_lag_events$", "^tideline_speed_running$", "^tideline_serving_lag_events$", "^tideline_serving_release_age_seconds$"]

  collector_settings = { for name, port in local.ports : name => {
    extensions = merge({ health_check = {} }, { for endpoint in var.prometheus[*] : "sigv4auth" => { region = var.context.region, service = "aps" } })
    receivers = { prometheus = { config = { scrape_configs = [{
      job_name        = name
      scrape_interval = "15s"
      static_configs  = [{ targets = ["127.0.0.1:${port}"], labels = { service = name } }]
    }] } } }
    processors = merge({
      memory_limiter   = { check_interval = "5s", limit_mib = 160 }
      "filter/watched" = { metrics = { include = { match_type = "regexp", metric_names = local.watched } } }
      batch            = {}
    }, { for one in var.prometheus[*] : "resourcedetection" => { detectors = ["ecs"], timeout = "5s" } })
    exporters = merge(
      { awsemf = {
        namespace               = local.namespace
        region                  = var.context.region
        output_destination      = "stdout"
        dimension_rollup_option = "NoDimensionRollup"
        metric_declarations     = [{ dimensions = [["service"]], metric_name_selectors = local.watched }]
      } },
      { for one in var.prometheus[*] : "prometheusremotewrite" => {
        endpoint                         = "${one.endpoint}api/v1/remote_write"
        auth                             = { authenticator = "sigv4auth" }
        resource_to_telemetry_conversion = { enabled = true }
      } },
    )
    service = {
      extensions = concat(["health_check"], [for one in var.prometheus[*] : "sigv4auth"])
      pipelines = merge(
        { "metrics/alarms" = { receivers = ["prometheus"], processors = ["memory_limiter", "filter/watched", "batch"], exporters = ["awsemf"] } },
        { for one in var.prometheus[*] : "metrics/all" => { receivers = ["prometheus"], processors = ["memory_limiter", "resourcedetection", "batch"], exporters = ["prometheusremotewrite"] } },
      )
    }
  } }

  collectors = { for name, settings in local.collector_settings : name => merge(local.confined, {
    name              = "collector"
    image             = var.collector_image
    essential         = false # a service goes on without it; the alarm on its metrics rings
    user              = local.user
    cpu               = 64
    memoryReservation = 128
    environment       = [{ name = "AOT_CONFIG_CONTENT", value = yamlencode(settings) }]
    secrets           = []
    mountPoints       = []
    portMappings      = []
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = var.log_groups[name].name
        awslogs-region        = var.context.region
        awslogs-stream-prefix = "collector"
      }
    }
  }) if var.collector_image != null }
}
