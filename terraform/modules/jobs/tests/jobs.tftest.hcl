mock_provider "aws" {}

variables {
  prefix                      = "risk-lakehouse-test"
  jobs                        = yamldecode(file("../../../glue/jobs.yaml"))
  role_arns                   = { for job in keys(yamldecode(file("../../../glue/jobs.yaml"))) : job => "arn:aws:iam::123456789012:role/job-${job}" }
  lake_location               = "s3://bank-test-{zone}"
  workgroup                   = "bank-test-platform"
  database_prefix             = "bank_test"
  buckets                     = { for zone in ["artifacts", "logs"] : zone => { name = "bank-test-${zone}", arn = "arn:aws:s3:::bank-test-${zone}" } }
  script                      = "../../../glue/run_job.py"
  wheels                      = "../../../glue/jobs.yaml" # any file
  project_version             = "0.1.0"
  hmac_key_secret_arn         = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:hmac"
  security_configuration_name = "bank-test"
  is_flexible                 = true
}

run "commands_are_complete" {
  command = plan

  assert {
    condition = (
      aws_glue_job.this["silver"].default_arguments["--risklake"] == "run --source landing --job silver --no-report --lake s3://bank-test-{zone}"
      && aws_glue_job.this["views"].default_arguments["--risklake"] == "deploy-views --workgroup bank-test-platform --prefix bank_test"
    )
    error_message = "A job's command is not the one of the file, filled in."
  }

  assert {
    condition = alltrue([
      for job in aws_glue_job.this : !can(regex("\\{(lake|workgroup|database_prefix)\\}", job.default_arguments["--risklake"]))
    ])
    error_message = "A command still has a gap."
  }

  assert {
    condition = alltrue([
      for job in aws_glue_job.this : job.glue_version == "5.1" && job.max_retries == 0 && one(job.execution_property).max_concurrent_runs == 1 && job.execution_class == "FLEX"
    ])
    error_message = "A job retries by itself, runs twice at once, or on another Glue."
  }
}
