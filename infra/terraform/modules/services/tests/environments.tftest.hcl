# What differs between an environment that may go and one that must not; and an environment on its first day.

mock_provider "aws" {}

variables {
  context            = { project = "tideline", environment = "prod", account_id = "111122223333", region = "eu-central-1" }
  image              = "444455556666.dkr.ecr.eu-central-1.amazonaws.com/tideline/staging/layer@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  certificate_arn    = "arn:aws:acm:eu-central-1:111122223333:certificate/11111111-2222-3333-4444-555555555555"
  vpc_id             = "vpc-0123456789abcdef0"
  private_subnet_ids = ["subnet-0a", "subnet-0b", "subnet-0c"]
  public_subnet_ids  = ["subnet-1a", "subnet-1b", "subnet-1c"]
  security_group_ids = { load-balancer = "sg-0a", services = "sg-0b" }
  bucket_names       = { logs = "tideline-prod-logs-111122223333" }
  key_arns           = { services = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555" }
  role_arns          = { for name in ["speed", "serving", "ecs-execution", "deployment"] : name => "arn:aws:iam::111122223333:role/tideline-prod-${name}" }
  log_groups         = { for name in ["speed", "serving", "topics"] : name => { name = "/tideline/prod/${name}", arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/tideline/prod/${name}" } }
}

run "prod" {
  command = plan
  variables {
    speed      = { minimum = 4, maximum = 16 }
    serving    = { minimum = 2, maximum = 8 }
    blue_green = { approval_minutes = 60 }
    internal   = false
    firewall   = { web_acl_arn = "arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/api/1" }
  }

  assert {
    condition     = aws_lb.this[0].enable_deletion_protection && alltrue([for repository in aws_ecr_repository.this : !repository.force_delete]) && alltrue([for task in aws_ecs_task_definition.this : task.skip_destroy])
    error_message = "Nothing can be destroyed that a rollback needs."
  }
  assert {
    condition     = aws_codedeploy_deployment_group.serving[0].blue_green_deployment_config[0].deployment_ready_option[0].action_on_timeout == "STOP_DEPLOYMENT" && alltrue([for service in [aws_ecs_service.speed[0], aws_ecs_service.serving[0]] : one(service.capacity_provider_strategy).capacity_provider == "FARGATE"])
    error_message = "A person approves the switch, and nothing runs on spot."
  }
  assert {
    condition     = aws_appautoscaling_target.speed[0].min_capacity == 4 && aws_appautoscaling_target.speed[0].max_capacity == 16 && contains(jsondecode(aws_ecs_task_definition.this["speed"].container_definitions)[0].environment, { name = "TIDELINE_SPEED_GROUP", value = "tideline-prod-speed" })
    error_message = "Prod has its own limits and its own group."
  }
  assert {
    condition     = !aws_lb.this[0].internal && aws_lb.this[0].subnets == toset(["subnet-1a", "subnet-1b", "subnet-1c"]) && length(aws_wafv2_web_acl_association.this) == 1 && alltrue([for service in [aws_ecs_service.speed[0], aws_ecs_service.serving[0]] : service.network_configuration[0].subnets == toset(["subnet-0a", "subnet-0b", "subnet-0c"])])
    error_message = "A public load balancer stands in public subnets behind its firewall; the tasks do not."
  }
}

run "dev" {
  command = plan
  variables {
    speed               = { spot = true, maximum = 2 }
    serving             = { minimum = 1, maximum = 2, spot = true }
    deletion_protection = false
    rollback_alarms     = []
    environment         = { TIDELINE_TICK_MS = null, TIDELINE_EPOCH_S = "5" }
  }

  assert {
    condition     = toset([for one in jsondecode(aws_ecs_task_definition.this["speed"].container_definitions)[0].environment : one.name if startswith(one.name, "TIDELINE_")]) == toset(["TIDELINE_EPOCH_S", "TIDELINE_HOME", "TIDELINE_HOST", "TIDELINE_SPEED_GROUP"])
    error_message = "A variable without a value is left out."
  }

  assert {
    condition     = !aws_lb.this[0].enable_deletion_protection && alltrue([for repository in aws_ecr_repository.this : repository.force_delete]) && aws_lb.this[0].internal
    error_message = "dev can be destroyed with what is in it, and is private."
  }
  assert {
    condition     = alltrue([for service in [aws_ecs_service.speed[0], aws_ecs_service.serving[0]] : one(service.capacity_provider_strategy).capacity_provider == "FARGATE_SPOT"])
    error_message = "dev may run on spot."
  }
  assert {
    condition     = aws_appautoscaling_target.speed[0].min_capacity == 1 && aws_appautoscaling_target.speed[0].max_capacity == 2
    error_message = "dev stays small."
  }
  assert {
    condition     = !aws_codedeploy_deployment_group.serving[0].alarm_configuration[0].enabled && aws_codedeploy_deployment_group.serving[0].blue_green_deployment_config[0].deployment_ready_option[0].action_on_timeout == "CONTINUE_DEPLOYMENT"
    error_message = "Without alarms none is asked; nobody has to approve."
  }
  assert {
    condition     = alltrue([for task in aws_ecs_task_definition.this : length(jsondecode(task.container_definitions)) == 1])
    error_message = "Without an image there is no collector."
  }
}

run "first_day" {
  command = plan
  variables {
    image           = null
    certificate_arn = null
  }

  assert {
    condition     = length(aws_ecr_repository.this) == 2 && length(aws_ecs_task_definition.this) + length(aws_ecs_service.speed) + length(aws_ecs_service.serving) + length(aws_lb.this) + length(aws_appautoscaling_target.speed) + length(aws_appautoscaling_policy.speed_processor) == 0
    error_message = "Before the first image there is somewhere to push it to, and nothing runs."
  }
  assert {
    condition     = output.url == null && output.service_names == {} && output.deployment == null
    error_message = "What is not there has no name."
  }
}

run "no_certificate_yet" {
  command = plan
  variables {
    certificate_arn = null
  }

  assert {
    condition     = length(aws_ecs_service.speed) == 1 && length(aws_appautoscaling_target.speed) == 1 && length(aws_ecs_service.serving) == 0 && length(aws_lb_listener.plain) == 0
    error_message = "Nothing is served without TLS; the speed layer needs none."
  }
}
