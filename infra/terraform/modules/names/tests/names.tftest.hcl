variables {
  context = {
    project     = "tideline"
    environment = "dev"
    account_id  = "111122223333"
    region      = "eu-central-1"
  }
}

run "everything_begins_with_project_and_environment" {
  command = plan

  assert {
    condition     = output.prefix == "tideline-dev"
    error_message = "project and environment make the prefix"
  }
  assert {
    condition     = alltrue([for bucket in values(output.buckets) : startswith(bucket.name, "tideline-dev-") && endswith(bucket.name, "-111122223333")])
    error_message = "bucket names are unique in the world by their account"
  }
  assert {
    condition     = alltrue([for role in values(output.roles) : startswith(role.arn, "arn:aws:iam::111122223333:role/tideline-dev-") && length(role.name) <= 64])
    error_message = "a role is of this account and environment, and its name is one that IAM takes"
  }
  assert {
    condition     = alltrue([for arn in values(output.arns) : startswith(arn, "arn:aws:") && strcontains(arn, ":eu-central-1:111122223333:")])
    error_message = "every pattern is of this region and account"
  }
  assert {
    condition     = length(distinct([for one in values(output.askers) : one.results])) == length(output.askers) && alltrue([for one in values(output.askers) : startswith(one.results, output.query_results) && startswith(one.arn, output.arns.workgroup)])
    error_message = "who asks has results of their own, below the place that expires"
  }
  assert {
    condition     = toset(keys(output.keys)) == toset(concat([for zone in output.zones : zone if zone != "logs"], ["stream", "services", "telemetry", "secrets", "backup"]))
    error_message = "a key for each zone but logs, and for what is no bucket"
  }
  assert {
    condition     = output.stream.speed_group == "tideline-dev-speed"
    error_message = "speed tasks of two environments are never in one group, even in one cluster"
  }
}

run "the_longest_names_are_still_names" {
  command = plan
  variables {
    context = { project = "abcdefghijkl", environment = "abcdefghij", account_id = "111122223333", region = "ap-southeast-2" }
  }
  assert {
    condition     = alltrue([for bucket in values(output.buckets) : length(bucket.name) <= 63])
    error_message = "S3 takes 63 characters"
  }
  assert {
    condition     = alltrue([for role in values(output.roles) : length(role.name) <= 64])
    error_message = "IAM takes 64 characters"
  }
}

run "tags_of_the_caller_win" {
  command = plan
  variables {
    context = { project = "tideline", environment = "dev", account_id = "111122223333", region = "eu-central-1", tags = { project = "other", team = "data" } }
  }
  assert {
    condition     = output.tags == { project = "other", environment = "dev", managed-by = "terraform", team = "data" }
    error_message = "three tags of ours, overridden by the caller's"
  }
}

run "another_partition" {
  command = plan
  variables {
    context = { project = "tideline", environment = "dev", account_id = "111122223333", region = "us-gov-west-1", partition = "aws-us-gov" }
  }
  assert {
    condition     = alltrue([for arn in concat(values(output.arns), [for one in values(output.roles) : one.arn], [for one in values(output.buckets) : one.arn]) : startswith(arn, "arn:aws-us-gov:")])
    error_message = "every ARN is of its partition"
  }
}

run "refuses_a_long_project" {
  command = plan
  variables {
    context = { project = "abcdefghijklm", environment = "dev", account_id = "111122223333", region = "eu-central-1" }
  }
  expect_failures = [var.context]
}

run "refuses_a_hyphen_in_the_environment" {
  command = plan
  variables {
    context = { project = "tideline", environment = "dev-2", account_id = "111122223333", region = "eu-central-1" }
  }
  expect_failures = [var.context]
}

run "refuses_a_short_account" {
  command = plan
  variables {
    context = { project = "tideline", environment = "dev", account_id = "1111", region = "eu-central-1" }
  }
  expect_failures = [var.context]
}

run "refuses_a_region_that_is_none" {
  command = plan
  variables {
    context = { project = "tideline", environment = "dev", account_id = "111122223333", region = "frankfurt" }
  }
  expect_failures = [var.context]
}

run "refuses_an_unknown_partition" {
  command = plan
  variables {
    context = { project = "tideline", environment = "dev", account_id = "111122223333", region = "eu-central-1", partition = "aws-iso" }
  }
  expect_failures = [var.context]
}
