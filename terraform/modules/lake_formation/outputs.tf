output "database_prefix" {
  description = "Start of every database's name, known once new tables are closed by default: hand this one to catalog."
  value       = var.database_prefix
  depends_on  = [aws_lakeformation_data_lake_settings.account]
}

output "tags" {
  description = "Keys of the tags of class and zone; null where Lake Formation is off."
  value       = var.is_enabled ? { classification = local.class_tag, zone = local.zone_tag } : null
}
