# The services and what watches them, each taking from the other: log groups come before the services, alarms after. That this can be
# planned at all shows that one module holds both without a cycle.

locals {
  context = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  zones   = { a = "10.64.1.0/24", b = "10.64.2.0/24" }
  role    = "arn:aws:iam::123456789012:role/tideline-dev"
}

resource "aws_vpc" "this" {
  cidr_block = "10.64.0.0/16"
}

resource "aws_subnet" "this" {
  for_each = local.zones

  vpc_id            = aws_vpc.this.id
  cidr_block        = each.value
  availability_zone = "eu-central-1${each.key}"
}

resource "aws_security_group" "this" {
  for_each = toset(["load-balancer", "services"])

  name   = "tideline-dev-${each.key}"
  vpc_id = aws_vpc.this.id
}

resource "aws_kms_key" "this" {
  for_each = toset(["services", "telemetry"])

  description = each.key
}

resource "aws_s3_bucket" "logs" {
  bucket = "tideline-dev-logs-123456789012"
}

module "services" {
  source  = "../../../../infra/terraform/modules/services"
  context = local.context

  image               = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/tideline/dev/layer:0.1.0"
  collector_image     = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/tideline/dev/collector@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  prometheus          = { endpoint = module.monitoring.prometheus_endpoint }
  certificate_arn     = "arn:aws:acm:eu-central-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
  vpc_id              = aws_vpc.this.id
  private_subnet_ids  = values(aws_subnet.this)[*].id
  security_group_ids  = { for name, group in aws_security_group.this : name => group.id }
  bucket_names        = { logs = aws_s3_bucket.logs.bucket }
  key_arns            = { for purpose, key in aws_kms_key.this : purpose => key.arn }
  log_groups          = module.monitoring.log_groups
  role_arns           = { for name in ["speed", "serving", "topics", "ecs-execution", "deployment"] : name => "${local.role}-${name}" }
  topics              = { command = ["tideline", "--help"] }
  deletion_protection = false
  keep_revisions      = false
}

module "monitoring" {
  source  = "../../../../infra/terraform/modules/monitoring"
  context = local.context
  key_arn = aws_kms_key.this["telemetry"].arn

  managed_prometheus = true
  alarms = {
    services = { cluster = module.services.cluster_name, names = module.services.service_names, collector = true }
    serving  = { load_balancer = module.services.load_balancer_suffix, target_groups = module.services.target_groups }
  }
}

output "url" {
  value = module.services.url
}

output "deployment" {
  value = module.services.deployment
}
