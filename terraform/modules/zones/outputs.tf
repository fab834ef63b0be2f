output "buckets" {
  description = "Bucket of each zone, athena-results among them: name and ARN."
  value       = { for zone, bucket in aws_s3_bucket.zone : zone => { name = bucket.bucket, arn = bucket.arn } }
}

output "logs_bucket" {
  description = "Bucket of the logs, known once its policy lets CloudTrail write: name and ARN."
  value       = { name = aws_s3_bucket.zone["logs"].bucket, arn = aws_s3_bucket.zone["logs"].arn }
  depends_on  = [aws_s3_bucket_policy.zone]
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts the lake."
  value       = aws_kms_key.lake.arn
}

output "lake_location" {
  description = "What every command takes as --lake; {zone} stands for the zone."
  value       = "s3://${var.prefix}-{zone}"
}
