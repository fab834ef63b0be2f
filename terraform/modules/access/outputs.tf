output "job_role_arns" {
  description = "The role of each Glue job, by job."
  value       = { for job, role in aws_iam_role.job : job => role.arn }
}

output "crawler_role_arn" {
  description = "The role of the crawlers."
  value       = aws_iam_role.crawler.arn
}
