# The judging function. Policies are as the provider itself writes them; every resource is overridden, so nothing is asked of AWS.
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
  target = aws_lambda_function.judging
  values = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:bank-test-demand-judging" }
}

override_resource {
  target = aws_lambda_function_event_invoke_config.judging
}

override_resource {
  target = aws_lambda_permission.arrival
}

override_resource {
  target = aws_cloudwatch_log_group.judging
  values = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/bank-test-demand-judging" }
}

override_resource {
  target = aws_sqs_queue.refused
  values = { arn = "arn:aws:sqs:eu-west-1:123456789012:bank-test-demand-refused", url = "https://queue.example/refused" }
}

override_resource {
  target = aws_sqs_queue_policy.refused
}

override_resource {
  target = aws_cloudwatch_event_rule.arrival
  values = { arn = "arn:aws:events:eu-west-1:123456789012:rule/bank-test-demand-arrival" }
}

override_resource {
  target = aws_cloudwatch_event_target.arrival
}

override_resource {
  target = aws_scheduler_schedule.daily
}

override_resource {
  target = aws_iam_role.judging
  values = { arn = "arn:aws:iam::123456789012:role/bank-test-demand-judging" }
}

override_resource {
  target = aws_iam_role.scheduler
  values = { arn = "arn:aws:iam::123456789012:role/bank-test-demand-scheduler" }
}

override_resource {
  target = aws_iam_role_policy.judging
}

override_resource {
  target = aws_iam_role_policy.scheduler
}

override_resource {
  target = aws_cloudwatch_metric_alarm.failed
}

override_resource {
  target = aws_cloudwatch_metric_alarm.stale
}

variables {
  name                     = "bank-test-demand"
  image_uri                = "registry.example/monitor@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  deliveries               = { bucket = "bank-test-landing", arn = "arn:aws:s3:::bank-test-landing", prefix = "daily_demand/" }
  results                  = { bucket = "bank-test-gold", arn = "arn:aws:s3:::bank-test-gold", prefix = "demand_monitor/" }
  size                     = { memory_mb = 4096, disk_mb = 2048, most_delivered_mb = 256 }
  margin                   = ""
  schedule                 = "cron(0 6 * * ? *)"
  schedule_enabled         = true
  stale_after_days         = 3
  operations_topic_arn     = "arn:aws:sns:eu-west-1:123456789012:operations"
  key_arn                  = "arn:aws:kms:eu-west-1:123456789012:key/monitor"
  lake_key_arn             = "arn:aws:kms:eu-west-1:123456789012:key/lake"
  log_retention_days       = 90
  metrics_namespace        = "RiskLakehouse"
  permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
}

run "rights" {
  module {
    source = "./function"
  }

  assert {
    condition = {
      for statement in jsondecode(data.aws_iam_policy_document.judging.json).Statement : statement.Sid => flatten([statement.Resource])
      if contains(["ReadDeliveries", "WriteResults", "KeepRefused"], statement.Sid)
      } == {
      ReadDeliveries = ["arn:aws:s3:::bank-test-landing/daily_demand/*"]
      WriteResults   = ["arn:aws:s3:::bank-test-gold/demand_monitor/*"]
      KeepRefused    = ["arn:aws:sqs:eu-west-1:123456789012:bank-test-demand-refused"]
    }
    error_message = "The function reads more than demand, or writes more than its results."
  }

  assert {
    condition = toset(flatten([for statement in jsondecode(data.aws_iam_policy_document.judging.json).Statement : statement.Action])) == toset([
      "s3:GetObject", "s3:ListBucket", "s3:PutObject", "sqs:SendMessage", "kms:Decrypt", "kms:GenerateDataKey", "logs:CreateLogStream",
      "logs:PutLogEvents", "cloudwatch:PutMetricData", "xray:PutTelemetryRecords", "xray:PutTraceSegments",
    ])
    error_message = "The function may do something else; nothing of it deletes."
  }

  assert {
    condition = toset(flatten([
      for document in [data.aws_iam_policy_document.judging, data.aws_iam_policy_document.scheduler] : [
        for statement in jsondecode(document.json).Statement : statement.Sid
        if anytrue([for named in flatten([statement.Action, statement.Resource]) : named == "*" || endswith(named, ":*") && !endswith(named, ":log-stream:*")])
      ]
    ])) == toset(["Measure", "Trace"])
    error_message = "A wildcard stands outside the list of those that AWS leaves no other way for."
  }

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.scheduler.json).Statement : "${statement.Action} ${statement.Resource}"
    ] == ["lambda:InvokeFunction arn:aws:lambda:eu-west-1:123456789012:function:bank-test-demand-judging"]
    error_message = "The clock may start more than the function that judges."
  }

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.refused.json).Statement :
      "${statement.Sid} ${try(statement.Condition.ArnEquals["aws:SourceArn"], statement.Condition.Bool["aws:SecureTransport"])}"
    ] == ["DenyInsecureTransport false", "KeepUndelivered arn:aws:events:eu-west-1:123456789012:rule/bank-test-demand-arrival"]
    error_message = "Others than the rule may put something into the queue, or without TLS."
  }

  assert {
    condition     = aws_iam_role.judging.permissions_boundary == var.permissions_boundary_arn && aws_iam_role.scheduler.permissions_boundary == var.permissions_boundary_arn
    error_message = "A role has no boundary."
  }
}

run "nothing_is_lost_on_the_way" {
  module {
    source = "./function"
  }

  assert {
    condition     = aws_lambda_function.judging.reserved_concurrent_executions == 1
    error_message = "Two instances would write the index over each other's."
  }

  assert {
    condition = (
      aws_lambda_function_event_invoke_config.judging.destination_config[0].on_failure[0].destination == aws_sqs_queue.refused.arn
      && aws_lambda_function_event_invoke_config.judging.maximum_event_age_in_seconds == 21600
      && aws_cloudwatch_event_target.arrival.dead_letter_config[0].arn == aws_sqs_queue.refused.arn
      && aws_sqs_queue.refused.message_retention_seconds == 1209600
      && aws_sqs_queue.refused.kms_master_key_id == var.key_arn
    )
    error_message = "An event that fails, or that is not delivered, is lost or kept in the clear."
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.arrival.event_pattern) == {
      source        = ["aws.s3"]
      "detail-type" = ["Object Created"]
      detail        = { bucket = { name = ["bank-test-landing"] }, object = { key = [{ prefix = "daily_demand/" }] } }
    }
    error_message = "The rule hears of other objects than delivered files, or not of them."
  }

  assert {
    condition     = aws_scheduler_schedule.daily.target[0].input == "{\"scheduled_at\":\"<aws.scheduler.scheduled-time>\"}" && aws_scheduler_schedule.daily.state == "ENABLED"
    error_message = "The clock does not tell its instant as the function reads it."
  }
}

run "told_and_watched" {
  module {
    source = "./function"
  }

  assert {
    condition = (
      aws_lambda_function.judging.package_type == "Image" && endswith(aws_lambda_function.judging.image_uri, "@sha256:${join("", [for digit in range(64) : "0"])}")
      && aws_lambda_function.judging.image_config[0].command == tolist(["services.demand_monitor.handler.handle"])
      && aws_lambda_function.judging.tracing_config[0].mode == "Active"
      && aws_lambda_function.judging.kms_key_arn == var.key_arn
      && aws_cloudwatch_log_group.judging.kms_key_id == var.lake_key_arn
    )
    error_message = "The function is not the image's, not traced, or its settings and log are in the clear."
  }

  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.failed) == ["errors", "refused", "throttles"] && alltrue([for alarm in aws_cloudwatch_metric_alarm.failed : alarm.alarm_actions == toset([var.operations_topic_arn])])
    error_message = "A failure is not told."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.stale.threshold == 3 && aws_cloudwatch_metric_alarm.stale.treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.stale.actions_enabled
    error_message = "A monitor that has stopped looks like one with nothing to tell."
  }

  assert {
    condition     = aws_lambda_function.judging.environment[0].variables["DEMAND_MONITOR_MOST_BYTES"] == tostring(256 * 1024 * 1024)
    error_message = "The function is told another bound than the disk was made for."
  }
}

run "an_idle_environment_is_quiet" {
  module {
    source = "./function"
  }

  variables {
    schedule_enabled = false
  }

  assert {
    condition     = aws_scheduler_schedule.daily.state == "DISABLED" && !aws_cloudwatch_metric_alarm.stale.actions_enabled
    error_message = "The clock runs, or its silence is told."
  }
}
