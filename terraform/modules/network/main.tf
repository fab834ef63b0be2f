data "aws_availability_zones" "available" {
  #checkov:skip=CKV_AWS_394:the first `availability_zone_count` are taken, so a zone that AWS adds changes nothing
  state = "available"

  # Local and Wavelength zones have few of the services below.
  filter {
    name   = "zone-type"
    values = ["availability-zone"]
  }
}

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  account    = data.aws_caller_identity.current.account_id
  region     = data.aws_region.current.name
  services   = toset(["athena", "events", "glue", "kms", "logs", "monitoring", "secretsmanager", "sns", "states", "sts"])
  first_zone = data.aws_availability_zones.available.names[0]
  subnets = {
    for index, zone in slice(data.aws_availability_zones.available.names, 0, var.availability_zone_count) :
    zone => cidrsubnet(var.cidr_block, 4, index)
  }
}

# ---- a network without a way out: no internet gateway, no NAT

resource "aws_vpc" "private" {
  cidr_block           = var.cidr_block
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = var.name }
}

resource "aws_subnet" "private" {
  for_each          = local.subnets
  vpc_id            = aws_vpc.private.id
  availability_zone = each.key
  cidr_block        = each.value

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.private.id

  tags = { Name = var.name }
}

resource "aws_route_table_association" "private" {
  for_each       = aws_subnet.private
  subnet_id      = each.value.id
  route_table_id = aws_route_table.private.id
}

# Without rules, so that nothing works by being forgotten in it.
resource "aws_default_security_group" "closed" {
  vpc_id = aws_vpc.private.id
}

# ---- ways to AWS

resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.private.id
  service_name      = "com.amazonaws.${local.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private.id]
  policy            = data.aws_iam_policy_document.s3_endpoint.json

  tags = { Name = "${var.name}-s3" }
}

# What leaves through this endpoint goes into the lake's buckets, even with credentials of another account.
data "aws_iam_policy_document" "s3_endpoint" {
  statement {
    sid = "UseLake"
    actions = [
      "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetBucketLocation", "s3:GetObject*", "s3:ListBucket*",
      "s3:ListMultipartUploadParts", "s3:PutObject",
    ]
    resources = flatten([for arn in var.lake_bucket_arns : [arn, "${arn}/*"]])

    # A gateway endpoint takes the account's root for the root user alone, so the account stands in a condition.
    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [local.account]
    }
  }

  # Read by the services themselves, whose account is not this one.
  dynamic "statement" {
    for_each = length(var.service_bucket_arns) == 0 ? [] : [var.service_bucket_arns]
    content {
      sid       = "ReadServiceFiles"
      actions   = ["s3:GetObject"]
      resources = [for arn in statement.value : "${arn}/*"]

      principals {
        type        = "*"
        identifiers = ["*"]
      }
    }
  }
}

resource "aws_vpc_endpoint" "service" {
  for_each            = local.services
  vpc_id              = aws_vpc.private.id
  service_name        = "com.amazonaws.${local.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [for subnet in aws_subnet.private : subnet.id]
  security_group_ids  = [aws_security_group.jobs.id]

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_security_group" "jobs" {
  name        = "${var.name}-jobs"
  description = "Jobs of the lake and the endpoints they call"
  vpc_id      = aws_vpc.private.id

  tags = { Name = "${var.name}-jobs" }
}

resource "aws_vpc_security_group_ingress_rule" "https" {
  security_group_id = aws_security_group.jobs.id
  description       = "HTTPS within the network"
  cidr_ipv4         = aws_vpc.private.cidr_block
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

# Glue refuses a connection whose group does not let its workers reach one another on every TCP port.
resource "aws_vpc_security_group_ingress_rule" "workers" {
  #checkov:skip=CKV_AWS_24:from the group itself, not from addresses
  #checkov:skip=CKV_AWS_25:as above
  #checkov:skip=CKV_AWS_260:as above
  security_group_id            = aws_security_group.jobs.id
  description                  = "Between the workers of a job"
  referenced_security_group_id = aws_security_group.jobs.id
  ip_protocol                  = "tcp"
  from_port                    = 0
  to_port                      = 65535
}

resource "aws_vpc_security_group_egress_rule" "workers" {
  security_group_id            = aws_security_group.jobs.id
  description                  = "Between the workers of a job, and to the endpoints"
  referenced_security_group_id = aws_security_group.jobs.id
  ip_protocol                  = "tcp"
  from_port                    = 0
  to_port                      = 65535
}

resource "aws_vpc_security_group_egress_rule" "s3" {
  security_group_id = aws_security_group.jobs.id
  description       = "HTTPS to S3 through its endpoint"
  prefix_list_id    = aws_vpc_endpoint.s3.prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_glue_connection" "network" {
  name            = "${var.name}-network"
  description     = "Puts Glue jobs into the private network"
  connection_type = "NETWORK"

  physical_connection_requirements {
    availability_zone      = local.first_zone
    subnet_id              = aws_subnet.private[local.first_zone].id
    security_group_id_list = [aws_security_group.jobs.id]
  }
}

# ---- flow logs

resource "aws_flow_log" "private" {
  vpc_id          = aws_vpc.private.id
  traffic_type    = "ALL"
  log_destination = aws_cloudwatch_log_group.flow.arn
  iam_role_arn    = aws_iam_role.flow.arn
}

resource "aws_cloudwatch_log_group" "flow" {
  #checkov:skip=CKV_AWS_338:the environment says how long; production a year, development two weeks
  name              = "/aws/vpc/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_iam_role" "flow" {
  name                 = "${var.name}-flow-logs"
  assume_role_policy   = data.aws_iam_policy_document.flow_trust.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "flow" {
  name   = "write-log-group"
  role   = aws_iam_role.flow.id
  policy = data.aws_iam_policy_document.flow.json
}

data "aws_iam_policy_document" "flow_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["vpc-flow-logs.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

data "aws_iam_policy_document" "flow" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.flow.arn}:*"]
  }

  statement {
    actions   = ["logs:DescribeLogGroups"]
    resources = ["*"]
  }
}
