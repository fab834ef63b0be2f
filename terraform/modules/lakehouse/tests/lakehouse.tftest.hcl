mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-west-1a", "eu-west-1b", "eu-west-1c"] }
  }
}

variables {
  name          = "risk-lakehouse-test"
  bucket_prefix = "bank-risk-lakehouse-test"
  pseudonym_key = "made up for this test, long enough"
  wheels        = "tests/made_up.gluewheels.zip"
  alert_package = "tests/made_up.gluewheels.zip"

  awswrangler_layer_arn = "arn:aws:lambda:eu-west-1:123456789012:layer:awswrangler:1"
  teams                 = { risk = { scan_limit_bytes = 10737418240 } }
}

run "every_job_has_its_role_and_its_places" {
  command = plan

  assert {
    condition     = toset(keys(output.jobs)) == toset(keys(output.job_role_arns))
    error_message = "glue/jobs.yaml and access.json name different jobs."
  }

  assert {
    condition     = output.lake_location == "s3://bank-risk-lakehouse-test-{zone}"
    error_message = "The lake lies elsewhere than its buckets."
  }

  assert {
    condition     = output.databases["gold"] == "risk_lakehouse_test_gold"
    error_message = "Databases have another name than their environment."
  }
}

run "without_a_network_of_its_own_nothing_of_one_is_made" {
  command = plan

  assert {
    condition     = length(module.network) == 0
    error_message = "A network is made that nobody asked for."
  }
}

run "quicksight_is_left_to_the_command" {
  command = plan

  assert {
    condition     = length(module.quicksight) == 0 && length(output.quicksight_data_set_ids) == 0
    error_message = "QuickSight is set up unasked."
  }
}

run "quicksight_reads_the_views_of_the_catalog" {
  command = plan

  variables {
    people     = { quicksight_team = "risk" }
    quicksight = { is_enabled = true, owners = "bi-owners" }
  }

  assert {
    condition     = toset(keys(output.quicksight_data_set_ids)) == toset(keys(yamldecode(file("../../../quicksight/data_sets.yaml")).data_sets))
    error_message = "A data set of quicksight/data_sets.yaml is not made."
  }

  assert {
    condition     = output.quicksight_data_set_ids["high_risk_customers"] == "risk-lakehouse-test-high-risk-customers"
    error_message = "A data set has another id than the command gives it."
  }
}

run "quicksight_without_a_workgroup_is_refused" {
  command = plan

  variables {
    quicksight = { is_enabled = true, owners = "bi-owners" }
  }

  expect_failures = [var.quicksight]
}

run "quicksight_without_owners_is_refused" {
  command = plan

  variables {
    people     = { quicksight_team = "risk" }
    quicksight = { is_enabled = true }
  }

  expect_failures = [var.quicksight]
}

run "a_zip_that_glue_would_not_know_is_refused" {
  command = plan

  variables {
    wheels = "wheels.zip"
  }

  expect_failures = [var.wheels]
}

run "production_can_have_a_network_without_a_way_out" {
  command = plan

  variables {
    private_network = true
  }

  assert {
    condition     = length(module.network) == 1
    error_message = "The network that was asked for is not made."
  }
}
