# Who deploys: a role that plans for pull requests and changes nothing, a role that applies from one protected environment of
# the repository, and the boundary that every role of the lake stands in. None of them reads data.
#
# Wildcards, and why: `<service>:Create*` and the other verbs of local.verbs stand on ARNs that begin with the lake's prefix;
# Describe*, Get* and List* of services that hold settings alone; a star as a resource where a service has none to name, in
# the deployment's region alone; and the boundary, which grants nothing.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
  home      = "${local.region}:${local.account}"
  iam       = "arn:${local.partition}:iam::${local.account}"
  s3        = "arn:${local.partition}:s3:::${var.bucket_prefix}"

  issuer       = "token.actions.githubusercontent.com"
  provider_arn = var.github_provider_arn == null ? aws_iam_openid_connect_provider.github[0].arn : var.github_provider_arn
  subjects = {
    plan  = ["repo:${var.repository}:pull_request", "repo:${var.repository}:ref:refs/heads/${var.branch}"]
    apply = ["repo:${var.repository}:environment:${var.environment}"]
  }
  own_roles    = [for name in keys(local.subjects) : "${local.iam}:role/${var.prefix}-${name}"]
  boundary_arn = "${local.iam}:policy/${var.prefix}-boundary"

  zones_with_data = ["landing", "bronze", "silver", "gold", "quarantine", "ops", "models", "athena-results"]

  # What Terraform asks in order to compare; settings, no data.
  read = {
    acm                  = ["DescribeCertificate"]
    apigateway           = ["GET"]
    athena               = ["GetDataCatalog", "GetNamedQuery", "GetWorkGroup", "ListNamedQueries", "ListTagsForResource"]
    budgets              = ["ListTagsForResource", "ViewBudget"]
    cloudformation       = ["DescribeStackEvents", "DescribeStacks", "GetTemplate"]
    cloudtrail           = ["DescribeTrails", "GetEventSelectors", "GetInsightSelectors", "GetTrail", "GetTrailStatus", "ListTags"]
    cloudwatch           = ["DescribeAlarms", "GetDashboard", "ListTagsForResource"]
    config               = ["Describe*", "ListTagsForResource"]
    ec2                  = ["Describe*"]
    ecr                  = ["DescribeRepositories", "GetLifecyclePolicy", "GetRepositoryPolicy", "ListTagsForResource"]
    ecs                  = ["Describe*"]
    elasticloadbalancing = ["Describe*"]
    events               = ["DescribeRule", "ListTagsForResource", "ListTargetsByRule"]
    glue                 = ["GetConnection", "GetCrawler", "GetDatabase", "GetDataCatalogEncryptionSettings", "GetJob", "GetSecurityConfiguration", "GetTable", "GetTags", "GetTrigger"]
    guardduty            = ["Get*", "List*"]
    iam                  = ["Get*", "List*"]
    kms                  = ["DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus", "ListAliases", "ListResourceTags"]
    lakeformation        = ["DescribeResource", "GetDataLakeSettings", "GetLFTag", "GetResourceLFTags", "ListPermissions"]
    lambda               = ["GetFunction", "GetFunctionCodeSigningConfig", "GetFunctionConfiguration", "GetFunctionEventInvokeConfig", "GetPolicy", "ListTags", "ListVersionsByFunction"]
    logs                 = ["DescribeLogGroups", "ListTagsForResource"]
    macie2               = ["GetMacieSession", "ListClassificationJobs", "DescribeClassificationJob"]
    quicksight           = ["Describe*", "ListTagsForResource"]
    scheduler            = ["GetSchedule", "GetScheduleGroup", "ListTagsForResource"]
    secretsmanager       = ["DescribeSecret", "GetRandomPassword", "GetResourcePolicy"]
    sns                  = ["GetSubscriptionAttributes", "GetTopicAttributes", "ListSubscriptionsByTopic", "ListTagsForResource"]
    sqs                  = ["GetQueueAttributes", "GetQueueUrl", "ListQueueTags"]
    states               = ["DescribeStateMachine", "ListStateMachineVersions", "ListTagsForResource", "ValidateStateMachineDefinition"]
  }

  verbs = ["Create*", "Delete*", "Put*", "Tag*", "Untag*", "Update*"]
  # What carries the lake's name, and verbs beside the usual ones.
  named = {
    athena         = { more = [], resources = ["workgroup/${var.prefix}-*"] }
    cloudformation = { more = [], resources = ["stack/${var.prefix}-*/*"] } # acts with the rights of whoever calls it
    cloudtrail     = { more = ["AddTags", "RemoveTags", "StartLogging"], resources = ["trail/${var.prefix}*"] }
    cloudwatch     = { more = [], resources = ["alarm:${var.prefix}-*"] }
    events         = { more = ["DisableRule", "EnableRule", "RemoveTargets"], resources = ["rule/${var.prefix}-*"] }
    glue = { more = [], resources = [
      "catalog", "connection/${var.prefix}-*", "crawler/${var.database_prefix}_*", "database/${var.database_prefix}_*",
      "job/${var.prefix}-*", "table/${var.database_prefix}_*", "trigger/${var.prefix}-*",
    ] }
    lambda         = { more = ["AddPermission", "RemovePermission", "PublishVersion"], resources = ["function:${var.prefix}-*"] }
    logs           = { more = ["AssociateKmsKey", "DisassociateKmsKey"], resources = ["log-group:/aws/*/${var.prefix}*"] }
    scheduler      = { more = [], resources = ["schedule-group/${var.prefix}-*", "schedule/*/${var.prefix}-*"] }
    secretsmanager = { more = ["CancelRotateSecret", "GetSecretValue", "RotateSecret"], resources = ["secret:${var.prefix}/*"] }
    sns            = { more = ["SetSubscriptionAttributes", "SetTopicAttributes", "Subscribe", "Unsubscribe"], resources = ["${var.prefix}-*"] }
    sqs            = { more = ["SetQueueAttributes"], resources = ["${var.prefix}-*"] }
    states         = { more = [], resources = ["stateMachine:${var.prefix}-*"] }
  }
  unnamed = {
    config        = ["DeleteConfigurationRecorder", "DeleteDeliveryChannel", "PutConfigurationRecorder", "PutDeliveryChannel", "StartConfigurationRecorder"]
    ec2           = ["AssociateRouteTable", "AuthorizeSecurityGroup*", "Create*", "Delete*", "DisassociateRouteTable", "ModifySubnetAttribute", "ModifyVpc*", "RevokeSecurityGroup*"]
    glue          = ["CreateSecurityConfiguration", "DeleteSecurityConfiguration", "PutDataCatalogEncryptionSettings"]
    guardduty     = ["CreateDetector", "UpdateDetector"]
    kms           = ["CreateAlias", "CreateKey", "DeleteAlias", "EnableKeyRotation", "PutKeyPolicy", "ScheduleKeyDeletion", "TagResource", "UntagResource", "UpdateAlias", "UpdateKeyDescription"]
    lakeformation = ["AddLFTagsToResource", "BatchGrantPermissions", "BatchRevokePermissions", "CreateLFTag", "DeleteLFTag", "DeregisterResource", "GrantPermissions", "PutDataLakeSettings", "RegisterResource", "RemoveLFTagsFromResource", "RevokePermissions", "UpdateLFTag", "UpdateResource"]
    logs          = ["CreateLogDelivery", "DeleteLogDelivery", "DescribeResourcePolicies", "GetLogDelivery", "ListLogDeliveries", "PutResourcePolicy", "UpdateLogDelivery"]
    macie2        = ["EnableMacie", "UpdateMacieSession"]
    quicksight    = ["CreateDataSet", "CreateDataSource", "CreateRefreshSchedule", "DeleteDataSet", "DeleteDataSource", "DeleteRefreshSchedule", "PassDataSet", "PassDataSource", "TagResource", "UntagResource", "UpdateDataSet", "UpdateDataSetPermissions", "UpdateDataSource", "UpdateDataSourcePermissions", "UpdateRefreshSchedule"]
  }
  # What runs images, and what stands in front of it. A machine is no data, and its name is only a tag.
  images = {
    ecr                  = { more = ["SetRepositoryPolicy"], resources = ["repository/${var.prefix}-*"] }
    ecs                  = { more = [], resources = ["cluster/${var.prefix}-*", "service/${var.prefix}-*/*"] }
    elasticloadbalancing = { more = ["AddTags", "DeregisterTargets", "Modify*", "RegisterTargets", "RemoveTags", "SetSecurityGroups", "SetSubnets"], resources = ["listener/app/${var.prefix}-*", "loadbalancer/app/${var.prefix}-*", "targetgroup/pages-*"] }
  }
  # Roles of the lake are handed to these services and to no other.
  passed_to = [for service in [
    "cloudtrail", "config", "ec2", "ecs-tasks", "events", "glue", "lakeformation", "lambda", "quicksight", "scheduler", "states",
    "vpc-flow-logs",
  ] : "${service}.amazonaws.com"]
  policies = {
    read  = data.aws_iam_policy_document.read.json
    guard = data.aws_iam_policy_document.guard.json
    make  = data.aws_iam_policy_document.make.json
    run   = data.aws_iam_policy_document.run.json
    roles = data.aws_iam_policy_document.roles.json
  }
  attached = merge([
    for role, names in { plan = ["guard", "read"], apply = keys(local.policies) } : { for name in names : "${role}/${name}" => { role = role, name = name } }
  ]...)
}

# ---- GitHub's workflows, which show a token in the place of a key

resource "aws_iam_openid_connect_provider" "github" {
  count          = var.github_provider_arn == null ? 1 : 0
  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "deploy" {
  for_each             = local.subjects
  name                 = "${var.prefix}-${each.key}"
  description          = each.key == "plan" ? "Compares what is with what is written; changes nothing." : "Applies from the environment ${var.environment}, which asks for approval."
  assume_role_policy   = data.aws_iam_policy_document.trust[each.key].json
  max_session_duration = 3600
  # The role that makes roles is bounded by its own denials; a boundary without iam would stop it.
  permissions_boundary = each.key == "plan" ? aws_iam_policy.boundary.arn : null
}

data "aws_iam_policy_document" "trust" {
  for_each = local.subjects

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }

    # Equal, not like: a star here would let any branch, or any repository of the owner, deploy.
    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:sub"
      values   = each.value
    }
  }
}

resource "aws_iam_policy" "deploy" {
  for_each    = local.policies
  name        = "${var.prefix}-deploy-${each.key}"
  description = "${each.key} of ${var.prefix}: see the module deployment."
  policy      = each.value
}

resource "aws_iam_role_policy_attachment" "deploy" {
  for_each   = local.attached
  role       = aws_iam_role.deploy[each.value.role].name
  policy_arn = aws_iam_policy.deploy[each.value.name].arn
}

data "aws_iam_policy_document" "read" {
  #checkov:skip=CKV_AWS_356:settings of services whose lists and descriptions know no resource; the guard denies data
  statement {
    sid       = "ReadSettings"
    actions   = flatten([for service, verbs in local.read : [for verb in verbs : "${service}:${verb}"]])
    resources = ["*"]
  }

  statement {
    sid       = "ReadBuckets"
    actions   = ["s3:GetAccelerateConfiguration", "s3:GetBucket*", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration", "s3:ListBucket"]
    resources = ["${local.s3}-*"]
  }

  statement {
    sid       = "ReadCode"
    actions   = ["s3:GetObject", "s3:GetObjectTagging"]
    resources = ["${local.s3}-artifacts/glue/*"]
  }

  statement {
    sid       = "ReadState"
    actions   = ["s3:GetObject"]
    resources = ["${var.state.bucket_arn}/${var.state.key}"]
  }

  statement {
    sid       = "ListState"
    actions   = ["s3:ListBucket"]
    resources = [var.state.bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${dirname(var.state.key)}/*", "env:/"] # the second is how Terraform looks for workspaces
    }
  }

  statement {
    sid       = "LockState"
    actions   = ["s3:DeleteObject", "s3:PutObject"]
    resources = ["${var.state.bucket_arn}/${var.state.key}.tflock"]
  }

  statement {
    sid       = "UseStateKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.state.kms_key_arn]
  }
}

data "aws_iam_policy_document" "guard" {
  statement {
    sid       = "NeverReadData"
    effect    = "Deny"
    actions   = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = [for zone in local.zones_with_data : "${local.s3}-${zone}/*"]
  }

  statement {
    sid       = "NeverAskForData"
    effect    = "Deny"
    actions   = ["athena:GetQueryResults*", "athena:StartQueryExecution", "lakeformation:GetDataAccess"]
    resources = ["*"]
  }

  # The provider reads a secret's value to compare it, so who applies may read those of the lake; who plans has no such right.
  statement {
    sid           = "NeverReadOtherSecrets"
    effect        = "Deny"
    actions       = ["secretsmanager:GetSecretValue"]
    not_resources = ["arn:${local.partition}:secretsmanager:${local.home}:secret:${var.prefix}/*"]
  }

  # Neither role, nor what bounds the others, is changed by a deployment.
  statement {
    sid    = "NeverChangeOwnRights"
    effect = "Deny"
    actions = [
      "iam:Attach*", "iam:Create*", "iam:Delete*", "iam:Detach*", "iam:Put*", "iam:Remove*", "iam:Set*", "iam:Tag*", "iam:Untag*", "iam:Update*",
    ]
    resources = concat(local.own_roles, [local.boundary_arn, "${local.iam}:policy/${var.prefix}-deploy-*", "${local.iam}:oidc-provider/*", "${local.iam}:user/*", "${local.iam}:group/*"])
  }

  statement {
    sid       = "NeverTakeBoundaryAway"
    effect    = "Deny"
    actions   = ["iam:DeleteRolePermissionsBoundary"]
    resources = ["*"]
  }

  dynamic "statement" {
    for_each = var.may_destroy ? [] : [1]
    content {
      sid    = "NeverDestroy"
      effect = "Deny"
      actions = [
        "cloudtrail:DeleteTrail", "cloudtrail:StopLogging", "config:DeleteConfigurationRecorder", "kms:DisableKey", "kms:ScheduleKeyDeletion",
        "s3:DeleteBucket", "s3:DeleteObjectVersion", "secretsmanager:DeleteSecret",
      ]
      resources = ["*"]
    }
  }
}

data "aws_iam_policy_document" "make" {
  statement {
    sid       = "WriteState"
    actions   = ["s3:PutObject"]
    resources = ["${var.state.bucket_arn}/${var.state.key}"]
  }

  statement {
    sid       = "MakeBuckets"
    actions   = ["s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:PutBucket*", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration"]
    resources = ["${local.s3}-*"]
  }

  statement {
    sid       = "UploadCode"
    actions   = ["s3:DeleteObject", "s3:PutObject", "s3:PutObjectTagging"]
    resources = ["${local.s3}-artifacts/glue/*"]
  }

  dynamic "statement" {
    for_each = local.named
    content {
      sid       = "Make${title(statement.key)}"
      actions   = [for verb in concat(local.verbs, statement.value.more) : "${statement.key}:${verb}"]
      resources = [for resource in statement.value.resources : "arn:${local.partition}:${statement.key}:${local.home}:${resource}"]
    }
  }

  statement {
    sid       = "MakeGlobal"
    actions   = ["budgets:ModifyBudget", "budgets:TagResource", "cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard"]
    resources = ["arn:${local.partition}:budgets::${local.account}:budget/${var.prefix}-*", "arn:${local.partition}:cloudwatch::${local.account}:dashboard/${var.prefix}-*"]
  }

}

data "aws_iam_policy_document" "run" {
  #checkov:skip=CKV_AWS_111:a machine, a task definition and the registry know no name to bound them by; they are bounded by the region
  #checkov:skip=CKV_AWS_356:as above
  dynamic "statement" {
    for_each = local.images
    content {
      sid       = "Make${title(statement.key)}"
      actions   = [for verb in concat(local.verbs, statement.value.more) : "${statement.key}:${verb}"]
      resources = [for resource in statement.value.resources : "arn:${local.partition}:${statement.key}:${local.home}:${resource}"]
    }
  }

  # An API has no name in its ARN before it is made.
  statement {
    sid       = "MakeApis"
    actions   = ["apigateway:DELETE", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT", "apigateway:TagResource"]
    resources = [for path in ["/apis", "/apis/*", "/tags/*"] : "arn:${local.partition}:apigateway:${local.region}::${path}"]
  }

  statement {
    sid       = "MakeProfiles"
    actions   = ["iam:AddRoleToInstanceProfile", "iam:CreateInstanceProfile", "iam:DeleteInstanceProfile", "iam:RemoveRoleFromInstanceProfile", "iam:TagInstanceProfile"]
    resources = ["${local.iam}:instance-profile/${var.prefix}-*"]
  }

  statement {
    sid       = "MakeMachines"
    actions   = ["ec2:ModifyInstanceAttribute", "ec2:ModifyInstanceMetadataOptions", "ec2:RunInstances", "ec2:StartInstances", "ec2:StopInstances", "ec2:TerminateInstances", "ecs:DeregisterTaskDefinition", "ecs:RegisterTaskDefinition", "ecs:TagResource"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [local.region]
    }
  }

  # Whose image, by digest, a function runs is looked up by who makes the function.
  statement {
    sid       = "PushImages"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"]
    resources = ["arn:${local.partition}:ecr:${local.home}:repository/${var.prefix}-*"]
  }

  statement {
    sid       = "LogInToRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "roles" {
  #checkov:skip=CKV_AWS_111:services that name nothing (local.unnamed) are bounded by the region
  #checkov:skip=CKV_AWS_109:as above
  #checkov:skip=CKV_AWS_356:as above
  statement {
    sid       = "MakeUnnamed"
    actions   = flatten([for service, verbs in local.unnamed : [for verb in verbs : "${service}:${verb}"]])
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [local.region]
    }
  }

  # A role is made, and given rights, only inside the boundary.
  statement {
    sid       = "MakeBoundedRoles"
    actions   = ["iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
    resources = ["${local.iam}:role/${var.prefix}-*"]

    condition {
      test     = "StringEquals"
      variable = "iam:PermissionsBoundary"
      values   = [local.boundary_arn]
    }
  }

  statement {
    sid = "ChangeRoles"
    actions = [
      "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy",
      "iam:UpdateRole", "iam:UpdateRoleDescription",
    ]
    resources = ["${local.iam}:role/${var.prefix}-*"]
  }

  statement {
    sid       = "HandRolesToServices"
    actions   = ["iam:PassRole"]
    resources = ["${local.iam}:role/${var.prefix}-*"]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = local.passed_to
    }
  }
}

# ---- the boundary: whatever a role of the lake is granted, it does none of this

resource "aws_iam_policy" "boundary" {
  name        = "${var.prefix}-boundary"
  description = "Outermost rights of every role of the lake."
  policy      = data.aws_iam_policy_document.boundary.json
}

data "aws_iam_policy_document" "boundary" {
  #checkov:skip=CKV_AWS_1:a boundary grants nothing; a role does what its own policy allows and this one does not deny
  #checkov:skip=CKV_AWS_49:as above
  #checkov:skip=CKV_AWS_107:as above
  #checkov:skip=CKV_AWS_108:as above
  #checkov:skip=CKV_AWS_109:as above
  #checkov:skip=CKV_AWS_110:as above
  #checkov:skip=CKV_AWS_111:as above
  #checkov:skip=CKV_AWS_356:as above
  #checkov:skip=CKV2_AWS_40:as above
  statement {
    sid       = "WhatRolesGrantThemselves"
    actions   = ["*"]
    resources = ["*"]
  }

  statement {
    sid    = "NoChangeOfRights"
    effect = "Deny"
    actions = [
      "account:*", "iam:Add*", "iam:Attach*", "iam:Create*", "iam:Delete*", "iam:Detach*", "iam:PassRole", "iam:Put*", "iam:Remove*", "iam:Set*",
      "iam:Tag*", "iam:Untag*", "iam:Update*", "iam:Upload*", "kms:CreateGrant", "kms:PutKeyPolicy", "lakeformation:*Permissions",
      "lakeformation:PutDataLakeSettings", "organizations:*", "s3:PutAccountPublicAccessBlock", "s3:PutBucketAcl", "s3:PutBucketPolicy",
      "s3:PutBucketPublicAccessBlock", "s3:DeleteBucketPolicy", "s3:PutObjectAcl",
    ]
    resources = ["*"]
  }

  statement {
    sid    = "NoEndOfAudit"
    effect = "Deny"
    actions = [
      "cloudtrail:Delete*", "cloudtrail:PutEventSelectors", "cloudtrail:StopLogging", "cloudtrail:Update*", "config:Delete*", "config:Stop*",
      "guardduty:Delete*", "guardduty:Disassociate*", "guardduty:UpdateDetector", "kms:DisableKey", "kms:ScheduleKeyDeletion", "logs:DeleteLogGroup",
      "logs:DeleteLogStream", "logs:DeleteRetentionPolicy", "logs:PutRetentionPolicy", "macie2:Disable*", "s3:DeleteBucket", "s3:PutBucketLogging",
      "s3:PutBucketVersioning", "s3:PutLifecycleConfiguration",
    ]
    resources = ["*"]
  }

  # Services with one place in the world answer from another region.
  statement {
    sid         = "NoOtherRegion"
    effect      = "Deny"
    not_actions = ["budgets:*", "cloudfront:*", "iam:*", "organizations:*", "route53:*", "s3:GetBucketLocation", "s3:ListAllMyBuckets", "sts:*", "support:*"]
    resources   = ["*"]

    condition {
      test     = "StringNotEquals"
      variable = "aws:RequestedRegion"
      values   = [local.region]
    }
  }
}
