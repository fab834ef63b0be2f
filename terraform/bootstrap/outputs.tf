output "backend_hcl" {
  description = "What terraform/envs/<environment>/backend.hcl must say; the environment knows the rest."
  value       = <<-EOT
    bucket     = "${aws_s3_bucket.state.bucket}"
    region     = "${var.region}"
    kms_key_id = "${aws_kms_key.state.arn}"
  EOT
}

output "role_arns" {
  description = "Roles of the workflow, for the variables PLAN_ROLE_ARN and APPLY_ROLE_ARN in GitHub."
  value       = module.deployment.role_arns
}

output "permissions_boundary_arn" {
  description = "Boundary that the environment passes to every module."
  value       = module.deployment.permissions_boundary_arn
}
