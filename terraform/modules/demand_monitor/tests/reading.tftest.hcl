# The reading function and its API. Policies are as the provider itself writes them; every resource is overridden.
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_resource {
  target = aws_lambda_function.reading
  values = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:bank-test-demand-reading" }
}

override_resource {
  target = aws_lambda_permission.api
}

override_resource {
  target = aws_cloudwatch_log_group.reading
  values = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/bank-test-demand-reading" }
}

override_resource {
  target = aws_cloudwatch_log_group.access
  values = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/vendedlogs/apis/bank-test-demand" }
}

override_resource {
  target = aws_apigatewayv2_api.demand
  values = { id = "api", execution_arn = "arn:aws:execute-api:eu-west-1:123456789012:api" }
}

override_resource {
  target = aws_apigatewayv2_authorizer.jwt
  values = { id = "authorizer" }
}

override_resource {
  target = aws_apigatewayv2_integration.reading
  values = { id = "integration" }
}

override_resource {
  target = aws_apigatewayv2_route.question
}

override_resource {
  target = aws_apigatewayv2_stage.default
}

override_resource {
  target = aws_iam_role.reading
  values = { arn = "arn:aws:iam::123456789012:role/bank-test-demand-reading" }
}

override_resource {
  target = aws_iam_role_policy.reading
}

override_resource {
  target = aws_cloudwatch_metric_alarm.errors
}

variables {
  name                     = "bank-test-demand"
  image_uri                = "registry.example/monitor@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  results                  = { bucket = "bank-test-gold", arn = "arn:aws:s3:::bank-test-gold", prefix = "demand_monitor/" }
  stale_after_days         = 3
  jwt                      = null
  requests_per_second      = 20
  concurrency              = 10
  operations_topic_arn     = "arn:aws:sns:eu-west-1:123456789012:operations"
  key_arn                  = "arn:aws:kms:eu-west-1:123456789012:key/monitor"
  lake_key_arn             = "arn:aws:kms:eu-west-1:123456789012:key/lake"
  log_retention_days       = 90
  permissions_boundary_arn = null
}

run "it_reads_results_and_nothing_else" {
  module {
    source = "./reading"
  }

  assert {
    condition = toset(flatten([for statement in jsondecode(data.aws_iam_policy_document.reading.json).Statement : statement.Action])) == toset([
      "s3:GetObject", "s3:ListBucket", "kms:Decrypt", "logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTelemetryRecords", "xray:PutTraceSegments",
    ])
    error_message = "What answers questions may change something."
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(data.aws_iam_policy_document.reading.json).Statement : statement.Resource if statement.Sid == "ReadResults"
    ])) == toset(["arn:aws:s3:::bank-test-gold/demand_monitor/days.json", "arn:aws:s3:::bank-test-gold/demand_monitor/demand_risk/*"])
    error_message = "It reads something else than judged days."
  }

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.reading.json).Statement : statement.Sid
      if anytrue([for named in flatten([statement.Action, statement.Resource]) : named == "*" || endswith(named, ":*") && !endswith(named, ":log-stream:*")])
    ] == ["Trace"]
    error_message = "A wildcard stands outside the list of those that AWS leaves no other way for."
  }
}

run "nobody_asks_without_being_known" {
  module {
    source = "./reading"
  }

  assert {
    condition = toset(keys(aws_apigatewayv2_route.question)) == toset(["GET /v1/demand/days", "GET /v1/demand/health", "GET /v1/demand/risk"]) && alltrue([
      for route in aws_apigatewayv2_route.question : route.authorization_type == "AWS_IAM"
    ])
    error_message = "A route is open, missing, or of another method than GET."
  }

  assert {
    condition     = toset([for permission in aws_lambda_permission.api : permission.source_arn]) == toset([for question in ["days", "health", "risk"] : "arn:aws:execute-api:eu-west-1:123456789012:api/$default/GET/v1/demand/${question}"])
    error_message = "The function can be invoked by another route or API."
  }

  assert {
    condition = (
      aws_apigatewayv2_stage.default.default_route_settings[0].throttling_rate_limit == 20
      && aws_apigatewayv2_stage.default.default_route_settings[0].throttling_burst_limit == 40
      && aws_apigatewayv2_stage.default.access_log_settings[0].destination_arn == aws_cloudwatch_log_group.access.arn
      && aws_cloudwatch_log_group.access.kms_key_id == var.lake_key_arn
      && aws_lambda_function.reading.reserved_concurrent_executions == 10
    )
    error_message = "Requests are not bounded, or not logged."
  }
}

run "tokens_in_the_place_of_iam" {
  module {
    source = "./reading"
  }

  variables {
    jwt = { issuer = "https://login.bank.example", audiences = ["demand"] }
  }

  assert {
    condition = alltrue([
      for route in aws_apigatewayv2_route.question : route.authorization_type == "JWT" && route.authorizer_id == "authorizer"
    ]) && aws_apigatewayv2_authorizer.jwt[0].jwt_configuration[0].issuer == "https://login.bank.example" && aws_apigatewayv2_authorizer.jwt[0].jwt_configuration[0].audience == toset(["demand"])
    error_message = "A token of another issuer, or for another audience, would do."
  }
}
