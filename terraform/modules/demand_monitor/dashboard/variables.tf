variable "name" {
  description = "Start of every name, such as risk-lakehouse-dev-dashboard."
  type        = string

  validation {
    condition     = length(var.name) <= 32
    error_message = "A load balancer's name has 32 characters at most."
  }
}

variable "runs_on" {
  description = "ec2: one machine that runs the container. ecs: Fargate."
  type        = string

  validation {
    condition     = contains(["ec2", "ecs"], var.runs_on)
    error_message = "runs_on is ec2 or ecs."
  }
}

variable "image_uri" {
  description = "The image, by its digest."
  type        = string
}

variable "repository_arn" {
  description = "The repository that the image lies in."
  type        = string
}

variable "network" {
  description = "The bank's network: subnets in two zones or more, without public addresses, from which ECR, S3, KMS, STS, Systems Manager and the logs are reached; and whose browsers may come."
  type        = object({ vpc_id = string, subnet_ids = set(string), client_cidr_blocks = set(string) })

  validation {
    condition     = length(var.network.subnet_ids) >= 2
    error_message = "A load balancer needs subnets in two zones or more."
  }

  validation {
    condition     = length(var.network.client_cidr_blocks) > 0 && alltrue([for block in var.network.client_cidr_blocks : can(cidrhost(block, 0)) && block != "0.0.0.0/0"])
    error_message = "client_cidr_blocks must be networks of the bank, never the whole internet."
  }
}

variable "domain_name" {
  description = "Name by which browsers know the dashboard; the certificate is for it."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?[.])+[a-z]{2,}$", var.domain_name))
    error_message = "domain_name must be a host name such as risk.bank.example."
  }
}

variable "certificate_arn" {
  description = "Certificate of the domain, in ACM."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:acm:", var.certificate_arn))
    error_message = "certificate_arn must be the ARN of a certificate in ACM."
  }
}

variable "login" {
  description = "The user pool that logs people in at the load balancer; null for whoever comes from the client networks."
  type        = object({ user_pool_arn = string, user_pool_client_id = string, user_pool_domain = string })
}

variable "machine" {
  description = "Of ec2 the machine's image and type, of ecs the memory in MB."
  type        = object({ image_id = string, type = string, memory_mb = number })

  validation {
    condition     = contains([1024, 2048, 3072, 4096], var.machine.memory_mb)
    error_message = "memory_mb must be 1024, 2048, 3072 or 4096, which Fargate offers with half a core."
  }
}

variable "lake_location" {
  description = "The lake as every command takes it, with {zone} in the bucket's name."
  type        = string
}

variable "buckets" {
  description = "The bucket of each zone."
  type        = map(object({ name = string, arn = string }))
}

variable "logs_bucket" {
  description = "Bucket of the logs, known once its policy lets load balancers write."
  type        = object({ name = string, arn = string })
}

variable "operations_topic_arn" {
  description = "Where alarms are told."
  type        = string
}

variable "key_arn" {
  description = "Key of the machine's disk."
  type        = string
}

variable "lake_key_arn" {
  description = "Key of the lake and of logs."
  type        = string
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
}

variable "is_disposable" {
  description = "Whether the load balancer may be destroyed at once."
  type        = bool
}

variable "permissions_boundary_arn" {
  description = "Boundary of every role; null for none."
  type        = string
}
