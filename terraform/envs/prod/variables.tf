variable "region" {
  description = "Region of the lake."
  type        = string
  default     = "eu-west-1"
}

variable "company" {
  description = "Start of the buckets' names, which are unique in the world."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,20}$", var.company))
    error_message = "company must be 2 to 21 lower-case letters, digits and hyphens."
  }
}

variable "permissions_boundary_arn" {
  description = "Boundary that the account demands of every role; null for none."
  type        = string
  default     = null
}

variable "network_service_bucket_arns" {
  description = "Buckets of AWS itself that Glue reads from the private network, in this region."
  type        = set(string)
  default     = []
}

variable "account_watchers" {
  description = "Which watchers of the whole account are switched on here; leave out those that the bank's landing zone has."
  type = object({
    encrypted_catalog = optional(bool, true)
    multi_region      = optional(bool, true)
    guardduty         = optional(bool, false)
    macie             = optional(bool, false)
    config_recorder   = optional(bool, false)
  })
  default = {}
}
