# ---- names

variable "name" {
  description = "What the names of this environment begin with, as risk-lakehouse-dev; underscores in the catalog."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name must be 3 to 31 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "bucket_prefix" {
  description = "Start of every bucket's name, unique in the world, as <company>-risk-lakehouse-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,46}[a-z0-9]$", var.bucket_prefix))
    error_message = "bucket_prefix must be 3 to 48 lower-case letters, digits and hyphens, so that every bucket's name fits into 63."
  }
}

# ---- what runs

variable "wheels" {
  description = "The zip of wheels that jobs install; null for the one that `make glue-wheels` builds of this version."
  type        = string
  default     = null

  validation {
    condition     = var.wheels == null || can(regex("\\.gluewheels\\.zip$", var.wheels))
    error_message = "wheels must end with .gluewheels.zip, by which Glue knows what is in it."
  }
}

variable "alert_package" {
  description = "The zip of the alert function; null for the one that `make alert-zip` builds."
  type        = string
  default     = null
}

variable "awswrangler_layer_arn" {
  description = "The layer with awswrangler for Python 3.11 in this region, with its version: AWS publishes one, or the bank's own."
  type        = string
}

variable "schedules_enabled" {
  description = "Whether the clock starts the daily run and the weekly upkeep."
  type        = bool
  default     = true
}

variable "starts_on_arrival" {
  description = "Whether the marker .ready/<business date> in landing starts the daily run."
  type        = bool
  default     = false
}

variable "is_flexible" {
  description = "Whether jobs run on spare capacity: cheaper, and they may start late. Not for production."
  type        = bool
  default     = true
}

variable "pseudonym_key" {
  description = "Key of the pseudonyms, taken when a generation is first applied; ephemeral, so no plan and no state holds it."
  type        = string
  ephemeral   = true
  sensitive   = true
}

variable "pseudonym_key_generation" {
  description = "Which key of pseudonyms this is. One more gives everybody another pseudonym."
  type        = number
  default     = 1
}

# ---- who asks

variable "teams" {
  description = "Teams that ask Athena, and how many bytes one query of theirs may scan."
  type        = map(object({ scan_limit_bytes = number }))
}

variable "own_scan_limit_bytes" {
  description = "How many bytes one query of the lakehouse itself may scan, when it looks for alerts."
  type        = number
  default     = 10737418240
}

variable "people" {
  description = "Who takes which role: analysts by team, data stewards, services that read, and the team in which QuickSight loads. Stewards need a team that nobody else is in."
  type = object({
    analysts        = optional(map(set(string)), {})
    stewards        = optional(object({ team = string, principal_arns = set(string) }))
    readers         = optional(map(object({ team = string, principal_arns = set(string) })), {})
    quicksight_team = optional(string)
  })
  default = {}
}

variable "lake_formation" {
  description = "Whether Lake Formation grants columns by tag, and who administers it; the last two are off for a stand-in of AWS alone."
  type = object({
    is_enabled         = bool
    admin_arns         = optional(set(string), [])
    is_granting        = optional(bool, true)
    is_tagging_columns = optional(bool, true)
  })
  default = { is_enabled = false }
}

variable "quicksight" {
  description = "Whether Terraform makes QuickSight's data source, data sets and refresh, and the group that owns them, by name or ARN. They read in the workgroup of people.quicksight_team, after the views were made once."
  type        = object({ is_enabled = bool, owners = optional(string) })
  default     = { is_enabled = false }

  validation {
    condition     = !var.quicksight.is_enabled || var.quicksight.owners != null
    error_message = "quicksight needs owners, the group that owns its data sets."
  }

  validation {
    condition     = !var.quicksight.is_enabled || var.people.quicksight_team != null
    error_message = "quicksight needs people.quicksight_team, the team in whose workgroup it reads."
  }
}

# ---- products

variable "demand_monitor" {
  description = "Whether the demand monitor is there, the digest of its image once that was pushed, and its settings, as the module demand_monitor says. The dashboard costs by the hour and is off by default."
  type = object({
    is_enabled       = optional(bool, false)
    image_digest     = optional(string)
    margin           = optional(string, "")
    schedule_enabled = optional(bool, true)
    size             = optional(object({ memory_mb = optional(number, 4096), disk_mb = optional(number, 2048), most_delivered_mb = optional(number, 256) }), {})
    api = optional(object({
      jwt                 = optional(object({ issuer = string, audiences = set(string) }))
      requests_per_second = optional(number, 20)
      concurrency         = optional(number, 10)
    }), {})
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

variable "permissions_boundary_arn" {
  description = "Boundary of every role; null for none."
  type        = string
  default     = null
}

# ---- how long things are kept

variable "noncurrent_days" {
  description = "Days that a replaced or deleted version of an object is kept; part of the promise of erasure."
  type        = number
  default     = 7
}

variable "log_retention_days" {
  description = "Days that the logs bucket keeps runs, access and trail."
  type        = number
  default     = 400
}

variable "search_retention_days" {
  description = "Days that CloudWatch keeps the trail and the flow logs, where they can be searched."
  type        = number
  default     = 90
}

variable "is_disposable" {
  description = "Whether buckets and the key of pseudonyms are destroyed at once with what is in them; for environments without real data."
  type        = bool
  default     = false
}

# ---- switches

variable "private_network" {
  description = "Whether jobs run in a network without a way out; its endpoints cost by the hour."
  type        = bool
  default     = false
}

variable "network_service_bucket_arns" {
  description = "Buckets of AWS itself that can be read from the private network."
  type        = set(string)
  default     = []
}

variable "crawler_schedule" {
  description = "When crawlers run, as cron(0 5 * * ? *), UTC; null to start them by hand."
  type        = string
  default     = null
}

# One for each account and region, so on in one environment of them, and off where the bank's landing zone has them.
variable "account_watchers" {
  description = "Which watchers of the whole account this environment switches on."
  type = object({
    encrypted_catalog = optional(bool, false)
    multi_region      = optional(bool, false)
    guardduty         = optional(bool, false)
    macie             = optional(bool, false)
    config_recorder   = optional(bool, false)
  })
  default = {}
}

# Only the local environment sets these two, for a server that stands in for AWS.
variable "deny_insecure" {
  description = "Whether bucket policies refuse plain HTTP and other keys."
  type        = bool
  default     = true
}

variable "landing_events" {
  description = "Whether the landing bucket tells EventBridge of new files."
  type        = bool
  default     = true
}
