# What QuickSight reads and who sees what of it, out of the files from which `risklake quicksight` makes the same things:
# names, types, SQL and rules here follow spark_jobs/quicksight/data_sets.py, so that both know a thing by the same id.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  home        = "arn:${data.aws_partition.current.partition}:quicksight:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"
  environment = trimprefix(var.name, "risk-lakehouse-")
  namespace   = "default" # every account has this one
  owners      = startswith(var.owners, "arn:") ? var.owners : "${local.home}:group/${local.namespace}/${var.owners}"
  catalogue   = yamldecode(file(var.data_sets_file))
  stewards    = "${local.home}:group/${local.namespace}/${local.catalogue.restricted_to}"

  # QuickSight's words for a view's types; truth becomes 1 or 0, which can be counted and averaged.
  types = {
    varchar = "STRING"
    bigint  = "INTEGER", integer = "INTEGER", boolean = "INTEGER"
    decimal = "DECIMAL", double = "DECIMAL"
    date    = "DATETIME", timestamp = "DATETIME"
  }

  sheets = {
    for file in fileset(var.views_path, "*.yml") : trimsuffix(file, ".yml") => yamldecode(file("${var.views_path}/${file}"))
  }
  # The tables under a view, through up to four views above each other.
  direct  = tomap({ for name, sheet in local.sheets : name => tolist(sheet.reads) })
  through = tomap({ for name, reads in local.direct : name => flatten([for read in reads : lookup(local.direct, trimprefix(read, "views."), [read])]) })
  under   = { for name, reads in local.through : name => distinct(flatten([for read in reads : lookup(local.through, trimprefix(read, "views."), [read])])) }

  # Columns that some contract under a view classes as personal.
  personal = {
    for name, tables in local.under : name => flatten([
      for table in tables : [for class in ["pii_direct", "pii_indirect"] : try(var.tables[table].classification[class], [])]
    ])
  }
  views = {
    for name, set in local.catalogue.data_sets : name => {
      title   = set.title
      columns = [for column in local.sheets[name].columns : merge(column, { base = split("(", column.type)[0] })]
      # Columns by which rows are given; its readers see a view without one whole.
      given_by   = [for column in local.catalogue.rows_by : column if contains(local.sheets[name].columns[*].name, column)]
      restricted = [for column in local.sheets[name].columns[*].name : column if contains(concat(local.personal[name], try(set.restricted, [])), column)]
    }
  }

  # Rules for each set of columns by which rows are given. A rule limited by a column that is not among them would show
  # its group too much, so it is left out there.
  accesses = { for columns in distinct([for view in values(local.views) : view.given_by if length(view.given_by) > 0]) : join("_and_", columns) => columns }
  rules = {
    for key, columns in local.accesses : key => [
      for rule in local.catalogue.access : [
        for value in concat([rule.group], [for column in columns : join(",", try(rule[column], []))]) :
        value == "" ? "cast(null as varchar)" : "'${replace(value, "'", "''")}'"
      ] if length(setsubtract(keys(rule), concat(["group"], columns))) == 0
    ]
  }
  access_ids = { for key in keys(local.accesses) : key => "${var.name}-quicksight-access-by-${replace(key, "_", "-")}" }

  data_source_arn = "${local.home}:datasource/${aws_quicksight_data_source.athena.data_source_id}"

  # Actions that QuickSight grants together to those who own a thing.
  owner_actions = { for thing, actions in {
    source = [
      "DescribeDataSource", "DescribeDataSourcePermissions", "PassDataSource", "UpdateDataSource", "DeleteDataSource",
      "UpdateDataSourcePermissions",
    ]
    set = [
      "DescribeDataSet", "DescribeDataSetPermissions", "PassDataSet", "DescribeIngestion", "ListIngestions", "UpdateDataSet",
      "DeleteDataSet", "CreateIngestion", "CancelIngestion", "UpdateDataSetPermissions",
    ]
  } : thing => [for action in actions : "quicksight:${action}"] }
}

resource "aws_quicksight_data_source" "athena" {
  data_source_id = "${var.name}-athena"
  name           = "Risk Lakehouse (${local.environment})"
  type           = "ATHENA"

  parameters {
    athena {
      work_group = var.workgroup
    }
  }

  ssl_properties {
    disable_ssl = false
  }

  permission {
    principal = local.owners
    actions   = local.owner_actions.source
  }
}

# Rules by row. QuickSight takes as rules only what is flagged as such when it is made, and the provider has no field for
# the flag; CloudFormation has.
resource "aws_cloudformation_stack" "access" {
  #checkov:skip=CKV_AWS_124:Terraform waits for the stack and tells its errors
  count = length(local.accesses) > 0 ? 1 : 0
  name  = "${var.name}-quicksight-access"
  template_body = jsonencode({
    Description = "Which group of QuickSight sees which rows."
    Resources = { for key, columns in local.accesses : "By${replace(title(replace(key, "_", " ")), " ", "")}" => {
      Type = "AWS::QuickSight::DataSet"
      Properties = {
        AwsAccountId = data.aws_caller_identity.current.account_id
        DataSetId    = local.access_ids[key]
        Name         = "Access by ${join(" and ", columns)} (${local.environment})"
        ImportMode   = "SPICE"
        UseAs        = "RLS_RULES"
        Permissions  = [{ Principal = local.owners, Actions = local.owner_actions.set }]
        PhysicalTableMap = { "quicksight-access-by-${replace(key, "_", "-")}" = { CustomSql = {
          DataSourceArn = local.data_source_arn
          Name          = "quicksight_access_by_${key}"
          SqlQuery = join("", [
            "select group_name, ${join(", ", columns)}\nfrom (\n    values\n    ",
            join(",\n    ", [for rule in local.rules[key] : "(${join(", ", rule)})"]),
            "\n) as access (group_name, ${join(", ", columns)})",
          ])
          Columns = [for column in concat(["group_name"], columns) : { Name = column, Type = "STRING" }]
        } } }
        LogicalTableMap = { "quicksight-access-by-${replace(key, "_", "-")}" = {
          Alias  = "quicksight_access_by_${key}"
          Source = { PhysicalTableId = "quicksight-access-by-${replace(key, "_", "-")}" }
          # QuickSight asks for this spelling.
          DataTransforms = [{ RenameColumnOperation = { ColumnName = "group_name", NewColumnName = "GroupName" } }]
        } }
      }
    } }
  })

  lifecycle {
    precondition {
      condition     = alltrue([for rules in values(local.rules) : length(rules) > 0])
      error_message = "No group could see rows given by ${join(" or ", [for key, rules in local.rules : key if length(rules) == 0])}."
    }
  }
}

resource "aws_quicksight_data_set" "view" {
  for_each    = local.views
  data_set_id = "${var.name}-${replace(each.key, "_", "-")}"
  name        = "${each.value.title} (${local.environment})"
  import_mode = "SPICE"

  physical_table_map {
    physical_table_map_id = replace(each.key, "_", "-")

    custom_sql {
      data_source_arn = local.data_source_arn
      name            = each.key
      sql_query = join("", ["select\n    ", join(",\n    ", [
        for column in each.value.columns : column.base == "boolean" ? "cast(${column.name} as integer) as ${column.name}" : column.name
      ]), "\nfrom ${var.database}.${each.key}"])

      dynamic "columns" {
        for_each = each.value.columns
        content {
          name = columns.value.name
          type = local.types[columns.value.base]
        }
      }
    }
  }

  logical_table_map {
    logical_table_map_id = replace(each.key, "_", "-")
    alias                = each.key

    source {
      physical_table_id = replace(each.key, "_", "-")
    }

    # The provider has no field for the kind of decimal, which the README tells of.
    dynamic "data_transforms" {
      for_each = [for column in each.value.columns : column.name if local.types[column.base] == "DECIMAL"]
      content {
        cast_column_type_operation {
          column_name     = data_transforms.value
          new_column_type = "DECIMAL"
        }
      }
    }

    dynamic "data_transforms" {
      for_each = each.value.columns
      content {
        tag_column_operation {
          column_name = data_transforms.value.name

          tags {
            column_description {
              text = data_transforms.value.description
            }
          }
        }
      }
    }
  }

  dynamic "row_level_permission_data_set" {
    for_each = length(each.value.given_by) == 0 ? [] : [join("_and_", each.value.given_by)]
    content {
      arn               = "${local.home}:dataset/${local.access_ids[row_level_permission_data_set.value]}"
      namespace         = local.namespace
      permission_policy = "GRANT_ACCESS"
      format_version    = "VERSION_1"
      status            = "ENABLED"
    }
  }

  dynamic "column_level_permission_rules" {
    for_each = length(each.value.restricted) > 0 ? [each.value.restricted] : []
    content {
      principals   = [local.stewards]
      column_names = column_level_permission_rules.value
    }
  }

  permissions {
    principal = local.owners
    actions   = local.owner_actions.set
  }

  lifecycle {
    # A table that nothing is known of could hold personal columns that would then be open.
    precondition {
      condition     = alltrue([for table in local.under[each.key] : contains(keys(var.tables), table)])
      error_message = "${each.key} reads ${join(", ", setsubtract(local.under[each.key], keys(var.tables)))}, whose columns are not classed in tables."
    }
  }

  depends_on = [aws_cloudformation_stack.access]
}

resource "aws_quicksight_refresh_schedule" "daily" {
  for_each    = aws_quicksight_data_set.view
  data_set_id = each.value.data_set_id
  schedule_id = "daily"

  schedule {
    refresh_type = "FULL_REFRESH"

    schedule_frequency {
      interval        = "DAILY"
      time_of_the_day = local.catalogue.refresh.time
      timezone        = local.catalogue.refresh.timezone
    }
  }
}
