variable "is_enabled" {
  description = "Whether Lake Formation grants; without it IAM alone keeps people from tables that hold names (module people)."
  type        = bool
  default     = false
}

variable "is_granting" {
  description = "Whether to grant by tag. Off for moto alone, which cannot list such grants."
  type        = bool
  default     = true
}

variable "is_tagging_columns" {
  description = "Whether to tag columns. Off for moto alone, which keeps such tags and cannot take them away."
  type        = bool
  default     = true

  validation {
    condition     = var.is_tagging_columns || !var.is_granting || !var.is_enabled
    error_message = "Without tags on columns nobody may be granted by them."
  }
}

variable "prefix" {
  description = "What names begin with, such as risk-lakehouse-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.prefix))
    error_message = "The prefix has 3 to 31 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "database_prefix" {
  description = "Start of every database's name and of the tags' keys, which an account has once."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{1,63}$", var.database_prefix))
    error_message = "database_prefix must be lower-case letters, digits and underscores, a letter first."
  }
}

variable "databases" {
  description = "Database of each zone, as the module catalog gives them."
  type        = map(string)
}

variable "tables" {
  description = "Tables and the classes of their columns, as the module catalog derives them from the contracts."
  type        = map(object({ database = string, name = string, classification = map(list(string)) }))
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

variable "admin_arns" {
  description = "Who administers Lake Formation: the role that applies Terraform among them, or it shuts itself out."
  type        = set(string)
  default     = []

  validation {
    condition     = !var.is_enabled || length(var.admin_arns) > 0
    error_message = "admin_arns must hold the role that applies Terraform."
  }
}

variable "grants" {
  description = "Who reads, by name, and whether personal data too; as the module people gives them."
  type        = map(object({ principal_arn = string, sees_everything = bool }))
  default     = {}
}

variable "writers" {
  description = "Roles that make tables and views in the catalog, by name: crawlers and whatever deploys the views."
  type        = map(string)
  default     = {}
}

variable "hidden_classes" {
  description = "Classes of columns that only those see who see everything."
  type        = set(string)
  default     = ["pii_direct", "pii_indirect"]

  validation {
    condition     = contains(var.hidden_classes, "pii_direct")
    error_message = "hidden_classes must hold pii_direct: names and contacts are for stewards alone."
  }
}

variable "permissions_boundary_arn" {
  description = "Boundary of the role; null for none."
  type        = string
  default     = null
}
