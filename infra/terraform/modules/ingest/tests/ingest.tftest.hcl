mock_provider "aws" {
  mock_resource "aws_apigatewayv2_api" {
    defaults = { api_endpoint = "https://a1b2c3.execute-api.eu-central-1.amazonaws.com", execution_arn = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { invoke_arn = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/push/invocations" }
  }
  mock_resource "aws_sfn_state_machine" {
    defaults = { arn = "arn:aws:states:eu-central-1:123456789012:stateMachine:tideline-dev-delivery" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-central-1:123456789012:tideline-dev-uploads-undelivered" }
  }
  mock_resource "aws_dynamodb_table" {
    defaults = { arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/tideline-dev-deliveries" }
  }
  mock_resource "aws_transfer_server" {
    defaults = { id = "s-0123456789abcdef0" }
  }
}

variables {
  context = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  contracts = {
    "retail.sales"   = { domain = "retail", product = "sales" }
    "retail.returns" = { domain = "retail", product = "returns" }
    "shop.orders"    = { domain = "shop", product = "orders" }
  }
  functions          = { bucket = "tideline-dev-artifacts-123456789012", key = "functions/abc.zip", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
  stream             = { engine = "msk", bootstrap_brokers = "b-1.example:9098" }
  vpc_id             = "vpc-1"
  subnet_ids         = ["subnet-a", "subnet-b", "subnet-c"]
  security_group_ids = { functions = "sg-functions", sftp = "sg-sftp" }
  role_arns = {
    push              = "arn:aws:iam::123456789012:role/tideline-dev-push", delivery = "arn:aws:iam::123456789012:role/tideline-dev-delivery"
    delivery-workflow = "arn:aws:iam::123456789012:role/tideline-dev-delivery-workflow", sftp = "arn:aws:iam::123456789012:role/tideline-dev-sftp"
    upload-events     = "arn:aws:iam::123456789012:role/tideline-dev-upload-events"
  }
  key_arns = { services = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000001" }
  log_groups = {
    push     = { name = "/tideline/dev/push", arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/tideline/dev/push" }
    delivery = { name = "/tideline/dev/delivery", arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/tideline/dev/delivery" }
    sftp     = { name = "/tideline/dev/sftp", arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/tideline/dev/sftp" }
    push-access = {
      name = "/tideline/dev/push-access", arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/tideline/dev/push-access"
    }
    delivery-workflow = {
      name = "/tideline/dev/delivery-workflow", arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/tideline/dev/delivery-workflow"
    }
  }
  topic_arns = { warning = "arn:aws:sns:eu-central-1:123456789012:tideline-dev-warning" }
}

run "push_is_signed_throttled_and_logged_without_payload" {
  command = plan

  assert {
    condition = (
      aws_apigatewayv2_route.push[0].route_key == "POST /v1/events/{contract}" && aws_apigatewayv2_route.push[0].authorization_type == "AWS_IAM" &&
      length(aws_apigatewayv2_authorizer.jwt) == 0
    )
    error_message = "one route, and nobody gets in unsigned"
  }
  assert {
    condition = (
      aws_apigatewayv2_stage.push[0].default_route_settings[0].throttling_rate_limit == 50 &&
      aws_apigatewayv2_stage.push[0].default_route_settings[0].throttling_burst_limit == 100 &&
      aws_apigatewayv2_stage.push[0].access_log_settings[0].destination_arn == "arn:aws:logs:eu-central-1:123456789012:log-group:/tideline/dev/push-access"
    )
    error_message = "throttled and logged"
  }
  assert {
    condition = !can(regex("body|payload|Authorization|querystring", aws_apigatewayv2_stage.push[0].access_log_settings[0].format)) && strcontains(
      aws_apigatewayv2_stage.push[0].access_log_settings[0].format, "$context.identity.userArn"
    )
    error_message = "the access log says who, never what"
  }
}

run "functions_are_private_encrypted_traced_and_bounded" {
  command = plan

  assert {
    condition = alltrue([
      for name, function in aws_lambda_function.this :
      function.kms_key_arn == var.key_arns["services"] && function.tracing_config[0].mode == "Active" && function.runtime == "python3.12" &&
      tolist(function.vpc_config[0].security_group_ids) == tolist(["sg-functions"]) && length(function.vpc_config[0].subnet_ids) == 3 &&
      function.reserved_concurrent_executions >= 1 && function.source_code_hash == var.functions.sha256 &&
      function.role == var.role_arns[name] && function.logging_config[0].log_group == "/tideline/dev/${name}" &&
      function.handler == "tideline.functions.${name}.handler" && function.architectures == tolist(["arm64"]) && function.tags["module"] == "ingest"
    ]) && keys(aws_lambda_function.this) == ["delivery", "push"]
    error_message = "in the network, by our key, with a limit, of the package that was asked for"
  }
  assert {
    condition = (
      aws_lambda_function.this["push"].environment[0].variables["TIDELINE_KAFKA_BOOTSTRAP"] == "b-1.example:9098" &&
      aws_lambda_function.this["push"].environment[0].variables["TIDELINE_PUSH_SCOPE"] == "" &&
      aws_lambda_function.this["delivery"].environment[0].variables["TIDELINE_DELIVERIES_TABLE"] == aws_dynamodb_table.this["deliveries"].name &&
      aws_lambda_function.this["delivery"].environment[0].variables["TIDELINE_LANDING_BUCKET"] == "tideline-dev-landing-123456789012"
    )
    error_message = "functions are told where the log, the files and the table are"
  }
}

run "delivery_starts_by_event_keeps_what_could_not_start_and_tells_of_failures" {
  command = apply

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.uploads[0].event_pattern) == {
      source = ["aws.s3"], detail-type = ["Object Created"]
      detail = { bucket = { name = ["tideline-dev-landing-123456789012"] }, object = { key = [{ prefix = "inbox/" }], size = [{ numeric = [">", 0] }] } }
    }
    error_message = "files of the inbox, and not what the workflow itself moves"
  }
  assert {
    condition = (
      aws_cloudwatch_event_target.uploads[0].role_arn == var.role_arns["upload-events"] &&
      aws_cloudwatch_event_target.uploads[0].dead_letter_config[0].arn == "arn:aws:sqs:eu-central-1:123456789012:tideline-dev-uploads-undelivered" &&
      aws_sqs_queue.undelivered[0].sqs_managed_sse_enabled && aws_sqs_queue.undelivered[0].message_retention_seconds == 1209600
    )
    error_message = "what could not start waits for two weeks, encrypted"
  }
  assert {
    condition = jsondecode(aws_sqs_queue.undelivered[0].policy).Statement[0] == {
      Sid       = "EventBridgeKeepsWhatItCouldNotStart", Effect = "Allow", Principal = { Service = "events.amazonaws.com" }, Action = "sqs:SendMessage"
      Resource  = "arn:aws:sqs:eu-central-1:123456789012:tideline-dev-uploads-undelivered"
      Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:events:eu-central-1:123456789012:rule/tideline-dev-uploads" } }
      } && jsondecode(aws_sqs_queue.undelivered[0].policy).Statement[1].Effect == "Deny" && (
      aws_cloudwatch_event_rule.uploads[0].name == "tideline-dev-uploads" && aws_sqs_queue.undelivered[0].name == "tideline-dev-uploads-undelivered"
    )
    error_message = "the rule alone may put into the queue"
  }
  assert {
    condition = alltrue([
      for name in ["Examine", "Deliver", "Clear away", "Refuse"] : jsondecode(aws_sfn_state_machine.delivery[0].definition).States[name].Catch[0].ErrorEquals == ["States.ALL"]
      ]) && jsondecode(aws_sfn_state_machine.delivery[0].definition).States["Tell"].Parameters.TopicArn == var.topic_arns["warning"] && (
      jsondecode(aws_sfn_state_machine.delivery[0].definition).States["Deliver"].MaxConcurrency == 1
    )
    error_message = "no failure ends unheard, and lines keep their order"
  }
  assert {
    condition = alltrue([
      for task in [
        jsondecode(aws_sfn_state_machine.delivery[0].definition).States["Examine"],
        jsondecode(aws_sfn_state_machine.delivery[0].definition).States["Deliver"].ItemProcessor.States["Deliver a chunk"],
        jsondecode(aws_sfn_state_machine.delivery[0].definition).States["Clear away"],
        jsondecode(aws_sfn_state_machine.delivery[0].definition).States["Refuse"],
        ] : contains(task.Retry[0].ErrorEquals, "Retriable") && task.Retry[0].BackoffRate == 2 && task.Retry[0].MaxAttempts == 8 && (
        task.Parameters.FunctionName == "arn:aws:lambda:eu-central-1:123456789012:function:tideline-dev-delivery"
      )
    ])
    error_message = "every call of the function is tried again with growing pauses"
  }
  assert {
    condition = (
      aws_sfn_state_machine.delivery[0].name == "tideline-dev-delivery" && aws_sfn_state_machine.delivery[0].type == "STANDARD" &&
      !aws_sfn_state_machine.delivery[0].logging_configuration[0].include_execution_data && aws_sfn_state_machine.delivery[0].tracing_configuration[0].enabled &&
      aws_sfn_state_machine.delivery[0].encryption_configuration[0].kms_key_id == var.key_arns["services"]
    )
    error_message = "encrypted, traced, logged without data"
  }
  assert {
    condition     = output.push_url == "https://a1b2c3.execute-api.eu-central-1.amazonaws.com" && output.sftp_endpoint == null && output.undelivered_queue == "tideline-dev-uploads-undelivered"
    error_message = "who composes is told where things are"
  }
}

run "tables_can_be_restored_and_not_be_lost" {
  command = plan
  variables {
    lookups = { rates = { hash_key = "currency", range_key = "day" } }
  }

  assert {
    condition = alltrue([
      for table in aws_dynamodb_table.this : table.billing_mode == "PAY_PER_REQUEST" && table.deletion_protection_enabled &&
      table.point_in_time_recovery[0].enabled && table.server_side_encryption[0].enabled && table.server_side_encryption[0].kms_key_arn == var.key_arns["services"]
    ]) && keys(aws_dynamodb_table.this) == ["deliveries", "rates"]
    error_message = "on demand, restorable, protected, by our key"
  }
  assert {
    condition = (
      aws_dynamodb_table.this["deliveries"].hash_key == "file" && aws_dynamodb_table.this["deliveries"].range_key == "part" &&
      one(aws_dynamodb_table.this["deliveries"].ttl).attribute_name == "expires" && length(aws_dynamodb_table.this["rates"].ttl) == 0
    )
    error_message = "deliveries are forgotten in the end, lookups are not"
  }
}

run "tokens_instead_of_signatures_and_a_name_of_ones_own" {
  command = apply
  variables {
    push = {
      jwt    = { issuer = "https://login.example.org/", audience = ["tideline"] }
      domain = { name = "push.example.org", certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/1" }
    }
  }

  assert {
    condition = (
      aws_apigatewayv2_route.push[0].authorization_type == "JWT" && aws_apigatewayv2_authorizer.jwt[0].jwt_configuration[0].issuer == "https://login.example.org/" &&
      aws_lambda_function.this["push"].environment[0].variables["TIDELINE_PUSH_SCOPE"] == "tideline"
    )
    error_message = "tokens are checked by the gateway, their scopes by the function"
  }
  assert {
    condition = (
      aws_apigatewayv2_domain_name.push[0].domain_name_configuration[0].security_policy == "TLS_1_2" && aws_apigatewayv2_api.push[0].disable_execute_api_endpoint &&
      output.push_url == "https://push.example.org"
    )
    error_message = "TLS 1.2 and one door"
  }
}

run "sftp_users_see_their_own_folders_and_nothing_else" {
  command = apply
  variables {
    sftp       = { enabled = true }
    sftp_users = { "partner-a" = { domain = "retail", public_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2"] } }
  }

  assert {
    condition = (
      aws_transfer_server.this[0].endpoint_type == "VPC" && tolist(aws_transfer_server.this[0].endpoint_details[0].security_group_ids) == tolist(["sg-sftp"]) &&
      aws_transfer_server.this[0].security_policy_name == "TransferSecurityPolicy-2025-03" && tolist(aws_transfer_server.this[0].protocols) == tolist(["SFTP"]) &&
      tolist(aws_transfer_server.this[0].structured_log_destinations) == tolist(["arn:aws:logs:eu-central-1:123456789012:log-group:/tideline/dev/sftp:*"])
    )
    error_message = "inside the network, current algorithms, logged"
  }
  assert {
    condition = [for one in aws_transfer_user.this["partner-a"].home_directory_mappings : "${one.entry} ${one.target}"] == [
      "/returns /tideline-dev-landing-123456789012/inbox/retail/returns/partner-a",
      "/sales /tideline-dev-landing-123456789012/inbox/retail/sales/partner-a",
    ]
    error_message = "a folder per product of the domain"
  }
  assert {
    condition = (
      jsondecode(aws_transfer_user.this["partner-a"].policy).Statement[1].Resource == "arn:aws:s3:::tideline-dev-landing-123456789012/inbox/retail/*/partner-a/*" &&
      !strcontains(aws_transfer_user.this["partner-a"].policy, "s3:*") && length(aws_transfer_ssh_key.this) == 2
    )
    error_message = "the session's policy ends at the folders of that name"
  }
}

run "sftp_of_a_domain_with_many_products" {
  command = apply
  variables {
    sftp       = { enabled = true }
    contracts  = { for n in range(300) : "retail.a_product_with_a_long_name_${n}" => { domain = "retail", product = "a_product_with_a_long_name_${n}" } }
    sftp_users = { "partner-a" = { domain = "retail", public_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1"] } }
  }

  assert {
    condition     = length(aws_transfer_user.this["partner-a"].home_directory_mappings) == 300 && length(aws_transfer_user.this["partner-a"].policy) <= 2048
    error_message = "AWS refuses a session policy of more than 2,048 characters"
  }
}

run "what_is_off_makes_nothing" {
  command = plan
  variables {
    push      = { enabled = false }
    delivery  = { enabled = false }
    functions = null
  }

  assert {
    condition = (
      length(aws_apigatewayv2_api.push) + length(aws_apigatewayv2_stage.push) + length(aws_lambda_function.this) + length(aws_lambda_permission.push) +
      length(aws_sfn_state_machine.delivery) + length(aws_cloudwatch_event_rule.uploads) + length(aws_cloudwatch_event_target.uploads) +
      length(aws_sqs_queue.undelivered) + length(aws_dynamodb_table.this) + length(aws_transfer_server.this)
    ) == 0 && output.push_url == null && output.state_machine_arn == null && output.lookup_tables == {}
    error_message = "nothing at all"
  }
}

run "delivery_without_push" {
  command = plan
  variables {
    push = { enabled = false }
  }

  assert {
    condition     = keys(aws_lambda_function.this) == ["delivery"] && length(aws_apigatewayv2_api.push) == 0 && length(aws_sfn_state_machine.delivery) == 1
    error_message = "one without the other"
  }
}
