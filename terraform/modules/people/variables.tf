variable "prefix" {
  description = "What names begin with, such as risk-lakehouse-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.prefix))
    error_message = "The prefix has 3 to 31 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "analysts" {
  description = "Teams of analysts, by workgroup: the ARNs of those who may take the role, with a second factor."
  type        = map(set(string))
  default     = {}

  validation {
    condition = alltrue(flatten([for arns in values(var.analysts) : [
      length(arns) > 0, [for arn in arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(user|role|root)", arn))]
    ]]))
    error_message = "Each team has one or more ARNs of users, roles or accounts."
  }

  validation {
    condition     = length(setsubtract(keys(var.analysts), keys(var.workgroups))) == 0
    error_message = "Each team of analysts needs its workgroup."
  }
}

variable "stewards" {
  description = "Data stewards, who see personal data: their workgroup and the ARNs of those who may take the role, with a second factor; null for none."
  type        = object({ team = string, principal_arns = set(string) })
  default     = null

  validation {
    condition     = var.stewards == null || (try(length(var.stewards.principal_arns), 0) > 0 && contains(keys(var.workgroups), try(var.stewards.team, "")))
    error_message = "Stewards need a workgroup and one or more principals."
  }

  # Answers lie in the folder of a workgroup, so a shared one would show names to the others in it.
  validation {
    condition = var.stewards == null || !contains(
      concat(keys(var.analysts), values(var.readers)[*].team, [var.quicksight_team == null ? "" : var.quicksight_team]), try(var.stewards.team, "")
    )
    error_message = "Stewards need a workgroup of their own."
  }
}

variable "readers" {
  description = "Services that ask, by name: their workgroup and the ARNs of the roles they run under."
  type        = map(object({ team = string, principal_arns = set(string) }))
  default     = {}

  validation {
    condition = alltrue([
      for reader in values(var.readers) : length(reader.principal_arns) > 0 && contains(keys(var.workgroups), reader.team)
    ])
    error_message = "Each reader needs a workgroup and one or more principals."
  }
}

variable "quicksight_team" {
  description = "Workgroup in which QuickSight loads its data sets; null for no role of QuickSight."
  type        = string
  default     = null

  validation {
    condition     = var.quicksight_team == null || contains(keys(var.workgroups), coalesce(var.quicksight_team, "-"))
    error_message = "QuickSight needs its workgroup."
  }
}

variable "workgroups" {
  description = "Workgroup of each team, as the module athena gives them."
  type        = map(object({ name = string, arn = string, output_location = string }))
}

variable "tables" {
  description = "Tables and the classes of their columns, as the module catalog gives them."
  type        = map(object({ database = string, name = string, classification = map(list(string)) }))

  validation {
    condition     = length(var.tables) > 0
    error_message = "tables must hold one or more."
  }
}

variable "databases" {
  description = "Database of each zone, as the module catalog gives them."
  type        = map(string)
}

variable "views_path" {
  description = "Folder of the views, one .sql each."
  type        = string

  validation {
    condition     = length(fileset(var.views_path, "*.sql")) > 0
    error_message = "views_path must be a folder with at least one .sql file."
  }
}

variable "hidden_classes" {
  description = "Classes of columns for which a whole table is kept from all but stewards, even without Lake Formation."
  type        = set(string)
  default     = ["pii_direct"]

  validation {
    condition     = contains(var.hidden_classes, "pii_direct")
    error_message = "hidden_classes must hold pii_direct: names and contacts are for stewards alone."
  }
}

variable "buckets" {
  description = "Bucket of each zone, as the module zones gives them."
  type        = map(object({ name = string, arn = string }))
}

variable "kms_key_arn" {
  description = "Key of the lake, usable through s3."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key."
  }
}

variable "is_lake_formation_enabled" {
  description = "Whether Lake Formation grants the columns; the roles then read no file of a table by themselves."
  type        = bool
  default     = false
}

variable "permissions_boundary_arn" {
  description = "Boundary of every role; null for none."
  type        = string
  default     = null
}
