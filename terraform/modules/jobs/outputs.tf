output "names" {
  description = "The name of each Glue job, by job."
  value       = { for job, made in aws_glue_job.this : job => made.name }
}

output "arns" {
  description = "The ARN of each Glue job, by job."
  value       = { for job, made in aws_glue_job.this : job => made.arn }
}
