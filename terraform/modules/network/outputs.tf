output "vpc_id" {
  description = "Identifier of the network."
  value       = aws_vpc.private.id
}

output "subnet_ids" {
  description = "Private subnets, one an availability zone."
  value       = [for subnet in aws_subnet.private : subnet.id]
}

output "security_group_id" {
  description = "Security group of jobs and endpoints."
  value       = aws_security_group.jobs.id
}

output "glue_connection_name" {
  description = "Connection that puts a Glue job into the network."
  value       = aws_glue_connection.network.name
}
