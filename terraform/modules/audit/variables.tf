variable "name" {
  description = "Name of the trail and start of the other names; the module zones takes it as trail_name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,40}$", var.name))
    error_message = "name must be 3 to 41 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "logs_bucket" {
  description = "Bucket of the logs, as the output logs_bucket of the module zones gives it."
  type        = object({ name = string, arn = string })
}

variable "watched_bucket_arns" {
  description = "Buckets whose every read and write of an object is recorded: silver and gold. Each event costs."
  type        = set(string)

  validation {
    condition = length(var.watched_bucket_arns) > 0 && alltrue([
      for arn in var.watched_bucket_arns : can(regex("^arn:[a-z-]+:s3:::[^/*]+$", arn))
    ])
    error_message = "watched_bucket_arns must be ARNs of buckets, one or more."
  }
}

variable "kms_key_arn" {
  description = "Key of the lake, usable by the trail."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key."
  }
}

variable "multi_region" {
  description = "Whether the trail records every region."
  type        = bool
  default     = true
}

variable "log_retention_days" {
  description = "Days that CloudWatch keeps the trail; the bucket keeps it for its own time."
  type        = number
  default     = 90

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_days)
    error_message = "log_retention_days must be a number of days that CloudWatch offers."
  }
}

# These three are one for each account and region: leave them off where the bank's own landing zone has them.
variable "guardduty" {
  description = "Whether GuardDuty watches the account and the access to S3."
  type        = bool
  default     = false
}

variable "macie" {
  description = "Whether Macie is enabled; a job that classifies landing and bronze is started apart, for it costs by the byte."
  type        = bool
  default     = false
}

variable "config_recorder" {
  description = "Whether AWS Config records every change of a resource."
  type        = bool
  default     = false
}

variable "permissions_boundary_arn" {
  description = "Boundary of every role; null for none."
  type        = string
  default     = null
}
