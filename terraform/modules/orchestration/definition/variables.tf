variable "jobs_file" {
  description = "glue/jobs.yaml, whose order is that of a run."
  type        = string
}

variable "job_names" {
  description = "The name of each Glue job, by job."
  type        = map(string)
}

variable "topic_arn" {
  description = "Where a failed run is told."
  type        = string
}

variable "alert_function_arn" {
  description = "The function that ends a daily run with its alerts; null for none."
  type        = string
  default     = null
}

variable "state_machine_arn_prefix" {
  description = "The ARN of every state machine up to the hyphen before the pipeline's name."
  type        = string
}

variable "metrics_namespace" {
  description = "Where the cost of a run is told in CloudWatch."
  type        = string
}

variable "queue_minutes" {
  description = "How long a job may wait for capacity beside its own timeout."
  type        = number
}

variable "partition" {
  description = "The partition in ARNs: aws, aws-cn or aws-us-gov."
  type        = string
  default     = "aws"
}
