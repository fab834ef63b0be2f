output "repository_urls" {
  description = "Where each image is pushed to: monitor, and dashboard where it runs."
  value       = { for image, repository in aws_ecr_repository.this : image => repository.repository_url }
}

output "function_names" {
  description = "The functions that judge and answer; none before an image was pushed."
  value       = merge({ for made in module.function : "judging" => made.name }, { for made in module.reading : "reading" => made.name })
}

output "refused_queue_url" {
  description = "The queue of what could not be judged; null before an image was pushed."
  value       = one(module.function[*].refused_queue_url)
}

output "deliveries_location" {
  description = "Where files of daily demand are put."
  value       = "s3://${local.deliveries.bucket}/${local.deliveries.prefix}"
}

output "api_endpoint" {
  description = "Where judged days are asked for; null before an image was pushed."
  value       = one(module.reading[*].api_endpoint)
}

output "dashboard_address" {
  description = "Name of the load balancer that the domain of the dashboard points to; null where there is none."
  value       = one(module.dashboard[*].address)
}

output "widgets" {
  description = "What the lake's dashboard in CloudWatch shows of the monitor."
  value       = length(module.function) == 0 ? [] : module.function[0].widgets
}

output "kms_key_arn" {
  description = "The key of images, queue and settings."
  value       = aws_kms_key.monitor.arn
}
