# Log groups, topics, every kind of alarm, dashboards, Prometheus with the laptop's alerts, Grafana.

resource "aws_kms_key" "telemetry" {
  description = "telemetry"
}

module "monitoring" {
  source  = "../../../../infra/terraform/modules/monitoring"
  context = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  key_arn = aws_kms_key.telemetry.arn

  retention_overrides = { trail = 365 }
  subscribers         = { critical = [{ protocol = "email", endpoint = "on-call@example.org" }], info = [{ protocol = "https", endpoint = "https://example.org/hook" }] }
  managed_prometheus  = true

  alarms = {
    services         = { cluster = "tideline-dev", names = { speed = "speed", serving = "serving" }, collector = true }
    serving          = { load_balancer = "app/tideline-dev/0123456789abcdef", target_groups = { blue = "targetgroup/a/1", green = "targetgroup/b/2" } }
    msk              = { cluster = "tideline-dev-events", brokers = 3 }
    streams          = { sales = "tideline-dev-retail-sales" }
    delivery_streams = { sales = "tideline-dev-retail-sales" }
    emr_clusters     = { main = "j-1ABCDEFGHIJKL" }
    emr_serverless   = { main = "00abcdefghijklmn" }
    airflow          = { environment = "tideline-dev" }
    functions        = { push = "tideline-dev-push" }
    state_machines   = { delivery = "arn:aws:states:eu-central-1:123456789012:stateMachine:tideline-dev-delivery" }
    queues           = { uploads = "tideline-dev-uploads-undelivered" }
    tables           = { delivered = "tideline-dev-delivered" }
    nat_gateways     = { a = "nat-0123456789abcdef0" }
    replication      = { gold = { source = "tideline-dev-gold-123456789012", destination = "tideline-dev-gold-123456789012-replica", rule = "all" } }
    workgroups       = ["tideline-dev-analyst", "tideline-dev-analytics-engineer"]
    backup           = true
  }
}

output "topic_arns" {
  value = module.monitoring.topic_arns
}
