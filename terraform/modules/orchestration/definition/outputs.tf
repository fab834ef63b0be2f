output "definitions" {
  description = "The definition of each state machine in Amazon States Language: daily, weekly and start."
  value       = local.definitions
}

output "pipelines" {
  description = "The jobs of each pipeline in their order."
  value       = { daily = [for step in local.steps["day"] : step.name], weekly = [for step in local.steps["week"] : step.name] }
}
