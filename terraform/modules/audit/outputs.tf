output "trail_arn" {
  description = "ARN of the trail."
  value       = aws_cloudtrail.lake.arn
}

output "trail_log_group" {
  description = "Log group in which the trail can be searched and alarmed on."
  value       = aws_cloudwatch_log_group.trail.name
}

output "guardduty_detector_id" {
  description = "Detector of GuardDuty; null where it is off."
  value       = one(aws_guardduty_detector.account[*].id)
}
