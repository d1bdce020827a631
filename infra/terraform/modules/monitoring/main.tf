# What every other module writes to (log groups) or tells (topics); and what watches them (alarms, dashboards). The first
# two depend on no input but the key, so that a module may need them and be watched too: no cycle, because Terraform orders
# resources, not modules.

module "names" {
  source  = "../names"
  context = var.context
}

locals {
  tags      = merge(module.names.tags, { module = "monitoring" })
  prefix    = module.names.prefix
  region    = var.context.region
  namespace = "${var.context.project}/${var.context.environment}"
  runbooks  = "docs/runbooks/aws"
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = module.names.log_groups

  name              = each.value.name
  retention_in_days = lookup(var.retention_overrides, each.key, var.retention_days)
  kms_key_id        = var.key_arn
  tags              = local.tags
}
