output "name" {
  description = "The function that answers."
  value       = aws_lambda_function.reading.function_name
}

output "api_endpoint" {
  description = "Where judged days are asked for."
  value       = aws_apigatewayv2_api.demand.api_endpoint
}
