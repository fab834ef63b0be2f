variable "prefix" {
  description = "Start of every bucket's name, as <company>-<lake>-<environment>; unique in the world."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,46}[a-z0-9]$", var.prefix))
    error_message = "prefix must be 3 to 48 lower-case letters, digits and hyphens, so that every bucket's name fits into 63."
  }
}

variable "key_services" {
  description = "Services through which principals of this account may use the key, such as s3, glue, secretsmanager."
  type        = set(string)
  default     = ["s3"]

  validation {
    condition     = contains(var.key_services, "s3") && alltrue([for service in var.key_services : can(regex("^[a-z0-9-]+$", service))])
    error_message = "key_services must be service names such as glue, s3 among them."
  }
}

variable "trail_name" {
  description = "CloudTrail trail that may write into the logs bucket with the key; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.trail_name == null || can(regex("^[A-Za-z0-9][A-Za-z0-9._-]{1,126}[A-Za-z0-9]$", var.trail_name))
    error_message = "trail_name must be 3 to 128 letters, digits, dots, underscores and hyphens."
  }
}

variable "load_balancer_logs" {
  description = "Whether load balancers of this account may write their access logs into the logs bucket."
  type        = bool
  default     = false
}

# `risklake erase` removes the current version of every file that holds a person; this many days later the bytes are
# gone. Raise it and the bank's promise of erasure changes with it.
variable "noncurrent_days" {
  description = "Days that a replaced or deleted version of an object is kept."
  type        = number
  default     = 7

  validation {
    condition     = var.noncurrent_days >= 1 && var.noncurrent_days <= 30 && floor(var.noncurrent_days) == var.noncurrent_days
    error_message = "noncurrent_days must be a whole number from 1 to 30, the longest that erasure may take."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept: runs, access, trail."
  type        = number
  default     = 400

  validation {
    condition     = var.log_retention_days >= 30 && floor(var.log_retention_days) == var.log_retention_days
    error_message = "log_retention_days must be a whole number, 30 or more."
  }
}

variable "landing_events" {
  description = "Whether the landing bucket tells EventBridge of new files. Off for moto, where it shows as drift."
  type        = bool
  default     = true
}

variable "deny_insecure" {
  description = "Whether bucket policies refuse plain HTTP and other keys. Off for moto alone, which ignores conditions and refuses all."
  type        = bool
  default     = true
}

variable "force_destroy" {
  description = "Whether buckets are destroyed with what is in them; for environments without real data."
  type        = bool
  default     = false
}
