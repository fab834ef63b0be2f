variable "name" {
  description = "Start of every name, such as risk-lakehouse-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name must be 3 to 31 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "image_digest" {
  description = "Digest of the pushed image of deploy/demand_monitor.Dockerfile; null while there is none: then its repository is made, and no function."
  type        = string
  default     = null

  validation {
    condition     = var.image_digest == null || can(regex("^sha256:[0-9a-f]{64}$", var.image_digest))
    error_message = "image_digest must be sha256: and 64 hexadecimal digits, never a tag."
  }
}

variable "kept_images" {
  description = "How many images each repository keeps."
  type        = number
  default     = 10

  validation {
    condition     = var.kept_images >= 2
    error_message = "kept_images must be 2 or more, or there is none to go back to."
  }
}

variable "buckets" {
  description = "The bucket of each zone, as the module zones gives them."
  type        = map(object({ name = string, arn = string }))
}

variable "logs_bucket" {
  description = "Bucket of the logs, known once its policy lets load balancers write."
  type        = object({ name = string, arn = string })
}

variable "lake_location" {
  description = "The lake as every command takes it, with {zone} in the bucket's name."
  type        = string
}

variable "lake_key_arn" {
  description = "Key of the lake, usable by log groups of this account."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.lake_key_arn))
    error_message = "lake_key_arn must be the ARN of a KMS key."
  }
}

variable "operations_topic_arn" {
  description = "Where alarms are told."
  type        = string
}

variable "size" {
  description = "Of the function that judges: memory and disk in MB, and how many MB of deliveries it takes. A third of a core comes with each 600 MB of memory."
  type        = object({ memory_mb = optional(number, 4096), disk_mb = optional(number, 2048), most_delivered_mb = optional(number, 256) })
  default     = {}

  validation {
    condition     = var.size.memory_mb >= 1024 && var.size.memory_mb <= 10240 && var.size.disk_mb >= 512 && var.size.disk_mb <= 10240
    error_message = "memory_mb must be 1024 to 10240, disk_mb 512 to 10240."
  }

  validation {
    condition     = var.size.most_delivered_mb * 4 <= var.size.disk_mb
    error_message = "The disk must hold four times what may be delivered: the files, and what is made of them on the way."
  }
}

variable "margin" {
  description = "Money at risk with one unit (2.50), or a share of its price (40%); empty for the price itself."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([0-9]{1,7}([.][0-9]{1,4})?%?)?$", var.margin))
    error_message = "margin must be money such as 2.50 or a share such as 40%."
  }
}

variable "schedule" {
  description = "When the monitor looks for days that nobody has judged and tells how old the newest one is, in UTC."
  type        = string
  default     = "cron(0 6 * * ? *)"

  validation {
    condition     = can(regex("^cron\\([^)]+\\)$", var.schedule))
    error_message = "schedule must be a cron expression of EventBridge Scheduler."
  }
}

variable "schedule_enabled" {
  description = "Whether the clock starts it, and whether results that grow old are told."
  type        = bool
  default     = true
}

variable "stale_after_days" {
  description = "How many days the newest result may lie back."
  type        = number
  default     = 3

  validation {
    condition     = var.stale_after_days >= 1
    error_message = "stale_after_days must be 1 or more: a day is judged when it is over."
  }
}

variable "api" {
  description = "Who may ask: holders of a token of an issuer for one of the audiences, or, without jwt, principals of this account by IAM. And how many at once."
  type = object({
    jwt                 = optional(object({ issuer = string, audiences = set(string) }))
    requests_per_second = optional(number, 20)
    concurrency         = optional(number, 10)
  })
  default = {}

  validation {
    condition     = var.api.jwt == null || can(regex("^https://", var.api.jwt.issuer)) && try(length(var.api.jwt.audiences), 0) > 0
    error_message = "jwt needs an issuer that begins with https:// and at least one audience."
  }

  validation {
    condition     = var.api.requests_per_second >= 1 && var.api.concurrency >= 1
    error_message = "requests_per_second and concurrency must be 1 or more."
  }
}

variable "dashboard" {
  description = "Where the dashboard of services/dashboard runs: ec2, ecs or none, with its image, its place in a network, its name and certificate, and who logs people in. The README says what the network must reach."
  type = object({
    runs_on         = optional(string, "none")
    image_digest    = optional(string)
    domain_name     = optional(string)
    certificate_arn = optional(string)
    network         = optional(object({ vpc_id = string, subnet_ids = set(string), client_cidr_blocks = set(string) }))
    login           = optional(object({ user_pool_arn = string, user_pool_client_id = string, user_pool_domain = string }))
    machine         = optional(object({ image_id = optional(string), type = optional(string, "t3.micro"), memory_mb = optional(number, 2048) }), {})
  })
  default = {}

  validation {
    condition     = contains(["ec2", "ecs", "none"], var.dashboard.runs_on)
    error_message = "The dashboard runs on ec2, ecs or none."
  }

  validation {
    condition     = var.dashboard.runs_on == "none" || var.dashboard.network != null && var.dashboard.domain_name != null && var.dashboard.certificate_arn != null
    error_message = "A dashboard needs a network, a domain_name and its certificate_arn."
  }

  validation {
    condition     = var.dashboard.runs_on != "ec2" || can(regex("^ami-[0-9a-f]{8,17}$", var.dashboard.machine.image_id))
    error_message = "On ec2 a dashboard needs machine.image_id, the image of Amazon Linux 2023 that the bank has approved."
  }

  validation {
    condition     = var.dashboard.image_digest == null || can(regex("^sha256:[0-9a-f]{64}$", var.dashboard.image_digest))
    error_message = "image_digest must be sha256: and 64 hexadecimal digits, never a tag."
  }
}

variable "log_retention_days" {
  description = "Days that logs of functions, API and dashboard are kept."
  type        = number
  default     = 90

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_days)
    error_message = "log_retention_days must be a number of days that CloudWatch offers."
  }
}

variable "metrics_namespace" {
  description = "Where the monitor's figures are in CloudWatch; the code names it."
  type        = string
  default     = "RiskLakehouse"
}

variable "is_disposable" {
  description = "Whether repositories are destroyed with their images, and the load balancer without a second thought."
  type        = bool
  default     = false
}

variable "permissions_boundary_arn" {
  description = "Boundary of every role; null for none."
  type        = string
  default     = null
}
