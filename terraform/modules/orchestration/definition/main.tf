# What the state machines say, without any resource: it can be rendered, linted and run by a test without a provider.

locals {
  jobs = yamldecode(file(var.jobs_file))

  # yamldecode sorts by name, but the order of the file is that of the run; a job begins at the margin.
  in_order = [for line in split("\n", file(var.jobs_file)) : trimsuffix(line, ":") if can(regex("^[a-z_]+:$", line))]

  # The error names of a call that may succeed a moment later. A job run that failed is States.TaskFailed and none of these.
  glue_transient = [
    "Glue.ConcurrentRunsExceededException", "Glue.ResourceNumberLimitExceededException", "Glue.ThrottlingException",
    "Glue.InternalServiceException", "Glue.OperationTimeoutException",
  ]
  lambda_transient = [
    "Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException", "Lambda.TooManyRequestsException",
  ]

  pipelines = {
    daily = {
      comment            = "The daily run: landing to report, one Glue job after the other, then the alerts."
      steps              = local.steps["day"]
      alert_function_arn = var.alert_function_arn
    }
    weekly = {
      comment            = "The weekly upkeep of the tables."
      steps              = local.steps["week"]
      alert_function_arn = null
    }
  }
  steps = {
    for interval in ["day", "week"] : interval => [
      for job in local.in_order : {
        name            = job
        job_name        = var.job_names[job]
        is_dated        = startswith(local.jobs[job].command, "run ") # the one command that takes a business date
        timeout_seconds = (local.jobs[job].timeout_minutes + var.queue_minutes) * 60
      } if local.jobs[job].every == interval
    ]
  }

  definitions = merge(
    {
      for pipeline, declared in local.pipelines : pipeline => templatefile("${path.module}/run.asl.json.tftpl", merge(declared, {
        pipeline         = pipeline
        partition        = var.partition
        topic_arn        = var.topic_arn
        namespace        = var.metrics_namespace
        glue_transient   = local.glue_transient
        lambda_transient = local.lambda_transient
      }))
    },
    {
      start = templatefile("${path.module}/start.asl.json.tftpl", {
        partition         = var.partition
        state_machine_arn = "${var.state_machine_arn_prefix}-{}"
      })
    },
  )
}
