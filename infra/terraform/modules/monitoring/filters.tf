# Our services log one JSON object a line: `level`, and `code` where the error is one of ours (TL-...). What they log as an
# error becomes a number to be alarmed by, and one per code to look at.

locals {
  structured = ["speed", "serving", "topics", "push", "delivery"]
  lost_codes = ["TL-SPD-007", "TL-LOG-066"]
}

resource "aws_cloudwatch_log_metric_filter" "errors" {
  for_each = toset(local.structured)

  name           = "${local.prefix}-${each.key}-errors"
  log_group_name = aws_cloudwatch_log_group.this[each.key].name
  pattern        = "{ $.level = \"error\" }"

  metric_transformation {
    name          = "${each.key}-errors"
    namespace     = local.namespace
    value         = "1"
    default_value = "0"
  }
}

resource "aws_cloudwatch_log_metric_filter" "codes" {
  for_each = toset(local.structured)

  name           = "${local.prefix}-${each.key}-codes"
  log_group_name = aws_cloudwatch_log_group.this[each.key].name
  pattern        = "{ $.level = \"error\" && $.code = \"TL-*\" }"

  metric_transformation {
    name       = "error-codes"
    namespace  = local.namespace
    value      = "1"
    dimensions = { code = "$.code" }
  }
}

resource "aws_cloudwatch_log_metric_filter" "lost" {
  for_each = toset(["speed", "serving"])

  name           = "${local.prefix}-${each.key}-positions-lost"
  log_group_name = aws_cloudwatch_log_group.this[each.key].name
  pattern        = "{ ${join(" || ", [for code in local.lost_codes : "$.code = \"${code}\""])} }"

  metric_transformation {
    name          = "positions-lost"
    namespace     = local.namespace
    value         = "1"
    default_value = "0"
  }
}
