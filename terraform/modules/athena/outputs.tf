output "workgroups" {
  description = "Workgroup of each team: name, ARN and the place of its results."
  value = {
    for team, workgroup in aws_athena_workgroup.team : team => {
      name            = workgroup.name
      arn             = workgroup.arn
      output_location = workgroup.configuration[0].result_configuration[0].output_location
    }
  }
}

output "saved_queries" {
  description = "Identifier of each saved query, <team>/<query>."
  value       = { for name, query in aws_athena_named_query.saved : name => query.id }
}
