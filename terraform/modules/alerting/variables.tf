variable "name" {
  description = "Start of every name, such as risk-lakehouse-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,40}$", var.name))
    error_message = "name must be 3 to 41 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "package" {
  description = "The zip of the function's code, as `make alert-zip` builds it."
  type        = string
}

variable "awswrangler_layer_arn" {
  description = "The layer with awswrangler for Python 3.11: the one that AWS publishes for each region, or the bank's own."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:layer:[A-Za-z0-9_-]+:[0-9]+$", var.awswrangler_layer_arn))
    error_message = "awswrangler_layer_arn must be the ARN of a layer with its version."
  }
}

variable "questions_path" {
  description = "Folder of the function's selects, services/alerting; its role reads what they name and what lies below."
  type        = string

  validation {
    condition     = length(fileset(var.questions_path, "*.sql")) > 0
    error_message = "questions_path must be a folder with at least one .sql file."
  }
}

variable "views_path" {
  description = "Folder of the views, sql/views, which say what they read."
  type        = string

  validation {
    condition     = length(fileset(var.views_path, "*.yml")) > 0
    error_message = "views_path must be a folder with at least one .yml file."
  }
}

variable "athena" {
  description = "Where the function asks: the workgroup, the folder of its results in the bucket athena-results, and the start of every database's name."
  type        = object({ workgroup = string, workgroup_arn = string, results_prefix = string, database_prefix = string })

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*/$", var.athena.results_prefix))
    error_message = "results_prefix is the folder of one team, such as platform/."
  }

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{1,63}$", var.athena.database_prefix))
    error_message = "database_prefix must be lower-case letters, digits and underscores, a letter first."
  }
}

variable "buckets" {
  description = "The bucket of each zone, athena-results among them, as the module zones gives them."
  type        = map(object({ name = string, arn = string }))
}

variable "lake_key_arn" {
  description = "Key of the lake, usable by log groups of this account."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.lake_key_arn))
    error_message = "lake_key_arn must be the ARN of a KMS key."
  }
}

variable "limits" {
  description = "Which compliance alerts are told, how many days back they are looked for, and after how many days what was told is forgotten. Who is a high risk is what the view customer_risk_profile says."
  type        = object({ severities = list(string), days = number, remembered_days = number })
  default     = { severities = ["high"], days = 35, remembered_days = 90 }

  validation {
    condition     = length(var.limits.severities) > 0 && alltrue([for severity in var.limits.severities : contains(["low", "medium", "high"], severity)])
    error_message = "severities must be one or more of low, medium and high."
  }

  validation {
    condition     = var.limits.days > 0 && var.limits.remembered_days > var.limits.days
    error_message = "Alerts must be remembered for longer than they are looked for, or they are told again."
  }
}

variable "emails" {
  description = "Addresses that each topic writes to; each of them has to confirm."
  type        = object({ alerts = optional(set(string), []), operations = optional(set(string), []) })
  default     = {}
}

variable "monthly_budget_usd" {
  description = "Budget of the account a month: told at 80 percent spent and at 100 percent forecast; null for none."
  type        = number
  default     = null

  validation {
    condition     = var.monthly_budget_usd == null ? true : var.monthly_budget_usd > 0
    error_message = "monthly_budget_usd must be positive."
  }
}

variable "log_retention_days" {
  description = "Days that the log of the function is kept."
  type        = number
  default     = 90

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_days)
    error_message = "log_retention_days must be a number of days that CloudWatch offers."
  }
}

variable "permissions_boundary_arn" {
  description = "Boundary of the role; null for none."
  type        = string
  default     = null
}
