output "role_arns" {
  description = "Roles that workflows take: plan and apply."
  value       = { for name, role in aws_iam_role.deploy : name => role.arn }
}

output "permissions_boundary_arn" {
  description = "Boundary that every role of the lake must have, or the deployment may not make it."
  value       = aws_iam_policy.boundary.arn
}

output "github_provider_arn" {
  description = "Identity provider of GitHub, which an account has once."
  value       = local.provider_arn
}
