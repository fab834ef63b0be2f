# The dashboard on a machine and on Fargate. Policies are as the provider itself writes them; every resource is overridden.
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
  target = aws_lb.dashboard
  values = { arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/a/1", arn_suffix = "app/a/1", dns_name = "a.example" }
}

override_resource {
  target = aws_lb_listener.https
}

override_resource {
  target = aws_lb_target_group.dashboard
  values = { arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/a/1", arn_suffix = "targetgroup/a/1" }
}

override_resource {
  target = aws_lb_target_group_attachment.machine
}

override_resource {
  target = aws_security_group.balancer
  values = { id = "sg-balancer" }
}

override_resource {
  target = aws_security_group.container
  values = { id = "sg-container" }
}

override_resource {
  target = aws_vpc_security_group_ingress_rule.browsers
}

override_resource {
  target = aws_vpc_security_group_ingress_rule.from_balancer
}

override_resource {
  target = aws_vpc_security_group_egress_rule.to_container
}

override_resource {
  target = aws_vpc_security_group_egress_rule.to_login
}

override_resource {
  target = aws_vpc_security_group_egress_rule.to_aws
}

override_resource {
  target = aws_instance.dashboard
  values = { id = "i-1" }
}

override_resource {
  target = aws_iam_instance_profile.machine
}

override_resource {
  target = aws_ecs_cluster.dashboard
  values = { id = "arn:aws:ecs:eu-west-1:123456789012:cluster/a" }
}

override_resource {
  target = aws_ecs_task_definition.dashboard
  values = { arn = "arn:aws:ecs:eu-west-1:123456789012:task-definition/a:1" }
}

override_resource {
  target = aws_ecs_service.dashboard
}

override_resource {
  target = aws_iam_role.start
  values = { arn = "arn:aws:iam::123456789012:role/bank-test-dashboard-start" }
}

override_resource {
  target = aws_iam_role.dashboard
  values = { arn = "arn:aws:iam::123456789012:role/bank-test-dashboard" }
}

override_resource {
  target = aws_iam_role_policy.start
}

override_resource {
  target = aws_iam_role_policy.machine
}

override_resource {
  target = aws_iam_role_policy.read
}

override_resource {
  target = aws_cloudwatch_log_group.dashboard
  values = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/dashboard/bank-test-dashboard" }
}

override_resource {
  target = aws_cloudwatch_metric_alarm.down
}

variables {
  name                     = "bank-test-dashboard"
  runs_on                  = "ec2"
  image_uri                = "registry.example/dashboard@sha256:1111"
  repository_arn           = "arn:aws:ecr:eu-west-1:123456789012:repository/bank-test-demand/dashboard"
  network                  = { vpc_id = "vpc-1", subnet_ids = ["subnet-1", "subnet-2"], client_cidr_blocks = ["10.0.0.0/8"] }
  domain_name              = "risk.bank.example"
  certificate_arn          = "arn:aws:acm:eu-west-1:123456789012:certificate/a"
  login                    = null
  machine                  = { image_id = "ami-0123456789abcdef0", type = "t3.micro", memory_mb = 2048 }
  lake_location            = "s3://bank-test-{zone}"
  buckets                  = { for zone in ["gold", "silver", "ops", "models"] : zone => { name = "bank-test-${zone}", arn = "arn:aws:s3:::bank-test-${zone}" } }
  logs_bucket              = { name = "bank-test-logs", arn = "arn:aws:s3:::bank-test-logs" }
  operations_topic_arn     = "arn:aws:sns:eu-west-1:123456789012:operations"
  key_arn                  = "arn:aws:kms:eu-west-1:123456789012:key/monitor"
  lake_key_arn             = "arn:aws:kms:eu-west-1:123456789012:key/lake"
  log_retention_days       = 90
  is_disposable            = false
  permissions_boundary_arn = null
}

run "on_a_machine" {
  module {
    source = "./dashboard"
  }

  assert {
    condition = (
      aws_instance.dashboard[0].instance_type == "t3.micro"
      && !aws_instance.dashboard[0].associate_public_ip_address
      && aws_instance.dashboard[0].metadata_options[0].http_tokens == "required"
      && aws_instance.dashboard[0].metadata_options[0].http_put_response_hop_limit == 1
      && aws_instance.dashboard[0].root_block_device[0].encrypted
      && aws_instance.dashboard[0].root_block_device[0].kms_key_id == var.key_arn
    )
    error_message = "The machine has a public address, tells its role to anybody, or has a disk in the clear."
  }

  assert {
    condition = alltrue([
      for told in ["registry.example/dashboard@sha256:1111 --public-address risk.bank.example", "RISK_LAKE_DASHBOARD_LAKE=s3://bank-test-{zone}\n", "--network host", "--cap-drop ALL"] :
      strcontains(aws_instance.dashboard[0].user_data, told)
    ]) && !strcontains(aws_instance.dashboard[0].user_data, "LOGIN_HEADER")
    error_message = "The machine starts something else than the image over the lake."
  }

  assert {
    condition     = length(aws_ecs_service.dashboard) == 0 && length(aws_ecs_cluster.dashboard) == 0
    error_message = "Fargate runs beside the machine."
  }

  assert {
    condition = toset([for statement in concat(
      jsondecode(data.aws_iam_policy_document.read.json).Statement, jsondecode(data.aws_iam_policy_document.start.json).Statement,
      jsondecode(data.aws_iam_policy_document.manage.json).Statement,
      ) : statement.Sid
      if anytrue([for named in flatten([statement.Action, statement.Resource]) : named == "*" || endswith(named, ":*") && !endswith(named, ":log-stream:*")])
    ]) == toset(["LogInToRegistry", "OpenSessions"])
    error_message = "A wildcard stands outside the list of those that AWS leaves no other way for."
  }

  assert {
    condition     = jsondecode(data.aws_iam_policy_document.trust.json).Statement[0].Principal.Service == "ec2.amazonaws.com"
    error_message = "The machine cannot take its role."
  }
}

run "it_reads_what_pages_show" {
  module {
    source = "./dashboard"
  }

  assert {
    condition     = toset(flatten([for statement in jsondecode(data.aws_iam_policy_document.read.json).Statement : statement.Action])) == toset(["s3:GetObject", "s3:ListBucket", "kms:Decrypt"])
    error_message = "The dashboard may change something."
  }

  assert {
    condition = toset(flatten([for statement in jsondecode(data.aws_iam_policy_document.read.json).Statement : statement.Resource if statement.Sid == "ReadTables"])) == toset(concat(
      [for table in local.tables : "arn:aws:s3:::bank-test-${replace(table, ".", "/")}/*"], ["arn:aws:s3:::bank-test-models/loan_default/metrics.json"],
    ))
    error_message = "The dashboard reads other places than its pages do."
  }
}

run "behind_https_alone" {
  module {
    source = "./dashboard"
  }

  assert {
    condition = (
      aws_lb.dashboard.internal && aws_lb.dashboard.drop_invalid_header_fields && aws_lb.dashboard.enable_deletion_protection
      && aws_lb.dashboard.access_logs[0].enabled && aws_lb.dashboard.access_logs[0].bucket == "bank-test-logs"
      && aws_lb_listener.https.protocol == "HTTPS" && aws_lb_listener.https.port == 443
      && aws_lb_listener.https.ssl_policy == "ELBSecurityPolicy-TLS13-1-3-2021-06"
      && aws_lb_listener.https.certificate_arn == var.certificate_arn
    )
    error_message = "The load balancer is public, unlogged, or takes less than TLS 1.3."
  }

  assert {
    condition = (
      [for rule in aws_vpc_security_group_ingress_rule.browsers : "${rule.cidr_ipv4} ${rule.from_port}"] == ["10.0.0.0/8 443"]
      && aws_vpc_security_group_ingress_rule.from_balancer.referenced_security_group_id == "sg-balancer"
      && aws_vpc_security_group_ingress_rule.from_balancer.from_port == 8501
      && aws_vpc_security_group_ingress_rule.from_balancer.to_port == 8501
      && length(aws_vpc_security_group_egress_rule.to_login) == 0
    )
    error_message = "The container can be reached past the load balancer, or the load balancer from elsewhere than the bank."
  }

  assert {
    condition     = [for action in aws_lb_listener.https.default_action : action.type] == ["forward"]
    error_message = "A login stands in the way that nobody asked for."
  }
}

run "with_a_login" {
  module {
    source = "./dashboard"
  }

  variables {
    login = { user_pool_arn = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_a", user_pool_client_id = "client", user_pool_domain = "bank" }
  }

  assert {
    condition     = [for action in aws_lb_listener.https.default_action : action.type] == ["authenticate-cognito", "forward"]
    error_message = "Pages are shown before the login."
  }

  assert {
    condition     = strcontains(aws_instance.dashboard[0].user_data, "RISK_LAKE_DASHBOARD_LOGIN_HEADER=X-Amzn-Oidc-Identity\n") && length(aws_vpc_security_group_egress_rule.to_login) == 1
    error_message = "The dashboard does not ask who is logged in."
  }
}

run "on_fargate" {
  module {
    source = "./dashboard"
  }

  variables {
    runs_on = "ecs"
  }

  assert {
    condition     = length(aws_instance.dashboard) == 0 && length(aws_iam_instance_profile.machine) == 0 && aws_lb_target_group.dashboard.target_type == "ip"
    error_message = "A machine runs beside Fargate."
  }

  assert {
    condition = (
      !aws_ecs_service.dashboard[0].network_configuration[0].assign_public_ip
      && aws_ecs_service.dashboard[0].launch_type == "FARGATE"
      && jsondecode(aws_ecs_task_definition.dashboard[0].container_definitions)[0].image == var.image_uri
      && jsondecode(aws_ecs_task_definition.dashboard[0].container_definitions)[0].command == ["--public-address", "risk.bank.example"]
      && { for variable in jsondecode(aws_ecs_task_definition.dashboard[0].container_definitions)[0].environment : variable.name => variable.value } == {
        AWS_REGION = "eu-west-1", RISK_LAKE_DASHBOARD_LAKE = "s3://bank-test-{zone}"
      }
    )
    error_message = "Fargate runs another image, or one with a public address."
  }

  assert {
    condition = length(aws_iam_role_policy.machine) == 0 && [
      for statement in jsondecode(data.aws_iam_policy_document.trust.json).Statement : "${statement.Principal.Service} ${statement.Condition.StringEquals["aws:SourceAccount"]}"
    ] == ["ecs-tasks.amazonaws.com 123456789012"]
    error_message = "The dashboard's own role may do more than read, or is another account's to take."
  }
}

run "refuses_wrong_input" {
  command = plan

  module {
    source = "./dashboard"
  }

  variables {
    name            = "a-name-that-is-longer-than-thirty-two-characters"
    runs_on         = "none"
    domain_name     = "risk"
    certificate_arn = "a certificate"
    machine         = { image_id = null, type = "t3.micro", memory_mb = 100 }
    network         = { vpc_id = "vpc-1", subnet_ids = ["subnet-1"], client_cidr_blocks = ["0.0.0.0/0"] }
  }

  expect_failures = [var.name, var.runs_on, var.domain_name, var.certificate_arn, var.machine, var.network]
}
