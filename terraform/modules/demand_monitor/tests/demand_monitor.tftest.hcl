# What is made when, and how the parts are put together; the texts of policies are in the files beside this one.
mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-1:123456789012:key/monitor" }
  }

  mock_resource "aws_ecr_repository" {
    defaults = { arn = "arn:aws:ecr:eu-west-1:123456789012:repository/a", repository_url = "registry.example/a" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/a-role" }
  }

  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-west-1:123456789012:a-queue", url = "https://queue.example/a-queue" }
  }

  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:a" }
  }

  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:eu-west-1:123456789012:rule/a" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:a" }
  }

  mock_resource "aws_apigatewayv2_api" {
    defaults = { id = "api", api_endpoint = "https://api.example", execution_arn = "arn:aws:execute-api:eu-west-1:123456789012:api" }
  }

  mock_resource "aws_lb" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/a/1", dns_name = "a.example" }
  }

  mock_resource "aws_lb_target_group" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/a/1" }
  }
}

variables {
  name                 = "bank-test"
  image_digest         = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
  buckets              = { for zone in ["landing", "gold", "silver", "ops", "models"] : zone => { name = "bank-test-${zone}", arn = "arn:aws:s3:::bank-test-${zone}" } }
  logs_bucket          = { name = "bank-test-logs", arn = "arn:aws:s3:::bank-test-logs" }
  lake_location        = "s3://bank-test-{zone}"
  lake_key_arn         = "arn:aws:kms:eu-west-1:123456789012:key/lake"
  operations_topic_arn = "arn:aws:sns:eu-west-1:123456789012:operations"
}

run "a_repository_comes_before_its_image" {
  variables {
    image_digest = null
  }

  assert {
    condition     = keys(output.repository_urls) == ["monitor"] && length(output.function_names) == 0 && output.api_endpoint == null && length(output.widgets) == 0
    error_message = "Without an image there is more than a repository, or none."
  }
}

run "images_are_kept_closed_and_bounded" {
  assert {
    condition = alltrue([for repository in aws_ecr_repository.this :
      repository.image_tag_mutability == "IMMUTABLE"
      && repository.image_scanning_configuration[0].scan_on_push
      && repository.encryption_configuration[0].encryption_type == "KMS"
      && repository.encryption_configuration[0].kms_key == aws_kms_key.monitor.arn
      && !repository.force_delete
    ]) && aws_kms_key.monitor.enable_key_rotation
    error_message = "An image can be replaced under its tag, is not scanned, or is not encrypted with the monitor's key."
  }

  assert {
    condition     = alltrue([for policy in aws_ecr_lifecycle_policy.this : jsondecode(policy.policy).rules[0].selection.countNumber == 10])
    error_message = "Old images are kept for ever."
  }
}

run "with_an_image_both_functions_run_and_no_dashboard" {
  assert {
    condition     = output.function_names == { judging = "bank-test-demand-judging", reading = "bank-test-demand-reading" }
    error_message = "A function is missing."
  }

  assert {
    condition     = output.dashboard_address == null && keys(output.repository_urls) == ["monitor"]
    error_message = "A dashboard, which costs by the hour, is made unasked."
  }

  assert {
    condition     = output.deliveries_location == "s3://bank-test-landing/daily_demand/" && length(output.widgets) == 3
    error_message = "Deliveries are expected elsewhere than the lake's jobs take them from."
  }
}

run "a_dashboard_waits_for_its_image" {
  variables {
    dashboard = {
      runs_on         = "ecs"
      domain_name     = "risk.bank.example"
      certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/a"
      network         = { vpc_id = "vpc-1", subnet_ids = ["subnet-1", "subnet-2"], client_cidr_blocks = ["10.0.0.0/8"] }
    }
  }

  assert {
    condition     = keys(output.repository_urls) == ["dashboard", "monitor"] && output.dashboard_address == null
    error_message = "The dashboard's repository is missing, or it runs without an image."
  }
}

run "a_dashboard_runs_where_it_is_asked_for" {
  variables {
    dashboard = {
      runs_on         = "ec2"
      image_digest    = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
      domain_name     = "risk.bank.example"
      certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/a"
      machine         = { image_id = "ami-0123456789abcdef0" }
      network         = { vpc_id = "vpc-1", subnet_ids = ["subnet-1", "subnet-2"], client_cidr_blocks = ["10.0.0.0/8"] }
    }
  }

  assert {
    condition     = output.dashboard_address == "a.example"
    error_message = "The dashboard that was asked for is not made."
  }
}

run "refuses_wrong_input" {
  command = plan

  variables {
    name             = "A bank"
    image_digest     = "latest"
    kept_images      = 1
    lake_key_arn     = "alias/lake"
    margin           = "a lot"
    schedule         = "every day"
    stale_after_days = 0
    size             = { memory_mb = 512 }
    api              = { jwt = { issuer = "login.bank.example", audiences = [] } }
    dashboard        = { runs_on = "moon" }
  }

  expect_failures = [
    var.name, var.image_digest, var.kept_images, var.lake_key_arn, var.margin, var.schedule, var.stale_after_days, var.size, var.api,
    var.dashboard,
  ]
}

run "a_disk_smaller_than_what_may_come_is_refused" {
  command = plan

  variables {
    size = { most_delivered_mb = 1024 }
  }

  expect_failures = [var.size]
}

run "a_dashboard_needs_a_network_and_a_certificate" {
  command = plan

  variables {
    dashboard = { runs_on = "ecs" }
  }

  expect_failures = [var.dashboard]
}
