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
  target = aws_kms_key.lake
  values = { arn = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000" }
}

override_resource {
  target = aws_s3_bucket.zone
  values = { arn = "arn:aws:s3:::a-bucket" }
}

override_resource {
  target = aws_kms_alias.lake
}

override_resource {
  target = aws_s3_bucket_lifecycle_configuration.zone
}

override_resource {
  target = aws_s3_bucket_logging.zone
}

override_resource {
  target = aws_s3_bucket_notification.landing
}

override_resource {
  target = aws_s3_bucket_ownership_controls.zone
}

override_resource {
  target = aws_s3_bucket_policy.zone
}

override_resource {
  target = aws_s3_bucket_public_access_block.zone
}

override_resource {
  target = aws_s3_bucket_server_side_encryption_configuration.zone
}

override_resource {
  target = aws_s3_bucket_versioning.zone
}

variables {
  prefix     = "example-lake-test"
  trail_name = "example-trail"
}

run "buckets" {
  assert {
    condition = alltrue([for document in values(data.aws_iam_policy_document.bucket) : anytrue([
      for statement in jsondecode(document.json).Statement : try(
        statement.Effect == "Deny" && statement.Action == "s3:*" && statement.Principal == "*"
        && statement.Condition.Bool["aws:SecureTransport"] == "false"
        && toset(statement.Resource) == toset(["arn:aws:s3:::a-bucket", "arn:aws:s3:::a-bucket/*"]), false
      )
    ])])
    error_message = "A bucket can be reached without TLS."
  }

  assert {
    condition = alltrue(flatten([for document in values(data.aws_iam_policy_document.bucket) : [
      for statement in jsondecode(document.json).Statement :
      statement.Effect == "Deny" || !strcontains(jsonencode(statement.Principal), "*")
    ]]))
    error_message = "A bucket lets everybody in."
  }

  assert {
    condition = alltrue([for zone, document in data.aws_iam_policy_document.bucket : length([
      for statement in jsondecode(document.json).Statement : statement.Sid
      if try(statement.Action == "s3:PutObject" && statement.Effect == "Deny"
        && values(statement.Condition.Null) == ["false"]
      && keys(statement.Condition.Null) == keys(statement.Condition.StringNotEquals), false)
    ]) == (zone == "logs" ? 0 : 3)])
    error_message = "Every bucket but the logs must refuse another algorithm, another key and a key sent along, where the put names one."
  }

  assert {
    condition = anytrue([
      for statement in jsondecode(data.aws_iam_policy_document.bucket["silver"].json).Statement :
      try(statement.Condition.StringNotEquals["s3:x-amz-server-side-encryption-aws-kms-key-id"], "") == "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
    ])
    error_message = "A put may name a key other than the lake's."
  }

  assert {
    condition = length(jsondecode(data.aws_iam_policy_document.bucket["logs"].json).Statement) == 4 && alltrue([
      for statement in jsondecode(data.aws_iam_policy_document.bucket["logs"].json).Statement :
      try(statement.Condition.StringEquals["aws:SourceArn"], "") == "arn:aws:cloudtrail:eu-west-1:123456789012:trail/example-trail"
      if try(statement.Principal.Service, "") == "cloudtrail.amazonaws.com"
    ])
    error_message = "Access logs, the trail's two statements and the denial of plain HTTP: the logs bucket has these, the trail's for this trail alone."
  }

  assert {
    condition = anytrue([
      for statement in jsondecode(data.aws_iam_policy_document.bucket["logs"].json).Statement :
      try(statement.Principal.Service, "") == "logging.s3.amazonaws.com"
      && try(statement.Condition.StringEquals["aws:SourceAccount"], "") == "123456789012"
      && try(statement.Condition.ArnEquals["aws:SourceArn"], null) != null
      && try(endswith(statement.Resource, "/${aws_s3_bucket_logging.zone["silver"].target_prefix}*"), false)
    ])
    error_message = "Access logs cannot be written where they go, or those of another account's buckets can."
  }
}

run "key" {
  assert {
    condition = alltrue([
      for statement in jsondecode(data.aws_iam_policy_document.key.json).Statement :
      !strcontains(jsonencode(statement.Principal), "*")
    ])
    error_message = "The key can be used by everybody."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(data.aws_iam_policy_document.key.json).Statement :
      try(statement.Condition.StringEquals["kms:ViaService"], "") == "s3.eu-west-1.amazonaws.com"
      if can(statement.Principal.AWS) && length(setintersection(flatten([statement.Action]), ["kms:*", "kms:Decrypt"])) > 0
    ])
    error_message = "The key decrypts for callers other than S3."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(data.aws_iam_policy_document.key.json).Statement :
      can(statement.Condition) if can(statement.Principal.Service)
    ])
    error_message = "A service may use the key for another account."
  }

  assert {
    condition     = contains(flatten([for statement in jsondecode(data.aws_iam_policy_document.key.json).Statement : statement.Action]), "kms:PutKeyPolicy")
    error_message = "Nobody can change the key's policy any more."
  }
}

run "without_trail" {
  variables {
    trail_name = null
  }

  assert {
    condition = !strcontains(join("", [
      data.aws_iam_policy_document.key.json, data.aws_iam_policy_document.bucket["logs"].json,
    ]), "cloudtrail")
    error_message = "CloudTrail is let in though there is no trail."
  }
}
