# Each wrong input is refused by the variable it belongs to, before anything is planned.

mock_provider "aws" {}

variables {
  context            = { project = "tideline", environment = "dev", account_id = "111122223333", region = "eu-central-1" }
  vpc_id             = "vpc-0123456789abcdef0"
  private_subnet_ids = ["subnet-0a", "subnet-0b", "subnet-0c"]
  security_group_ids = { load-balancer = "sg-0a", services = "sg-0b" }
  bucket_names       = { logs = "tideline-dev-logs-111122223333" }
  key_arns           = { services = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555" }
  role_arns          = { for name in ["speed", "serving", "ecs-execution", "deployment"] : name => "arn:aws:iam::111122223333:role/tideline-dev-${name}" }
  log_groups         = { for name in ["speed", "serving", "topics"] : name => { name = "/tideline/dev/${name}", arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/tideline/dev/${name}" } }
}

run "an_image_that_can_change" {
  command = plan
  variables {
    image = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/tideline/dev/layer:latest"
  }
  expect_failures = [var.image]
}

run "a_tag_of_somebody_elses_repository" {
  command = plan
  variables {
    image = "444455556666.dkr.ecr.eu-central-1.amazonaws.com/tideline/dev/layer:0.1.0"
  }
  expect_failures = [var.image]
}

run "a_collector_by_tag" {
  command = plan
  variables {
    collector_image = "public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3"
  }
  expect_failures = [var.collector_image]
}

run "prometheus_without_a_collector" {
  command = plan
  variables {
    prometheus = { endpoint = "https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-1/" }
  }
  expect_failures = [var.prometheus]
}

run "speed_half_stopped" {
  command = plan
  variables {
    speed = { minimum = 0, maximum = 2 }
  }
  expect_failures = [var.speed]
}

run "fewer_speed_tasks_at_most_than_at_least" {
  command = plan
  variables {
    speed = { minimum = 3, maximum = 2 }
  }
  expect_failures = [var.speed]
}

run "too_many_speed_tasks" {
  command = plan
  variables {
    speed = { maximum = 201 }
  }
  expect_failures = [var.speed]
}

run "half_a_speed_task" {
  command = plan
  variables {
    speed = { minimum = 1.5 }
  }
  expect_failures = [var.speed]
}

run "processors_that_no_speed_task_uses" {
  command = plan
  variables {
    speed = { cpu = 8192, memory_mb = 16384 }
  }
  expect_failures = [var.speed]
}

run "speed_growing_at_full_load_only" {
  command = plan
  variables {
    speed = { processor_percent = 95 }
  }
  expect_failures = [var.speed]
}

run "speed_growing_without_any_lag" {
  command = plan
  variables {
    speed = { lag_events = 0 }
  }
  expect_failures = [var.speed]
}

run "fewer_partitions_than_none" {
  command = plan
  variables {
    partitions = -1
  }
  expect_failures = [var.partitions]
}

run "a_group_of_somebody_else" {
  command = plan
  variables {
    environment = { TIDELINE_SPEED_GROUP = "mine" }
  }
  expect_failures = [var.environment]
}

run "a_size_that_fargate_has_not" {
  command = plan
  variables {
    speed = { cpu = 1024, memory_mb = 10240 }
  }
  expect_failures = [var.speed]
}

run "too_small_a_disk" {
  command = plan
  variables {
    speed = { disk_gb = 10 }
  }
  expect_failures = [var.speed]
}

run "serving_of_no_size" {
  command = plan
  variables {
    serving = { cpu = 1000, memory_mb = 4096 }
  }
  expect_failures = [var.serving]
}

run "fewer_at_most_than_at_least" {
  command = plan
  variables {
    serving = { minimum = 3, maximum = 2 }
  }
  expect_failures = [var.serving]
}

run "growing_at_full_load_only" {
  command = plan
  variables {
    serving = { processor_percent = 99 }
  }
  expect_failures = [var.serving]
}

run "no_time_to_read" {
  command = plan
  variables {
    serving = { grace_seconds = 5 }
  }
  expect_failures = [var.serving]
}

run "a_foreign_topics_command" {
  command = plan
  variables {
    topics = { command = ["sh", "-c", "true"] }
  }
  expect_failures = [var.topics]
}

run "topics_without_a_role" {
  command = plan
  variables {
    topics = { command = ["tideline", "topics"] }
  }
  expect_failures = [var.role_arns]
}

run "one_zone" {
  command = plan
  variables {
    private_subnet_ids = ["subnet-0a"]
  }
  expect_failures = [var.private_subnet_ids]
}

run "public_without_public_subnets" {
  command = plan
  variables {
    internal = false
  }
  expect_failures = [var.public_subnet_ids]
}

run "no_security_group" {
  command = plan
  variables {
    security_group_ids = { services = "sg-0b" }
  }
  expect_failures = [var.security_group_ids]
}

run "no_role_to_deploy_with" {
  command = plan
  variables {
    role_arns = { speed = "arn:aws:iam::111122223333:role/tideline-dev-speed", serving = "arn:aws:iam::111122223333:role/tideline-dev-serving", ecs-execution = "arn:aws:iam::111122223333:role/x" }
  }
  expect_failures = [var.role_arns]
}

run "a_certificate_of_another_region" {
  command = plan
  variables {
    certificate_arn = "arn:aws:acm:us-east-1:111122223333:certificate/11111111-2222-3333-4444-555555555555"
  }
  expect_failures = [var.certificate_arn]
}

run "a_port_below_1024" {
  command = plan
  variables {
    test_port = 80
  }
  expect_failures = [var.test_port]
}

run "a_firewall_before_nothing" {
  command = plan
  variables {
    firewall = { web_acl_arn = "arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/x/1" }
  }
  expect_failures = [var.firewall]
}

run "nowhere_to_log" {
  command = plan
  variables {
    bucket_names = { gold = "x" }
  }
  expect_failures = [var.bucket_names]
}

run "no_key" {
  command = plan
  variables {
    key_arns = {}
  }
  expect_failures = [var.key_arns]
}

run "no_log_group" {
  command = plan
  variables {
    log_groups = {}
  }
  expect_failures = [var.log_groups]
}

run "a_variable_that_is_not_ours" {
  command = plan
  variables {
    environment = { AWS_PROFILE = "x" }
  }
  expect_failures = [var.environment]
}

run "a_variable_that_the_module_sets" {
  command = plan
  variables {
    environment = { TIDELINE_CRASH_AT = "publish:1" }
  }
  expect_failures = [var.environment]
}

run "a_secret_among_variables" {
  command = plan
  variables {
    environment = { TIDELINE_DB_PASSWORD = "x" }
  }
  expect_failures = [var.environment]
}

run "a_secret_by_value" {
  command = plan
  variables {
    secrets = { TIDELINE_EXAMPLE = "hunter2" }
  }
  expect_failures = [var.secrets]
}

run "a_secret_of_another_environment" {
  command = plan
  variables {
    secrets = { TIDELINE_EXAMPLE = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:tideline-prod/services/example-AbCdEf" }
  }
  expect_failures = [var.secrets]
}

run "a_week_to_approve" {
  command = plan
  variables {
    blue_green = { approval_minutes = 10080 }
  }
  expect_failures = [var.blue_green]
}

run "too_many_alarms" {
  command = plan
  variables {
    rollback_alarms = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"]
  }
  expect_failures = [var.rollback_alarms]
}
