# Policies as the provider itself writes them; a plan asks nothing of AWS. The tables are those of the contracts.
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

variables {
  prefix                   = "risk-lakehouse-test"
  permissions_boundary_arn = "arn:aws:iam::123456789012:policy/risk-lakehouse-boundary"
  kms_key_arn              = "arn:aws:kms:eu-west-1:123456789012:key/lake"
  views_path               = "../../../sql/views"
  analysts                 = { risk = ["arn:aws:iam::123456789012:user/ada"], compliance = ["arn:aws:iam::123456789012:user/alan"] }
  stewards                 = { team = "stewards", principal_arns = ["arn:aws:iam::123456789012:user/grace"] }
  readers                  = { alerts = { team = "services", principal_arns = ["arn:aws:iam::123456789012:role/alerts"] } }
  quicksight_team          = "dashboards"
  workgroups = { for team in ["risk", "compliance", "stewards", "services", "dashboards"] : team => {
    name            = "lake-${team}"
    arn             = "arn:aws:athena:eu-west-1:123456789012:workgroup/lake-${team}"
    output_location = "s3://bank-athena-results/${team}/"
  } }
  databases = { for zone in ["landing", "bronze", "silver", "gold", "quarantine", "ops", "views"] : zone => "lake_${zone}" }
  buckets = { for zone in ["landing", "bronze", "silver", "gold", "quarantine", "ops", "models", "logs", "artifacts", "athena-results"] :
    zone => { name = "bank-${zone}", arn = "arn:aws:s3:::bank-${zone}" }
  }
  tables = {
    for entry in flatten([for file in fileset("../../../contracts", "*.yaml") : yamldecode(file("../../../contracts/${file}")).schema]) :
    entry.name => {
      database       = "lake_${split(".", entry.name)[0]}"
      name           = split(".", entry.name)[1]
      classification = { for property in entry.properties : property.classification => property.name... }
    } if !startswith(entry.name, "landing.")
  }
}

run "names_are_read_by_stewards_alone" {
  command = plan

  # The control comes first: the same question has an answer for stewards, so it can be asked.
  assert {
    condition = alltrue([
      for file in ["silver/customers_pii/part-0.parquet", "bronze/customers/part-0.parquet", "quarantine/customers/part-0.parquet"] : anytrue([
        for statement in jsondecode(data.aws_iam_policy_document.reader["data-steward"].json).Statement : anytrue([
          for resource in flatten([statement.Resource]) : can(regex("^${replace(resource, "*", ".*")}$", "arn:aws:s3:::bank-${file}"))
        ]) if statement.Effect == "Allow" && contains(flatten([statement.Action]), "s3:GetObject")
      ])
    ])
    error_message = "Stewards cannot read names, or the test cannot tell."
  }

  assert {
    condition = [
      for name, document in data.aws_iam_policy_document.reader : name if anytrue(flatten([
        for file in [
          "silver/customers_pii/part-0.parquet", "silver/customers_pii/_delta_log/0.json", "landing/customers/a.csv",
          "bronze/customers/part-0.parquet", "quarantine/customers/part-0.parquet", "ops/.erasure.json", "models/loan_default/model.json",
          ] : [
          for statement in jsondecode(document.json).Statement : [
            for resource in flatten([statement.Resource]) : can(regex("^${replace(resource, "*", ".*")}$", "arn:aws:s3:::bank-${file}"))
          ] if statement.Effect == "Allow" && contains(flatten([statement.Action]), "s3:GetObject")
        ]
      ]))
    ] == ["data-steward"]
    error_message = "Somebody else than stewards may read a file with names."
  }

  assert {
    condition = alltrue([
      for name, document in data.aws_iam_policy_document.reader : name == "data-steward" || anytrue([
        for statement in jsondecode(document.json).Statement :
        contains(flatten([statement.Resource]), "arn:aws:s3:::bank-silver/customers_pii/*") && contains(flatten([statement.Resource]), "arn:aws:s3:::bank-bronze/*")
        if statement.Effect == "Deny" && contains(flatten([statement.Action]), "s3:GetObject")
      ])
    ])
    error_message = "Another policy attached to a role could open names to it."
  }

  assert {
    condition     = !strcontains(replace(data.aws_iam_policy_document.reader["analyst-risk"].json, "silver/customers_pii/*", ""), "customers_pii")
    error_message = "Analysts see in the catalog, or may list, the table of names."
  }

  assert {
    condition = alltrue([
      for table in ["gold/customer_360", "gold/loan_summary", "silver/customers", "silver/transactions", "ops/data_quality"] : contains(
        flatten([for statement in data.aws_iam_policy_document.reader["analyst-risk"].statement : statement.resources if statement.sid == "ReadTables"]),
        "arn:aws:s3:::bank-${table}/*"
      )
    ])
    error_message = "Analysts cannot read the tables that they are there for."
  }
}

run "answers_of_others_stay_closed" {
  command = plan

  assert {
    condition = { for name, document in data.aws_iam_policy_document.reader : name => one([
      for statement in document.statement : one(statement.resources) if statement.sid == "KeepAnswers"
      ]) } == {
      analyst-compliance = "arn:aws:s3:::bank-athena-results/compliance/*"
      analyst-risk       = "arn:aws:s3:::bank-athena-results/risk/*"
      data-steward       = "arn:aws:s3:::bank-athena-results/stewards/*"
      quicksight         = "arn:aws:s3:::bank-athena-results/dashboards/*"
      reader-alerts      = "arn:aws:s3:::bank-athena-results/services/*"
    }
    error_message = "A role reads the answers of another team."
  }

  assert {
    condition = alltrue([for document in values(data.aws_iam_policy_document.reader) : alltrue([
      for statement in document.statement : statement.sid != "Query" || length(statement.resources) == 1
    ])])
    error_message = "A role queries in more than its workgroup."
  }
}

run "nothing_is_written_and_no_star_stands_outside_the_list" {
  command = plan

  assert {
    condition = toset(flatten([
      for document in values(data.aws_iam_policy_document.reader) : [
        for statement in document.statement : [
          for action in statement.actions : action if can(regex(":(Put|Delete|Create|Update|Write)", action))
        ] if statement.effect != "Deny"
      ]
    ])) == toset(["s3:PutObject"])
    error_message = "A reader may change something beside its answers."
  }

  assert {
    condition = toset(flatten([
      for document in values(data.aws_iam_policy_document.reader) : [
        for statement in document.statement : statement.sid
        if anytrue([for named in concat(tolist(statement.actions), tolist(statement.resources)) : named == "*" || endswith(named, ":*")])
      ]
    ])) == toset(["Browse"])
    error_message = "A wildcard stands outside the list of those that AWS leaves no other way for."
  }

  assert {
    condition     = alltrue([for role in values(aws_iam_role.reader) : role.permissions_boundary == var.permissions_boundary_arn])
    error_message = "A role has no boundary."
  }
}

run "people_need_a_second_factor" {
  command = plan

  assert {
    condition = {
      for name, document in data.aws_iam_policy_document.trust : name => try(jsondecode(document.json).Statement[0].Condition, null)
      } == {
      analyst-compliance = { Bool = { "aws:MultiFactorAuthPresent" = "true" } }
      analyst-risk       = { Bool = { "aws:MultiFactorAuthPresent" = "true" } }
      data-steward       = { Bool = { "aws:MultiFactorAuthPresent" = "true" } }
      quicksight         = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
      reader-alerts      = null
    }
    error_message = "A person takes a role without a second factor, or QuickSight of another account does."
  }

  assert {
    condition     = jsondecode(data.aws_iam_policy_document.trust["analyst-risk"].json).Statement[0].Principal == { AWS = "arn:aws:iam::123456789012:user/ada" }
    error_message = "Others than the team's principals may take its role."
  }
}

run "lake_formation_takes_the_files_away" {
  command = plan

  variables {
    is_lake_formation_enabled = true
  }

  assert {
    condition = alltrue([
      for document in values(data.aws_iam_policy_document.reader) :
      !anytrue([for statement in document.statement : statement.sid == "ReadTables"])
      && anytrue([for statement in document.statement : statement.sid == "AskLakeFormation"])
    ])
    error_message = "A role reads files past Lake Formation's columns."
  }
}

run "indirect_identifiers_can_be_closed_too" {
  command = plan

  variables {
    hidden_classes = ["pii_direct", "pii_indirect"]
  }

  assert {
    condition = !anytrue([
      for resource in flatten([for statement in data.aws_iam_policy_document.reader["analyst-risk"].statement : statement.resources if statement.sid == "ReadTables"]) :
      strcontains(resource, "customer_360")
    ])
    error_message = "A table with indirect identifiers is open."
  }
}

run "stewards_do_not_share_a_workgroup" {
  command = plan

  variables {
    stewards = { team = "risk", principal_arns = ["arn:aws:iam::123456789012:user/grace"] }
  }

  expect_failures = [var.stewards]
}

run "a_team_without_people_or_workgroup_is_refused" {
  command = plan

  variables {
    analysts       = { risk = [], ghosts = ["arn:aws:iam::123456789012:user/ada"] }
    readers        = { alerts = { team = "nobody", principal_arns = ["arn:aws:iam::123456789012:role/alerts"] } }
    hidden_classes = []
  }

  expect_failures = [var.analysts, var.readers, var.hidden_classes]
}

run "policies_fit_with_the_longest_names" {
  command = plan

  variables {
    buckets = { for zone in ["landing", "bronze", "silver", "gold", "quarantine", "ops", "models", "logs", "artifacts", "athena-results"] :
      zone => { name = "a-bank-with-quite-a-long-name-${zone}", arn = "arn:aws:s3:::a-bank-with-quite-a-long-name-${zone}" }
    }
    databases = { for zone in ["landing", "bronze", "silver", "gold", "quarantine", "ops", "views"] : zone => "risk_lakehouse_prod_${zone}" }
  }

  # A role takes 10,240 characters of its own, blanks not counted.
  assert {
    condition     = max([for document in values(data.aws_iam_policy_document.reader) : length(jsonencode(jsondecode(document.json)))]...) < 9000
    error_message = "A policy is near or over what IAM takes: ${jsonencode({ for name, document in data.aws_iam_policy_document.reader : name => length(jsonencode(jsondecode(document.json))) })}."
  }
}
