data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  trail_arn = "arn:${local.partition}:cloudtrail:${data.aws_region.current.name}:${local.account}:trail/${var.name}"
}

# ---- trail

resource "aws_cloudtrail" "lake" {
  #checkov:skip=CKV_AWS_67:one environment of an account records every region, by `multi_region`; a second trail would be paid for
  #checkov:skip=CKV_AWS_252:what matters is searched and alarmed on in the log group; a message for every file tells nobody anything
  name                       = var.name
  s3_bucket_name             = var.logs_bucket.name
  kms_key_id                 = var.kms_key_arn
  enable_log_file_validation = true
  is_multi_region_trail      = var.multi_region
  cloud_watch_logs_group_arn = "${aws_cloudwatch_log_group.trail.arn}:*"
  cloud_watch_logs_role_arn  = aws_iam_role.trail.arn

  event_selector {
    read_write_type           = "All"
    include_management_events = true

    data_resource {
      type   = "AWS::S3::Object"
      values = [for arn in var.watched_bucket_arns : "${arn}/"]
    }
  }

  depends_on = [aws_iam_role_policy.trail]
}

resource "aws_cloudwatch_log_group" "trail" {
  #checkov:skip=CKV_AWS_338:the logs bucket keeps the trail for its 400 days; this copy is for searching, a year of it in production
  name              = "/aws/cloudtrail/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_iam_role" "trail" {
  name                 = "${var.name}-trail"
  assume_role_policy   = data.aws_iam_policy_document.trail_trust.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "trail" {
  name   = "write-log-group"
  role   = aws_iam_role.trail.id
  policy = data.aws_iam_policy_document.trail.json
}

data "aws_iam_policy_document" "trail_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }
  }
}

data "aws_iam_policy_document" "trail" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.trail.arn}:log-stream:${local.account}_CloudTrail_*"]
  }
}

# ---- watchers of the account

resource "aws_guardduty_detector" "account" {
  #checkov:skip=CKV2_AWS_3:for accounts without a landing zone; an organisation's detector is the landing zone's
  count  = var.guardduty ? 1 : 0
  enable = true
}

resource "aws_guardduty_detector_feature" "s3" {
  count       = var.guardduty ? 1 : 0
  detector_id = aws_guardduty_detector.account[0].id
  name        = "S3_DATA_EVENTS"
  status      = "ENABLED"
}

resource "aws_macie2_account" "account" {
  count  = var.macie ? 1 : 0
  status = "ENABLED"
}

# ---- configuration

resource "aws_config_configuration_recorder" "account" {
  count    = var.config_recorder ? 1 : 0
  name     = var.name
  role_arn = aws_iam_role.config[0].arn

  recording_group {
    all_supported                 = true
    include_global_resource_types = true
  }
}

resource "aws_config_delivery_channel" "logs" {
  count          = var.config_recorder ? 1 : 0
  name           = var.name
  s3_bucket_name = var.logs_bucket.name
  s3_kms_key_arn = var.kms_key_arn

  depends_on = [aws_config_configuration_recorder.account, aws_iam_role_policy.config]
}

resource "aws_config_configuration_recorder_status" "account" {
  count      = var.config_recorder ? 1 : 0
  name       = aws_config_configuration_recorder.account[0].name
  is_enabled = true

  depends_on = [aws_config_delivery_channel.logs]
}

resource "aws_iam_role" "config" {
  count                = var.config_recorder ? 1 : 0
  name                 = "${var.name}-config"
  assume_role_policy   = data.aws_iam_policy_document.config_trust.json
  permissions_boundary = var.permissions_boundary_arn
}

# Config reads the description of every kind of resource; AWS keeps that list.
resource "aws_iam_role_policy_attachment" "config" {
  count      = var.config_recorder ? 1 : 0
  role       = aws_iam_role.config[0].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AWS_ConfigRole"
}

resource "aws_iam_role_policy" "config" {
  count  = var.config_recorder ? 1 : 0
  name   = "write-logs-bucket"
  role   = aws_iam_role.config[0].id
  policy = data.aws_iam_policy_document.config.json
}

data "aws_iam_policy_document" "config_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["config.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

data "aws_iam_policy_document" "config" {
  statement {
    actions   = ["s3:PutObject", "s3:PutObjectAcl"]
    resources = ["${var.logs_bucket.arn}/AWSLogs/${local.account}/Config/*"]
  }

  statement {
    actions   = ["s3:GetBucketAcl", "s3:ListBucket"]
    resources = [var.logs_bucket.arn]
  }

  statement {
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]
  }
}
