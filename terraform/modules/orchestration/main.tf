data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.name
  machines   = toset(["daily", "weekly", "start"])
  pipelines  = toset(["daily", "weekly"])
  arn_prefix = "arn:${local.partition}:states:${local.region}:${local.account}:stateMachine:${var.name}"
}

module "definition" {
  source                   = "./definition"
  jobs_file                = var.jobs_file
  job_names                = var.job_names
  topic_arn                = var.operations_topic.arn
  alert_function_arn       = var.alert_function_arn
  state_machine_arn_prefix = local.arn_prefix
  metrics_namespace        = var.metrics_namespace
  queue_minutes            = var.queue_minutes
  partition                = local.partition
}

# ---- state machines

resource "aws_sfn_state_machine" "this" {
  #checkov:skip=CKV_AWS_285:every state is logged, without its data: a cause may quote some
  for_each   = local.machines
  name       = "${var.name}-${each.key}"
  role_arn   = aws_iam_role.machine[each.key].arn
  definition = module.definition.definitions[each.key]

  logging_configuration {
    level                  = "ALL"
    include_execution_data = false # a cause may quote data; the history keeps it, behind its own right
    log_destination        = "${aws_cloudwatch_log_group.states.arn}:*"
  }

  tracing_configuration {
    enabled = true
  }

  depends_on = [aws_iam_role_policy.machine]
}

# Groups of this prefix share one policy for delivery, whose length is limited.
resource "aws_cloudwatch_log_group" "states" {
  name              = "/aws/vendedlogs/states/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_iam_role" "machine" {
  for_each             = local.machines
  name                 = "${var.name}-states-${each.key}"
  assume_role_policy   = data.aws_iam_policy_document.trust["states"].json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "machine" {
  for_each = local.machines
  name     = "run"
  role     = aws_iam_role.machine[each.key].id
  policy   = each.key == "start" ? data.aws_iam_policy_document.start.json : data.aws_iam_policy_document.pipeline[each.key].json
}

data "aws_iam_policy_document" "pipeline" {
  for_each                = local.pipelines
  source_policy_documents = [data.aws_iam_policy_document.observe.json]

  statement {
    sid       = "RunJobs"
    actions   = ["glue:BatchStopJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:StartJobRun"]
    resources = [for job in module.definition.pipelines[each.key] : var.job_arns[job]]
  }

  dynamic "statement" {
    for_each = each.key == "daily" && var.alert_function_arn != null ? { Alert = var.alert_function_arn } : {}
    content {
      sid       = statement.key
      actions   = ["lambda:InvokeFunction"]
      resources = [statement.value]
    }
  }

  statement {
    sid       = "Tell"
    actions   = ["sns:Publish"]
    resources = [var.operations_topic.arn]
  }

  statement {
    sid       = "TellEncrypted"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.operations_topic.kms_key_arn]
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
}

data "aws_iam_policy_document" "start" {
  source_policy_documents = [data.aws_iam_policy_document.observe.json]

  statement {
    sid       = "StartPipelines"
    actions   = ["states:StartExecution"]
    resources = [for pipeline in local.pipelines : "${local.arn_prefix}-${pipeline}"]
  }
}

# These actions name no resource: AWS takes nothing but a star for the delivery of logs and for traces.
data "aws_iam_policy_document" "observe" {
  #checkov:skip=CKV_AWS_111:actions of log delivery and tracing know no resource
  #checkov:skip=CKV_AWS_356:as above
  statement {
    sid = "DeliverLogs"
    actions = [
      "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "Trace"
    actions   = ["xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "trust" {
  for_each = toset(["states", "scheduler", "events"])

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["${each.key}.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

# ---- what starts them: the clock, and a marker in landing

resource "aws_scheduler_schedule" "pipeline" {
  #checkov:skip=CKV_AWS_297:the input of a schedule names a pipeline and nothing else
  for_each                     = local.pipelines
  name                         = "${var.name}-${each.key}"
  state                        = var.schedules_enabled ? "ENABLED" : "DISABLED"
  schedule_expression          = var.schedules[each.key]
  schedule_expression_timezone = "UTC" # the business date is the day, in UTC, for which the schedule is due

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = "${local.arn_prefix}-start"
    role_arn = aws_iam_role.caller["scheduler"].arn
    # Not jsonencode, which would write the brackets of the placeholder as \u003c.
    input = "{\"pipeline\":\"${each.key}\",\"scheduled_at\":\"<aws.scheduler.scheduled-time>\"}"

    retry_policy {
      maximum_retry_attempts       = 10
      maximum_event_age_in_seconds = 3600
    }
  }

  depends_on = [aws_sfn_state_machine.this, aws_iam_role_policy.caller]
}

resource "aws_cloudwatch_event_rule" "arrival" {
  count       = var.starts_on_arrival ? 1 : 0
  name        = "${var.name}-arrival"
  description = "The marker .ready/<business date> lies in landing: the day was delivered in full."
  event_pattern = jsonencode({
    source        = ["aws.s3"]
    "detail-type" = ["Object Created"]
    detail        = { bucket = { name = [var.landing_bucket] }, object = { key = [{ prefix = ".ready/" }] } }
  })
}

resource "aws_cloudwatch_event_target" "arrival" {
  count    = var.starts_on_arrival ? 1 : 0
  rule     = aws_cloudwatch_event_rule.arrival[0].name
  arn      = aws_sfn_state_machine.this["start"].arn
  role_arn = aws_iam_role.caller["events"].arn

  input_transformer {
    input_paths    = { marker = "$.detail.object.key" }
    input_template = "{\"pipeline\":\"daily\",\"marker\":<marker>}"
  }
}

resource "aws_iam_role" "caller" {
  for_each             = toset(concat(["scheduler"], var.starts_on_arrival ? ["events"] : []))
  name                 = "${var.name}-${each.key}"
  assume_role_policy   = data.aws_iam_policy_document.trust[each.key].json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "caller" {
  for_each = aws_iam_role.caller
  name     = "start"
  role     = each.value.id
  policy   = data.aws_iam_policy_document.caller.json
}

data "aws_iam_policy_document" "caller" {
  statement {
    sid       = "Start"
    actions   = ["states:StartExecution"]
    resources = ["${local.arn_prefix}-start"]
  }
}

# ---- alarms

resource "aws_cloudwatch_metric_alarm" "failed" {
  for_each = {
    for pair in setproduct(local.machines, ["ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"]) :
    "${pair[0]}-${pair[1]}" => { machine = pair[0], metric = pair[1] }
  }
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "An execution of ${var.name}-${each.value.machine} did not succeed."
  namespace           = "AWS/States"
  metric_name         = each.value.metric
  dimensions          = { StateMachineArn = "${local.arn_prefix}-${each.value.machine}" }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.operations_topic.arn]
}

# Whatever keeps a day from being made, a schedule that never fired included, shows as a day without success.
resource "aws_cloudwatch_metric_alarm" "no_success" {
  alarm_name          = "${var.name}-no-success"
  alarm_description   = "No daily run has succeeded for 26 hours."
  namespace           = "AWS/States"
  metric_name         = "ExecutionsSucceeded"
  dimensions          = { StateMachineArn = "${local.arn_prefix}-daily" }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = 26
  datapoints_to_alarm = 26
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  actions_enabled     = var.schedules_enabled
  alarm_actions       = [var.operations_topic.arn]
  ok_actions          = [var.operations_topic.arn]
}

resource "aws_cloudwatch_metric_alarm" "stale" {
  alarm_name          = "${var.name}-stale"
  alarm_description   = "The newest booking lies more than ${var.stale_after_days} days back."
  namespace           = var.metrics_namespace
  metric_name         = "DaysBehind"
  dimensions          = { Lake = var.lake_location }
  statistic           = "Maximum"
  period              = 86400
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.stale_after_days
  treat_missing_data  = "ignore" # no run is the alarm above
  alarm_actions       = [var.operations_topic.arn]
  ok_actions          = [var.operations_topic.arn]
}

# ---- dashboard

locals {
  tables = { for metric in ["Rows", "RejectedRows", "Seconds"] : metric =>
    "SEARCH('{${var.metrics_namespace},Lake,Table} MetricName=\"${metric}\" Lake=\"${var.lake_location}\"', 'Maximum', 86400)"
  }
  jobs = flatten([for pipeline in ["daily", "weekly"] : module.definition.pipelines[pipeline]])

  widgets = concat([for widget in var.more_widgets : { title = widget.title, metrics = [[{ expression = widget.expression, label = "" }]] }], [
    { title = "Rows of each table", metrics = [[{ expression = local.tables["Rows"], label = "" }]] },
    { title = "Rows sent to quarantine", metrics = [[{ expression = local.tables["RejectedRows"], label = "" }]] },
    { title = "Seconds that each table took", metrics = [[{ expression = local.tables["Seconds"], label = "" }]] },
    { title = "Days since the newest booking", metrics = [[var.metrics_namespace, "DaysBehind", "Lake", var.lake_location]] },
    { title = "Duration of a run", metrics = [
      for pipeline in ["daily", "weekly"] :
      ["AWS/States", "ExecutionTime", "StateMachineArn", "${local.arn_prefix}-${pipeline}", { label = pipeline }]
    ] },
    { title = "Daily runs", metrics = [
      for metric in ["ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"] :
      ["AWS/States", metric, "StateMachineArn", "${local.arn_prefix}-daily", { stat = "Sum" }]
    ] },
    { title = "Cost in DPU-hours", metrics = concat(
      [[{ expression = "SUM(METRICS()) / 3600", label = "all jobs", id = "hours" }]],
      [for index, job in local.jobs :
        [var.metrics_namespace, "DpuSeconds", "Job", var.job_names[job], { id = "job${index}", stat = "Sum", visible = false }]
      ],
    ) },
  ])
}

resource "aws_cloudwatch_dashboard" "lake" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [
      for index, widget in local.widgets : {
        type   = "metric"
        x      = (index % 3) * 8
        y      = floor(index / 3) * 6
        width  = 8
        height = 6
        properties = {
          title   = widget.title
          region  = local.region
          view    = "timeSeries"
          period  = 86400
          stat    = "Maximum"
          metrics = widget.metrics
        }
      }
    ]
  })
}
