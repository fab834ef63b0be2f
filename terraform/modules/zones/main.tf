data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  zones = toset([
    "landing", "bronze", "silver", "gold", "quarantine", "ops", "models", "logs", "artifacts", "athena-results",
  ])
  # Server access logs cannot be delivered into a bucket whose default is a KMS key, so `logs` keeps SSE-S3. It logs no
  # access to itself, which would never end.
  keyed_zones       = setsubtract(local.zones, ["logs"])
  expire_after_days = { logs = var.log_retention_days, athena-results = 7 }

  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
  trail_arn = try("arn:${local.partition}:cloudtrail:${local.region}:${local.account}:trail/${var.trail_name}", null)
}

# ---- key

resource "aws_kms_key" "lake" {
  description             = "Everything the lake ${var.prefix} stores"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "lake" {
  name          = "alias/${var.prefix}"
  target_key_id = aws_kms_key.lake.key_id
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

  # IAM policies decide which principal; nobody, an administrator included, can decrypt with the key directly.
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
      values   = [for service in var.key_services : "${service}.${local.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "EncryptLogGroups"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${local.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:*"]
    }
  }

  dynamic "statement" {
    for_each = var.trail_name == null ? [] : [local.trail_arn]
    content {
      sid       = "EncryptTrail"
      actions   = ["kms:DescribeKey", "kms:GenerateDataKey*"]
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = ["cloudtrail.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceArn"
        values   = [statement.value]
      }
    }
  }
}

# ---- buckets

resource "aws_s3_bucket" "zone" {
  #checkov:skip=CKV_AWS_18:every bucket but the logs' own is logged, by aws_s3_bucket_logging.zone, which is not found through for_each
  #checkov:skip=CKV2_AWS_61:every bucket has a lifecycle, by aws_s3_bucket_lifecycle_configuration.zone, which is not found through for_each
  #checkov:skip=CKV2_AWS_62:a new file starts something in landing alone; the other zones are written by jobs whose ends are told
  #checkov:skip=CKV_AWS_144:the lake is kept in one region; landing can be delivered again and all else follows from it
  for_each      = local.zones
  bucket        = "${var.prefix}-${each.key}"
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_ownership_controls" "zone" {
  for_each = local.zones
  bucket   = aws_s3_bucket.zone[each.key].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "zone" {
  for_each                = local.zones
  bucket                  = aws_s3_bucket.zone[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "zone" {
  for_each = local.zones
  bucket   = aws_s3_bucket.zone[each.key].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "zone" {
  for_each = local.zones
  bucket   = aws_s3_bucket.zone[each.key].id

  rule {
    bucket_key_enabled = contains(local.keyed_zones, each.key)

    apply_server_side_encryption_by_default {
      sse_algorithm     = contains(local.keyed_zones, each.key) ? "aws:kms" : "AES256"
      kms_master_key_id = contains(local.keyed_zones, each.key) ? aws_kms_key.lake.arn : null
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "zone" {
  #checkov:skip=CKV_AWS_300:the first rule ends uploads for the whole bucket; it need not stand in each rule
  for_each = local.zones
  bucket   = aws_s3_bucket_versioning.zone[each.key].id

  rule {
    id     = "remove-what-was-replaced"
    status = "Enabled"
    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    # What is left of an erased file is a marker with its name; it goes too.
    expiration {
      expired_object_delete_marker = true
    }
  }

  dynamic "rule" {
    for_each = contains(keys(local.expire_after_days), each.key) ? [local.expire_after_days[each.key]] : []
    content {
      id     = "expire"
      status = "Enabled"
      filter {}

      expiration {
        days = rule.value
      }
    }
  }

  dynamic "rule" {
    for_each = each.key == "landing" ? [90] : []
    content {
      id     = "store-for-less"
      status = "Enabled"
      filter {}

      transition {
        days          = rule.value
        storage_class = "STANDARD_IA"
      }
    }
  }
}

resource "aws_s3_bucket_logging" "zone" {
  for_each      = local.keyed_zones
  bucket        = aws_s3_bucket.zone[each.key].id
  target_bucket = aws_s3_bucket.zone["logs"].id
  target_prefix = "s3-access/" # each line names its bucket

  depends_on = [aws_s3_bucket_policy.zone]
}

resource "aws_s3_bucket_notification" "landing" {
  count       = var.landing_events ? 1 : 0
  bucket      = aws_s3_bucket.zone["landing"].id
  eventbridge = true
}

# ---- the one policy of each bucket

resource "aws_s3_bucket_policy" "zone" {
  for_each = var.deny_insecure ? local.zones : toset(["logs"])
  bucket   = aws_s3_bucket.zone[each.key].id
  policy   = data.aws_iam_policy_document.bucket[each.key].json

  # S3 refuses two changes of a bucket's access at once.
  depends_on = [aws_s3_bucket_public_access_block.zone]
}

data "aws_iam_policy_document" "bucket" {
  for_each                = local.zones
  source_policy_documents = each.key == "logs" ? [data.aws_iam_policy_document.log_delivery.json] : []

  dynamic "statement" {
    for_each = var.deny_insecure ? [aws_s3_bucket.zone[each.key].arn] : []
    content {
      sid       = "DenyInsecureTransport"
      effect    = "Deny"
      actions   = ["s3:*"]
      resources = [statement.value, "${statement.value}/*"]

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

  # A put that names no encryption gets the bucket's own. These are the three ways to name another: an algorithm, a key
  # of KMS, a key sent along. A condition on an absent header would hold, hence the test that it is there.
  dynamic "statement" {
    for_each = var.deny_insecure && contains(local.keyed_zones, each.key) ? {
      DenyOtherAlgorithm = { header = "s3:x-amz-server-side-encryption", allowed = "aws:kms" }
      DenyOtherKey       = { header = "s3:x-amz-server-side-encryption-aws-kms-key-id", allowed = aws_kms_key.lake.arn }
      DenyKeySentAlong   = { header = "s3:x-amz-server-side-encryption-customer-algorithm", allowed = "none" }
    } : {}
    content {
      sid       = statement.key
      effect    = "Deny"
      actions   = ["s3:PutObject"]
      resources = ["${aws_s3_bucket.zone[each.key].arn}/*"]

      principals {
        type        = "*"
        identifiers = ["*"]
      }

      condition {
        test     = "Null"
        variable = statement.value.header
        values   = ["false"]
      }

      condition {
        test     = "StringNotEquals"
        variable = statement.value.header
        values   = [statement.value.allowed]
      }
    }
  }
}

data "aws_iam_policy_document" "log_delivery" {
  statement {
    sid       = "WriteAccessLogs"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.zone["logs"].arn}/s3-access/*"]

    principals {
      type        = "Service"
      identifiers = ["logging.s3.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [for zone in local.keyed_zones : aws_s3_bucket.zone[zone].arn]
    }
  }

  dynamic "statement" {
    for_each = var.load_balancer_logs ? { WriteLoadBalancerLogs = aws_s3_bucket.zone["logs"].arn } : {}
    content {
      sid       = statement.key
      actions   = ["s3:PutObject"]
      resources = ["${statement.value}/load-balancers/AWSLogs/${local.account}/*"]

      principals {
        type        = "Service"
        identifiers = ["logdelivery.elasticloadbalancing.amazonaws.com"]
      }

      condition {
        test     = "ArnLike"
        variable = "aws:SourceArn"
        values   = ["arn:${local.partition}:elasticloadbalancing:${local.region}:${local.account}:loadbalancer/*"]
      }
    }
  }

  dynamic "statement" {
    for_each = var.trail_name == null ? {} : {
      ReadTrailAcl = { action = "s3:GetBucketAcl", resource = aws_s3_bucket.zone["logs"].arn }
      WriteTrail   = { action = "s3:PutObject", resource = "${aws_s3_bucket.zone["logs"].arn}/AWSLogs/${local.account}/*" }
    }
    content {
      sid       = statement.key
      actions   = [statement.value.action]
      resources = [statement.value.resource]

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
}
