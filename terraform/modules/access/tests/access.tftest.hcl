mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
}

variables {
  prefix              = "risk-lakehouse-test"
  kms_key_arn         = "arn:aws:kms:eu-west-1:123456789012:key/lake"
  hmac_key_secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:hmac"
  database_prefix     = "risk_lakehouse_test"
  access              = jsondecode(file("../../access.json"))
  athena = {
    workgroup_arn  = "arn:aws:athena:eu-west-1:123456789012:workgroup/bank-platform"
    results_prefix = "platform/"
  }
  buckets = {
    for zone in ["landing", "bronze", "silver", "gold", "quarantine", "ops", "models", "logs", "artifacts", "athena-results"] :
    zone => { name = "bank-${zone}", arn = "arn:aws:s3:::bank-${zone}" }
  }
}

run "each_job_touches_its_own_places" {
  command = plan

  assert {
    condition = alltrue([
      for job, document in data.aws_iam_policy_document.job :
      toset(document.statement[1].resources) == toset([
        for place in concat(var.access[job].writes, job == "views" ? ["athena-results/platform/"] : []) : "arn:aws:s3:::bank-${place}*"
      ])
    ])
    error_message = "A role writes other places than its job's."
  }

  assert {
    condition     = !anytrue([for resource in data.aws_iam_policy_document.job["gold"].statement[0].resources : strcontains(resource, "customers_pii")])
    error_message = "The gold job may read names and contacts."
  }

  assert {
    condition = [
      for job, document in data.aws_iam_policy_document.job : job
      if anytrue([for statement in document.statement : contains(statement.actions, "secretsmanager:GetSecretValue")])
    ] == ["silver"]
    error_message = "Another job than silver may read the key of pseudonyms."
  }

  assert {
    condition = alltrue(flatten([
      for document in concat(values(data.aws_iam_policy_document.job), [data.aws_iam_policy_document.service, data.aws_iam_policy_document.crawler]) : [
        for statement in document.statement :
        contains(["Measure", "TellFigures"], statement.sid) || !anytrue([for named in concat(tolist(statement.actions), tolist(statement.resources)) : named == "*" || endswith(named, ":*")])
      ]
    ]))
    error_message = "A wildcard stands outside the list of those that AWS leaves no other way for."
  }
}

run "only_the_job_of_views_asks_athena" {
  command = plan

  assert {
    condition = {
      for job, document in data.aws_iam_policy_document.job : job => flatten([
        for statement in document.statement : sort(statement.resources) if contains(["Ask", "MakeViews"], statement.sid)
      ])
      if anytrue([for statement in document.statement : anytrue([for action in statement.actions : can(regex("^(athena|glue):", action))])])
      } == { views = concat(
        ["arn:aws:athena:eu-west-1:123456789012:workgroup/bank-platform"],
        ["arn:aws:glue:eu-west-1:123456789012:catalog", "arn:aws:glue:eu-west-1:123456789012:database/risk_lakehouse_test_views"],
        [for name in sort(var.access["views"].makes_views) : "arn:aws:glue:eu-west-1:123456789012:table/risk_lakehouse_test_${replace(name, ".", "/")}"],
    ) }
    error_message = "Another job may ask Athena or change the catalogue, or the job of views may change more than them."
  }

  assert {
    condition = alltrue([
      for name in var.access["views"].asks : anytrue([
        for statement in data.aws_iam_policy_document.job["views"].statement :
        statement.sid == "ReadCatalog" && contains(statement.resources, "arn:aws:glue:eu-west-1:123456789012:table/risk_lakehouse_test_${replace(name, ".", "/")}")
      ])
    ])
    error_message = "A table below a view is not found in the catalogue."
  }
}

run "figures_of_runs_come_from_jobs_that_log_them" {
  command = plan

  assert {
    condition = [
      for job, document in data.aws_iam_policy_document.job : job
      if contains(flatten([for statement in document.statement : [for condition in statement.condition : tolist(condition.values)]]), "RiskLakehouse")
    ] == ["bronze", "gold", "scoring", "silver"]
    error_message = "Jobs that keep a run log cannot send its figures, or others can."
  }
}

run "crawlers_write_the_catalog_and_no_file" {
  command = plan

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.crawler.statement :
      !anytrue([for action in statement.actions : can(regex("^s3:(Put|Delete)|^secretsmanager:", action))])
    ])
    error_message = "The crawlers may write files or read the key of pseudonyms."
  }

  assert {
    condition     = !anytrue([for resource in data.aws_iam_policy_document.crawler.statement[0].resources : can(regex("silver|gold", resource))])
    error_message = "The crawlers may read tables that come from contracts."
  }
}

run "in_a_network_a_job_attaches_there_and_nowhere_else" {
  command = plan

  variables {
    network = { connection_name = "private", security_group_id = "sg-1", subnet_ids = ["subnet-1"] }
  }

  assert {
    condition = toset(data.aws_iam_policy_document.network[0].statement[2].resources) == toset([
      "arn:aws:ec2:eu-west-1:123456789012:network-interface/*",
      "arn:aws:ec2:eu-west-1:123456789012:security-group/sg-1",
      "arn:aws:ec2:eu-west-1:123456789012:subnet/subnet-1",
    ])
    error_message = "A job may attach itself to another network."
  }

  assert {
    condition     = toset(keys(aws_iam_role_policy.network)) == toset(keys(var.access))
    error_message = "A job has no way into the network."
  }
}

run "a_place_without_a_zone_is_refused" {
  command = plan

  variables {
    access = { gold = { reads = ["gold"], writes = [], needs_key = false } }
  }

  expect_failures = [var.access]
}
