mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

variables {
  name            = "risk-lakehouse-test"
  results_bucket  = "example-lake-test-athena-results"
  kms_key_arn     = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
  database_prefix = "risk_lakehouse_test"
  views_path      = "../../../sql/views"
  teams = {
    risk       = { scan_limit_bytes = 10737418240 }
    compliance = { scan_limit_bytes = 1073741824 }
  }
}

run "teams_cannot_leave_their_settings" {
  assert {
    condition = alltrue(flatten([
      for team, workgroup in aws_athena_workgroup.team : [
        for configuration in workgroup.configuration :
        configuration.enforce_workgroup_configuration
        && configuration.publish_cloudwatch_metrics_enabled
        && !configuration.requester_pays_enabled
        && configuration.bytes_scanned_cutoff_per_query == var.teams[team].scan_limit_bytes
        && configuration.engine_version[0].selected_engine_version == "Athena engine version 3"
      ]
    ]))
    error_message = "A workgroup does not enforce its limit, its engine or its metrics."
  }

  assert {
    condition = alltrue(flatten([
      for team, workgroup in aws_athena_workgroup.team : [
        for result in workgroup.configuration[0].result_configuration :
        result.output_location == "s3://example-lake-test-athena-results/${team}/"
        && result.expected_bucket_owner == "123456789012"
        && result.encryption_configuration[0].encryption_option == "SSE_KMS"
        && result.encryption_configuration[0].kms_key_arn == var.kms_key_arn
      ]
    ]))
    error_message = "Results of a team are not encrypted in its own folder."
  }

  assert {
    condition     = { for team, workgroup in output.workgroups : team => workgroup.name } == { risk = "risk-lakehouse-test-risk", compliance = "risk-lakehouse-test-compliance" }
    error_message = "The workgroups are not one a team."
  }
}

run "every_team_has_every_query" {
  assert {
    condition = toset([for name in keys(output.saved_queries) : split("/", name)[1] if startswith(name, "risk/")]) == toset(concat(
      [for file in fileset(var.views_path, "*.sql") : trimsuffix(file, ".sql")], ["failed_checks", "slowest_tables"]
    )) && length(output.saved_queries) == 2 * (length(fileset(var.views_path, "*.sql")) + 2)
    error_message = "A team lacks a saved query."
  }

  assert {
    condition = alltrue([
      for query in values(aws_athena_named_query.saved) :
      length(regexall("\\b(from|join)\\s+\\w+\\.", query.query)) > 0 && alltrue([
        for table in regexall("\\b(?:from|join)\\s+(\\w+)\\.", query.query) : startswith(table[0], "risk_lakehouse_test_")
      ])
    ])
    error_message = "A saved query reads no table, or one that the catalog does not know by that name."
  }

  assert {
    condition = replace(aws_athena_named_query.saved["risk/high_risk_customers"].query, "risk_lakehouse_test_", "") == file(
      "${var.views_path}/high_risk_customers.sql"
    )
    error_message = "A saved query says something else than its file."
  }

  assert {
    condition = alltrue([
      for query in values(aws_athena_named_query.saved) : query.database == "risk_lakehouse_test_views" && length(query.description) > 20
    ])
    error_message = "A saved query is not described, or stands in another database."
  }
}

run "refuses_wrong_input" {
  command = plan

  variables {
    name            = "Risk Lakehouse"
    kms_key_arn     = "alias/lake"
    database_prefix = "risk-lakehouse"
    teams           = { risk = { scan_limit_bytes = 1000 } }
  }

  expect_failures = [var.name, var.kms_key_arn, var.database_prefix, var.teams]
}

run "refuses_a_team_that_is_no_folder" {
  command = plan

  variables {
    teams = { "Risk/.." = { scan_limit_bytes = 10737418240 } }
  }

  expect_failures = [var.teams]
}

run "refuses_a_folder_without_views" {
  command = plan

  variables {
    views_path = "."
  }

  expect_failures = [var.views_path]
}
