output "address" {
  description = "Name of the load balancer that the domain points to."
  value       = aws_lb.dashboard.dns_name
}
