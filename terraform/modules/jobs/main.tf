# Script and wheels carry version and hash in their keys, so a job never runs code that another version has replaced.

locals {
  script_key = "glue/${var.project_version}/run_job-${substr(filesha256(var.script), 0, 16)}.py"
  wheels_key = "glue/${var.project_version}/${substr(filesha256(var.wheels), 0, 16)}/risk_lakehouse.gluewheels.zip"

  commands = {
    for job, declared in var.jobs : job => replace(replace(replace(
      declared.command,
      "{lake}", var.lake_location),
      "{workgroup}", var.workgroup),
      "{database_prefix}", var.database_prefix
    )
  }

  # One argument carries all settings; Glue takes no second --conf. What decides about rows the session sets itself.
  conf = join(" --conf ", [
    "spark.sql.extensions=io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog=org.apache.spark.sql.delta.catalog.DeltaCatalog",
  ])
}

resource "aws_s3_object" "script" {
  bucket      = var.buckets["artifacts"].name
  key         = local.script_key
  source      = var.script
  source_hash = filemd5(var.script)
}

resource "aws_s3_object" "wheels" {
  bucket      = var.buckets["artifacts"].name
  key         = local.wheels_key
  source      = var.wheels
  source_hash = filemd5(var.wheels)
}

resource "aws_glue_job" "this" {
  for_each = var.jobs

  name                   = "${var.prefix}-${each.key}"
  description            = each.value.description
  role_arn               = var.role_arns[each.key]
  glue_version           = "5.1" # a job without a version gets the newest, whose Spark is another
  worker_type            = each.value.worker_type
  number_of_workers      = each.value.maximum_workers
  timeout                = each.value.timeout_minutes
  execution_class        = var.is_flexible ? "FLEX" : "STANDARD"
  max_retries            = 0 # the state machine retries what is worth it
  security_configuration = var.security_configuration_name
  connections            = var.connection_name == null ? [] : [var.connection_name]

  command {
    name            = "glueetl"
    python_version  = "3"
    script_location = "s3://${aws_s3_object.script.bucket}/${aws_s3_object.script.key}"
  }

  execution_property {
    max_concurrent_runs = 1 # one writer for each table
  }

  default_arguments = {
    "--risklake"                         = local.commands[each.key]
    "--hmac_key_secret"                  = var.hmac_key_secret_arn
    "--datalake-formats"                 = "delta"
    "--conf"                             = local.conf
    "--additional-python-modules"        = "s3://${aws_s3_object.wheels.bucket}/${aws_s3_object.wheels.key}"
    "--python-modules-installer-option"  = "--no-index"
    "--enable-auto-scaling"              = "true"
    "--enable-metrics"                   = "true"
    "--enable-observability-metrics"     = "true"
    "--enable-job-insights"              = "true"
    "--enable-continuous-cloudwatch-log" = "true"
    "--enable-spark-ui"                  = "true"
    "--spark-event-logs-path"            = "s3://${var.buckets["logs"].name}/spark/${each.key}/"
    "--job-bookmark-option"              = "job-bookmark-disable" # the file ledger says what is new
  }
}
