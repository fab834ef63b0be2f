# The function that judges, what starts it, and where goes what it cannot take.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account      = data.aws_caller_identity.current.account_id
  partition    = data.aws_partition.current.partition
  region       = data.aws_region.current.name
  function     = "${var.name}-judging"
  function_arn = "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${local.function}"
  rule_arn     = "arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.name}-arrival"

}

resource "aws_lambda_function" "judging" {
  #checkov:skip=CKV_AWS_116:what fails goes into a queue by its invoke configuration, with the reason
  #checkov:skip=CKV_AWS_117:it asks S3, SQS and CloudWatch alone and holds no address of a private network
  #checkov:skip=CKV_AWS_272:an image is named by its digest; code signing is for packages
  function_name                  = local.function
  description                    = "Judges daily demand out of the landing zone, and publishes the days that changed."
  role                           = aws_iam_role.judging.arn
  package_type                   = "Image"
  image_uri                      = var.image_uri
  memory_size                    = var.size.memory_mb
  timeout                        = 900
  reserved_concurrent_executions = 1 # two at once would write the index over each other's
  kms_key_arn                    = var.key_arn

  image_config {
    command = ["services.demand_monitor.handler.handle"]
  }

  ephemeral_storage {
    size = var.size.disk_mb
  }

  environment {
    variables = {
      DEMAND_MONITOR_NAME              = var.name
      DEMAND_MONITOR_DELIVERIES_BUCKET = var.deliveries.bucket
      DEMAND_MONITOR_DELIVERIES_PREFIX = var.deliveries.prefix
      DEMAND_MONITOR_RESULTS_BUCKET    = var.results.bucket
      DEMAND_MONITOR_RESULTS_PREFIX    = var.results.prefix
      DEMAND_MONITOR_REFUSED_QUEUE_URL = aws_sqs_queue.refused.url
      DEMAND_MONITOR_MOST_BYTES        = tostring(var.size.most_delivered_mb * 1024 * 1024)
      DEMAND_MONITOR_MARGIN            = var.margin
    }
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.judging.name
  }

  tracing_config {
    mode = "Active"
  }

  depends_on = [aws_iam_role_policy.judging]
}

# The function itself puts away what it can name a reason for; this is for all else. Nothing is lost in between: an event
# waits for up to six hours while another one is being served.
resource "aws_lambda_function_event_invoke_config" "judging" {
  function_name                = aws_lambda_function.judging.function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 21600

  destination_config {
    on_failure {
      destination = aws_sqs_queue.refused.arn
    }
  }
}

resource "aws_cloudwatch_log_group" "judging" {
  #checkov:skip=CKV_AWS_338:how long is the environment's choice; what is kept for years is the trail
  name              = "/aws/lambda/${local.function}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.lake_key_arn
}

# ---- what could not be judged, with the reason; the files stay in landing

resource "aws_sqs_queue" "refused" {
  name                      = "${var.name}-refused"
  kms_master_key_id         = var.key_arn
  message_retention_seconds = 1209600
}

resource "aws_sqs_queue_policy" "refused" {
  queue_url = aws_sqs_queue.refused.id
  policy    = data.aws_iam_policy_document.refused.json
}

data "aws_iam_policy_document" "refused" {
  statement {
    sid       = "DenyInsecureTransport"
    effect    = "Deny"
    actions   = ["sqs:SendMessage", "sqs:ReceiveMessage"]
    resources = [aws_sqs_queue.refused.arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  statement {
    sid       = "KeepUndelivered"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.refused.arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.rule_arn]
    }
  }
}

# ---- what starts it: a file in landing, and the clock

resource "aws_cloudwatch_event_rule" "arrival" {
  name        = "${var.name}-arrival"
  description = "A file of daily demand lies in landing."
  event_pattern = jsonencode({
    source        = ["aws.s3"]
    "detail-type" = ["Object Created"]
    detail        = { bucket = { name = [var.deliveries.bucket] }, object = { key = [{ prefix = var.deliveries.prefix }] } }
  })
}

resource "aws_cloudwatch_event_target" "arrival" {
  rule = aws_cloudwatch_event_rule.arrival.name
  arn  = aws_lambda_function.judging.arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.refused.arn
  }
}

resource "aws_lambda_permission" "arrival" {
  statement_id   = "arrival"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.judging.function_name
  principal      = "events.amazonaws.com"
  source_arn     = aws_cloudwatch_event_rule.arrival.arn
  source_account = local.account
}

resource "aws_scheduler_schedule" "daily" {
  #checkov:skip=CKV_AWS_297:the input of a schedule is an instant and nothing else
  name                         = "${var.name}-daily"
  state                        = var.schedule_enabled ? "ENABLED" : "DISABLED"
  schedule_expression          = var.schedule
  schedule_expression_timezone = "UTC"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.judging.arn
    role_arn = aws_iam_role.scheduler.arn
    # Not jsonencode, which would write the brackets of the placeholder as \u003c.
    input = "{\"scheduled_at\":\"<aws.scheduler.scheduled-time>\"}"

    retry_policy {
      maximum_retry_attempts       = 10
      maximum_event_age_in_seconds = 3600
    }
  }

  depends_on = [aws_iam_role_policy.scheduler]
}

# ---- rights

resource "aws_iam_role" "judging" {
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

resource "aws_iam_role_policy" "judging" {
  name   = "judge"
  role   = aws_iam_role.judging.id
  policy = data.aws_iam_policy_document.judging.json
}

data "aws_iam_policy_document" "judging" {
  statement {
    sid       = "ReadDeliveries"
    actions   = ["s3:GetObject"]
    resources = ["${var.deliveries.arn}/${var.deliveries.prefix}*"]
  }

  statement {
    sid       = "WriteResults"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${var.results.arn}/${var.results.prefix}*"]
  }

  dynamic "statement" {
    for_each = { ListDeliveries = var.deliveries, ListResults = var.results }
    content {
      sid       = statement.key
      actions   = ["s3:ListBucket"]
      resources = [statement.value.arn]

      condition {
        test     = "StringLike"
        variable = "s3:prefix"
        values   = ["${statement.value.prefix}*"]
      }
    }
  }

  statement {
    sid       = "KeepRefused"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.refused.arn]
  }

  statement {
    sid       = "Encrypt"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn, var.lake_key_arn]
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.judging.arn}:log-stream:*"]
  }

  # CloudWatch has no resources to name; the namespace bounds it.
  statement {
    sid       = "Measure"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = [var.metrics_namespace]
    }
  }

  # Traces name no resource: AWS takes nothing but a star.
  statement {
    sid       = "Trace"
    actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    resources = ["*"]
  }
}

resource "aws_iam_role" "scheduler" {
  name                 = "${var.name}-scheduler"
  assume_role_policy   = data.aws_iam_policy_document.scheduler_trust.json
  permissions_boundary = var.permissions_boundary_arn
}

data "aws_iam_policy_document" "scheduler_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role_policy" "scheduler" {
  name   = "start"
  role   = aws_iam_role.scheduler.id
  policy = data.aws_iam_policy_document.scheduler.json
}

data "aws_iam_policy_document" "scheduler" {
  statement {
    sid       = "Start"
    actions   = ["lambda:InvokeFunction"]
    resources = [local.function_arn]
  }
}

# ---- alarms

locals {
  alarms = {
    errors    = { namespace = "AWS/Lambda", metric = "Errors", dimensions = { FunctionName = local.function }, statistic = "Sum", told = "The function that judges demand failed for a reason that it could not name." }
    throttles = { namespace = "AWS/Lambda", metric = "Throttles", dimensions = { FunctionName = local.function }, statistic = "Sum", threshold = 100, told = "Files of daily demand come faster than they are judged." }
    refused   = { namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = "${var.name}-refused" }, statistic = "Maximum", told = "Daily demand could not be judged; the queue holds the reason." }
  }
}

resource "aws_cloudwatch_metric_alarm" "failed" {
  for_each            = local.alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.told
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = try(each.value.threshold, 0)
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.operations_topic_arn]
}

# No figure at all is as bad: then not even the clock has started the function.
resource "aws_cloudwatch_metric_alarm" "stale" {
  alarm_name          = "${var.name}-stale"
  alarm_description   = "The newest judged day lies more than ${var.stale_after_days} days back, or nobody looked."
  namespace           = var.metrics_namespace
  metric_name         = "DaysBehind"
  dimensions          = { Monitor = var.name }
  statistic           = "Minimum"
  period              = 86400
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.stale_after_days
  treat_missing_data  = "breaching"
  actions_enabled     = var.schedule_enabled
  alarm_actions       = [var.operations_topic_arn]
  ok_actions          = [var.operations_topic_arn]
}
