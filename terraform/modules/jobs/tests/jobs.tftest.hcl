mock_provider "aws" {}

variables {
  prefix                      = "risk-lakehouse-test"
  jobs                        = yamldecode(file("../../../glue/jobs.yaml"))
  lake_location               = "s3://bank-{zone}"
  workgroup                   = "bank-platform"
  database_prefix             = "bank"
  script                      = "../../../glue/run_job.py"
  wheels                      = "../../../pyproject.toml" # any file: only its hash and its place are looked at
  project_version             = "1.2.3"
  hmac_key_secret_arn         = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:hmac"
  security_configuration_name = "lake"
  is_flexible                 = true
  role_arns                   = { for job, _ in yamldecode(file("../../../glue/jobs.yaml")) : job => "arn:aws:iam::123456789012:role/${job}" }
  buckets = {
    for zone in ["artifacts", "logs"] : zone => { name = "bank-${zone}", arn = "arn:aws:s3:::bank-${zone}" }
  }
}

run "a_job_is_pinned_alone_and_never_repeated" {
  command = plan

  assert {
    condition = alltrue([
      for job in aws_glue_job.this :
      job.glue_version == "5.1" && job.max_retries == 0 && job.execution_property[0].max_concurrent_runs == 1
    ])
    error_message = "A job has no version, repeats itself, or writes beside itself."
  }

  assert {
    condition     = alltrue([for name, job in aws_glue_job.this : job.role_arn == var.role_arns[name] && job.timeout == var.jobs[name].timeout_minutes])
    error_message = "A job has another job's role or time."
  }

  assert {
    condition     = alltrue([for job in aws_glue_job.this : job.security_configuration == "lake"])
    error_message = "What Glue writes for a job is not encrypted with the lake's key."
  }
}

run "a_job_runs_what_was_uploaded_for_its_version" {
  command = plan

  assert {
    condition = alltrue([
      for job in aws_glue_job.this :
      job.command[0].script_location == "s3://bank-artifacts/${aws_s3_object.script.key}" &&
      job.default_arguments["--additional-python-modules"] == "s3://bank-artifacts/${aws_s3_object.wheels.key}"
    ])
    error_message = "A job runs another script or other packages than those uploaded."
  }

  assert {
    condition     = strcontains(aws_s3_object.wheels.key, "/1.2.3/") && endswith(aws_s3_object.wheels.key, ".gluewheels.zip")
    error_message = "The zip of wheels lacks its version, or the ending by which Glue knows it."
  }

  assert {
    condition = (
      aws_glue_job.this["silver"].default_arguments["--risklake"] == "run --source landing --job silver --no-report --lake s3://bank-{zone}"
      && aws_glue_job.this["views"].default_arguments["--risklake"] == "deploy-views --workgroup bank-platform --prefix bank"
    )
    error_message = "A job's command is not the one of the file, filled in."
  }

  assert {
    condition = alltrue([
      for job in aws_glue_job.this : !can(regex("\\{(lake|workgroup|database_prefix)\\}", job.default_arguments["--risklake"]))
    ])
    error_message = "A command still has a gap."
  }
}

run "capacity_that_may_be_late_is_chosen" {
  command = plan

  assert {
    condition     = alltrue([for job in aws_glue_job.this : job.execution_class == "FLEX"])
    error_message = "A job runs on standard capacity where it need not."
  }
}

run "production_does_not_wait" {
  command = plan

  variables {
    is_flexible = false
  }

  assert {
    condition     = alltrue([for job in aws_glue_job.this : job.execution_class == "STANDARD"])
    error_message = "A job of production may start late."
  }
}

run "a_lake_without_zones_is_refused" {
  command = plan

  variables {
    lake_location = "s3://bank"
  }

  expect_failures = [var.lake_location]
}
