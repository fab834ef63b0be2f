variable "database_prefix" {
  description = "Start of every database's name, as risk_lakehouse_dev; the zone follows after an underscore."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{1,63}$", var.database_prefix))
    error_message = "database_prefix must be lower-case letters, digits and underscores, a letter first."
  }
}

variable "contracts_path" {
  description = "Folder of the data contracts, one YAML a subject."
  type        = string

  validation {
    condition     = length(fileset(var.contracts_path, "*.yaml")) > 0
    error_message = "contracts_path must be a folder with at least one .yaml file."
  }
}

variable "buckets" {
  description = "Bucket of each zone, as the module zones gives them."
  type        = map(object({ name = string, arn = string }))

  validation {
    condition     = length(setsubtract(["landing", "bronze", "silver", "gold", "quarantine", "ops"], keys(var.buckets))) == 0
    error_message = "buckets must hold landing, bronze, silver, gold, quarantine and ops."
  }
}

variable "kms_key_arn" {
  description = "Key of the lake, usable through glue."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key."
  }
}

variable "crawler_role_arn" {
  description = "Role of the crawlers: reads landing, bronze and quarantine, writes their databases."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/", var.crawler_role_arn))
    error_message = "crawler_role_arn must be the ARN of an IAM role."
  }
}

variable "crawler_schedule" {
  description = "When the crawlers run, as cron(0 5 * * ? *), UTC; null to start them by hand or after a run."
  type        = string
  default     = null

  validation {
    condition     = var.crawler_schedule == null || can(regex("^cron\\(.+\\)$", var.crawler_schedule))
    error_message = "crawler_schedule must be cron(...) with six fields."
  }
}

variable "encrypt_catalog" {
  description = "Whether to encrypt the catalog's metadata; one setting for the account and region, so on in one environment of each."
  type        = bool
  default     = false
}
