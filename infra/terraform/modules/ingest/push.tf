# POST /v1/events/{contract}: an HTTP API, since it signs requests or checks tokens itself, speaks TLS 1.2 and nothing older, and writes its
# access log without a role that all of an account's APIs share (docs/adr/0017). Events are judged in the function, by the one decoder.

locals {
  jwt = var.push.enabled && var.push.jwt != null
}

resource "aws_apigatewayv2_api" "push" {
  count = var.push.enabled ? 1 : 0

  name                         = "${local.names.prefix}-push"
  description                  = "Events of every contract: POST /v1/events/{contract}."
  protocol_type                = "HTTP"
  disable_execute_api_endpoint = var.push.domain != null
  tags                         = local.tags
}

resource "aws_apigatewayv2_authorizer" "jwt" {
  count = local.jwt ? 1 : 0

  api_id           = aws_apigatewayv2_api.push[0].id
  name             = "${local.names.prefix}-push"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]
  jwt_configuration {
    issuer   = var.push.jwt.issuer
    audience = var.push.jwt.audience
  }
}

resource "aws_apigatewayv2_integration" "push" {
  count = var.push.enabled ? 1 : 0

  api_id                 = aws_apigatewayv2_api.push[0].id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.this["push"].invoke_arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 29000
}

resource "aws_apigatewayv2_route" "push" {
  count = var.push.enabled ? 1 : 0

  api_id             = aws_apigatewayv2_api.push[0].id
  route_key          = "POST /v1/events/{contract}"
  target             = "integrations/${aws_apigatewayv2_integration.push[0].id}"
  authorization_type = local.jwt ? "JWT" : "AWS_IAM"
  authorizer_id      = local.jwt ? aws_apigatewayv2_authorizer.jwt[0].id : null
}

# Who, what, when and how it ended; never a body, a token or a query.
resource "aws_apigatewayv2_stage" "push" {
  count = var.push.enabled ? 1 : 0

  api_id      = aws_apigatewayv2_api.push[0].id
  name        = "$default"
  auto_deploy = true
  tags        = local.tags

  access_log_settings {
    destination_arn = var.log_groups["push-access"].arn
    format = jsonencode({
      at      = "$context.requestTime", request = "$context.requestId", route = "$context.routeKey", path = "$context.path"
      status  = "$context.status", bytes = "$context.responseLength", milliseconds = "$context.responseLatency"
      caller  = local.jwt ? "$context.authorizer.claims.sub" : "$context.identity.userArn", address = "$context.identity.sourceIp"
      refused = "$context.authorizer.error", failed = "$context.integrationErrorMessage"
    })
  }
  default_route_settings {
    detailed_metrics_enabled = true
    throttling_rate_limit    = var.push.requests_per_second
    throttling_burst_limit   = var.push.burst
  }
}

resource "aws_lambda_permission" "push" {
  count = var.push.enabled ? 1 : 0

  statement_id  = "HttpApiCallsPush"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this["push"].function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.push[0].execution_arn}/*/POST/v1/events/{contract}"
}

# A name of your own; the API's generated one is then switched off.
resource "aws_apigatewayv2_domain_name" "push" {
  count = var.push.enabled && var.push.domain != null ? 1 : 0

  domain_name = var.push.domain.name
  tags        = local.tags
  domain_name_configuration {
    certificate_arn = var.push.domain.certificate_arn
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }
}

resource "aws_apigatewayv2_api_mapping" "push" {
  count = var.push.enabled && var.push.domain != null ? 1 : 0

  api_id      = aws_apigatewayv2_api.push[0].id
  domain_name = aws_apigatewayv2_domain_name.push[0].id
  stage       = aws_apigatewayv2_stage.push[0].id
}
