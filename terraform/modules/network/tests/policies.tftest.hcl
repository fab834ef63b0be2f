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

override_data {
  target = data.aws_availability_zones.available
  values = { names = ["eu-west-1a", "eu-west-1b", "eu-west-1c"] }
}

variables {
  name             = "risk-lakehouse-test"
  lake_bucket_arns = ["arn:aws:s3:::example-lake-test-silver", "arn:aws:s3:::example-lake-test-gold"]
  kms_key_arn      = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
}

run "only_the_lake_through_s3" {
  command = plan

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.s3_endpoint.json).Statement : toset(flatten([statement.Resource]))
      ] == [toset(flatten([for arn in var.lake_bucket_arns : [arn, "${arn}/*"]]))] && alltrue([
        for statement in jsondecode(data.aws_iam_policy_document.s3_endpoint.json).Statement :
        try(statement.Condition.StringEquals["aws:PrincipalAccount"], "") == "123456789012"
    ])
    error_message = "More than the lake's buckets, or other accounts, can be reached through the endpoint."
  }

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.flow_trust.json).Statement :
      "${statement.Principal.Service} ${statement.Condition.StringEquals["aws:SourceAccount"]}"
    ] == ["vpc-flow-logs.amazonaws.com 123456789012"]
    error_message = "Something else than this account's flow logs may write as their role."
  }
}

run "services_read_their_own_files" {
  command = plan

  variables {
    service_bucket_arns = ["arn:aws:s3:::an-aws-bucket"]
  }

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.s3_endpoint.json).Statement :
      "${statement.Action} ${statement.Resource}" if statement.Sid == "ReadServiceFiles"
    ] == ["s3:GetObject arn:aws:s3:::an-aws-bucket/*"]
    error_message = "Buckets of a service can be more than read."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(data.aws_iam_policy_document.s3_endpoint.json).Statement :
      can(statement.Condition) || statement.Action == "s3:GetObject"
    ])
    error_message = "Everybody may write through the endpoint."
  }
}

run "the_role_has_the_boundary" {
  command = plan

  variables {
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
  }

  assert {
    condition     = aws_iam_role.flow.permissions_boundary == var.permissions_boundary_arn
    error_message = "The role has no boundary."
  }
}
