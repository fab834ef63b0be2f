output "operations_topic" {
  description = "Where failures, alarms and budgets are told, and the key that encrypts it."
  value       = { arn = aws_sns_topic.this["operations"].arn, kms_key_arn = aws_kms_key.alerts.arn }
}

output "alerts_topic_arn" {
  description = "Where high-risk customers and compliance alerts are told."
  value       = aws_sns_topic.this["alerts"].arn
}

output "function_arn" {
  description = "The function that ends a daily run."
  value       = aws_lambda_function.alerts.arn
}

output "function_role_arn" {
  description = "The role that the function asks Athena with; Lake Formation, where it is on, must know it."
  value       = aws_iam_role.alerts.arn
}

output "sent_table" {
  description = "The table that remembers what was told."
  value       = aws_dynamodb_table.sent.name
}
