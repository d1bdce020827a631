mock_provider "aws" {}

variables {
  context = {
    project     = "tideline"
    environment = "dev"
    account_id  = "111122223333"
    region      = "eu-central-1"
  }
  budget_monthly = 400
  topic_arn      = "arn:aws:sns:eu-central-1:111122223333:tideline-dev-warning"
}

run "a_member_of_an_organization_has_a_budget_and_no_watch" {
  command = plan

  assert {
    condition     = keys(aws_budgets_budget.this) == ["total"] && length(aws_ce_anomaly_monitor.this) + length(aws_ce_anomaly_subscription.this) == 0
    error_message = "What only the paying account can do is not tried unasked."
  }
}

run "dev_has_a_budget_and_a_watch" {
  command = plan
  variables {
    anomalies = {}
  }

  assert {
    condition     = keys(aws_budgets_budget.this) == ["total"] && aws_budgets_budget.this["total"].limit_amount == "400.00" && aws_budgets_budget.this["total"].time_unit == "MONTHLY"
    error_message = "One budget for the month."
  }
  assert {
    condition     = length(aws_budgets_budget.this["total"].cost_filter) == 0
    error_message = "An account of its own is counted whole."
  }
  assert {
    condition     = toset([for one in aws_budgets_budget.this["total"].notification : "${one.notification_type} ${one.threshold}"]) == toset(["ACTUAL 80", "ACTUAL 100", "FORECASTED 100"])
    error_message = "It speaks up before and when the money is spent, and when it is going to be."
  }
  assert {
    condition     = alltrue([for one in aws_budgets_budget.this["total"].notification : contains(one.subscriber_sns_topic_arns, var.topic_arn)])
    error_message = "Every notice goes to the topic."
  }
  assert {
    condition     = jsondecode(aws_ce_anomaly_monitor.this[0].monitor_specification).Tags.Values == ["dev"] && aws_ce_anomaly_subscription.this[0].frequency == "IMMEDIATE"
    error_message = "Spending of this environment is watched, and told at once."
  }
  assert {
    condition     = length(aws_ce_cost_category.this) == 0 && length(aws_ce_cost_allocation_tag.this) == 0
    error_message = "What only the paying account can do is not tried unasked."
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.spot_share) == 0 && length(aws_cloudwatch_event_rule.capacity) == 0
    error_message = "Without clusters nothing measures spot."
  }
  assert {
    condition     = aws_budgets_budget.this["total"].tags["module"] == "finops" && aws_ce_anomaly_monitor.this[0].tags["environment"] == "dev"
    error_message = "Everything says whose it is."
  }
}

run "prod_counts_each_domain_groups_costs_and_measures_spot" {
  command = plan
  variables {
    context              = { project = "tideline", environment = "prod", account_id = "444455556666", region = "eu-central-1" }
    budget_monthly       = 12000
    shared_account       = true
    thresholds           = [{ percent = 50 }, { percent = 90, kind = "FORECASTED" }]
    subscribers          = ["finance@example.org"]
    contracts            = { "retail.sales" = { domain = "retail" }, "retail.stock" = { domain = "retail" } }
    domain_budgets       = { retail = 2500.5 }
    cost_categories      = true
    cost_allocation_tags = ["domain", "environment"]
    spot_share = { log_group = {
      name = "/tideline/prod/emr"
      arn  = "arn:aws:logs:eu-central-1:444455556666:log-group:/tideline/prod/emr"
    } }
  }

  assert {
    condition     = one(aws_budgets_budget.this["total"].cost_filter).values == tolist(["user:environment$prod"])
    error_message = "In a shared account only this environment is counted."
  }
  assert {
    condition     = one(aws_budgets_budget.this["domain/retail"].cost_filter).values == tolist(["user:domain$retail"]) && aws_budgets_budget.this["domain/retail"].limit_amount == "2500.50"
    error_message = "A domain's budget counts what carries its tag."
  }
  assert {
    condition     = aws_budgets_budget.this["domain/retail"].tags["domain"] == "retail"
    error_message = "A domain's budget carries its tag."
  }
  assert {
    condition     = toset([for one in aws_ce_cost_category.this : one(one.rule[0].inherited_value).dimension_key]) == toset(["domain", "owner", "tier"])
    error_message = "Costs are grouped by domain, owner and tier."
  }
  assert {
    condition     = toset(keys(aws_ce_cost_allocation_tag.this)) == toset(["domain", "environment"])
    error_message = "The asked tags are activated."
  }
  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.capacity["this"].event_pattern).detail == {
      instanceFleetType = ["TASK"], state = ["RUNNING"]
    }
    error_message = "Only task fleets that have reached their size are counted."
  }
  assert {
    condition = { for key, filter in aws_cloudwatch_log_metric_filter.capacity : key => filter.metric_transformation[0].value } == {
      spot = "$spot", on_demand = "$on_demand"
    }
    error_message = "Each metric takes the word of its own kind."
  }
  assert {
    condition = (
      aws_cloudwatch_event_target.capacity["this"].input_transformer[0].input_template == "{\"timestamp\": <at>, \"message\": \"task-capacity <cluster> <fleet> <on_demand> <spot>\"}"
      && alltrue([for filter in aws_cloudwatch_log_metric_filter.capacity : filter.pattern == "[word = task-capacity, cluster, fleet, on_demand, spot]"])
    )
    error_message = "The line has the words that the filters expect."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.spot_share["this"].threshold == 70 && aws_cloudwatch_metric_alarm.spot_share["this"].comparison_operator == "LessThanThreshold"
    error_message = "Less than 70 % of spot is told."
  }
  assert {
    condition = jsondecode(aws_cloudwatch_log_resource_policy.capacity["this"].policy_document).Statement[1].Condition.ArnEquals["aws:SourceArn"] == (
    "arn:aws:events:eu-central-1:444455556666:rule/${aws_cloudwatch_event_rule.capacity["this"].name}")
    error_message = "Only our rule writes lines."
  }
  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.cost["this"].dashboard_body).widgets) == 2
    error_message = "The dashboard shows the share and what the account runs."
  }
}

run "the_watch_can_be_off" {
  command = plan
  variables {
    anomalies = null
  }

  assert {
    condition     = length(aws_ce_anomaly_monitor.this) + length(aws_ce_anomaly_subscription.this) == 0
    error_message = "Off makes nothing."
  }
  assert {
    condition     = output.budget_names == { total = "tideline-dev-total" } && output.spot_alarm_arn == null
    error_message = "The outputs name what is there."
  }
}
