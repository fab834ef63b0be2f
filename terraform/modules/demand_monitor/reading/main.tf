# The function that answers questions about judged days, and the API in front of it.

data "aws_caller_identity" "current" {}

locals {
  function = "${var.name}-reading"
  routes   = toset([for question in ["risk", "days", "health"] : "GET /v1/demand/${question}"])
}

resource "aws_lambda_function" "reading" {
  #checkov:skip=CKV_AWS_116:it is invoked by an API that waits for its answer
  #checkov:skip=CKV_AWS_117:it reads S3 alone and holds no address of a private network
  #checkov:skip=CKV_AWS_272:an image is named by its digest; code signing is for packages
  function_name                  = local.function
  description                    = "Answers questions about judged demand; reads results and changes nothing."
  role                           = aws_iam_role.reading.arn
  package_type                   = "Image"
  image_uri                      = var.image_uri
  memory_size                    = 1769 # one core
  timeout                        = 15
  reserved_concurrent_executions = var.concurrency
  kms_key_arn                    = var.key_arn

  image_config {
    command = ["services.demand_monitor.reading.handle"]
  }

  environment {
    variables = {
      DEMAND_MONITOR_RESULTS_BUCKET   = var.results.bucket
      DEMAND_MONITOR_RESULTS_PREFIX   = var.results.prefix
      DEMAND_MONITOR_STALE_AFTER_DAYS = tostring(var.stale_after_days)
    }
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.reading.name
  }

  tracing_config {
    mode = "Active"
  }

  depends_on = [aws_iam_role_policy.reading]
}

resource "aws_cloudwatch_log_group" "reading" {
  #checkov:skip=CKV_AWS_338:how long is the environment's choice; what is kept for years is the trail
  name              = "/aws/lambda/${local.function}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.lake_key_arn
}

# ---- API

resource "aws_apigatewayv2_api" "demand" {
  name          = "${var.name}-api"
  description   = "Judged demand, read-only"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_authorizer" "jwt" {
  count            = var.jwt == null ? 0 : 1
  api_id           = aws_apigatewayv2_api.demand.id
  name             = "${var.name}-jwt"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    issuer   = var.jwt.issuer
    audience = var.jwt.audiences
  }
}

resource "aws_apigatewayv2_integration" "reading" {
  api_id                 = aws_apigatewayv2_api.demand.id
  integration_type       = "AWS_PROXY"
  integration_method     = "POST"
  integration_uri        = aws_lambda_function.reading.arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 16000
}

resource "aws_apigatewayv2_route" "question" {
  for_each           = local.routes
  api_id             = aws_apigatewayv2_api.demand.id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.reading.id}"
  authorization_type = var.jwt == null ? "AWS_IAM" : "JWT"
  authorizer_id      = one(aws_apigatewayv2_authorizer.jwt[*].id)
}

resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.demand.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit    = var.requests_per_second
    throttling_burst_limit   = var.requests_per_second * 2
    detailed_metrics_enabled = true
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format = jsonencode({
      at         = "$context.requestTime"
      request    = "$context.requestId"
      address    = "$context.identity.sourceIp"
      caller     = "$context.identity.caller"
      subject    = "$context.authorizer.claims.sub"
      route      = "$context.routeKey"
      status     = "$context.status"
      bytes      = "$context.responseLength"
      latency_ms = "$context.responseLatency"
      error      = "$context.error.message"
    })
  }
}

# Groups of this prefix share one policy for delivery, whose length is limited.
resource "aws_cloudwatch_log_group" "access" {
  #checkov:skip=CKV_AWS_338:how long is the environment's choice; what is kept for years is the trail
  name              = "/aws/vendedlogs/apis/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.lake_key_arn
}

resource "aws_lambda_permission" "api" {
  for_each       = local.routes
  statement_id   = "api-${basename(each.key)}"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.reading.function_name
  principal      = "apigateway.amazonaws.com"
  source_arn     = "${aws_apigatewayv2_api.demand.execution_arn}/$default/${replace(each.key, " ", "")}"
  source_account = data.aws_caller_identity.current.account_id
}

# ---- rights

resource "aws_iam_role" "reading" {
  name                 = local.function
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn
}

# A function's role is taken on without the account's number as a condition.
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "reading" {
  name   = "read"
  role   = aws_iam_role.reading.id
  policy = data.aws_iam_policy_document.reading.json
}

data "aws_iam_policy_document" "reading" {
  statement {
    sid       = "ReadResults"
    actions   = ["s3:GetObject"]
    resources = ["${var.results.arn}/${var.results.prefix}days.json", "${var.results.arn}/${var.results.prefix}demand_risk/*"]
  }

  statement {
    sid       = "ListResults"
    actions   = ["s3:ListBucket"]
    resources = [var.results.arn]

    condition {
      test     = "StringEquals"
      variable = "s3:prefix"
      values   = ["${var.results.prefix}days.json"]
    }
  }

  statement {
    sid       = "Decrypt"
    actions   = ["kms:Decrypt"]
    resources = [var.key_arn, var.lake_key_arn]
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.reading.arn}:log-stream:*"]
  }

  # Traces name no resource: AWS takes nothing but a star.
  statement {
    sid       = "Trace"
    actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    resources = ["*"]
  }
}

# ---- alarm

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "${var.name}-api-errors"
  alarm_description   = "The API of judged demand has no answer to give."
  namespace           = "AWS/ApiGateway"
  metric_name         = "5xx"
  dimensions          = { ApiId = aws_apigatewayv2_api.demand.id }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.operations_topic_arn]
}
