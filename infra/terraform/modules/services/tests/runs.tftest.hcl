mock_provider "aws" {}

variables {
  context            = { project = "tideline", environment = "dev", account_id = "111122223333", region = "eu-central-1" }
  image              = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/tideline/dev/layer@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  collector_image    = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/tideline/dev/collector@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  certificate_arn    = "arn:aws:acm:eu-central-1:111122223333:certificate/11111111-2222-3333-4444-555555555555"
  vpc_id             = "vpc-0123456789abcdef0"
  private_subnet_ids = ["subnet-0a", "subnet-0b", "subnet-0c"]
  security_group_ids = { load-balancer = "sg-0a", services = "sg-0b" }
  bucket_names       = { logs = "tideline-dev-logs-111122223333" }
  key_arns           = { services = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555" }
  topics             = { command = ["tideline", "--help"] }
  environment        = { TIDELINE_TICK_MS = "50" }
  secrets            = { TIDELINE_EXAMPLE = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:tideline-dev/services/example-AbCdEf" }
  role_arns = {
    speed         = "arn:aws:iam::111122223333:role/tideline-dev-speed"
    serving       = "arn:aws:iam::111122223333:role/tideline-dev-serving"
    topics        = "arn:aws:iam::111122223333:role/tideline-dev-topics"
    ecs-execution = "arn:aws:iam::111122223333:role/tideline-dev-ecs-execution"
    deployment    = "arn:aws:iam::111122223333:role/tideline-dev-deployment"
  }
  log_groups = {
    speed   = { name = "/tideline/dev/speed", arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/tideline/dev/speed" }
    serving = { name = "/tideline/dev/serving", arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/tideline/dev/serving" }
    topics  = { name = "/tideline/dev/topics", arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/tideline/dev/topics" }
  }
}

run "tasks_are_confined" {
  command = plan

  assert {
    condition     = toset(keys(aws_ecs_task_definition.this)) == toset(["speed", "serving", "topics"])
    error_message = "Two services and the topics task."
  }
  assert {
    condition = alltrue(flatten([for task in aws_ecs_task_definition.this : [for container in jsondecode(task.container_definitions) :
      container.readonlyRootFilesystem && !container.privileged && container.user == "10001:10001" && container.linuxParameters.capabilities.drop == ["ALL"] && strcontains(container.image, "@sha256:")
    ]]))
    error_message = "No container is root, writes its root file system, has a capability or an image that can change."
  }
  assert {
    condition     = alltrue([for name, task in aws_ecs_task_definition.this : task.network_mode == "awsvpc" && task.task_role_arn == "arn:aws:iam::111122223333:role/tideline-dev-${name}" && task.execution_role_arn == "arn:aws:iam::111122223333:role/tideline-dev-ecs-execution"])
    error_message = "Each task has its own role."
  }
  assert {
    condition     = toset([for container in jsondecode(aws_ecs_task_definition.this["serving"].container_definitions) : container.name]) == toset(["serving", "collector"]) && length(jsondecode(aws_ecs_task_definition.this["topics"].container_definitions)) == 1
    error_message = "A collector stands beside each service and beside nothing else."
  }
  assert {
    condition     = alltrue([for name, port in { speed = 8089, serving = 8088 } : strcontains(jsondecode(aws_ecs_task_definition.this[name].container_definitions)[0].healthCheck.command[3], "127.0.0.1:${port}/healthz") && jsondecode(aws_ecs_task_definition.this[name].container_definitions)[0].portMappings[0].containerPort == port])
    error_message = "The health check asks the port that the service has."
  }
  assert {
    condition     = contains(jsondecode(aws_ecs_task_definition.this["speed"].container_definitions)[0].environment, { name = "TIDELINE_TICK_MS", value = "50" }) && contains(jsondecode(aws_ecs_task_definition.this["speed"].container_definitions)[0].environment, { name = "TIDELINE_HOME", value = "/var/lib/tideline" })
    error_message = "What the caller and the module say about the installation reaches the process."
  }
  assert {
    condition     = alltrue([for one in jsondecode(aws_ecs_task_definition.this["speed"].container_definitions)[0].secrets : startswith(one.valueFrom, "arn:aws:secretsmanager:")])
    error_message = "A secret is an ARN."
  }
  assert {
    condition     = strcontains(jsondecode(aws_ecs_task_definition.this["speed"].container_definitions)[1].environment[0].value, "127.0.0.1:8089") && !strcontains(jsondecode(aws_ecs_task_definition.this["speed"].container_definitions)[1].environment[0].value, "remote_write")
    error_message = "The collector reads this task's metrics and writes to Prometheus only when there is one."
  }
}

run "services_are_private" {
  command = plan

  assert {
    condition     = alltrue([for service in [aws_ecs_service.speed[0], aws_ecs_service.serving[0]] : !service.network_configuration[0].assign_public_ip && !service.enable_execute_command && service.network_configuration[0].security_groups == toset(["sg-0b"])])
    error_message = "No task has a public address or a shell."
  }
  assert {
    condition     = aws_lb.this[0].internal && aws_lb.this[0].drop_invalid_header_fields && aws_lb.this[0].enable_deletion_protection && aws_lb.this[0].access_logs[0].enabled && aws_lb.this[0].access_logs[0].prefix == "alb"
    error_message = "The load balancer is internal, strict, protected and logged."
  }
  assert {
    condition     = alltrue([for listener in aws_lb_listener.tls : listener.protocol == "HTTPS" && listener.ssl_policy == "ELBSecurityPolicy-TLS13-1-2-2021-06"]) && aws_lb_listener.plain[0].default_action[0].type == "redirect" && aws_lb_listener.plain[0].default_action[0].redirect[0].protocol == "HTTPS"
    error_message = "Plain HTTP is redirected and nothing else."
  }
  assert {
    condition     = alltrue([for repository in aws_ecr_repository.this : repository.image_tag_mutability == "IMMUTABLE" && repository.image_scanning_configuration[0].scan_on_push && repository.encryption_configuration[0].encryption_type == "KMS" && !repository.force_delete])
    error_message = "Tags are written once, images are scanned and encrypted."
  }
  assert {
    condition     = alltrue([for policy in aws_ecr_repository_policy.this : alltrue([for statement in jsondecode(policy.policy).Statement : statement.Effect == "Deny"])])
    error_message = "The repository's own policy lets nobody in."
  }
  assert {
    condition = alltrue([for tags in concat([aws_ecs_cluster.this.tags, aws_lb.this[0].tags, aws_ecs_service.speed[0].tags, aws_ecs_service.serving[0].tags, aws_codedeploy_app.serving[0].tags],
    values(aws_ecr_repository.this)[*].tags, values(aws_lb_target_group.this)[*].tags, values(aws_ecs_task_definition.this)[*].tags) : tags["module"] == "services" && tags["environment"] == "dev"])
    error_message = "Everything is tagged."
  }
}

run "deployments" {
  command = plan

  assert {
    condition     = aws_ecs_service.speed[0].availability_zone_rebalancing == "DISABLED" && aws_ecs_service.speed[0].deployment_maximum_percent == 100 && aws_ecs_service.speed[0].deployment_minimum_healthy_percent == 0 && aws_ecs_service.speed[0].deployment_circuit_breaker[0].rollback
    error_message = "Old tasks of speed stop before new ones start, and bad ones are taken back."
  }
  assert {
    condition     = aws_ecs_service.serving[0].deployment_controller[0].type == "CODE_DEPLOY" && toset(keys(aws_lb_target_group.this)) == toset(["blue", "green"]) && alltrue([for group in aws_lb_target_group.this : group.health_check[0].path == "/readyz" && group.stickiness[0].enabled])
    error_message = "Serving has two colours, each ready before it has traffic."
  }
  assert {
    condition     = aws_codedeploy_deployment_group.serving[0].auto_rollback_configuration[0].enabled && contains(aws_codedeploy_deployment_group.serving[0].auto_rollback_configuration[0].events, "DEPLOYMENT_STOP_ON_ALARM") && aws_codedeploy_deployment_group.serving[0].alarm_configuration[0].alarms == toset(["tideline-dev-serving-errors", "tideline-dev-serving-latency"])
    error_message = "An alarm takes a deployment back."
  }
  assert {
    condition     = aws_appautoscaling_target.serving[0].min_capacity == 2 && aws_appautoscaling_target.serving[0].max_capacity == 4 && aws_appautoscaling_policy.requests[0].target_tracking_scaling_policy_configuration[0].target_value == 3000
    error_message = "Serving grows with its requests, within limits."
  }
}
