mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/a-role" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:a-group" }
  }

  mock_resource "aws_sfn_state_machine" {
    defaults = { arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:a-machine" }
  }
}

variables {
  name               = "bank-test"
  jobs_file          = "../../../glue/jobs.yaml"
  job_names          = { for job in keys(yamldecode(file("../../../glue/jobs.yaml"))) : job => "bank-test-${job}" }
  job_arns           = { for job in keys(yamldecode(file("../../../glue/jobs.yaml"))) : job => "arn:aws:glue:eu-west-1:123456789012:job/bank-test-${job}" }
  operations_topic   = { arn = "arn:aws:sns:eu-west-1:123456789012:operations", kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/topics" }
  alert_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:alerts"
  kms_key_arn        = "arn:aws:kms:eu-west-1:123456789012:key/lake"
  lake_location      = "s3://bank-test-{zone}"
  landing_bucket     = "bank-test-landing"
}

run "machines" {
  assert {
    condition = alltrue([
      for machine in aws_sfn_state_machine.this :
      alltrue([for tracing in machine.tracing_configuration : tracing.enabled])
      && alltrue([for log in machine.logging_configuration : log.level == "ALL" && !log.include_execution_data])
      && length(machine.tracing_configuration) == 1 && length(machine.logging_configuration) == 1
    ])
    error_message = "A machine is not traced, not logged, or logs what it handles."
  }

  assert {
    condition     = aws_cloudwatch_log_group.states.kms_key_id == var.kms_key_arn && aws_cloudwatch_log_group.states.retention_in_days == 90
    error_message = "The log keeps for ever or in the clear."
  }

  assert {
    condition     = module.definition.pipelines == { daily = ["bronze", "silver", "gold", "scoring", "views", "report"], weekly = ["maintain"] }
    error_message = "The steps are not those of the file in its order."
  }

  assert {
    condition     = length(distinct([for machine in aws_sfn_state_machine.this : jsondecode(machine.definition).StartAt])) == 3
    error_message = "A machine has another's definition, or one that is no JSON."
  }
}

run "schedules" {
  assert {
    condition = { for pipeline, schedule in aws_scheduler_schedule.pipeline : pipeline => [
      schedule.schedule_expression_timezone, schedule.state, schedule.target[0].arn, schedule.target[0].input
      ] } == { for pipeline in ["daily", "weekly"] : pipeline => [
      "UTC", "ENABLED", "arn:aws:states:eu-west-1:123456789012:stateMachine:bank-test-start",
      "{\"pipeline\":\"${pipeline}\",\"scheduled_at\":\"<aws.scheduler.scheduled-time>\"}"
    ] }
    error_message = "A schedule does not tell the machine `start` its instant."
  }

  assert {
    condition     = length(aws_cloudwatch_event_rule.arrival) == 0 && !contains(keys(aws_iam_role.caller), "events")
    error_message = "Files start runs unasked."
  }
}

run "alarms" {
  assert {
    condition     = aws_cloudwatch_metric_alarm.no_success.period * aws_cloudwatch_metric_alarm.no_success.evaluation_periods == 26 * 3600 && aws_cloudwatch_metric_alarm.no_success.treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.no_success.actions_enabled
    error_message = "26 hours without success are not told."
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.failed) == 9 && alltrue([for alarm in aws_cloudwatch_metric_alarm.failed : contains(alarm.alarm_actions, var.operations_topic.arn)])
    error_message = "A failed execution is not told."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.stale.dimensions == tomap({ Lake = "s3://bank-test-{zone}" }) && aws_cloudwatch_metric_alarm.stale.namespace == "RiskLakehouse"
    error_message = "Freshness is watched where no run tells it."
  }

  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.lake.dashboard_body).widgets) == 7
    error_message = "The dashboard lacks a figure."
  }
}

run "switches" {
  variables {
    schedules_enabled  = false
    starts_on_arrival  = true
    alert_function_arn = null
  }

  assert {
    condition     = alltrue([for schedule in aws_scheduler_schedule.pipeline : schedule.state == "DISABLED"]) && !aws_cloudwatch_metric_alarm.no_success.actions_enabled
    error_message = "The clock runs although it is off, or its silence is told."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.arrival[0].event_pattern).detail == { bucket = { name = ["bank-test-landing"] }, object = { key = [{ prefix = ".ready/" }] } }
    error_message = "Other objects than the markers in landing start a run."
  }

  assert {
    condition     = !strcontains(aws_sfn_state_machine.this["daily"].definition, "lambda:invoke")
    error_message = "A function is called that is not there."
  }
}

run "refuses_wrong_input" {
  command = plan

  variables {
    name             = "A bank"
    job_arns         = { bronze = "arn:aws:glue:eu-west-1:123456789012:job/*" }
    lake_location    = "s3://bank"
    schedules        = { daily = "rate(1 day)", weekly = "cron(0 12 ? * SUN *)" }
    stale_after_days = 0
  }

  expect_failures = [var.name, var.job_arns, var.lake_location, var.schedules, var.stale_after_days]
}
