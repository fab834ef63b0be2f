output "databases" {
  description = "Database of each zone, views among them."
  value       = { for zone, database in aws_glue_catalog_database.zone : zone => database.name }
}

output "tables" {
  description = "Tables made from contracts, <zone>.<table>: database, name and the names of columns by classification."
  value = {
    for name, table in local.tables : name => {
      database       = aws_glue_catalog_table.delta[name].database_name
      name           = table.name
      classification = { for column in table.columns : column.classification => column.name... }
    }
  }
}

output "crawlers" {
  description = "Names of the crawlers, by zone."
  value = merge(
    { landing = aws_glue_crawler.landing.name },
    { for zone, crawler in aws_glue_crawler.delta : zone => crawler.name },
  )
}

output "security_configuration" {
  description = "Name of the security configuration for Glue jobs."
  value       = aws_glue_security_configuration.lake.name
}
