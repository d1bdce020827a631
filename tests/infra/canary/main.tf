# Tasks that need a secret, for tests/infra/test_canary.py: Terraform is given its name, and the credentials are in the environment of who
# applies. `said` is what nobody should do: a value that goes through Terraform.

variable "secret" {
  description = "ARN of a secret of the services."
  type        = string
}

variable "said" {
  description = "A value that Terraform is told; null: none."
  type        = string
  default     = null
}

locals {
  context = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  role    = "arn:aws:iam::123456789012:role/tideline-dev"
}

resource "aws_vpc" "this" {
  cidr_block = "10.64.0.0/16"
}

resource "aws_subnet" "this" {
  for_each = { a = "10.64.1.0/24", b = "10.64.2.0/24" }

  vpc_id            = aws_vpc.this.id
  cidr_block        = each.value
  availability_zone = "eu-central-1${each.key}"
}

resource "aws_security_group" "this" {
  for_each = toset(["load-balancer", "services"])

  name   = "tideline-dev-${each.key}"
  vpc_id = aws_vpc.this.id
}

resource "aws_kms_key" "services" {
  description = "services"
}

resource "aws_cloudwatch_log_group" "this" {
  for_each   = toset(["speed", "serving", "topics"])
  name       = "/tideline/dev/${each.key}"
  kms_key_id = aws_kms_key.services.arn
}

module "services" {
  source  = "../../../infra/terraform/modules/services"
  context = local.context

  image               = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/tideline/dev/layer:0.1.0"
  vpc_id              = aws_vpc.this.id
  private_subnet_ids  = values(aws_subnet.this)[*].id
  security_group_ids  = { for name, group in aws_security_group.this : name => group.id }
  bucket_names        = { logs = "tideline-dev-logs-123456789012" }
  key_arns            = { services = aws_kms_key.services.arn }
  log_groups          = { for name, group in aws_cloudwatch_log_group.this : name => { name = group.name, arn = group.arn } }
  role_arns           = { for name in ["speed", "serving", "ecs-execution", "deployment"] : name => "${local.role}-${name}" }
  secrets             = { TIDELINE_UPSTREAM = var.secret }
  environment         = { TIDELINE_GREETING = var.said }
  deletion_protection = false
  keep_revisions      = false
}

output "tasks" {
  value = module.services.task_definition_arns
}
