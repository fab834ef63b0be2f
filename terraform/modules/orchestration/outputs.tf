output "state_machine_arns" {
  description = "The ARN of each state machine: daily, weekly and start."
  value       = { for machine, made in aws_sfn_state_machine.this : machine => made.arn }
}

output "definitions" {
  description = "What each state machine says."
  value       = module.definition.definitions
}

output "dashboard_name" {
  description = "The dashboard of rows, rejects, duration, freshness and cost."
  value       = aws_cloudwatch_dashboard.lake.dashboard_name
}

output "alarm_arns" {
  description = "Every alarm."
  value = concat(
    [for alarm in aws_cloudwatch_metric_alarm.failed : alarm.arn],
    [aws_cloudwatch_metric_alarm.no_success.arn, aws_cloudwatch_metric_alarm.stale.arn],
  )
}
