variable "wheels" {
  description = "A zip of wheels to upload. The server runs no job, so it need not hold what a job needs."
  type        = string
}

variable "alert_package" {
  description = "The zip of the alert function."
  type        = string
}

variable "dashboard_runs_on" {
  description = "Where the dashboard runs: ec2, ecs or none."
  type        = string
  default     = "ec2"
}

variable "machine_image_id" {
  description = "An image of a machine that the server knows."
  type        = string
  default     = "ami-010210687841fde65"
}
