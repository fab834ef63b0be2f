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

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000" }
  }

  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::a-bucket" }
  }
}

variables {
  prefix = "example-lake-test"
}

run "one_safe_bucket_a_zone" {
  assert {
    condition = { for zone, bucket in output.buckets : zone => bucket.name } == {
      for zone in ["landing", "bronze", "silver", "gold", "quarantine", "ops", "models", "logs", "artifacts", "athena-results"] :
      zone => replace(replace(output.lake_location, "s3://", ""), "{zone}", zone)
    }
    error_message = "The buckets are not those that lake_location names."
  }

  assert {
    condition = keys(aws_s3_bucket_public_access_block.zone) == keys(aws_s3_bucket.zone) && alltrue([
      for block in values(aws_s3_bucket_public_access_block.zone) :
      block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets
    ])
    error_message = "An object can become public."
  }

  assert {
    condition = keys(aws_s3_bucket_versioning.zone) == keys(aws_s3_bucket.zone) && alltrue([
      for versioning in values(aws_s3_bucket_versioning.zone) : versioning.versioning_configuration[0].status == "Enabled"
    ])
    error_message = "A bucket keeps no versions."
  }

  assert {
    condition = keys(aws_s3_bucket_ownership_controls.zone) == keys(aws_s3_bucket.zone) && alltrue([
      for ownership in values(aws_s3_bucket_ownership_controls.zone) : ownership.rule[0].object_ownership == "BucketOwnerEnforced"
    ])
    error_message = "Access lists of objects count in a bucket."
  }

  assert {
    condition     = keys(aws_s3_bucket_policy.zone) == keys(aws_s3_bucket.zone)
    error_message = "A bucket has no policy."
  }

  assert {
    condition = alltrue([
      for zone, encryption in aws_s3_bucket_server_side_encryption_configuration.zone : alltrue([
        for rule in encryption.rule : rule.bucket_key_enabled
        && rule.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
        && rule.apply_server_side_encryption_by_default[0].kms_master_key_id == output.kms_key_arn
      ]) if zone != "logs"
    ]) && keys(aws_s3_bucket_server_side_encryption_configuration.zone) == keys(aws_s3_bucket.zone)
    error_message = "A bucket is not encrypted with the lake's key."
  }

  assert {
    condition = [
      for rule in aws_s3_bucket_server_side_encryption_configuration.zone["logs"].rule :
      rule.apply_server_side_encryption_by_default[0].sse_algorithm
    ] == ["AES256"]
    error_message = "S3 cannot deliver access logs into the logs bucket."
  }

  assert {
    condition = toset(keys(aws_s3_bucket_logging.zone)) == setsubtract(keys(aws_s3_bucket.zone), ["logs"]) && alltrue([
      for logging in values(aws_s3_bucket_logging.zone) : logging.target_bucket == aws_s3_bucket.zone["logs"].id
    ])
    error_message = "Access to a bucket is not logged into the logs bucket, or the logs bucket logs itself."
  }

  assert {
    condition     = aws_kms_key.lake.enable_key_rotation && aws_kms_alias.lake.name == "alias/example-lake-test"
    error_message = "The key does not rotate or has no alias."
  }

  assert {
    condition     = aws_s3_bucket_notification.landing[0].eventbridge
    error_message = "Nobody hears of new files in landing."
  }
}

run "what_is_replaced_is_gone_in_time" {
  variables {
    noncurrent_days    = 3
    log_retention_days = 90
  }

  assert {
    condition = keys(aws_s3_bucket_lifecycle_configuration.zone) == keys(aws_s3_bucket.zone) && alltrue([
      for lifecycle in values(aws_s3_bucket_lifecycle_configuration.zone) : anytrue([
        for rule in lifecycle.rule : try(
          rule.noncurrent_version_expiration[0].noncurrent_days == 3
          && rule.expiration[0].expired_object_delete_marker
          && rule.abort_incomplete_multipart_upload[0].days_after_initiation == 7
          && rule.status == "Enabled", false
        )
      ])
    ])
    error_message = "Replaced bytes outlive the promise in a bucket."
  }

  assert {
    condition = {
      for zone, lifecycle in aws_s3_bucket_lifecycle_configuration.zone :
      zone => [for rule in lifecycle.rule : rule.expiration[0].days if rule.id == "expire"] if length(lifecycle.rule) > 1 && zone != "landing"
    } == { logs = [90], athena-results = [7] }
    error_message = "Logs and results of queries, and nothing else, expire."
  }

  assert {
    condition = [
      for rule in aws_s3_bucket_lifecycle_configuration.zone["landing"].rule :
      one([for transition in rule.transition : "${transition.days} ${transition.storage_class}"]) if rule.id == "store-for-less"
    ] == ["90 STANDARD_IA"]
    error_message = "Landing files do not move to cheaper storage."
  }
}

run "toggles_for_moto" {
  variables {
    deny_insecure  = false
    landing_events = false
  }

  assert {
    condition     = keys(aws_s3_bucket_policy.zone) == ["logs"]
    error_message = "Without denials only the logs bucket has something to allow."
  }

  assert {
    condition = length(flatten([
      for document in values(data.aws_iam_policy_document.bucket) : document.statement if document.statement != null
    ])) == 0
    error_message = "A conditional denial is left, which moto applies to everything."
  }

  assert {
    condition     = length(aws_s3_bucket_notification.landing) == 0
    error_message = "The landing bucket still sends events."
  }
}

run "refuses_wrong_input" {
  command = plan

  variables {
    prefix             = "Not_A_Bucket"
    key_services       = ["glue"]
    trail_name         = "a trail"
    noncurrent_days    = 31
    log_retention_days = 7
  }

  expect_failures = [var.prefix, var.key_services, var.trail_name, var.noncurrent_days, var.log_retention_days]
}
