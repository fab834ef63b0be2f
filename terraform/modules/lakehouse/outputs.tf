output "lake_location" {
  description = "What every command takes as --lake."
  value       = module.zones.lake_location
}

output "buckets" {
  description = "Bucket of each zone: name and ARN."
  value       = module.zones.buckets
}

output "jobs" {
  description = "Glue job of each entry of glue/jobs.yaml: name and ARN."
  value       = { for job, name in module.jobs.names : job => { name = name, arn = module.jobs.arns[job] } }
}

output "job_role_arns" {
  description = "Role of each Glue job."
  value       = module.access.job_role_arns
}

output "databases" {
  description = "Database of each zone, views among them."
  value       = module.catalog.databases
}

output "workgroups" {
  description = "Athena workgroup of each team: name, ARN and the place of its results."
  value       = module.athena.workgroups
}

output "pseudonym_key_secret_arn" {
  description = "Secret that holds the key of pseudonyms."
  value       = module.pseudonym_key.secret_arn
}

output "kms_key_arn" {
  description = "Key that encrypts the lake."
  value       = module.zones.kms_key_arn
}

output "people_role_arns" {
  description = "Role of each team of analysts, of stewards, readers and QuickSight."
  value       = module.people.role_arns
}

output "state_machine_arns" {
  description = "State machine of the daily run, of the weekly upkeep, and the one that starts a day."
  value       = module.orchestration.state_machine_arns
}

output "topic_arns" {
  description = "Where alerts on customers, and failures of runs, are told."
  value       = { alerts = module.alerting.alerts_topic_arn, operations = module.alerting.operations_topic.arn }
}

output "alert_function_arn" {
  description = "The function that tells new alerts."
  value       = module.alerting.function_arn
}

output "demand_monitor" {
  description = "The demand monitor's repositories, functions, API, queue and address; null where it is off."
  value       = one(module.demand_monitor)
}

output "quicksight_data_set_ids" {
  description = "QuickSight data set of each view; none where `risklake quicksight` makes them."
  value       = merge({}, module.quicksight[*].data_set_ids...)
}
