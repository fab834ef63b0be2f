mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-west-1a", "eu-west-1b", "eu-west-1c"] }
  }

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/a-role" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:a-group" }
  }
}

variables {
  name             = "risk-lakehouse-test"
  lake_bucket_arns = ["arn:aws:s3:::example-lake-test-silver"]
  kms_key_arn      = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
}

run "no_way_out" {
  assert {
    condition = { for zone, subnet in aws_subnet.private : zone => subnet.cidr_block } == {
      eu-west-1a = "10.40.0.0/24", eu-west-1b = "10.40.1.0/24"
    }
    error_message = "The subnets are not one a zone, each with its own addresses."
  }

  assert {
    condition = alltrue([
      for subnet in values(aws_subnet.private) : subnet.map_public_ip_on_launch != true
    ]) && keys(aws_route_table_association.private) == keys(aws_subnet.private) && length(coalesce(aws_route_table.private.route, [])) == 0
    error_message = "A subnet has public addresses or a route beyond the network."
  }

  assert {
    condition     = length(coalesce(aws_default_security_group.closed.ingress, [])) + length(coalesce(aws_default_security_group.closed.egress, [])) == 0
    error_message = "The default security group lets something through."
  }

  assert {
    condition = alltrue([
      for rule in [aws_vpc_security_group_egress_rule.workers, aws_vpc_security_group_egress_rule.s3] : rule.cidr_ipv4 == null
    ]) && aws_vpc_security_group_egress_rule.s3.prefix_list_id == aws_vpc_endpoint.s3.prefix_list_id
    error_message = "Jobs may call addresses other than one another, the endpoints and S3."
  }

  assert {
    condition = (
      aws_vpc_security_group_ingress_rule.https.cidr_ipv4 == "10.40.0.0/20"
      && aws_vpc_security_group_ingress_rule.https.from_port == 443 && aws_vpc_security_group_ingress_rule.https.to_port == 443
    )
    error_message = "Others than HTTPS callers of the network reach the endpoints."
  }
}

run "jobs_can_work" {
  assert {
    condition = alltrue([
      for rule in [aws_vpc_security_group_ingress_rule.workers, aws_vpc_security_group_egress_rule.workers] :
      rule.referenced_security_group_id == aws_security_group.jobs.id && rule.ip_protocol == "tcp" && rule.from_port == 0 && rule.to_port == 65535
    ])
    error_message = "Glue's workers do not reach one another."
  }

  assert {
    condition = toset([for endpoint in values(aws_vpc_endpoint.service) : endpoint.service_name]) == toset([
      for service in ["athena", "events", "glue", "kms", "logs", "monitoring", "secretsmanager", "sns", "states", "sts"] :
      "com.amazonaws.eu-west-1.${service}"
      ]) && alltrue([
      for endpoint in values(aws_vpc_endpoint.service) : endpoint.vpc_endpoint_type == "Interface" && endpoint.private_dns_enabled
      && length(endpoint.subnet_ids) == length(aws_subnet.private) && endpoint.security_group_ids == toset([aws_security_group.jobs.id])
    ])
    error_message = "A service the lake calls cannot be reached."
  }

  assert {
    condition = (
      aws_vpc_endpoint.s3.vpc_endpoint_type == "Gateway" && aws_vpc_endpoint.s3.route_table_ids == toset([aws_route_table.private.id])
      && aws_vpc_endpoint.s3.policy == data.aws_iam_policy_document.s3_endpoint.json
    )
    error_message = "S3 cannot be reached through its endpoint under its policy."
  }

  assert {
    condition = aws_glue_connection.network.connection_type == "NETWORK" && [
      for place in aws_glue_connection.network.physical_connection_requirements :
      place.subnet_id == aws_subnet.private[place.availability_zone].id && place.security_group_id_list == toset([aws_security_group.jobs.id])
    ] == [true]
    error_message = "The connection does not put jobs into the network."
  }
}

run "flows_are_logged" {
  assert {
    condition = (
      aws_flow_log.private.traffic_type == "ALL" && aws_flow_log.private.vpc_id == aws_vpc.private.id
      && aws_flow_log.private.log_destination == aws_cloudwatch_log_group.flow.arn
      && aws_cloudwatch_log_group.flow.kms_key_id == var.kms_key_arn && aws_cloudwatch_log_group.flow.retention_in_days == 90
    )
    error_message = "Flows are not logged, encrypted, for their time."
  }
}

run "refuses_wrong_input" {
  command = plan

  variables {
    name                    = "A network"
    cidr_block              = "10.40.0.0/28"
    availability_zone_count = 4
    lake_bucket_arns        = ["*"]
    service_bucket_arns     = ["arn:aws:s3:::*"]
    kms_key_arn             = "alias/lake"
    log_retention_days      = 100
  }

  expect_failures = [
    var.name, var.cidr_block, var.availability_zone_count, var.lake_bucket_arns, var.service_bucket_arns, var.kms_key_arn,
    var.log_retention_days,
  ]
}
