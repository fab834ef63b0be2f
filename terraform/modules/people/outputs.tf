output "role_arns" {
  description = "Role of each team of analysts, reader and of data stewards and QuickSight, by name."
  value       = { for name, role in aws_iam_role.reader : name => role.arn }
}

output "policies" {
  description = "Policy of each role as JSON, for permission sets of IAM Identity Center or QuickSight's own service role."
  value       = { for name, document in data.aws_iam_policy_document.reader : name => document.json }
}

output "grants" {
  description = "Each role and whether it sees personal data, as the module lake_formation takes them."
  value = { for name, role in local.roles : name => {
    principal_arn   = aws_iam_role.reader[name].arn
    sees_everything = role.is_steward
  } }
}
