variable "name" {
  description = "Start of the secret's name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,62}$", var.name))
    error_message = "name must be lower-case letters, digits and hyphens, a letter first."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the secret, usable through secretsmanager."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key."
  }
}

variable "key" {
  description = "The key, at least 32 characters; ephemeral, so no plan and no state holds it. Used when a generation is first applied."
  type        = string
  ephemeral   = true
  sensitive   = true

  validation {
    condition     = length(var.key) >= 32
    error_message = "key must have 32 characters or more."
  }
}

variable "generation" {
  description = "Which key this is. With one more, the secret takes what `key` is then, and every pseudonym becomes another."
  type        = number
  default     = 1

  validation {
    condition     = var.generation >= 1 && floor(var.generation) == var.generation
    error_message = "generation must be a whole number, 1 or more."
  }
}

variable "recovery_window_days" {
  description = "Days in which a deleted secret can be had back; 0 for environments without real data."
  type        = number
  default     = 30

  validation {
    condition     = var.recovery_window_days == 0 || (var.recovery_window_days >= 7 && var.recovery_window_days <= 30)
    error_message = "recovery_window_days must be 0, or from 7 to 30."
  }
}
