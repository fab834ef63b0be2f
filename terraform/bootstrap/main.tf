# Applied once for each account, by an administrator, before anything else: where Terraform keeps its state, and who deploys.
# Its own state is kept by the administrator, or moved into the bucket afterwards (README).

provider "aws" {
  region = var.region
}

data "aws_caller_identity" "current" {}

locals {
  name = "risk-lakehouse-${var.environment}"
  key  = "risk-lakehouse/${var.environment}.tfstate" # as the environment's backend has it
}

resource "aws_kms_key" "state" {
  #checkov:skip=CKV2_AWS_64:the default policy leaves the key to IAM, where the deployment's roles name it
  description             = "Terraform's state of ${local.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
}

resource "aws_s3_bucket" "state" {
  #checkov:skip=CKV_AWS_18:the trail of the account records who reads the state
  #checkov:skip=CKV_AWS_144:the state can be imported again from what there is
  #checkov:skip=CKV2_AWS_62:nothing waits for a change of the state
  bucket = "${var.company}-${local.name}-state-${data.aws_caller_identity.current.account_id}"

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "state" {
  bucket = aws_s3_bucket.state.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.state.arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "state" {
  bucket                  = aws_s3_bucket.state.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "state" {
  bucket     = aws_s3_bucket.state.id
  depends_on = [aws_s3_bucket_versioning.state]

  rule {
    id     = "keep-former-states-for-a-year"
    status = "Enabled"
    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 365
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

resource "aws_s3_bucket_policy" "state" {
  bucket     = aws_s3_bucket.state.id
  policy     = data.aws_iam_policy_document.state.json
  depends_on = [aws_s3_bucket_public_access_block.state]
}

data "aws_iam_policy_document" "state" {
  statement {
    sid       = "DenyInsecureTransport"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.state.arn, "${aws_s3_bucket.state.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

module "deployment" {
  source              = "../modules/deployment"
  prefix              = local.name
  bucket_prefix       = "${var.company}-${local.name}"
  database_prefix     = replace(local.name, "-", "_")
  repository          = var.repository
  environment         = var.environment
  state               = { bucket_arn = aws_s3_bucket.state.arn, key = local.key, kms_key_arn = aws_kms_key.state.arn }
  github_provider_arn = var.github_provider_arn
  may_destroy         = var.may_destroy
}
