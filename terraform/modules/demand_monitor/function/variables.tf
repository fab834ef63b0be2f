variable "name" {
  description = "Start of every name, such as risk-lakehouse-dev-demand."
  type        = string
}

variable "image_uri" {
  description = "The image, by its digest."
  type        = string

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image_uri))
    error_message = "image_uri must end with a digest."
  }
}

variable "deliveries" {
  description = "Where files come in."
  type        = object({ bucket = string, arn = string, prefix = string })
}

variable "results" {
  description = "Where judged days go."
  type        = object({ bucket = string, arn = string, prefix = string })
}

variable "size" {
  description = "Memory and disk in MB, and how many MB of deliveries are taken."
  type        = object({ memory_mb = number, disk_mb = number, most_delivered_mb = number })
}

variable "margin" {
  description = "Money at risk with one unit, or a share of its price; empty for the price."
  type        = string
}

variable "schedule" {
  description = "When days that nobody has judged are looked for, in UTC."
  type        = string
}

variable "schedule_enabled" {
  description = "Whether the clock starts it."
  type        = bool
}

variable "stale_after_days" {
  description = "How many days the newest result may lie back."
  type        = number
}

variable "operations_topic_arn" {
  description = "Where alarms are told."
  type        = string
}

variable "key_arn" {
  description = "Key of the queue and of the settings."
  type        = string
}

variable "lake_key_arn" {
  description = "Key of deliveries, results and logs."
  type        = string
}

variable "log_retention_days" {
  description = "Days that the log is kept."
  type        = number
}

variable "metrics_namespace" {
  description = "Where figures go in CloudWatch."
  type        = string
}

variable "permissions_boundary_arn" {
  description = "Boundary of every role; null for none."
  type        = string
}
