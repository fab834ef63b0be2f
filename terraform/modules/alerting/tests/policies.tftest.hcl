# Policies as the provider itself writes them. Every resource is overridden, so nothing is asked of AWS; a mocked provider
# would make up the documents as well.
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
  target = aws_kms_key.alerts
  values = { arn = "arn:aws:kms:eu-west-1:123456789012:key/alerts" }
}

override_resource {
  target = aws_sns_topic.this
  values = { arn = "arn:aws:sns:eu-west-1:123456789012:a-topic" }
}

override_resource {
  target = aws_sqs_queue.failed
  values = { arn = "arn:aws:sqs:eu-west-1:123456789012:bank-test-alerts-failed" }
}

override_resource {
  target = aws_dynamodb_table.sent
  values = { arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/bank-test-alerts-sent" }
}

override_resource {
  target = aws_cloudwatch_log_group.alerts
  values = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/bank-test-alerts" }
}

override_resource {
  target = aws_kms_alias.alerts
}

override_resource {
  target = aws_sns_topic_policy.this
}

override_resource {
  target = aws_sns_topic_subscription.email
}

override_resource {
  target = aws_lambda_function.alerts
}

override_resource {
  target = aws_lambda_function_event_invoke_config.alerts
}

override_resource {
  target = aws_iam_role.alerts
  values = { arn = "arn:aws:iam::123456789012:role/bank-test-alerts" }
}

override_resource {
  target = aws_iam_role_policy.alerts
}

override_resource {
  target = aws_cloudwatch_metric_alarm.failed_alerts
}

override_resource {
  target = aws_budgets_budget.monthly
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

run "the_function_reads_what_its_questions_read" {
  assert {
    condition = toset(flatten([
      for statement in jsondecode(data.aws_iam_policy_document.alerts.json).Statement : statement.Resource if statement.Sid == "ReadTables"
      ])) == toset([
      for table in ["gold-customer_360", "gold-loan_default_scores", "gold-transaction_alerts", "silver-loans"] :
      "arn:aws:s3:::bank-test-${replace(table, "-", "/")}/*"
    ])
    error_message = "The function reads other tables than those of its selects and of the views below."
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(data.aws_iam_policy_document.alerts.json).Statement : statement.Action if startswith(statement.Sid, "Write") || contains(["Remember", "Tell"], statement.Sid)
    ])) == toset(["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject", "dynamodb:PutItem", "sns:Publish"])
    error_message = "The function may change more than results, its memory and the topic."
  }

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.alerts.json).Statement : statement.Sid
      if anytrue([for named in flatten([statement.Action, statement.Resource]) : named == "*" || endswith(named, ":*") && !endswith(named, ":log-stream:*")])
    ] == ["Trace"]
    error_message = "A wildcard stands outside the list of those that AWS leaves no other way for."
  }
}

run "topics_take_what_they_should" {
  assert {
    condition = { for topic, document in data.aws_iam_policy_document.topic : topic => [
      for statement in jsondecode(document.json).Statement : statement.Sid
    ] } == { alerts = ["DenyInsecureTransport"], operations = ["DenyInsecureTransport", "PublishByServices"] }
    error_message = "A service may publish to the alerts, or none to operations."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(data.aws_iam_policy_document.topic["operations"].json).Statement :
      statement.Effect == "Deny" || try(statement.Condition.StringEquals["aws:SourceAccount"], "") == "123456789012"
    ])
    error_message = "A service may publish for another account."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(data.aws_iam_policy_document.key.json).Statement :
      statement.Sid == "AdministerByAccount" ? !anytrue([for action in statement.Action : can(regex("^kms:(Decrypt|Encrypt|GenerateDataKey)", action))]) : can(statement.Condition)
    ])
    error_message = "Somebody can decrypt with the key directly, or for another account."
  }
}
