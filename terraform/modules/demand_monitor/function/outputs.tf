output "name" {
  description = "The function that judges."
  value       = aws_lambda_function.judging.function_name
}

output "refused_queue_url" {
  description = "The queue of what could not be judged."
  value       = aws_sqs_queue.refused.url
}

output "widgets" {
  description = "Title and figure of each widget, as the lake's dashboard takes them."
  value = [
    for metric, told in {
      AmountAtRisk = { title = "Demand: money at risk, by currency", labels = "Currency,Monitor" }
      Anomalies    = { title = "Demand: anomalies of the newest day", labels = "MethodFamily,Monitor" }
      DaysBehind   = { title = "Demand: days since the newest result", labels = "Monitor" }
      } : {
      title      = told.title
      expression = "SEARCH('{${var.metrics_namespace},${told.labels}} MetricName=\"${metric}\" Monitor=\"${var.name}\"', 'Maximum', 86400)"
    }
  ]
}
