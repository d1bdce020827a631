mock_provider "aws" {}

variables {
  context = {
    project     = "tideline"
    environment = "dev"
    account_id  = "111122223333"
    region      = "eu-central-1"
  }
  cidr               = "10.20.0.0/16"
  availability_zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  flow_log_role_arn  = "arn:aws:iam::111122223333:role/tideline-dev-flow-logs"
  flow_log_group_arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/tideline/dev/flow"
}

run "a_range_that_is_no_range" {
  command = plan
  variables {
    cidr = "10.20.0.0"
  }
  expect_failures = [var.cidr]
}

run "a_range_that_begins_inside" {
  command = plan
  variables {
    cidr = "10.20.1.0/16"
  }
  expect_failures = [var.cidr]
}

run "a_range_too_wide_for_a_vpc" {
  command = plan
  variables {
    cidr = "10.0.0.0/15"
  }
  expect_failures = [var.cidr]
}

run "a_range_too_small_for_emr" {
  command = plan
  variables {
    cidr = "10.20.0.0/21"
  }
  expect_failures = [var.cidr]
}

run "a_public_range" {
  command = plan
  variables {
    cidr = "52.0.0.0/16"
  }
  expect_failures = [var.cidr]
}

run "two_zones" {
  command = plan
  variables {
    availability_zones = ["eu-central-1a", "eu-central-1b"]
  }
  expect_failures = [var.availability_zones]
}

run "the_same_zone_twice" {
  command = plan
  variables {
    availability_zones = ["eu-central-1a", "eu-central-1b", "eu-central-1b"]
  }
  expect_failures = [var.availability_zones]
}

run "zones_of_another_region" {
  command = plan
  variables {
    availability_zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
  }
  expect_failures = [var.availability_zones]
}

run "an_unknown_nat" {
  command = plan
  variables {
    nat = "two"
  }
  expect_failures = [var.nat]
}

run "the_world_at_an_internal_load_balancer" {
  command = plan
  variables {
    ingress_cidrs = ["0.0.0.0/0"]
  }
  expect_failures = [var.ingress_cidrs]
}

run "a_public_range_at_an_internal_load_balancer" {
  command = plan
  variables {
    ingress_cidrs = ["198.51.100.0/24"]
  }
  expect_failures = [var.ingress_cidrs]
}

run "callers_that_are_no_range" {
  command = plan
  variables {
    ingress_cidrs = ["everybody"]
  }
  expect_failures = [var.ingress_cidrs]
}

run "more_callers_than_an_acl_holds" {
  command = plan
  variables {
    ingress_cidrs = [for n in range(9) : "10.${n}.0.0/16"]
  }
  expect_failures = [var.ingress_cidrs]
}

run "operators_from_the_internet" {
  command = plan
  variables {
    operator_cidrs = ["198.51.100.0/24"]
  }
  expect_failures = [var.operator_cidrs]
}

run "partners_from_everywhere" {
  command = plan
  variables {
    sftp_cidrs = ["0.0.0.0/0"]
  }
  expect_failures = [var.sftp_cidrs]
}

run "partners_that_are_no_range" {
  command = plan
  variables {
    sftp_cidrs = ["partner"]
  }
  expect_failures = [var.sftp_cidrs]
}

run "a_privileged_port" {
  command = plan
  variables {
    service_port = 80
  }
  expect_failures = [var.service_port]
}

run "a_privileged_test_port" {
  command = plan
  variables {
    test_port = 443
  }
  expect_failures = [var.test_port]
}

run "an_unknown_part" {
  command = plan
  variables {
    parts = ["blockchain"]
  }
  expect_failures = [var.parts]
}

run "an_unknown_required_endpoint" {
  command = plan
  variables {
    required_endpoints = { jobs = ["execute-api"] }
  }
  expect_failures = [var.required_endpoints]
}

run "an_unknown_endpoint" {
  command = plan
  variables {
    interface_endpoints = ["execute-api"]
  }
  expect_failures = [var.interface_endpoints]
}

run "no_way_out_for_a_part_that_is_on" {
  command = plan
  variables {
    parts               = ["services"]
    interface_endpoints = ["logs"]
  }
  expect_failures = [var.interface_endpoints]
}

run "no_way_out_for_what_else_is_required" {
  command = plan
  variables {
    required_endpoints  = { delivery = ["states"] }
    interface_endpoints = []
  }
  expect_failures = [var.interface_endpoints]
}

run "endpoints_in_four_zones" {
  command = plan
  variables {
    endpoint_zones = 4
  }
  expect_failures = [var.endpoint_zones]
}

run "a_role_that_is_a_name" {
  command = plan
  variables {
    flow_log_role_arn = "flow-logs"
  }
  expect_failures = [var.flow_log_role_arn]
}

run "a_log_group_with_all_its_streams" {
  command = plan
  variables {
    flow_log_group_arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/tideline/dev/flow:*"
  }
  expect_failures = [var.flow_log_group_arn]
}
