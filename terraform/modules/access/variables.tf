variable "prefix" {
  description = "What names begin with, such as risk-lakehouse-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.prefix))
    error_message = "The prefix has 3 to 31 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "buckets" {
  description = "The bucket of each zone, by zone."
  type        = map(object({ name = string, arn = string }))
}

variable "access" {
  description = "What each job reads and writes, as `risklake access` derives it from the tables' inputs."
  type = map(object({
    reads     = list(string)
    writes    = list(string)
    needs_key = bool
    # <zone>.<table> of what the job asks Athena for, and of the views that it makes there.
    asks        = optional(list(string), [])
    makes_views = optional(list(string), [])
  }))

  validation {
    condition     = alltrue([for job in values(var.access) : alltrue([for place in concat(job.reads, job.writes) : can(regex("^[a-z-]+/", place))])])
    error_message = "A place is <zone>/<prefix>."
  }
}

variable "database_prefix" {
  description = "Start of every database's name, as the module catalog has it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{1,63}$", var.database_prefix))
    error_message = "database_prefix must be lower-case letters, digits and underscores, a letter first."
  }
}

variable "network" {
  description = "The private network that jobs run in, as the module network gives it; null for none."
  type        = object({ connection_name = string, security_group_id = string, subnet_ids = list(string) })
  default     = null
}

variable "code_prefixes" {
  description = "Places below the artifacts zone that every job loads its code from."
  type        = list(string)
  default     = ["glue/"]
}

variable "kms_key_arn" {
  description = "The key that the zones are encrypted with."
  type        = string
}

variable "hmac_key_secret_arn" {
  description = "The secret that holds the key of pseudonyms; only jobs that make them may read it."
  type        = string
}

variable "athena" {
  description = "Where views are made: the workgroup and the folder of its results in the bucket athena-results."
  type        = object({ workgroup_arn = string, results_prefix = string })

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*/$", var.athena.results_prefix))
    error_message = "results_prefix is the folder of one team, such as platform/."
  }
}

variable "metrics_namespace" {
  description = "Where jobs that keep a run log send its figures in CloudWatch; the code names it."
  type        = string
  default     = "RiskLakehouse"
}

variable "permissions_boundary_arn" {
  description = "Boundary of every role; null for none."
  type        = string
  default     = null
}
