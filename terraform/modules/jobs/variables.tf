variable "prefix" {
  description = "What names begin with, such as risk-lakehouse-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.prefix))
    error_message = "The prefix has 3 to 31 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "jobs" {
  description = "The jobs by name, as glue/jobs.yaml has them."
  type = map(object({
    description     = string
    command         = string
    worker_type     = string
    maximum_workers = number
    timeout_minutes = number
  }))

  validation {
    condition     = alltrue([for job in values(var.jobs) : job.maximum_workers >= 2 && job.timeout_minutes > 0])
    error_message = "A job has 2 workers or more and a timeout."
  }
}

variable "role_arns" {
  description = "The role of each job, by job."
  type        = map(string)
}

variable "lake_location" {
  description = "The lake, with {zone} in the bucket's name."
  type        = string

  validation {
    condition     = startswith(var.lake_location, "s3://") && strcontains(var.lake_location, "{zone}")
    error_message = "The location begins with s3:// and holds {zone}."
  }
}

variable "workgroup" {
  description = "The Athena workgroup in which views are made."
  type        = string
}

variable "database_prefix" {
  description = "Start of every database's name, as the module catalog has it."
  type        = string
}

variable "buckets" {
  description = "The bucket of each zone, by zone."
  type        = map(object({ name = string, arn = string }))
}

variable "script" {
  description = "The file that Glue starts: glue/run_job.py."
  type        = string
}

variable "wheels" {
  description = "The zip of this project's wheel and of all it needs, as `make glue-wheels` builds it."
  type        = string
}

variable "project_version" {
  description = "The version that stands in the names of script and wheels."
  type        = string
}

variable "hmac_key_secret_arn" {
  description = "The secret that holds the key of pseudonyms."
  type        = string
}

variable "security_configuration_name" {
  description = "Encrypts what Glue writes by itself."
  type        = string
}

variable "connection_name" {
  description = "The network connection of a private network; null for none."
  type        = string
  default     = null
}

variable "is_flexible" {
  description = "Run on spare capacity: cheaper, and it may start late. Not for production."
  type        = bool
}
