# Who asks the lake: analysts of each team, data stewards, services that query, QuickSight. Each runs queries in its own
# workgroup and reads its own answers. All but stewards are kept from tables that hold names, whatever else is attached.
# A star stands alone as a resource in two statements: Browse, since lists of Athena have no resource, and
# AskLakeFormation, since the call names no table. Lake Formation's grants bound the second.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  home      = "${data.aws_region.current.name}:${local.account}"
  glue      = "arn:${local.partition}:glue:${local.home}"

  person  = { is_person = true, is_steward = false, service = null }
  machine = { is_person = false, is_steward = false, service = null }
  roles = merge(
    { for team, arns in var.analysts : "analyst-${team}" => merge(local.person, { team = team, principal_arns = arns }) },
    { for name, reader in var.readers : "reader-${name}" => merge(local.machine, reader) },
    var.stewards == null ? {} : { data-steward = merge(local.person, var.stewards, { is_steward = true }) },
    var.quicksight_team == null ? {} : {
      quicksight = merge(local.machine, { service = "quicksight.amazonaws.com", team = var.quicksight_team, principal_arns = [] })
    },
  )

  # A policy grants whole tables; the columns of the others are a matter of Lake Formation.
  named_tables = [
    for name, table in var.tables : name if length(setintersection(keys(table.classification), var.hidden_classes)) > 0
  ]
  open_tables = setsubtract(keys(var.tables), local.named_tables)
  # Rows as delivered hold names too; they are granted as zones, for a crawler finds their tables.
  delivered_zones = ["bronze", "quarantine"]

  readable = { for name, role in local.roles : name => concat(
    [for table in sort(role.is_steward ? keys(var.tables) : local.open_tables) : {
      zone = split(".", table)[0], prefix = "${split(".", table)[1]}/"
    }],
    role.is_steward ? [for zone in local.delivered_zones : { zone = zone, prefix = "" }] : [],
  ) }
  catalogued = { for name, role in local.roles : name => concat(
    [for table in sort(role.is_steward ? keys(var.tables) : local.open_tables) : "${var.tables[table].database}/${var.tables[table].name}"],
    [for file in fileset(var.views_path, "*.sql") : "${var.databases["views"]}/${trimsuffix(file, ".sql")}"],
    role.is_steward ? [for zone in local.delivered_zones : "${var.databases[zone]}/*"] : [],
  ) }
  never_read = concat(
    [for zone in concat(["landing"], local.delivered_zones) : "${var.buckets[zone].arn}/*"],
    [for table in local.named_tables : "${var.buckets[split(".", table)[0]].arn}/${split(".", table)[1]}/*"],
  )
}

resource "aws_iam_role" "reader" {
  for_each             = local.roles
  name                 = "${var.prefix}-${each.key}"
  description          = "Queries in the workgroup of ${each.value.team}${each.value.is_steward ? ", personal data included" : ""}."
  assume_role_policy   = data.aws_iam_policy_document.trust[each.key].json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "reader" {
  for_each = local.roles
  name     = "lake"
  role     = aws_iam_role.reader[each.key].id
  policy   = data.aws_iam_policy_document.reader[each.key].json
}

data "aws_iam_policy_document" "trust" {
  for_each = local.roles

  statement {
    sid     = each.value.is_person ? "PeopleWithSecondFactor" : "Services"
    actions = ["sts:AssumeRole"]

    principals {
      type        = each.value.service == null ? "AWS" : "Service"
      identifiers = each.value.service == null ? each.value.principal_arns : [each.value.service]
    }

    dynamic "condition" {
      for_each = each.value.is_person ? ["true"] : []
      content {
        test     = "Bool"
        variable = "aws:MultiFactorAuthPresent"
        values   = [condition.value]
      }
    }

    dynamic "condition" {
      for_each = each.value.service == null ? [] : [local.account]
      content {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [condition.value]
      }
    }
  }
}

data "aws_iam_policy_document" "reader" {
  for_each = local.roles

  statement {
    sid = "Query"
    actions = [
      "athena:BatchGetNamedQuery", "athena:BatchGetQueryExecution", "athena:GetNamedQuery", "athena:GetQueryExecution",
      "athena:GetQueryResults", "athena:GetQueryResultsStream", "athena:GetQueryRuntimeStatistics", "athena:GetWorkGroup",
      "athena:ListNamedQueries", "athena:ListQueryExecutions", "athena:StartQueryExecution", "athena:StopQueryExecution",
    ]
    resources = [var.workgroups[each.value.team].arn]
  }

  statement {
    sid = "SeeCatalogInAthena"
    actions = [
      "athena:GetDataCatalog", "athena:GetDatabase", "athena:GetTableMetadata", "athena:ListDatabases", "athena:ListTableMetadata",
    ]
    resources = ["arn:${local.partition}:athena:${local.home}:datacatalog/AwsDataCatalog"]
  }

  dynamic "statement" {
    for_each = each.value.is_person || each.value.service != null ? [["athena:ListDataCatalogs", "athena:ListWorkGroups"]] : []
    content {
      sid       = "Browse"
      actions   = statement.value
      resources = ["*"]
    }
  }

  statement {
    sid     = "ReadCatalog"
    actions = ["glue:GetDatabase", "glue:GetDatabases", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"]
    resources = concat(
      ["${local.glue}:catalog"],
      [for zone in sort(distinct(concat(local.readable[each.key][*].zone, ["views"]))) : "${local.glue}:database/${var.databases[zone]}"],
      [for table in local.catalogued[each.key] : "${local.glue}:table/${table}"],
    )
  }

  # With Lake Formation nobody reads a table's files but by the keys it hands out for the columns it grants.
  dynamic "statement" {
    for_each = var.is_lake_formation_enabled ? [] : [local.readable[each.key]]
    content {
      sid       = "ReadTables"
      actions   = ["s3:GetObject"]
      resources = [for place in statement.value : "${var.buckets[place.zone].arn}/${place.prefix}*"]
    }
  }

  dynamic "statement" {
    for_each = var.is_lake_formation_enabled ? {} : { for place in local.readable[each.key] : place.zone => place.prefix... }
    content {
      sid       = "List${title(statement.key)}"
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
    for_each = var.is_lake_formation_enabled ? ["lakeformation:GetDataAccess"] : []
    content {
      sid       = "AskLakeFormation"
      actions   = [statement.value]
      resources = ["*"]
    }
  }

  statement {
    sid       = "KeepAnswers"
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
    resources = ["${var.buckets["athena-results"].arn}/${each.value.team}/*"]
  }

  statement {
    sid       = "ListAnswers"
    actions   = ["s3:ListBucket"]
    resources = [var.buckets["athena-results"].arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${each.value.team}/*"]
    }
  }

  statement {
    sid       = "FindBuckets"
    actions   = ["s3:GetBucketLocation"]
    resources = [for zone in sort(distinct(concat(local.readable[each.key][*].zone, ["athena-results"]))) : var.buckets[zone].arn]
  }

  statement {
    sid       = "Decrypt"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]
  }

  dynamic "statement" {
    for_each = each.value.is_steward ? [] : [local.never_read]
    content {
      sid       = "NeverReadNames"
      effect    = "Deny"
      actions   = ["s3:GetObject", "s3:GetObjectVersion"]
      resources = statement.value
    }
  }
}
