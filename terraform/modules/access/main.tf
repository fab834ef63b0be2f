# One role for each Glue job, with no more than the tables it makes and reads: access.json is derived from the registry
# of tables, so a new input of a table widens the role of its job and of no other.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}
data "aws_partition" "current" {}

locals {
  partition = data.aws_partition.current.partition
  account   = data.aws_caller_identity.current.account_id
  region    = data.aws_region.current.name
  logs_arn  = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws-glue/*"
  glue_arn  = "arn:${local.partition}:glue:${local.region}:${local.account}"
  ec2_arn   = "arn:${local.partition}:ec2:${local.region}:${local.account}"

  database = "${local.glue_arn}:database/${var.database_prefix}_"
  table    = "${local.glue_arn}:table/${var.database_prefix}_"

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
  crawled = ["landing", "bronze", "quarantine"]
  place   = "^(?P<zone>[^/]+)/(?P<prefix>.*)$"
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
      values   = [local.account]
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
    sid     = "Read"
    actions = ["s3:GetObject"]
    # The name of a folder too: Hadoop's client asks whether it is a file, and a refusal would end the job.
    resources = distinct(flatten([
      for place in local.reads[each.key] : [
        "${var.buckets[place.zone].arn}/${place.prefix}*",
        endswith(place.prefix, "/") ? ["${var.buckets[place.zone].arn}/${trimsuffix(place.prefix, "/")}"] : [],
      ]
    ]))
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

      # Who reads a whole zone may also ask whether there is one, a call that has no prefix.
      dynamic "condition" {
        for_each = contains(statement.value, "") ? [] : [statement.value]

        content {
          test     = "StringLike"
          variable = "s3:prefix"
          values   = flatten([for prefix in condition.value : [trimsuffix(prefix, "/"), "${prefix}*"]])
        }
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

  # CloudWatch has no resources to name; the namespace bounds it.
  dynamic "statement" {
    for_each = contains(each.value.writes, "ops/run_log/") ? [var.metrics_namespace] : []

    content {
      sid       = "TellFigures"
      actions   = ["cloudwatch:PutMetricData"]
      resources = ["*"]

      condition {
        test     = "StringEquals"
        variable = "cloudwatch:namespace"
        values   = [statement.value]
      }
    }
  }
}

# What Glue does in the name of a role around the job itself.
data "aws_iam_policy_document" "service" {
  statement {
    sid       = "Log"
    actions   = ["logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [local.logs_arn]
  }

  # No resources to name here either.
  statement {
    sid       = "Measure"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["Glue"]
    }
  }
}

data "aws_iam_policy_document" "network" {
  #checkov:skip=CKV_AWS_356:only descriptions, which have no resources to name
  count = var.network == null ? 0 : 1

  statement {
    sid       = "FindConnection"
    actions   = ["glue:GetConnection"]
    resources = ["${local.glue_arn}:catalog", "${local.glue_arn}:connection/${var.network.connection_name}"]
  }

  # Descriptions have no resources to name.
  statement {
    sid = "LookAround"
    actions = [
      "ec2:DescribeNetworkInterfaces", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets",
      "ec2:DescribeVpcAttribute", "ec2:DescribeVpcEndpoints",
    ]
    resources = ["*"]
  }

  statement {
    sid     = "Attach"
    actions = ["ec2:CreateNetworkInterface"]
    resources = concat(
      ["${local.ec2_arn}:network-interface/*", "${local.ec2_arn}:security-group/${var.network.security_group_id}"],
      [for subnet in var.network.subnet_ids : "${local.ec2_arn}:subnet/${subnet}"],
    )
  }

  statement {
    sid       = "TagOwnInterface"
    actions   = ["ec2:CreateTags", "ec2:DeleteTags"]
    resources = ["${local.ec2_arn}:network-interface/*"]

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "aws:TagKeys"
      values   = ["aws-glue-service-resource"]
    }
  }

  statement {
    sid       = "Detach"
    actions   = ["ec2:DeleteNetworkInterface"]
    resources = ["${local.ec2_arn}:network-interface/*"]

    condition {
      test     = "Null"
      variable = "aws:ResourceTag/aws-glue-service-resource"
      values   = ["false"]
    }
  }
}

resource "aws_iam_role_policy" "job" {
  for_each = var.access

  name   = "lake"
  role   = aws_iam_role.job[each.key].id
  policy = data.aws_iam_policy_document.job[each.key].json
}

# The same in every role, and so apart from the job's own places.
resource "aws_iam_role_policy" "service" {
  for_each = var.access

  name   = "glue"
  role   = aws_iam_role.job[each.key].id
  policy = data.aws_iam_policy_document.service.json
}

resource "aws_iam_role_policy" "network" {
  for_each = var.network == null ? {} : var.access

  name   = "network"
  role   = aws_iam_role.job[each.key].id
  policy = data.aws_iam_policy_document.network[0].json
}

# ---- crawlers: read files, write the catalog

resource "aws_iam_role" "crawler" {
  name                 = "${var.prefix}-crawler"
  description          = "Glue crawlers: read ${join(", ", local.crawled)} and keep their tables in the catalog."
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn
}

data "aws_iam_policy_document" "crawler" {
  statement {
    sid       = "Read"
    actions   = ["s3:GetObject", "s3:ListBucket"]
    resources = flatten([for zone in local.crawled : [var.buckets[zone].arn, "${var.buckets[zone].arn}/*"]])
  }

  statement {
    sid       = "Decrypt"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]
  }

  statement {
    sid = "KeepTables"
    actions = [
      "glue:BatchCreatePartition", "glue:BatchGetPartition", "glue:BatchUpdatePartition", "glue:CreateTable",
      "glue:GetDatabase", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable", "glue:GetTables", "glue:UpdateTable",
    ]
    resources = concat(["${local.glue_arn}:catalog"], flatten([
      for zone in local.crawled : [
        "${local.glue_arn}:database/${var.database_prefix}_${zone}", "${local.glue_arn}:table/${var.database_prefix}_${zone}/*",
      ]
    ]))
  }

  source_policy_documents = [data.aws_iam_policy_document.service.json]
}

resource "aws_iam_role_policy" "crawler" {
  name   = "crawl"
  role   = aws_iam_role.crawler.id
  policy = data.aws_iam_policy_document.crawler.json
}
