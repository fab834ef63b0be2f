variable "wheels" {
  description = "A zip of wheels to upload. The server runs no job, so it need not hold what a job needs."
  type        = string
}

variable "alert_package" {
  description = "The zip of the alert function."
  type        = string
}
