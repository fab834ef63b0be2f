output "data_source_id" {
  description = "The Athena data source."
  value       = aws_quicksight_data_source.athena.data_source_id
}

output "data_set_ids" {
  description = "Data set of each view."
  value       = { for name, set in aws_quicksight_data_set.view : name => set.data_set_id }
}

output "access_data_set_ids" {
  description = "Data set of rules, by the columns by which rows are given."
  value       = local.access_ids
}
