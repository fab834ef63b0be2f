variable "name" {
  description = "Start of every name, such as risk-lakehouse-dev-demand."
  type        = string
}

variable "image_uri" {
  description = "The image, by its digest."
  type        = string
}

variable "results" {
  description = "Where judged days lie."
  type        = object({ bucket = string, arn = string, prefix = string })
}

variable "stale_after_days" {
  description = "How many days the newest result may lie back before it is called stale."
  type        = number
}

variable "jwt" {
  description = "Whose tokens are taken, and for which audiences; null for principals of this account by IAM."
  type        = object({ issuer = string, audiences = set(string) })
}

variable "requests_per_second" {
  description = "Beyond so many, in the mean, requests are turned away; twice as many for a moment."
  type        = number
}

variable "concurrency" {
  description = "How many requests are answered at once."
  type        = number
}

variable "operations_topic_arn" {
  description = "Where alarms are told."
  type        = string
}

variable "key_arn" {
  description = "Key of the settings."
  type        = string
}

variable "lake_key_arn" {
  description = "Key of results and logs."
  type        = string
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
}

variable "permissions_boundary_arn" {
  description = "Boundary of the role; null for none."
  type        = string
}
