# Everything that can be asked for at once: public and private, a way out per zone, endpoints, callers of each kind.

locals {
  context = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
}

module "network" {
  source = "../../../../infra/terraform/modules/network"

  context             = local.context
  cidr                = "10.20.0.0/16"
  availability_zones  = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  nat                 = "per_zone"
  internal            = false
  ingress_cidrs       = ["0.0.0.0/0"]
  operator_cidrs      = ["10.200.0.0/16"]
  sftp_cidrs          = ["198.51.100.0/24"]
  interface_endpoints = ["ecr.api", "ecr.dkr", "logs", "sts"]
  flow_log_role_arn   = "arn:aws:iam::123456789012:role/tideline-dev-flow-logs"
  flow_log_group_arn  = aws_cloudwatch_log_group.flow.arn
}

resource "aws_cloudwatch_log_group" "flow" {
  name = "/tideline/dev/flow"
}
