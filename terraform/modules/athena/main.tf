data "aws_caller_identity" "current" {}

locals {
  views = {
    for name in [for file in fileset(var.views_path, "*.sql") : trimsuffix(file, ".sql")] : name => {
      sql         = file("${var.views_path}/${name}.sql")
      description = yamldecode(file("${var.views_path}/${name}.yml")).description
    }
  }
  operations = {
    for name, description in {
      failed_checks  = "Checks that failed in each table's newest run, most rows first."
      slowest_tables = "How long each table took in the runs of the last 30 days, slowest first."
      } : name => {
      sql         = file("${path.module}/queries/${name}.sql")
      description = description
    }
  }
  queries = merge(local.views, local.operations)

  # A saved query is seen in its workgroup alone, so every team gets each of them.
  saved = merge([
    for team in keys(var.teams) : { for name in keys(local.queries) : "${team}/${name}" => { team = team, query = name } }
  ]...)
}

resource "aws_athena_workgroup" "team" {
  for_each    = var.teams
  name        = "${var.name}-${each.key}"
  description = "Queries of the team ${each.key}."

  configuration {
    # What a client asks for, another place for results or no encryption, is ignored.
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    requester_pays_enabled             = false
    bytes_scanned_cutoff_per_query     = each.value.scan_limit_bytes

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location       = "s3://${var.results_bucket}/${each.key}/"
      expected_bucket_owner = data.aws_caller_identity.current.account_id

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = var.kms_key_arn
      }
    }
  }
}

resource "aws_athena_named_query" "saved" {
  for_each    = local.saved
  name        = each.value.query
  description = local.queries[each.value.query].description
  workgroup   = aws_athena_workgroup.team[each.value.team].name
  database    = "${var.database_prefix}_views"
  # The files say gold.loan_summary; in the catalog a database's name starts with its environment.
  query = replace(
    local.queries[each.value.query].sql,
    "/\\b(from|join)(\\s+)(silver|gold|ops|views)\\./", "$${1}$${2}${var.database_prefix}_$${3}.",
  )
}
