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

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-1:123456789012:key/alerts" }
  }

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:a-topic" }
  }

  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-west-1:123456789012:a-queue" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:a-group" }
  }
}

variables {
  name                  = "bank-test"
  package               = "../../../services/alerting/handler.py" # any file
  awswrangler_layer_arn = "arn:aws:lambda:eu-west-1:123456789012:layer:AWSSDKPandas-Python311:1"
  questions_path        = "../../../services/alerting"
  views_path            = "../../../sql/views"
  lake_key_arn          = "arn:aws:kms:eu-west-1:123456789012:key/lake"
  buckets               = { for zone in ["silver", "gold", "athena-results"] : zone => { name = "bank-test-${zone}", arn = "arn:aws:s3:::bank-test-${zone}" } }
  athena = {
    workgroup       = "bank-test-platform"
    workgroup_arn   = "arn:aws:athena:eu-west-1:123456789012:workgroup/bank-test-platform"
    results_prefix  = "platform/"
    database_prefix = "bank_test"
  }
}

run "all_is_encrypted" {
  assert {
    condition = alltrue(concat(
      [for topic in aws_sns_topic.this : topic.kms_master_key_id == aws_kms_key.alerts.arn],
      [
        aws_sqs_queue.failed.kms_master_key_id == aws_kms_key.alerts.arn,
        aws_lambda_function.alerts.kms_key_arn == aws_kms_key.alerts.arn,
        aws_dynamodb_table.sent.server_side_encryption[0].enabled,
        aws_dynamodb_table.sent.server_side_encryption[0].kms_key_arn == aws_kms_key.alerts.arn,
        aws_cloudwatch_log_group.alerts.kms_key_id == var.lake_key_arn,
        aws_kms_key.alerts.enable_key_rotation,
      ],
    ))
    error_message = "Something that holds alerts is not encrypted with their key."
  }
}

run "function" {
  assert {
    condition     = aws_lambda_function.alerts.reserved_concurrent_executions == 1
    error_message = "Two instances could tell an alert twice."
  }

  assert {
    condition = aws_lambda_function.alerts.environment[0].variables == tomap({
      ALERTS_WORKGROUP       = "bank-test-platform"
      ALERTS_DATABASE_PREFIX = "bank_test"
      ALERTS_TOPIC_ARN       = "arn:aws:sns:eu-west-1:123456789012:a-topic"
      ALERTS_SENT_TABLE      = "bank-test-alerts-sent"
      ALERTS_SEVERITIES      = "high"
      ALERTS_DAYS            = "35"
      ALERTS_REMEMBERED_DAYS = "90"
    })
    error_message = "The function is not told where to ask and what to tell."
  }

  assert {
    condition     = aws_dynamodb_table.sent.hash_key == "alert_key" && one(aws_dynamodb_table.sent.ttl).attribute_name == "expires_at" && one(aws_dynamodb_table.sent.ttl).enabled
    error_message = "The table does not remember alerts as the function writes them."
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.alerts.destination_config[0].on_failure[0].destination == aws_sqs_queue.failed.arn
    error_message = "An invocation that fails unseen is lost."
  }
}

run "budget_is_a_switch" {
  assert {
    condition     = length(aws_budgets_budget.monthly) == 0 && length(aws_sns_topic_subscription.email) == 0
    error_message = "A budget or an address is there unasked."
  }
}

run "budget_and_addresses" {
  variables {
    monthly_budget_usd = 50
    emails             = { operations = ["one@bank.example", "two@bank.example"], alerts = ["one@bank.example"] }
  }

  assert {
    condition = aws_budgets_budget.monthly[0].limit_amount == "50" && { for told in aws_budgets_budget.monthly[0].notification : told.notification_type => told.threshold } == {
      ACTUAL = 80, FORECASTED = 100
    }
    error_message = "The budget does not tell what is spent and what will be."
  }

  assert {
    condition     = length(aws_sns_topic_subscription.email) == 3
    error_message = "An address is missing."
  }
}

run "refuses_wrong_input" {
  command = plan

  variables {
    name                  = "A bank"
    awswrangler_layer_arn = "arn:aws:lambda:eu-west-1:123456789012:layer:AWSSDKPandas-Python311"
    limits                = { severities = ["urgent"], days = 90, remembered_days = 90 }
    monthly_budget_usd    = 0
    lake_key_arn          = "alias/lake"
  }

  expect_failures = [var.name, var.awswrangler_layer_arn, var.limits, var.monthly_budget_usd, var.lake_key_arn]
}
