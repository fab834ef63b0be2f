# One role for each Glue job, with no more than the tables it makes and reads: access.json is derived from the registry
# of tables, so a new input of a table widens the role of its job and of no other.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}
data "aws_partition" "current" {}

locals {
  logs_arn = join(":", [
    "arn", data.aws_partition.current.partition, "logs", data.aws_region.current.name,
    data.aws_caller_identity.current.account_id, "log-group", "/aws-glue/*",
  ])

  glue_arn = join(":", [
    "arn", data.aws_partition.current.partition, "glue", data.aws_region.current.name,
    data.aws_caller_identity.current.account_id,
  ])
  database = "${local.glue_arn}:database/${var.athena.database_prefix}_"
  table    = "${local.glue_arn}:table/${var.athena.database_prefix}_"

  # What may be written may be read too, and every job reads its own code. What Athena answers, it writes as the one who asks.
  writes = {
    for job, found in var.access : job => concat(
      [for place in found.writes : regex(local.place, place)],
      length(found.makes_views) > 0 ? [{ zone = "athena-results", prefix = var.athena.results_prefix }] : [],
    )
  }
  reads = {
    for job, found in var.access : job => concat(
      [for place in found.reads : regex(local.place, place)],
      [for prefix in var.code_prefixes : { zone = "artifacts", prefix = prefix }],
      local.writes[job],
    )
  }
  place = "^(?P<zone>[^/]+)/(?P<prefix>.*)$"
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["glue.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_iam_role" "job" {
  for_each = var.access

  name                 = "${var.prefix}-job-${each.key}"
  description          = "Glue job ${each.key}: reads ${length(each.value.reads)} places beside the ${length(each.value.writes)} that it writes."
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn
}

data "aws_iam_policy_document" "job" {
  for_each = var.access

  statement {
    sid       = "Read"
    actions   = ["s3:GetObject"]
    resources = [for place in local.reads[each.key] : "${var.buckets[place.zone].arn}/${place.prefix}*"]
  }

  statement {
    sid       = "Write"
    actions   = ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = [for place in local.writes[each.key] : "${var.buckets[place.zone].arn}/${place.prefix}*"]
  }

  dynamic "statement" {
    for_each = { for place in local.reads[each.key] : place.zone => place.prefix... }

    content {
      sid       = "List${replace(title(statement.key), "-", "")}"
      actions   = ["s3:ListBucket"]
      resources = [var.buckets[statement.key].arn]

      condition {
        test     = "StringLike"
        variable = "s3:prefix"
        values   = flatten([for prefix in statement.value : prefix == "" ? ["*"] : [trimsuffix(prefix, "/"), "${prefix}*"]])
      }
    }
  }

  dynamic "statement" {
    for_each = length(each.value.makes_views) > 0 ? { Ask = each.value } : {}

    content {
      sid = statement.key
      actions = [
        "athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetWorkGroup", "athena:StartQueryExecution",
        "athena:StopQueryExecution",
      ]
      resources = [var.athena.workgroup_arn]
    }
  }

  dynamic "statement" {
    for_each = length(each.value.makes_views) > 0 ? { FindResults = var.buckets["athena-results"].arn } : {}

    content {
      sid       = statement.key
      actions   = ["s3:GetBucketLocation"]
      resources = [statement.value]
    }
  }

  # Athena looks for the database `default` before any other.
  dynamic "statement" {
    for_each = length(each.value.makes_views) > 0 ? { ReadCatalog = each.value } : {}

    content {
      sid     = statement.key
      actions = ["glue:GetDatabase", "glue:GetTable"]
      resources = concat(
        ["${local.glue_arn}:catalog", "${local.glue_arn}:database/default"],
        [for zone in distinct([for name in concat(each.value.asks, each.value.makes_views) : split(".", name)[0]]) : "${local.database}${zone}"],
        [for name in distinct(concat(each.value.asks, each.value.makes_views)) : "${local.table}${replace(name, ".", "/")}"],
      )
    }
  }

  dynamic "statement" {
    for_each = length(each.value.makes_views) > 0 ? { MakeViews = each.value } : {}

    content {
      sid     = statement.key
      actions = ["glue:CreateTable", "glue:UpdateTable"]
      resources = concat(
        ["${local.glue_arn}:catalog", "${local.database}views"],
        [for name in each.value.makes_views : "${local.table}${replace(name, ".", "/")}"],
      )
    }
  }

  statement {
    sid       = "Encrypt"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]
  }

  dynamic "statement" {
    for_each = each.value.needs_key ? [var.hmac_key_secret_arn] : []

    content {
      sid       = "MakePseudonyms"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [statement.value]
    }
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [local.logs_arn]
  }

  # CloudWatch has no resources to name; the namespace bounds it.
  statement {
    sid       = "Measure"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = contains(each.value.writes, "ops/run_log/") ? ["Glue", var.metrics_namespace] : ["Glue"]
    }
  }
}

resource "aws_iam_role_policy" "job" {
  for_each = var.access

  name   = "lake"
  role   = aws_iam_role.job[each.key].id
  policy = data.aws_iam_policy_document.job[each.key].json
}
