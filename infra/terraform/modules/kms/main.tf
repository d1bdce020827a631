# One key per purpose, with an alias: roles name a key by its alias, since its id is unknown before it exists. What a key
# is for stands in policies.tf.

module "names" {
  source  = "../names"
  context = var.context
}

locals {
  tags     = merge(module.names.tags, { module = "kms" })
  replicas = var.replica == null ? toset([]) : var.replica.purposes
}

resource "aws_kms_key" "this" {
  for_each = module.names.keys

  description             = "${module.names.prefix} ${each.key}"
  enable_key_rotation     = true
  rotation_period_in_days = var.rotation_days
  deletion_window_in_days = var.deletion_window_days
  multi_region            = var.multi_region
  policy                  = local.policies[var.context.region][each.key]
  tags                    = merge(local.tags, { purpose = each.key })
}

resource "aws_kms_alias" "this" {
  for_each = module.names.keys

  name          = each.value.alias
  target_key_id = aws_kms_key.this[each.key].key_id
}

# The same key material in the second region: rotation follows the first key, policy and tags are the replica's own.
resource "aws_kms_replica_key" "this" {
  for_each = local.replicas
  provider = aws.replica

  description             = "${module.names.prefix} ${each.key} replica"
  primary_key_arn         = aws_kms_key.this[each.key].arn
  deletion_window_in_days = var.deletion_window_days
  policy                  = local.policies[var.replica.region][each.key]
  tags                    = merge(local.tags, { purpose = each.key })
}

resource "aws_kms_alias" "replica" {
  for_each = local.replicas
  provider = aws.replica

  name          = module.names.keys[each.key].alias
  target_key_id = aws_kms_replica_key.this[each.key].key_id
}
