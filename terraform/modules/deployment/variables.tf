variable "prefix" {
  description = "What names of the lake begin with, such as risk-lakehouse-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.prefix))
    error_message = "The prefix has 3 to 31 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "bucket_prefix" {
  description = "Start of every bucket's name, as the module zones has it."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,46}[a-z0-9]$", var.bucket_prefix))
    error_message = "bucket_prefix must be 3 to 48 lower-case letters, digits and hyphens."
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

variable "repository" {
  description = "Repository whose workflows deploy, as owner/name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", var.repository))
    error_message = "repository must be owner/name, without a star."
  }
}

variable "branch" {
  description = "Branch whose state may be planned beside pull requests."
  type        = string
  default     = "main"

  validation {
    condition     = can(regex("^[A-Za-z0-9._/-]+$", var.branch))
    error_message = "branch must be the name of one branch."
  }
}

variable "environment" {
  description = "Environment of the repository that asks for approval: dev, prod."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.environment))
    error_message = "environment must be lower-case letters, digits and hyphens."
  }
}

variable "state" {
  description = "Terraform's state of the environment: its bucket, its name there as the backend's key says, and what encrypts it."
  type        = object({ bucket_arn = string, key = string, kms_key_arn = string })

  validation {
    condition     = can(regex("^arn:[a-z-]+:s3:::[^/*]+$", var.state.bucket_arn)) && can(regex("^arn:[a-z-]+:kms:", var.state.kms_key_arn)) && can(regex("^[^*/]+/[^*]+$", var.state.key))
    error_message = "state must be the ARNs of a bucket and of a KMS key, and a key as folder/name."
  }
}

variable "github_provider_arn" {
  description = "Identity provider of GitHub where the account has one already; null to make it."
  type        = string
  default     = null

  validation {
    condition     = var.github_provider_arn == null || can(regex(":oidc-provider/token.actions.githubusercontent.com$", var.github_provider_arn))
    error_message = "github_provider_arn must be the ARN of GitHub's provider."
  }
}

variable "may_destroy" {
  description = "Whether a deployment may remove buckets, keys, secrets and the trail; for environments without real data."
  type        = bool
  default     = false
}
