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

variables {
  name                = "risk-lakehouse-test"
  logs_bucket         = { name = "example-lake-test-logs", arn = "arn:aws:s3:::example-lake-test-logs" }
  watched_bucket_arns = ["arn:aws:s3:::example-lake-test-silver"]
  kms_key_arn         = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
}

run "roles_trust_one_service_of_this_account" {
  command = plan

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.trail_trust.json).Statement :
      "${statement.Principal.Service} ${statement.Condition.StringEquals["aws:SourceArn"]}"
    ] == ["cloudtrail.amazonaws.com arn:aws:cloudtrail:eu-west-1:123456789012:trail/risk-lakehouse-test"]
    error_message = "Something else than this trail may write as its role."
  }

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.config_trust.json).Statement :
      "${statement.Principal.Service} ${statement.Condition.StringEquals["aws:SourceAccount"]}"
    ] == ["config.amazonaws.com 123456789012"]
    error_message = "Something else than this account's recorder may write as its role."
  }

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.config.json).Statement : statement.Resource
      ] == [
      "arn:aws:s3:::example-lake-test-logs/AWSLogs/123456789012/Config/*", "arn:aws:s3:::example-lake-test-logs", var.kms_key_arn
    ]
    error_message = "The recorder's role reaches more than its folder of the logs bucket and the key."
  }
}

run "roles_have_the_boundary" {
  command = plan

  variables {
    config_recorder          = true
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
  }

  assert {
    condition     = alltrue([for role in [aws_iam_role.trail, aws_iam_role.config[0]] : role.permissions_boundary == var.permissions_boundary_arn])
    error_message = "A role has no boundary."
  }
}
