mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/a-role" }
  }
}

# The tables and classes are those of the contracts, shaped as the module catalog shapes them.
variables {
  is_enabled               = true
  prefix                   = "risk-lakehouse-test"
  database_prefix          = "lake"
  permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
  kms_key_arn              = "arn:aws:kms:eu-west-1:123456789012:key/lake"
  admin_arns               = ["arn:aws:iam::123456789012:role/apply"]
  databases                = { for zone in ["landing", "bronze", "silver", "gold", "quarantine", "ops", "views"] : zone => "lake_${zone}" }
  buckets                  = { for zone in ["landing", "bronze", "silver", "gold", "quarantine", "ops"] : zone => { name = "bank-${zone}", arn = "arn:aws:s3:::bank-${zone}" } }
  grants = {
    analyst-risk = { principal_arn = "arn:aws:iam::123456789012:role/analyst", sees_everything = false }
    data-steward = { principal_arn = "arn:aws:iam::123456789012:role/steward", sees_everything = true }
  }
  writers = { crawlers = "arn:aws:iam::123456789012:role/crawler" }
  tables = {
    for entry in flatten([for file in fileset("../../../contracts", "*.yaml") : yamldecode(file("../../../contracts/${file}")).schema]) :
    entry.name => {
      database       = "lake_${split(".", entry.name)[0]}"
      name           = split(".", entry.name)[1]
      classification = { for property in entry.properties : property.classification => property.name... }
    } if !startswith(entry.name, "landing.")
  }
}

run "every_column_carries_the_class_of_its_contract" {
  assert {
    condition = toset(flatten([
      for tags in values(aws_lakeformation_resource_lf_tags.columns) : [
        for place in tags.table_with_columns : [
          for column in place.column_names : "${place.database_name}.${place.name}.${column} ${one(tags.lf_tag).value}"
        ]
      ]
      ])) == toset(flatten([
      for table in values(var.tables) : [
        for class, columns in table.classification : [for column in columns : "${table.database}.${table.name}.${column} ${class}"]
      ]
    ]))
    error_message = "A column has no tag, or another than its contract says."
  }

  assert {
    condition = alltrue([
      for zone, tags in aws_lakeformation_resource_lf_tags.database :
      contains([for tag in tags.lf_tag : "${tag.key} ${tag.value}"], "lake_zone ${zone}")
      && (zone == "views" || contains([for tag in tags.lf_tag : "${tag.key} ${tag.value}"], "lake_classification pii_direct"))
    ])
    error_message = "A column that nobody has classed would not count as a name."
  }
}

run "analysts_see_no_personal_column" {
  # What the two grants and the tags of the plan open together, column by column.
  assert {
    condition = length([
      for tags in values(aws_lakeformation_resource_lf_tags.columns) : tags
      if startswith(one(tags.lf_tag).value, "pii") && anytrue([
        for expression in aws_lakeformation_permissions.columns["analyst-risk"].lf_tag_policy[0].expression :
        expression.key == "lake_classification" && contains(expression.values, one(tags.lf_tag).value)
      ])
    ]) == 0
    error_message = "Analysts see a personal column."
  }

  # The control: stewards do, with the same question.
  assert {
    condition = contains(flatten([
      for tags in values(aws_lakeformation_resource_lf_tags.columns) : [
        for place in tags.table_with_columns : [for column in place.column_names : "${place.name}.${column}"]
      ]
      if anytrue([
        for expression in aws_lakeformation_permissions.columns["data-steward"].lf_tag_policy[0].expression :
        expression.key == "lake_classification" && contains(expression.values, one(tags.lf_tag).value)
      ])
    ]), "customers_pii.email")
    error_message = "Stewards do not see contact data, or the test cannot tell."
  }

  assert {
    condition = [
      for name in ["analyst-risk", "data-steward"] : [
        for expression in aws_lakeformation_permissions.columns[name].lf_tag_policy[0].expression : join(" ", sort(expression.values)) if expression.key == "lake_zone"
      ]
    ] == [["gold ops silver views"], ["bronze gold ops quarantine silver views"]]
    error_message = "Analysts see rows as delivered, or stewards do not."
  }

  assert {
    condition = alltrue([
      for grant in values(aws_lakeformation_permissions.columns) : toset(grant.permissions) == toset(["DESCRIBE", "SELECT"])
    ])
    error_message = "A reader may change a table."
  }

  assert {
    condition     = !anytrue([for grant in values(aws_lakeformation_permissions.change_tables) : contains(grant.permissions, "SELECT")])
    error_message = "Who makes tables in the catalog reads them."
  }
}

run "new_tables_are_closed_and_files_come_from_one_role" {
  assert {
    condition = (
      aws_lakeformation_data_lake_settings.account[0].admins == toset(["arn:aws:iam::123456789012:role/apply"])
      && length(aws_lakeformation_data_lake_settings.account[0].create_table_default_permissions) == 0
      && length(aws_lakeformation_data_lake_settings.account[0].create_database_default_permissions) == 0
    )
    error_message = "A new table is open to all that IAM lets."
  }

  assert {
    condition     = toset([for zone in values(aws_lakeformation_resource.zone) : zone.arn]) == toset([for zone in ["bronze", "silver", "gold", "quarantine", "ops"] : "arn:aws:s3:::bank-${zone}"])
    error_message = "A zone with tables is not registered, or another is."
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.files.statement :
      length(setsubtract(statement.actions, ["s3:GetObject", "s3:ListBucket", "kms:Decrypt"])) == 0 && !contains(statement.resources, "*")
    ]) && aws_iam_role.files[0].permissions_boundary == var.permissions_boundary_arn
    error_message = "The role that hands out files does more than read them, or has no boundary."
  }
}

run "off_makes_nothing" {
  variables {
    is_enabled = false
    admin_arns = []
  }

  assert {
    condition = length(concat(
      aws_lakeformation_data_lake_settings.account, aws_lakeformation_lf_tag.classification, aws_lakeformation_lf_tag.zone, aws_iam_role.files,
      values(aws_lakeformation_resource.zone), values(aws_lakeformation_resource_lf_tags.database), values(aws_lakeformation_resource_lf_tags.columns),
      values(aws_lakeformation_permissions.columns), values(aws_lakeformation_permissions.databases), values(aws_lakeformation_permissions.locations),
    )) == 0
    error_message = "Lake Formation is set up unasked."
  }
}

run "grants_can_be_left_out" {
  variables {
    is_granting = false
  }

  assert {
    condition = (
      length(aws_lakeformation_permissions.columns) == 0 && length(aws_lakeformation_permissions.locations) == 0
      && length(aws_lakeformation_resource_lf_tags.columns) > 0
    )
    error_message = "The toggle does not leave out the grants, or leaves out more."
  }
}

run "indirect_identifiers_can_be_opened" {
  command = plan

  variables {
    hidden_classes = ["pii_direct"]
  }

  assert {
    condition = anytrue([
      for expression in aws_lakeformation_permissions.columns["analyst-risk"].lf_tag_policy[0].expression : contains(expression.values, "pii_indirect")
    ])
    error_message = "The class stays hidden."
  }
}

run "refuses_wrong_input" {
  command = plan

  variables {
    admin_arns     = []
    hidden_classes = ["pii_indirect"]
    kms_key_arn    = "alias/lake"
  }

  expect_failures = [var.admin_arns, var.hidden_classes, var.kms_key_arn]
}

run "no_grants_by_tags_that_are_not_there" {
  command = plan

  variables {
    is_tagging_columns = false
  }

  expect_failures = [var.is_tagging_columns]
}
