data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
  glue_arn  = "arn:${local.partition}:glue:${local.region}:${local.account}"

  # What the questions read, and what is read by the views among that, as deep as views stand on views.
  questions = [for file in fileset(var.questions_path, "*.sql") : file("${var.questions_path}/${file}")]
  reads_of  = { for file in fileset(var.views_path, "*.yml") : "views.${trimsuffix(file, ".yml")}" => yamldecode(file("${var.views_path}/${file}")).reads }
  named     = distinct(flatten([for sql in local.questions : regexall("(?:from|join)\\s+((?:gold|views)\\.[a-z0-9_]+)", sql)]))
  below_one = distinct(concat(local.named, flatten([for name in local.named : lookup(local.reads_of, name, [])])))
  below_two = distinct(concat(local.below_one, flatten([for name in local.below_one : lookup(local.reads_of, name, [])])))
  read      = distinct(concat(local.below_two, flatten([for name in local.below_two : lookup(local.reads_of, name, [])])))

  zones  = distinct([for name in local.read : split(".", name)[0]])
  tables = [for name in local.read : { zone = split(".", name)[0], table = split(".", name)[1] } if !startswith(name, "views.")]
}

# ---- key

resource "aws_kms_key" "alerts" {
  description             = "Topics, queue and memory of the alerts of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "alerts" {
  name          = "alias/${var.name}-alerts"
  target_key_id = aws_kms_key.alerts.key_id
}

data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_109:in a key's own policy the resource is always that key
  #checkov:skip=CKV_AWS_111:as above
  #checkov:skip=CKV_AWS_356:as above
  statement {
    sid = "AdministerByAccount"
    actions = [
      "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:Describe*", "kms:DisableKey*", "kms:EnableKey*",
      "kms:Get*", "kms:List*", "kms:PutKeyPolicy", "kms:RetireGrant", "kms:RevokeGrant", "kms:RotateKeyOnDemand",
      "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }

  statement {
    sid       = "UseThroughServices"
    actions   = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["dynamodb", "lambda", "sns", "sqs"] : "${service}.${local.region}.amazonaws.com"]
    }
  }

  # Alarms and budgets publish as themselves.
  statement {
    sid       = "PublishEncrypted"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

# ---- topics: alerts for compliance, operations for those who run the lake

resource "aws_sns_topic" "this" {
  for_each          = toset(["alerts", "operations"])
  name              = "${var.name}-${each.key}"
  kms_master_key_id = aws_kms_key.alerts.arn
}

resource "aws_sns_topic_policy" "this" {
  for_each = aws_sns_topic.this
  arn      = each.value.arn
  policy   = data.aws_iam_policy_document.topic[each.key].json
}

data "aws_iam_policy_document" "topic" {
  for_each = aws_sns_topic.this

  statement {
    sid       = "DenyInsecureTransport"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [each.value.arn]

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

  dynamic "statement" {
    for_each = each.key == "operations" ? { PublishByServices = each.value.arn } : {}
    content {
      sid       = statement.key
      actions   = ["sns:Publish"]
      resources = [statement.value]

      principals {
        type        = "Service"
        identifiers = ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [local.account]
      }
    }
  }
}

resource "aws_sns_topic_subscription" "email" {
  for_each = merge([
    for topic, addresses in var.emails : { for address in addresses : "${topic}/${address}" => { topic = topic, address = address } }
  ]...)
  topic_arn = aws_sns_topic.this[each.value.topic].arn
  protocol  = "email"
  endpoint  = each.value.address
}

# ---- function

resource "aws_lambda_function" "alerts" {
  #checkov:skip=CKV_AWS_116:what is invoked without waiting fails into a queue by its invoke configuration; the daily run waits
  #checkov:skip=CKV_AWS_117:it reads through Athena alone and holds no address of a private network
  #checkov:skip=CKV_AWS_272:the deploying role is the only one that may change the code
  function_name                  = "${var.name}-alerts"
  description                    = "Tells high-risk customers and compliance alerts, each once."
  role                           = aws_iam_role.alerts.arn
  filename                       = var.package
  source_code_hash               = filebase64sha256(var.package)
  handler                        = "services.alerting.handler.handle"
  runtime                        = "python3.11"
  layers                         = [var.awswrangler_layer_arn]
  memory_size                    = 1024
  timeout                        = 900
  reserved_concurrent_executions = 1 # two at once could tell an alert twice
  kms_key_arn                    = aws_kms_key.alerts.arn

  environment {
    variables = {
      ALERTS_WORKGROUP       = var.athena.workgroup
      ALERTS_DATABASE_PREFIX = var.athena.database_prefix
      ALERTS_TOPIC_ARN       = aws_sns_topic.this["alerts"].arn
      ALERTS_SENT_TABLE      = aws_dynamodb_table.sent.name
      ALERTS_SEVERITIES      = join(",", var.limits.severities)
      ALERTS_DAYS            = tostring(var.limits.days)
      ALERTS_REMEMBERED_DAYS = tostring(var.limits.remembered_days)
    }
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.alerts.name
  }

  tracing_config {
    mode = "Active"
  }

  lifecycle {
    precondition {
      condition     = length(local.read) == length(local.below_two)
      error_message = "Views stand on views more deeply than the role of the alert function follows them."
    }
  }

  depends_on = [aws_iam_role_policy.alerts]
}

resource "aws_lambda_function_event_invoke_config" "alerts" {
  function_name          = aws_lambda_function.alerts.function_name
  maximum_retry_attempts = 2

  destination_config {
    on_failure {
      destination = aws_sqs_queue.failed.arn
    }
  }
}

resource "aws_sqs_queue" "failed" {
  name                      = "${var.name}-alerts-failed"
  kms_master_key_id         = aws_kms_key.alerts.arn
  message_retention_seconds = 1209600
}

resource "aws_cloudwatch_log_group" "alerts" {
  #checkov:skip=CKV_AWS_338:how long is the environment's choice; what is kept for years is the trail
  name              = "/aws/lambda/${var.name}-alerts"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.lake_key_arn
}

# Which alerts were told; the function has them forgotten in time.
resource "aws_dynamodb_table" "sent" {
  name         = "${var.name}-alerts-sent"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "alert_key"

  attribute {
    name = "alert_key"
    type = "S"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.alerts.arn
  }
}

resource "aws_iam_role" "alerts" {
  name                 = "${var.name}-alerts"
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

resource "aws_iam_role_policy" "alerts" {
  name   = "alerts"
  role   = aws_iam_role.alerts.id
  policy = data.aws_iam_policy_document.alerts.json
}

data "aws_iam_policy_document" "alerts" {
  statement {
    sid = "Ask"
    actions = [
      "athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetWorkGroup", "athena:StartQueryExecution",
      "athena:StopQueryExecution",
    ]
    resources = [var.athena.workgroup_arn]
  }

  # Athena looks for the database `default` before any other.
  statement {
    sid     = "ReadCatalog"
    actions = ["glue:GetDatabase", "glue:GetTable"]
    resources = concat(
      ["${local.glue_arn}:catalog", "${local.glue_arn}:database/default"],
      [for zone in distinct(concat(local.zones, ["views"])) : "${local.glue_arn}:database/${var.athena.database_prefix}_${zone}"],
      [for name in local.read : "${local.glue_arn}:table/${var.athena.database_prefix}_${replace(name, ".", "/")}"],
    )
  }

  statement {
    sid       = "ReadTables"
    actions   = ["s3:GetObject"]
    resources = [for table in local.tables : "${var.buckets[table.zone].arn}/${table.table}/*"]
  }

  dynamic "statement" {
    for_each = { for table in local.tables : table.zone => table.table... }
    content {
      sid       = "List${title(statement.key)}"
      actions   = ["s3:ListBucket"]
      resources = [var.buckets[statement.key].arn]

      condition {
        test     = "StringLike"
        variable = "s3:prefix"
        values   = flatten([for table in statement.value : [table, "${table}/*"]])
      }
    }
  }

  statement {
    sid       = "WriteResults"
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
    resources = ["${var.buckets["athena-results"].arn}/${var.athena.results_prefix}*"]
  }

  statement {
    sid       = "FindResults"
    actions   = ["s3:GetBucketLocation"]
    resources = [var.buckets["athena-results"].arn]
  }

  statement {
    sid       = "ListResults"
    actions   = ["s3:ListBucket"]
    resources = [var.buckets["athena-results"].arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${var.athena.results_prefix}*"]
    }
  }

  statement {
    sid       = "Remember"
    actions   = ["dynamodb:PutItem"]
    resources = [aws_dynamodb_table.sent.arn]
  }

  statement {
    sid       = "Tell"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.this["alerts"].arn]
  }

  statement {
    sid       = "KeepWhatFailed"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.failed.arn]
  }

  statement {
    sid       = "Encrypt"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.alerts.arn, var.lake_key_arn]
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.alerts.arn}:log-stream:*"]
  }

  # Traces name no resource: AWS takes nothing but a star.
  statement {
    sid       = "Trace"
    actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    resources = ["*"]
  }
}

# ---- what is told to those who run the lake

resource "aws_cloudwatch_metric_alarm" "failed_alerts" {
  alarm_name          = "${var.name}-alerts-failed"
  alarm_description   = "An invocation of the alert function that nobody waited for has failed and lies in its queue."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.failed.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this["operations"].arn]
}

resource "aws_budgets_budget" "monthly" {
  count        = var.monthly_budget_usd == null ? 0 : 1
  name         = "${var.name}-monthly"
  budget_type  = "COST"
  limit_amount = tostring(var.monthly_budget_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  dynamic "notification" {
    for_each = { ACTUAL = 80, FORECASTED = 100 }
    content {
      notification_type         = notification.key
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      comparison_operator       = "GREATER_THAN"
      subscriber_sns_topic_arns = [aws_sns_topic.this["operations"].arn]
    }
  }

  depends_on = [aws_sns_topic_policy.this]
}
