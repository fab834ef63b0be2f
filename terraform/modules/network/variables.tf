variable "name" {
  description = "Start of every name in the network."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,40}$", var.name))
    error_message = "name must be 3 to 41 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "cidr_block" {
  description = "Addresses of the network, IPv4; each zone gets a sixteenth of them."
  type        = string
  default     = "10.40.0.0/20"

  validation {
    condition     = can(cidrhost(var.cidr_block, 0)) && contains(range(16, 23), try(tonumber(split("/", var.cidr_block)[1]), 0))
    error_message = "cidr_block must be an IPv4 range from /16 to /22."
  }
}

variable "availability_zone_count" {
  description = "Availability zones with a subnet and an address of every endpoint in it."
  type        = number
  default     = 2

  validation {
    condition     = contains([1, 2, 3], var.availability_zone_count)
    error_message = "availability_zone_count must be 1, 2 or 3."
  }
}

variable "lake_bucket_arns" {
  description = "Buckets of the lake, which principals of this account reach."
  type        = set(string)

  validation {
    condition = length(var.lake_bucket_arns) > 0 && alltrue([
      for arn in var.lake_bucket_arns : can(regex("^arn:[a-z-]+:s3:::[^/*]+$", arn))
    ])
    error_message = "lake_bucket_arns must be ARNs of buckets, one or more."
  }
}

variable "service_bucket_arns" {
  description = "Buckets of AWS itself that can be read, such as those from which Glue fetches its scripts and packages."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.service_bucket_arns : can(regex("^arn:[a-z-]+:s3:::[^/*]+$", arn))])
    error_message = "service_bucket_arns must be ARNs of buckets."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the flow logs."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key."
  }
}

variable "log_retention_days" {
  description = "Days that CloudWatch keeps the flow logs."
  type        = number
  default     = 90

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_days)
    error_message = "log_retention_days must be a number of days that CloudWatch offers."
  }
}

variable "permissions_boundary_arn" {
  description = "Boundary of every role; null for none."
  type        = string
  default     = null
}
