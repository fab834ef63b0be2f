output "lakehouse" {
  description = "Everything that commands and people need to know of this environment."
  value       = module.lakehouse
}
