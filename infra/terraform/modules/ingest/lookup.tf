# Tables that functions look things up in. `deliveries` remembers which file and which chunk of it is in the log; others are asked for.

locals {
  deliveries = "${local.names.prefix}-deliveries"
  tables = merge(
    var.delivery.enabled ? { deliveries = { hash_key = "file", range_key = "part", expires = "expires" } } : {},
    var.lookups,
  )
}

resource "aws_dynamodb_table" "this" {
  for_each = local.tables

  name                        = "${local.names.prefix}-${each.key}"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = each.value.hash_key
  range_key                   = each.value.range_key
  deletion_protection_enabled = var.deletion_protection
  tags                        = local.tags

  dynamic "attribute" {
    for_each = compact([each.value.hash_key, each.value.range_key])
    content {
      name = attribute.value
      type = "S"
    }
  }
  dynamic "ttl" {
    for_each = compact([each.value.expires])
    content {
      attribute_name = ttl.value
      enabled        = true
    }
  }
  point_in_time_recovery {
    enabled = true
  }
  server_side_encryption {
    enabled     = true
    kms_key_arn = var.key_arns["services"]
  }
}
