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
}

variables {
  name                = "risk-lakehouse-test"
  logs_bucket         = { name = "example-lake-test-logs", arn = "arn:aws:s3:::example-lake-test-logs" }
  watched_bucket_arns = ["arn:aws:s3:::example-lake-test-silver", "arn:aws:s3:::example-lake-test-gold"]
  kms_key_arn         = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
}

run "trail" {
  assert {
    condition = (
      aws_cloudtrail.lake.enable_log_file_validation && aws_cloudtrail.lake.is_multi_region_trail
      && aws_cloudtrail.lake.kms_key_id == var.kms_key_arn && aws_cloudtrail.lake.s3_bucket_name == "example-lake-test-logs"
    )
    error_message = "The trail's files are not validated, of every region, encrypted and in the logs bucket."
  }

  assert {
    condition = [
      for selector in aws_cloudtrail.lake.event_selector : [selector.read_write_type, selector.include_management_events, [
        for resource in selector.data_resource : [resource.type, sort(resource.values)]
      ]]
      ] == [["All", true, [
        ["AWS::S3::Object", tolist(["arn:aws:s3:::example-lake-test-gold/", "arn:aws:s3:::example-lake-test-silver/"])]
    ]]]
    error_message = "The trail does not record management events and every read and write of the watched buckets, and nothing else."
  }

  assert {
    condition     = aws_cloudwatch_log_group.trail.retention_in_days == 90 && aws_cloudwatch_log_group.trail.kms_key_id == var.kms_key_arn
    error_message = "The trail's log group keeps for ever or in the clear."
  }

  assert {
    condition     = startswith(aws_cloudtrail.lake.cloud_watch_logs_group_arn, aws_cloudwatch_log_group.trail.arn)
    error_message = "The trail cannot be searched."
  }

  assert {
    condition = length(concat(
      aws_guardduty_detector.account, aws_macie2_account.account, aws_config_configuration_recorder.account, aws_iam_role.config
    )) == 0
    error_message = "A service of the whole account is switched on unasked."
  }
}

run "switches" {
  variables {
    guardduty          = true
    macie              = true
    config_recorder    = true
    multi_region       = false
    log_retention_days = 365
  }

  assert {
    condition     = !aws_cloudtrail.lake.is_multi_region_trail && aws_cloudwatch_log_group.trail.retention_in_days == 365
    error_message = "The trail does not keep to its region or its time."
  }

  assert {
    condition     = aws_guardduty_detector.account[0].enable && aws_guardduty_detector_feature.s3[0].name == "S3_DATA_EVENTS" && aws_guardduty_detector_feature.s3[0].status == "ENABLED"
    error_message = "GuardDuty does not watch S3."
  }

  assert {
    condition     = aws_macie2_account.account[0].status == "ENABLED"
    error_message = "Macie is off."
  }

  assert {
    condition = (
      alltrue([for group in aws_config_configuration_recorder.account[0].recording_group : group.all_supported && group.include_global_resource_types])
      && aws_config_configuration_recorder_status.account[0].is_enabled
      && aws_config_delivery_channel.logs[0].s3_bucket_name == "example-lake-test-logs"
      && aws_config_delivery_channel.logs[0].s3_kms_key_arn == var.kms_key_arn
    )
    error_message = "Changes of resources are not recorded, encrypted, into the logs bucket."
  }
}

run "refuses_wrong_input" {
  command = plan

  variables {
    name                = "A trail"
    kms_key_arn         = "alias/lake"
    watched_bucket_arns = ["arn:aws:s3:::*"]
    log_retention_days  = 100
  }

  expect_failures = [var.name, var.kms_key_arn, var.watched_bucket_arns, var.log_retention_days]
}
