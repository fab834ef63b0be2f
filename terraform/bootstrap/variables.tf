variable "region" {
  description = "Region of the lake."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be as eu-west-1."
  }
}

variable "company" {
  description = "Start of the buckets' names, which are unique in the world; the same as in the environment."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,20}$", var.company))
    error_message = "company must be 2 to 21 lower-case letters, digits and hyphens."
  }
}

variable "repository" {
  description = "Repository whose workflows deploy, as owner/name."
  type        = string
}

variable "environment" {
  description = "Environment of the repository that asks for approval: dev, prod."
  type        = string
}

variable "github_provider_arn" {
  description = "Identity provider of GitHub where the account has one already; null to make it."
  type        = string
  default     = null
}

variable "may_destroy" {
  description = "Whether a deployment may remove buckets, keys, secrets and the trail."
  type        = bool
  default     = false
}
