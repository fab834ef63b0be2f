# Policies as the provider itself writes them; a plan asks nothing of AWS.
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

# The provider would ask AWS what it thinks of a definition.
override_resource {
  target = aws_sfn_state_machine.this
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
  starts_on_arrival  = true
}

run "roles_run_their_own_jobs" {
  command = plan

  assert {
    condition = {
      for pipeline, document in data.aws_iam_policy_document.pipeline : pipeline => toset(flatten([
        for statement in jsondecode(document.json).Statement : statement.Resource if statement.Sid == "RunJobs"
      ]))
      } == {
      daily  = toset([for job in ["bronze", "silver", "gold", "scoring", "views", "report"] : var.job_arns[job]])
      weekly = toset([var.job_arns["maintain"]])
    }
    error_message = "A pipeline may run another's jobs, or not its own."
  }

  assert {
    condition = [
      for pipeline, document in data.aws_iam_policy_document.pipeline : pipeline
      if anytrue([for statement in jsondecode(document.json).Statement : statement.Action == "lambda:InvokeFunction"])
    ] == ["daily"]
    error_message = "Another pipeline than the daily run may send alerts."
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(data.aws_iam_policy_document.start.json).Statement : statement.Resource if statement.Sid == "StartPipelines"
    ])) == toset([for pipeline in ["daily", "weekly"] : "arn:aws:states:eu-west-1:123456789012:stateMachine:bank-test-${pipeline}"])
    error_message = "More or less than the pipelines can be started."
  }

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.caller.json).Statement : "${statement.Action} ${statement.Resource}"
    ] == ["states:StartExecution arn:aws:states:eu-west-1:123456789012:stateMachine:bank-test-start"]
    error_message = "Clock and marker may start more than the machine that gives a day its name."
  }
}

run "stars_stand_only_where_aws_takes_nothing_else" {
  command = plan

  assert {
    condition = toset(flatten([
      for document in concat(values(data.aws_iam_policy_document.pipeline), [data.aws_iam_policy_document.start, data.aws_iam_policy_document.caller]) : [
        for statement in jsondecode(document.json).Statement : statement.Sid
        if anytrue([for named in flatten([statement.Action, statement.Resource]) : strcontains(named, "*")])
      ]
    ])) == toset(["DeliverLogs", "Measure", "Trace"])
    error_message = "A wildcard stands outside the list of those that AWS leaves no other way for."
  }

  assert {
    condition = alltrue([
      for service, document in data.aws_iam_policy_document.trust : [
        for statement in jsondecode(document.json).Statement :
        "${statement.Principal.Service} ${statement.Condition.StringEquals["aws:SourceAccount"]}"
      ] == ["${service}.amazonaws.com 123456789012"]
    ])
    error_message = "A role trusts another service or another account."
  }
}
