# Policies as the provider itself writes them; a plan asks nothing of AWS.
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

override_resource {
  target = aws_iam_openid_connect_provider.github
  values = { arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
}

variables {
  prefix              = "risk-lakehouse-test"
  bucket_prefix       = "example-lake-test"
  database_prefix     = "risk_lakehouse_test"
  repository          = "example-bank/risk-lakehouse"
  environment         = "prod"
  github_provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  state = {
    bucket_arn  = "arn:aws:s3:::example-state"
    key         = "risk-lakehouse/prod.tfstate"
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/state"
  }
}

run "trust_compares_audience_and_whole_subject" {
  command = plan

  assert {
    condition = toset(flatten([
      for name, document in data.aws_iam_policy_document.trust : [
        for test, variables in jsondecode(document.json).Statement[0].Condition : [
          for variable, values in variables : [for value in flatten([values]) : "${name} ${test} ${split(":", variable)[1]} ${value}"]
        ]
      ]
      ])) == toset([
      "apply StringEquals aud sts.amazonaws.com",
      "apply StringEquals sub repo:example-bank/risk-lakehouse:environment:prod",
      "plan StringEquals aud sts.amazonaws.com",
      "plan StringEquals sub repo:example-bank/risk-lakehouse:pull_request",
      "plan StringEquals sub repo:example-bank/risk-lakehouse:ref:refs/heads/main",
    ])
    error_message = "A role can be taken by another workflow than its own."
  }

  assert {
    condition     = alltrue([for document in values(data.aws_iam_policy_document.trust) : !strcontains(document.json, "*")])
    error_message = "A star stands in a trust."
  }
}

run "pull_requests_change_nothing" {
  command = plan

  assert {
    condition     = toset([for name, attached in local.attached : attached.name if attached.role == "plan"]) == toset(["read", "guard"])
    error_message = "The plan role has another policy than reading and the guard."
  }

  assert {
    condition = toset(flatten([
      for statement in data.aws_iam_policy_document.read.statement : [
        for action in statement.actions : action if !can(regex(":(Describe|Get|GET$|List|View|Validate|Decrypt)", action))
      ]
    ])) == toset(["s3:DeleteObject", "s3:PutObject", "kms:GenerateDataKey"])
    error_message = "Reading settings changes something beside the lock."
  }

  assert {
    condition = [
      for statement in data.aws_iam_policy_document.read.statement : one(statement.resources) if contains(statement.actions, "s3:PutObject")
    ] == ["arn:aws:s3:::example-state/risk-lakehouse/prod.tfstate.tflock"]
    error_message = "A plan writes something else than the lock."
  }

  assert {
    condition = toset(flatten([
      for statement in data.aws_iam_policy_document.read.statement : statement.resources if contains(statement.actions, "s3:GetObject")
    ])) == toset(["arn:aws:s3:::example-state/risk-lakehouse/prod.tfstate", "arn:aws:s3:::example-lake-test-artifacts/glue/*"])
    error_message = "A plan reads objects beside code and the state of its environment."
  }
}

run "nobody_who_deploys_reads_data" {
  command = plan

  assert {
    condition = alltrue([
      for zone in ["landing", "bronze", "silver", "gold", "quarantine", "ops", "models", "athena-results"] : contains(
        flatten([for statement in data.aws_iam_policy_document.guard.statement : statement.resources if statement.sid == "NeverReadData" && statement.effect == "Deny"]),
        "arn:aws:s3:::example-lake-test-${zone}/*"
      )
    ])
    error_message = "A deployment could read data."
  }

  assert {
    condition     = toset([for role in ["plan", "apply"] : contains([for name, attached in local.attached : attached.name if attached.role == role], "guard")]) == toset([true])
    error_message = "A role deploys without the guard."
  }

  assert {
    condition     = !strcontains(data.aws_iam_policy_document.read.json, "GetSecretValue") && !strcontains(data.aws_iam_policy_document.read.json, "secretsmanager:Get*")
    error_message = "A pull request could read the key of pseudonyms."
  }

  assert {
    condition = one([
      for statement in data.aws_iam_policy_document.guard.statement : one(statement.not_resources) if statement.effect == "Deny" && contains(statement.actions, "secretsmanager:GetSecretValue")
    ]) == "arn:aws:secretsmanager:eu-west-1:123456789012:secret:risk-lakehouse-test/*"
    error_message = "A deployment reads secrets of others."
  }
}

run "roles_are_made_inside_the_boundary_alone" {
  command = plan

  assert {
    condition = alltrue([
      for statement in concat(data.aws_iam_policy_document.make.statement, data.aws_iam_policy_document.roles.statement) :
      !anytrue([for action in statement.actions : contains(["iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"], action)]) || [
        for condition in statement.condition : "${condition.variable} ${join(" ", condition.values)}"
      ] == ["iam:PermissionsBoundary arn:aws:iam::123456789012:policy/risk-lakehouse-test-boundary"]
    ])
    error_message = "A deployment makes a role without the boundary."
  }

  assert {
    condition = alltrue([
      for own in ["role/risk-lakehouse-test-apply", "role/risk-lakehouse-test-plan", "policy/risk-lakehouse-test-boundary", "policy/risk-lakehouse-test-deploy-*"] : contains(
        flatten([for statement in data.aws_iam_policy_document.guard.statement : statement.resources if statement.sid == "NeverChangeOwnRights"]),
        "arn:aws:iam::123456789012:${own}"
      )
    ])
    error_message = "A deployment can widen its own rights."
  }

  assert {
    condition     = !anytrue(flatten([for statement in concat(data.aws_iam_policy_document.make.statement, data.aws_iam_policy_document.roles.statement) : [for action in statement.actions : contains(["iam:*", "*", "iam:CreateUser", "iam:CreatePolicyVersion", "iam:DeleteRolePermissionsBoundary"], action)]]))
    error_message = "A deployment has more of IAM than roles."
  }

  # What has a name is made under it alone.
  assert {
    condition = toset([
      for statement in concat(data.aws_iam_policy_document.make.statement, data.aws_iam_policy_document.run.statement, data.aws_iam_policy_document.roles.statement) : statement.sid if contains(statement.resources, "*")
    ]) == toset(["LogInToRegistry", "MakeMachines", "MakeUnnamed"])
    error_message = "A wildcard stands outside the list."
  }

  assert {
    condition     = alltrue([for service, verbs in local.unnamed : !contains(verbs, "*")]) && alltrue([for service, verbs in local.read : !contains(verbs, "*")])
    error_message = "A whole service is allowed."
  }
}

run "the_boundary_denies_what_no_role_needs" {
  command = plan

  assert {
    condition = alltrue([
      for action in [
        "iam:Create*", "iam:Put*", "iam:Attach*", "iam:PassRole", "cloudtrail:StopLogging", "cloudtrail:Delete*", "logs:DeleteLogGroup",
        "kms:ScheduleKeyDeletion", "s3:PutBucketPolicy", "s3:PutLifecycleConfiguration", "config:Stop*", "guardduty:Delete*", "organizations:*",
      ] :
      contains(flatten([for statement in data.aws_iam_policy_document.boundary.statement : statement.actions if statement.effect == "Deny"]), action)
    ])
    error_message = "A role of the lake could change rights or end the audit."
  }

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.boundary.json).Statement : statement.Condition
      if statement.Sid == "NoOtherRegion" && statement.Effect == "Deny"
    ] == [{ StringNotEquals = { "aws:RequestedRegion" = "eu-west-1" } }]
    error_message = "A role of the lake could leave the region."
  }

  # What roles do need stays open: the control of the two above.
  assert {
    condition = length(setintersection(
      flatten([for statement in data.aws_iam_policy_document.boundary.statement : statement.actions if statement.effect == "Deny"]),
      ["s3:*", "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "kms:Decrypt", "kms:GenerateDataKey", "glue:*", "logs:PutLogEvents", "logs:*", "secretsmanager:*"],
    )) == 0
    error_message = "The boundary stops the jobs."
  }

  assert {
    condition     = aws_iam_role.deploy["apply"].permissions_boundary == null
    error_message = "The role that makes roles stands in a boundary without iam."
  }
}

run "prod_is_not_destroyed_by_a_deployment" {
  command = plan

  assert {
    condition     = anytrue([for statement in data.aws_iam_policy_document.guard.statement : statement.effect == "Deny" && contains(statement.actions, "kms:ScheduleKeyDeletion")])
    error_message = "A deployment can remove the key."
  }
}

run "dev_can_be_destroyed" {
  command = plan

  variables {
    may_destroy = true
  }

  assert {
    condition     = !anytrue([for statement in data.aws_iam_policy_document.guard.statement : contains(statement.actions, "kms:ScheduleKeyDeletion")])
    error_message = "The toggle changes nothing."
  }
}

run "policies_fit" {
  command = plan

  # 6,144 characters each, blanks not counted.
  assert {
    condition = max([
      for document in [data.aws_iam_policy_document.read, data.aws_iam_policy_document.guard, data.aws_iam_policy_document.make, data.aws_iam_policy_document.run, data.aws_iam_policy_document.roles, data.aws_iam_policy_document.boundary] :
      length(jsonencode(jsondecode(document.json)))
    ]...) < 6000
    error_message = "A policy is longer than IAM takes: ${length(data.aws_iam_policy_document.read.minified_json)}, ${length(data.aws_iam_policy_document.make.minified_json)}."
  }
}

run "the_provider_is_made_where_there_is_none" {
  command = plan

  variables {
    github_provider_arn = null
  }

  assert {
    condition     = aws_iam_openid_connect_provider.github[0].url == "https://token.actions.githubusercontent.com" && aws_iam_openid_connect_provider.github[0].client_id_list == toset(["sts.amazonaws.com"])
    error_message = "The provider is not GitHub's, or takes tokens made for others."
  }
}

run "refuses_wrong_input" {
  command = plan

  variables {
    repository          = "example-bank/*"
    branch              = "*"
    environment         = "*"
    github_provider_arn = "arn:aws:iam::123456789012:oidc-provider/example.org"
    state               = { bucket_arn = "arn:aws:s3:::*", key = "*", kms_key_arn = "alias/state" }
  }

  expect_failures = [var.repository, var.branch, var.environment, var.github_provider_arn, var.state]
}
