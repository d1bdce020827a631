# What the platform costs and who is told: budgets, a watch for spending unlike before, groups of costs for the bill.

module "names" {
  source  = "../names"
  context = var.context
}

locals {
  tags   = merge(module.names.tags, { module = "finops" })
  prefix = module.names.prefix

  budgets = merge(
    { total = { name = "${local.prefix}-total", amount = var.budget_monthly, tags = local.tags, only = var.shared_account ? ["environment", var.context.environment] : null } },
    { for domain, amount in var.domain_budgets : "domain/${domain}" => {
      name   = "${local.prefix}-domain-${domain}"
      amount = amount
      tags   = merge(local.tags, { domain = domain })
      only   = ["domain", domain]
    } },
  )

  categories = { domain = "platform", owner = "platform", tier = "none" } # by tag: the name of what carries no such tag
}

resource "aws_budgets_budget" "this" {
  for_each = local.budgets

  name         = each.value.name
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = format("%.2f", each.value.amount)
  limit_unit   = var.currency
  tags         = each.value.tags

  dynamic "cost_filter" {
    for_each = each.value.only == null ? [] : [each.value.only]
    content {
      name   = "TagKeyValue"
      values = [format("user:%s$%s", cost_filter.value...)]
    }
  }

  dynamic "notification" {
    for_each = var.thresholds
    content {
      comparison_operator        = "GREATER_THAN"
      notification_type          = notification.value.kind
      threshold                  = notification.value.percent
      threshold_type             = "PERCENTAGE"
      subscriber_sns_topic_arns  = [var.topic_arn]
      subscriber_email_addresses = var.subscribers
    }
  }
}

# By the environment's tag: AWS allows one monitor of all services per account, and has often made it already. A monitor by tag is refused to
# a member of an organization.
resource "aws_ce_anomaly_monitor" "this" {
  count = var.anomalies == null ? 0 : 1

  name         = local.prefix
  monitor_type = "CUSTOM"
  tags         = local.tags
  monitor_specification = jsonencode({
    And            = null
    CostCategories = null
    Dimensions     = null
    Not            = null
    Or             = null
    Tags           = { Key = "environment", MatchOptions = null, Values = [var.context.environment] }
  })
}

resource "aws_ce_anomaly_subscription" "this" {
  count = var.anomalies == null ? 0 : 1

  name             = local.prefix
  frequency        = "IMMEDIATE" # the only one that a topic may have
  monitor_arn_list = [aws_ce_anomaly_monitor.this[0].arn]
  tags             = local.tags

  subscriber {
    type    = "SNS"
    address = var.topic_arn
  }

  threshold_expression {
    and {
      dimension {
        key           = "ANOMALY_TOTAL_IMPACT_ABSOLUTE"
        match_options = ["GREATER_THAN_OR_EQUAL"]
        values        = [tostring(var.anomalies.amount)]
      }
    }
    and {
      dimension {
        key           = "ANOMALY_TOTAL_IMPACT_PERCENTAGE"
        match_options = ["GREATER_THAN_OR_EQUAL"]
        values        = [tostring(var.anomalies.percent)]
      }
    }
  }
}

resource "aws_ce_cost_category" "this" {
  for_each = var.cost_categories ? local.categories : {}

  name          = "${local.prefix}-${each.key}"
  rule_version  = "CostCategoryExpression.v1"
  default_value = each.value
  tags          = local.tags

  rule {
    type = "INHERITED_VALUE"
    inherited_value {
      dimension_name = "TAG"
      dimension_key  = each.key
    }
  }
}

resource "aws_ce_cost_allocation_tag" "this" {
  for_each = var.cost_allocation_tags

  tag_key = each.key
  status  = "Active"
}
