variable "name" {
  description = "Start of every workgroup's name; the team follows after a hyphen."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,62}$", var.name))
    error_message = "name must be lower-case letters, digits and hyphens, a letter first."
  }
}

variable "teams" {
  description = "Teams that ask, and how many bytes one query of theirs may scan."
  type        = map(object({ scan_limit_bytes = number }))

  validation {
    condition     = alltrue([for team in keys(var.teams) : can(regex("^[a-z][a-z0-9-]{1,31}$", team))])
    error_message = "A team must be lower-case letters, digits and hyphens, a letter first."
  }

  validation {
    condition     = alltrue([for team in values(var.teams) : team.scan_limit_bytes >= 10485760])
    error_message = "scan_limit_bytes must be 10485760 (10 MB) or more, the least that Athena takes."
  }
}

variable "results_bucket" {
  description = "Name of the bucket for results; each team has a folder in it."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts results, usable through s3."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key."
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

variable "views_path" {
  description = "Folder of the views: <view>.sql beside <view>.yml."
  type        = string

  validation {
    condition     = length(fileset(var.views_path, "*.sql")) > 0
    error_message = "views_path must be a folder with at least one .sql file."
  }
}
