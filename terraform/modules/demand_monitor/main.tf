data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
  name      = "${var.name}-demand"

  # Said once and handed to both functions. Deliveries lie where the lake's jobs take them from: one delivery serves both.
  # Results lie in the gold zone, which holds what people and services read and nothing personal, beside its tables.
  deliveries = { bucket = var.buckets["landing"].name, arn = var.buckets["landing"].arn, prefix = "daily_demand/" }
  results    = { bucket = var.buckets["gold"].name, arn = var.buckets["gold"].arn, prefix = "demand_monitor/" }

  # An image can be pushed once its repository is there, and run once it was pushed.
  digests = merge({ monitor = var.image_digest }, var.dashboard.runs_on == "none" ? {} : { dashboard = var.dashboard.image_digest })
  image_uris = {
    for image, digest in local.digests : image => "${aws_ecr_repository.this[image].repository_url}@${digest}" if digest != null
  }
}

# ---- key

resource "aws_kms_key" "monitor" {
  description             = "Images, queue and settings of the demand monitor of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "monitor" {
  name          = "alias/${local.name}"
  target_key_id = aws_kms_key.monitor.key_id
}

data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_109:in a key's own policy the resource is always that key
  #checkov:skip=CKV_AWS_111:as above
  #checkov:skip=CKV_AWS_356:as above
  statement {
    sid = "AdministerByAccount"
    actions = [
      "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:Describe*", "kms:DisableKey*", "kms:EnableKey*",
      "kms:Get*", "kms:List*", "kms:PutKeyPolicy", "kms:RetireGrant", "kms:RevokeGrant", "kms:RotateKeyOnDemand",
      "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }

  statement {
    sid       = "UseThroughServices"
    actions   = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["ec2", "ecr", "lambda", "sqs"] : "${service}.${local.region}.amazonaws.com"]
    }
  }

  # What cannot be handed to the function goes into the queue as EventBridge itself.
  statement {
    sid       = "KeepUndelivered"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

# ---- images

resource "aws_ecr_repository" "this" {
  for_each             = local.digests
  name                 = "${local.name}/${each.key}"
  image_tag_mutability = "IMMUTABLE"
  force_delete         = var.is_disposable

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = aws_kms_key.monitor.arn
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  for_each   = local.digests
  repository = aws_ecr_repository.this[each.key].name

  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Keep as many as one may want to go back to"
      selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = var.kept_images }
      action       = { type = "expire" }
    }]
  })
}

# Lambda fetches its image as itself; whatever runs the dashboard has a role for that.
resource "aws_ecr_repository_policy" "monitor" {
  repository = aws_ecr_repository.this["monitor"].name
  policy     = data.aws_iam_policy_document.repository.json
}

data "aws_iam_policy_document" "repository" {
  statement {
    sid     = "FetchImage"
    actions = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:lambda:${local.region}:${local.account}:function:${local.name}-*"]
    }
  }
}

# ---- what runs them

module "function" {
  source                   = "./function"
  count                    = contains(keys(local.image_uris), "monitor") ? 1 : 0
  name                     = local.name
  image_uri                = local.image_uris["monitor"]
  deliveries               = local.deliveries
  results                  = local.results
  size                     = var.size
  margin                   = var.margin
  schedule                 = var.schedule
  schedule_enabled         = var.schedule_enabled
  stale_after_days         = var.stale_after_days
  operations_topic_arn     = var.operations_topic_arn
  key_arn                  = aws_kms_key.monitor.arn
  lake_key_arn             = var.lake_key_arn
  log_retention_days       = var.log_retention_days
  metrics_namespace        = var.metrics_namespace
  permissions_boundary_arn = var.permissions_boundary_arn
}

module "reading" {
  source                   = "./reading"
  count                    = contains(keys(local.image_uris), "monitor") ? 1 : 0
  name                     = local.name
  image_uri                = local.image_uris["monitor"]
  results                  = local.results
  stale_after_days         = var.stale_after_days
  jwt                      = var.api.jwt
  requests_per_second      = var.api.requests_per_second
  concurrency              = var.api.concurrency
  operations_topic_arn     = var.operations_topic_arn
  key_arn                  = aws_kms_key.monitor.arn
  lake_key_arn             = var.lake_key_arn
  log_retention_days       = var.log_retention_days
  permissions_boundary_arn = var.permissions_boundary_arn
}

module "dashboard" {
  source                   = "./dashboard"
  count                    = contains(keys(local.image_uris), "dashboard") ? 1 : 0
  name                     = "${var.name}-dashboard"
  runs_on                  = var.dashboard.runs_on
  image_uri                = local.image_uris["dashboard"]
  repository_arn           = aws_ecr_repository.this["dashboard"].arn
  network                  = var.dashboard.network
  domain_name              = var.dashboard.domain_name
  certificate_arn          = var.dashboard.certificate_arn
  login                    = var.dashboard.login
  machine                  = var.dashboard.machine
  lake_location            = var.lake_location
  buckets                  = var.buckets
  logs_bucket              = var.logs_bucket
  operations_topic_arn     = var.operations_topic_arn
  key_arn                  = aws_kms_key.monitor.arn
  lake_key_arn             = var.lake_key_arn
  log_retention_days       = var.log_retention_days
  is_disposable            = var.is_disposable
  permissions_boundary_arn = var.permissions_boundary_arn
}
