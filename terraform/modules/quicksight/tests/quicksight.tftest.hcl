mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

# The tables and classes are those of the contracts, shaped as the module catalog shapes them.
variables {
  name           = "risk-lakehouse-test"
  owners         = "bi-owners"
  workgroup      = "lake"
  database       = "lake_views"
  data_sets_file = "../../../quicksight/data_sets.yaml"
  views_path     = "../../../sql/views"
  tables = {
    for entry in flatten([for file in fileset("../../../contracts", "*.yaml") : yamldecode(file("../../../contracts/${file}")).schema]) :
    entry.name => {
      classification = { for property in entry.properties : property.classification => property.name... }
    } if !startswith(entry.name, "landing.")
  }
}

run "every_data_set_of_the_file_is_loaded_and_refreshed" {
  assert {
    condition = { for name, set in aws_quicksight_data_set.view : name => "${set.data_set_id} ${set.import_mode} ${set.name}" } == {
      for name, set in yamldecode(file(var.data_sets_file)).data_sets : name => "risk-lakehouse-test-${replace(name, "_", "-")} SPICE ${set.title} (test)"
    }
    error_message = "A data set of the file is missing, is not in SPICE, or has another id or title than the command gives it."
  }

  assert {
    condition = alltrue([
      for name, set in aws_quicksight_data_set.view : [
        for column in one(one(set.physical_table_map).custom_sql).columns : column.name
      ] == yamldecode(file("${var.views_path}/${name}.yml")).columns[*].name
      && endswith(one(one(set.physical_table_map).custom_sql).sql_query, "\nfrom lake_views.${name}")
      && one(one(set.physical_table_map).custom_sql).data_source_arn == "arn:aws:quicksight:eu-central-1:123456789012:datasource/risk-lakehouse-test-athena"
    ])
    error_message = "A data set has other columns than its view, or reads another one."
  }

  assert {
    condition = alltrue([
      for set in values(aws_quicksight_data_set.view) : length(setsubtract(
        [for column in one(one(set.physical_table_map).custom_sql).columns : column.type], ["STRING", "INTEGER", "DECIMAL", "DATETIME"]
      )) == 0
      ]) && contains(
      [for column in one(one(aws_quicksight_data_set.view["data_quality_report"].physical_table_map).custom_sql).columns : "${column.name} ${column.type}"], "is_passed INTEGER"
      ) && strcontains(
      one(one(aws_quicksight_data_set.view["data_quality_report"].physical_table_map).custom_sql).sql_query, "cast(is_passed as integer) as is_passed"
    )
    error_message = "A column has a type that QuickSight lacks, or truth cannot be counted."
  }

  assert {
    condition = toset([for schedule in values(aws_quicksight_refresh_schedule.daily) : schedule.data_set_id]) == toset(values(output.data_set_ids)) && alltrue([
      for schedule in values(aws_quicksight_refresh_schedule.daily) : [
        for frequency in schedule.schedule[0].schedule_frequency :
        "${schedule.schedule_id} ${schedule.schedule[0].refresh_type} ${frequency.interval} ${frequency.time_of_the_day} ${frequency.timezone}"
      ] == ["daily FULL_REFRESH DAILY 05:30 UTC"]
    ])
    error_message = "A data set is not refreshed daily, whole and after the run."
  }
}

run "rows_are_given_by_rules_wherever_a_view_can" {
  # What each view must have follows from its columns: segment and region, segment alone, or none.
  assert {
    condition = { for name, set in aws_quicksight_data_set.view : name => [for rule in set.row_level_permission_data_set : "${rule.permission_policy} ${rule.status} ${rule.format_version} ${rule.namespace} ${rule.arn}"] } == {
      for name in keys(yamldecode(file(var.data_sets_file)).data_sets) : name => [
        for columns in [
          [for column in ["segment", "region"] : column if contains(yamldecode(file("${var.views_path}/${name}.yml")).columns[*].name, column)]
        ] : "GRANT_ACCESS ENABLED VERSION_1 default arn:aws:quicksight:eu-central-1:123456789012:dataset/risk-lakehouse-test-quicksight-access-by-${join("-and-", columns)}" if length(columns) > 0
      ]
    }
    error_message = "A view with segments or regions has no rules, or other ones."
  }

  # The control: both kinds are there.
  assert {
    condition = (
      length(aws_quicksight_data_set.view["customer_risk_profile"].row_level_permission_data_set) == 1
      && length(aws_quicksight_data_set.view["compliance_report"].row_level_permission_data_set) == 0
      && toset(keys(output.access_data_set_ids)) == toset(["segment_and_region", "segment"])
    )
    error_message = "Rules stand where they have no column, or not where they have."
  }

  assert {
    condition = alltrue([
      for name, set in jsondecode(aws_cloudformation_stack.access[0].template_body).Resources :
      set.Type == "AWS::QuickSight::DataSet" && set.Properties.UseAs == "RLS_RULES" && set.Properties.ImportMode == "SPICE" && contains(values(output.access_data_set_ids), set.Properties.DataSetId)
    ]) && length(jsondecode(aws_cloudformation_stack.access[0].template_body).Resources) == 2
    error_message = "A data set of rules is not flagged as such, or has another id than those that name it."
  }

  assert {
    condition = jsondecode(aws_cloudformation_stack.access[0].template_body).Resources["BySegment"].Properties.PhysicalTableMap["quicksight-access-by-segment"].CustomSql.SqlQuery == join("\n", [
      "select group_name, segment",
      "from (",
      "    values",
      "    ('data-stewards', cast(null as varchar)),",
      "    ('risk-management', cast(null as varchar)),",
      "    ('compliance', cast(null as varchar)),",
      "    ('retail-banking', 'mass,affluent,student'),",
      "    ('private-banking', 'private'),",
      "    ('business-banking', 'business')",
      ") as access (group_name, segment)",
    ])
    error_message = "The rules are not those of the file."
  }
}

run "personal_columns_are_for_stewards_alone" {
  assert {
    condition = { for name, set in aws_quicksight_data_set.view : name => flatten(set.column_level_permission_rules[*].column_names) if length(set.column_level_permission_rules) > 0 } == {
      customer_risk_profile = ["customer_id", "age_band"]
      high_risk_customers   = ["customer_id"]
    }
    error_message = "A personal column is open, or another is hidden."
  }

  assert {
    condition = toset(flatten([for set in values(aws_quicksight_data_set.view) : set.column_level_permission_rules[*].principals])) == toset([
      "arn:aws:quicksight:eu-central-1:123456789012:group/default/data-stewards"
    ])
    error_message = "A personal column is open to others than stewards."
  }
}

# A class in a contract hides a column, through a view that reads another view too.
run "a_column_is_hidden_by_its_contract" {
  variables {
    tables = merge(
      { for name in ["silver.loans", "gold.loan_default_scores", "gold.transaction_alerts", "gold.loan_summary", "gold.portfolio_risk", "gold.account_monthly_activity", "ops.data_quality", "ops.run_log"] : name => { classification = {} } },
      { "gold.customer_360" = { classification = { pii_direct = ["reasons"], internal = ["segment"] } } },
    )
  }

  assert {
    condition     = one(aws_quicksight_data_set.view["high_risk_customers"].column_level_permission_rules).column_names == tolist(["customer_id", "reasons"])
    error_message = "A class two views below hides nothing."
  }
}

run "owners_hold_what_they_own_and_nobody_else_does" {
  assert {
    condition = toset(flatten([
      [for permission in aws_quicksight_data_source.athena.permission : permission.principal],
      [for set in values(aws_quicksight_data_set.view) : [for permission in set.permissions : permission.principal]],
      [for set in values(jsondecode(aws_cloudformation_stack.access[0].template_body).Resources) : set.Properties.Permissions[*].Principal],
    ])) == toset(["arn:aws:quicksight:eu-central-1:123456789012:group/default/bi-owners"])
    error_message = "Another than the owners may change a data set."
  }

  assert {
    condition     = aws_quicksight_data_source.athena.parameters[0].athena[0].work_group == "lake" && !aws_quicksight_data_source.athena.ssl_properties[0].disable_ssl
    error_message = "The data source reads in another workgroup, or without TLS."
  }
}

run "owners_of_another_region_are_named_by_arn" {
  command = plan

  variables {
    owners = "arn:aws:quicksight:us-east-1:123456789012:group/default/bi-owners"
  }

  assert {
    condition     = [for permission in aws_quicksight_data_source.athena.permission : permission.principal] == ["arn:aws:quicksight:us-east-1:123456789012:group/default/bi-owners"]
    error_message = "An ARN does not stay what it is."
  }
}

run "a_user_does_not_own" {
  command = plan

  variables {
    owners    = "arn:aws:quicksight:eu-central-1:123456789012:user/default/somebody"
    name      = "lake-test"
    workgroup = "arn:aws:athena:eu-central-1:123456789012:workgroup/lake"
    database  = "views"
  }

  expect_failures = [var.owners, var.name, var.workgroup, var.database]
}

run "a_role_does_not_own" {
  command = plan

  variables {
    owners = "arn:aws:iam::123456789012:role/quicksight"
  }

  expect_failures = [var.owners]
}

run "a_view_over_an_unknown_table_is_refused" {
  command = plan

  variables {
    tables = { "gold.customer_360" = { classification = {} } }
  }

  expect_failures = [aws_quicksight_data_set.view]
}
