# Columns by class: every column of a contract carries its classification as a tag, and a grant names classes, not
# columns. A new column is granted by what its contract says of it; what no contract names counts as a name.

data "aws_caller_identity" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id

  databases = var.is_enabled ? var.databases : {}
  tables    = var.is_enabled ? var.tables : {}
  grants    = var.is_enabled && var.is_granting ? var.grants : {}
  writers   = var.is_enabled && var.is_granting ? var.writers : {}

  class_tag = "${var.database_prefix}_classification"
  zone_tag  = "${var.database_prefix}_zone"
  # pii_direct is what a database's own tag says, and so what a column is that nobody has classed.
  strictest = "pii_direct"
  classes   = toset(concat([local.strictest], flatten([for table in values(var.tables) : keys(table.classification)])))

  tagged = merge([
    for name, table in(var.is_tagging_columns ? local.tables : {}) : {
      for class, columns in table.classification : "${name}/${class}" => merge(table, { class = class, columns = columns })
    }
  ]...)
  # Files of views there are none, and landing is no matter of tables.
  registered = { for zone in keys(local.databases) : zone => var.buckets[zone].arn if !contains(["views", "landing"], zone) }
  open_zones = [for zone in ["gold", "ops", "silver", "views"] : zone if contains(keys(var.databases), zone)]

  # Who sees everything sees every zone with tables; the others no zone of rows as delivered.
  seen = { for name, grant in local.grants : name => {
    principal_arn = grant.principal_arn
    zones         = grant.sees_everything ? concat(local.open_zones, ["bronze", "quarantine"]) : local.open_zones
    classes       = sort(grant.sees_everything ? local.classes : setsubtract(local.classes, var.hidden_classes))
  } }
  located = merge([
    for name, arn in local.writers : { for zone, bucket in local.registered : "${name}/${zone}" => { arn = arn, bucket = bucket } }
  ]...)
}

# One for the account and region. Without default permissions a new table is open to nobody; with them, to all that IAM lets.
resource "aws_lakeformation_data_lake_settings" "account" {
  count  = var.is_enabled ? 1 : 0
  admins = var.admin_arns
}

# ---- files: handed out by this role, for the columns that a caller may see

resource "aws_lakeformation_resource" "zone" {
  for_each = local.registered
  arn      = each.value
  role_arn = aws_iam_role.files[0].arn

  depends_on = [aws_iam_role_policy.files]
}

resource "aws_iam_role" "files" {
  count                = var.is_enabled ? 1 : 0
  name                 = "${var.prefix}-lake-formation"
  description          = "Reads files of tables for those whom Lake Formation lets."
  assume_role_policy   = data.aws_iam_policy_document.files_trust.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "files" {
  count  = var.is_enabled ? 1 : 0
  name   = "read-tables"
  role   = aws_iam_role.files[0].id
  policy = data.aws_iam_policy_document.files.json
}

data "aws_iam_policy_document" "files_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lakeformation.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

data "aws_iam_policy_document" "files" {
  statement {
    sid       = "ReadFiles"
    actions   = ["s3:GetObject"]
    resources = [for arn in values(local.registered) : "${arn}/*"]
  }

  statement {
    sid       = "ListFiles"
    actions   = ["s3:ListBucket"]
    resources = values(local.registered)
  }

  statement {
    sid       = "Decrypt"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]
  }
}

# ---- tags

resource "aws_lakeformation_lf_tag" "classification" {
  count  = var.is_enabled ? 1 : 0
  key    = local.class_tag
  values = local.classes

  depends_on = [aws_lakeformation_data_lake_settings.account]
}

resource "aws_lakeformation_lf_tag" "zone" {
  count  = var.is_enabled ? 1 : 0
  key    = local.zone_tag
  values = keys(local.databases)

  depends_on = [aws_lakeformation_data_lake_settings.account]
}

resource "aws_lakeformation_resource_lf_tags" "database" {
  for_each = local.databases

  database {
    name = each.value
  }

  lf_tag {
    key   = aws_lakeformation_lf_tag.zone[0].key
    value = each.key
  }

  # A view's columns are bounded by those of the tables under it, which whoever asks must see as well.
  lf_tag {
    key   = aws_lakeformation_lf_tag.classification[0].key
    value = each.key == "views" ? "confidential" : local.strictest
  }
}

resource "aws_lakeformation_resource_lf_tags" "columns" {
  for_each = local.tagged

  table_with_columns {
    database_name = each.value.database
    name          = each.value.name
    column_names  = each.value.columns
  }

  lf_tag {
    key   = aws_lakeformation_lf_tag.classification[0].key
    value = each.value.class
  }

  depends_on = [aws_lakeformation_resource_lf_tags.database]
}

# ---- grants

resource "aws_lakeformation_permissions" "databases" {
  for_each    = local.seen
  principal   = each.value.principal_arn
  permissions = ["DESCRIBE"]

  lf_tag_policy {
    resource_type = "DATABASE"

    expression {
      key    = aws_lakeformation_lf_tag.zone[0].key
      values = each.value.zones
    }
  }
}

resource "aws_lakeformation_permissions" "columns" {
  for_each    = local.seen
  principal   = each.value.principal_arn
  permissions = ["DESCRIBE", "SELECT"]

  lf_tag_policy {
    resource_type = "TABLE"

    expression {
      key    = aws_lakeformation_lf_tag.zone[0].key
      values = each.value.zones
    }

    expression {
      key    = aws_lakeformation_lf_tag.classification[0].key
      values = each.value.classes
    }
  }
}

# Crawlers, and who deploys the views: they make tables in the catalog.
resource "aws_lakeformation_permissions" "make_tables" {
  for_each    = local.writers
  principal   = each.value
  permissions = ["CREATE_TABLE", "DESCRIBE"]

  lf_tag_policy {
    resource_type = "DATABASE"

    expression {
      key    = aws_lakeformation_lf_tag.zone[0].key
      values = keys(local.databases)
    }
  }
}

resource "aws_lakeformation_permissions" "change_tables" {
  for_each    = local.writers
  principal   = each.value
  permissions = ["ALTER", "DESCRIBE", "DROP"]

  lf_tag_policy {
    resource_type = "TABLE"

    expression {
      key    = aws_lakeformation_lf_tag.zone[0].key
      values = keys(local.databases)
    }
  }
}

resource "aws_lakeformation_permissions" "locations" {
  for_each    = local.located
  principal   = each.value.arn
  permissions = ["DATA_LOCATION_ACCESS"]

  data_location {
    arn = each.value.bucket
  }

  depends_on = [aws_lakeformation_resource.zone]
}
