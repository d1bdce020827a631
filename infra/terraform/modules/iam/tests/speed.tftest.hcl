# Speed tasks share partitions in one consumer group: who may join it.

mock_provider "aws" {}

variables {
  context   = { project = "tideline", environment = "dev", account_id = "111122223333", region = "eu-central-1" }
  people    = { for person in ["platform-engineer", "on-call"] : person => ["arn:aws:iam::111122223333:role/sign-in/Someone"] }
  producers = { retail = ["arn:aws:iam::444455556666:role/shop"] }
  contracts = { "retail.sales" = {
    domain = "retail", product = "sales", owner = "retail-data", tier = "gold", prefixes = {}, tables = {}
    roles = merge(
      { for role in ["ingest", "refine", "model", "publish"] : role => { topics = { read = [], write = [] }, prefixes = { read = [], write = [] } } },
      {
        producer = { topics = { read = [], write = ["retail.sales.v1"] }, prefixes = { read = [], write = [] } }
        speed    = { topics = { read = ["retail.sales.v1"], write = ["tideline.increments.retail.sales"] }, prefixes = { read = [], write = [] } }
        serving  = { topics = { read = ["tideline.increments.retail.sales"], write = [] }, prefixes = { read = [], write = [] } }
      },
    )
  } }
}

run "only_speed_and_only_its_group" {
  command = plan
  variables {
    features = { archive = true }
  }

  assert {
    condition = { for key, one in aws_iam_policy.this : split("#", key)[0] => jsonencode([for statement in jsondecode(one.policy).Statement : [statement.Action, statement.Resource]
      if contains(statement.Action, "kafka-cluster:AlterGroup")]) if strcontains(one.policy, "kafka-cluster:AlterGroup") } == {
      speed = jsonencode([[["kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"], ["arn:aws:kafka:eu-central-1:111122223333:group/tideline-dev-events/*/tideline-dev-speed"]]])
    }
    error_message = "Somebody else joins a group, or speed joins another."
  }
  assert {
    condition = alltrue([for action in ["kafka-cluster:Connect", "kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"] : anytrue([for key, one in aws_iam_policy.this : anytrue([
    for statement in jsondecode(one.policy).Statement : statement.Effect == "Allow" && contains(statement.Action, action)]) if startswith(key, "speed#")])])
    error_message = "AWS wants these beside AlterGroup."
  }
  assert {
    condition     = !anytrue([for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : statement.Effect == "Deny" && anytrue([for action in try(statement.Action, []) : startswith(action, "kafka")])])
    error_message = "The boundary takes nothing of it away."
  }
}

run "kinesis_has_no_groups" {
  command = plan
  variables {
    features = { stream = "kinesis" }
  }

  assert {
    condition     = !anytrue([for one in aws_iam_policy.this : strcontains(one.policy, "kafka-cluster:")])
    error_message = "A right on a Kafka that is not there."
  }
}
