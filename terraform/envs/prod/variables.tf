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

variable "awswrangler_layer_arn" {
  description = "The layer with awswrangler for Python 3.11 in this region, with its version: AWS publishes one, or the bank's own."
  type        = string
}

variable "emails" {
  description = "Addresses that alerts and failures are sent to; each of them has to confirm."
  type        = object({ alerts = optional(set(string), []), operations = optional(set(string), []) })
  default     = {}
}

variable "monthly_budget_usd" {
  description = "Budget of the account a month, told as it is spent; null for none."
  type        = number
  default     = null
}

variable "people" {
  description = "Who takes which role, as the module lakehouse says."
  type = object({
    analysts        = optional(map(set(string)), {})
    stewards        = optional(object({ team = string, principal_arns = set(string) }))
    readers         = optional(map(object({ team = string, principal_arns = set(string) })), {})
    quicksight_team = optional(string)
  })
  default = {}
}

variable "lake_formation" {
  description = "Whether Lake Formation grants columns by tag, and who administers it: the role that applies this among them."
  type        = object({ is_enabled = bool, admin_arns = optional(set(string), []) })
  default     = { is_enabled = false }
}

variable "quicksight" {
  description = "Whether Terraform makes QuickSight's data sets, and the group that owns them, as the module lakehouse says."
  type        = object({ is_enabled = bool, owners = optional(string) })
  default     = { is_enabled = false }
}

variable "demand_monitor" {
  description = "Whether the demand monitor is there, the digest of its image once that was pushed, and its settings, as the module lakehouse says."
  type = object({
    is_enabled       = optional(bool, false)
    image_digest     = optional(string)
    margin           = optional(string, "")
    schedule_enabled = optional(bool, true)
    api              = optional(object({ jwt = optional(object({ issuer = string, audiences = set(string) })) }), {})
    dashboard = optional(object({
      runs_on         = optional(string, "none")
      image_digest    = optional(string)
      domain_name     = optional(string)
      certificate_arn = optional(string)
      network         = optional(object({ vpc_id = string, subnet_ids = set(string), client_cidr_blocks = set(string) }))
      login           = optional(object({ user_pool_arn = string, user_pool_client_id = string, user_pool_domain = string }))
      machine         = optional(object({ image_id = optional(string), type = optional(string, "t3.micro"), memory_mb = optional(number, 2048) }), {})
    }), {})
  })
  default = {}
}
