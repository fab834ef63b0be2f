variable "name" {
  description = "Start of every name, such as risk-lakehouse-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,40}$", var.name))
    error_message = "name must be 3 to 41 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "jobs_file" {
  description = "glue/jobs.yaml: the jobs, and in its order the steps of a run."
  type        = string

  validation {
    condition     = alltrue([for job in values(yamldecode(file(var.jobs_file))) : contains(["day", "week"], job.every)])
    error_message = "Every job of jobs_file runs every day or every week."
  }
}

variable "job_names" {
  description = "The name of each Glue job, by job, as the module jobs gives it."
  type        = map(string)
}

variable "job_arns" {
  description = "The ARN of each Glue job, by job, as the module jobs gives it."
  type        = map(string)

  validation {
    condition     = alltrue([for arn in values(var.job_arns) : can(regex("^arn:[a-z-]+:glue:[^*]*:job/[^*]+$", arn))])
    error_message = "job_arns must be ARNs of single Glue jobs."
  }
}

variable "operations_topic" {
  description = "Where failures are told, and the key that encrypts it, as the module alerting gives them."
  type        = object({ arn = string, kms_key_arn = string })
}

variable "alert_function_arn" {
  description = "The function that ends a daily run with its alerts, as the module alerting gives it; null for none."
  type        = string
  default     = null
}

variable "kms_key_arn" {
  description = "Key of the lake, usable by log groups of this account."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key."
  }
}

variable "lake_location" {
  description = "The lake as the jobs are told it, with {zone} in the bucket's name; figures of a run carry it."
  type        = string

  validation {
    condition     = startswith(var.lake_location, "s3://") && strcontains(var.lake_location, "{zone}")
    error_message = "The location begins with s3:// and holds {zone}."
  }
}

variable "landing_bucket" {
  description = "Name of the landing bucket, which tells EventBridge of new files."
  type        = string
}

variable "schedules" {
  description = "When the pipelines are due, in UTC. The day on which the daily run is due is its business date, so let it be late."
  type        = object({ daily = string, weekly = string })
  default     = { daily = "cron(30 21 * * ? *)", weekly = "cron(0 12 ? * SUN *)" }

  validation {
    condition     = alltrue([for schedule in values(var.schedules) : can(regex("^cron\\([^)]+\\)$", schedule))])
    error_message = "A schedule must be a cron expression of EventBridge Scheduler."
  }
}

variable "schedules_enabled" {
  description = "Whether the clock starts the pipelines, and whether a day without success is told."
  type        = bool
  default     = true
}

variable "starts_on_arrival" {
  description = "Whether the marker .ready/<business date> in landing starts the daily run, before its time or instead of it."
  type        = bool
  default     = false
}

variable "queue_minutes" {
  description = "How long a job may wait for capacity, beside its own timeout; jobs on spare capacity start late."
  type        = number
  default     = 60

  validation {
    condition     = var.queue_minutes >= 0
    error_message = "queue_minutes must not be negative."
  }
}

variable "stale_after_days" {
  description = "How many days the newest booking may lie back; a month's delivery and some slack, as the freshness gate of the code has it."
  type        = number
  default     = 35

  validation {
    condition     = var.stale_after_days > 0
    error_message = "stale_after_days must be positive."
  }
}

variable "more_widgets" {
  description = "What else the dashboard shows: a title and a figure, as an expression of CloudWatch."
  type        = list(object({ title = string, expression = string }))
  default     = []
}

variable "log_retention_days" {
  description = "Days that the log of the executions is kept."
  type        = number
  default     = 90

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_days)
    error_message = "log_retention_days must be a number of days that CloudWatch offers."
  }
}

variable "metrics_namespace" {
  description = "Where the figures of a run are in CloudWatch; the code names it."
  type        = string
  default     = "RiskLakehouse"
}

variable "permissions_boundary_arn" {
  description = "Boundary of every role; null for none."
  type        = string
  default     = null
}
