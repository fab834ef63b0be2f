# The dashboard behind an internal load balancer: on one machine, or on Fargate. Nothing of it has a public address.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  port      = 8501
  on_ec2    = var.runs_on == "ec2"
  on_ecs    = var.runs_on == "ecs"
  account   = data.aws_caller_identity.current.account_id
  region    = data.aws_region.current.name
  principal = local.on_ec2 ? "ec2.amazonaws.com" : "ecs-tasks.amazonaws.com"

  # What the pages read, and a file of the model's figures (services/dashboard; a test compares).
  tables = [
    "gold.customer_360", "gold.demand_risk", "gold.loan_default_scores", "gold.loan_summary", "gold.portfolio_risk",
    "gold.transaction_alerts", "ops.data_quality", "ops.run_log", "silver.daily_demand",
  ]
  metrics_file = "models/loan_default/metrics.json"
  places = [
    for place in concat([for table in local.tables : "${replace(table, ".", "/")}/"], [local.metrics_file]) :
    regex("^(?P<zone>[^/]+)/(?P<prefix>.*)$", place)
  ]

  # A load balancer that logs people in says in this header who they are; what a browser sends under that name it drops.
  variables = merge(
    { RISK_LAKE_DASHBOARD_LAKE = var.lake_location, AWS_REGION = local.region },
    var.login == null ? {} : { RISK_LAKE_DASHBOARD_LOGIN_HEADER = "X-Amzn-Oidc-Identity" },
  )
}

# ---- load balancer

resource "aws_lb" "dashboard" {
  #checkov:skip=CKV2_AWS_20:there is no listener for plain HTTP at all
  #checkov:skip=CKV2_AWS_28:it is internal; browsers come from the bank's own networks
  #checkov:skip=CKV_AWS_150:protected from deletion unless the environment says that it is disposable
  name                       = var.name
  internal                   = true
  load_balancer_type         = "application"
  subnets                    = var.network.subnet_ids
  security_groups            = [aws_security_group.balancer.id]
  drop_invalid_header_fields = true
  enable_deletion_protection = !var.is_disposable
  idle_timeout               = 300 # pages keep a WebSocket open, and look every minute by themselves

  access_logs {
    enabled = true
    bucket  = var.logs_bucket.name
    prefix  = "load-balancers"
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.dashboard.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-3-2021-06"
  certificate_arn   = var.certificate_arn

  dynamic "default_action" {
    for_each = var.login == null ? [] : [var.login]
    content {
      type = "authenticate-cognito"

      authenticate_cognito {
        user_pool_arn              = default_action.value.user_pool_arn
        user_pool_client_id        = default_action.value.user_pool_client_id
        user_pool_domain           = default_action.value.user_pool_domain
        on_unauthenticated_request = "authenticate"
        session_timeout            = 28800 # a working day
      }
    }
  }

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.dashboard.arn
  }
}

resource "aws_lb_target_group" "dashboard" {
  #checkov:skip=CKV_AWS_378:within the network, between the load balancer and the container alone
  name_prefix          = "pages-" # another target type is another group, made before this one goes
  vpc_id               = var.network.vpc_id
  port                 = local.port
  protocol             = "HTTP"
  target_type          = local.on_ec2 ? "instance" : "ip"
  deregistration_delay = 30

  # A browser's WebSocket and its requests have to meet the same container.
  stickiness {
    enabled = true
    type    = "lb_cookie"
  }

  health_check {
    path                = "/_stcore/health"
    matcher             = "200"
    interval            = 30
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }

  tags = { Name = var.name }

  lifecycle {
    create_before_destroy = true
  }
}

# ---- who may reach whom

resource "aws_security_group" "balancer" {
  name        = "${var.name}-balancer"
  description = "Load balancer of the dashboard"
  vpc_id      = var.network.vpc_id

  tags = { Name = "${var.name}-balancer" }
}

resource "aws_security_group" "container" {
  name        = "${var.name}-container"
  description = "What runs the dashboard"
  vpc_id      = var.network.vpc_id

  tags = { Name = "${var.name}-container" }
}

resource "aws_vpc_security_group_ingress_rule" "browsers" {
  for_each          = var.network.client_cidr_blocks
  security_group_id = aws_security_group.balancer.id
  description       = "HTTPS from the bank"
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "to_container" {
  security_group_id            = aws_security_group.balancer.id
  description                  = "To the dashboard"
  referenced_security_group_id = aws_security_group.container.id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

# The load balancer itself asks the user pool for the tokens.
resource "aws_vpc_security_group_egress_rule" "to_login" {
  count             = var.login == null ? 0 : 1
  security_group_id = aws_security_group.balancer.id
  description       = "To the user pool"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_ingress_rule" "from_balancer" {
  security_group_id            = aws_security_group.container.id
  description                  = "From the load balancer"
  referenced_security_group_id = aws_security_group.balancer.id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_vpc_security_group_egress_rule" "to_aws" {
  security_group_id = aws_security_group.container.id
  description       = "HTTPS to AWS, by the endpoints or the way out that the network has"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

# ---- one machine

resource "aws_instance" "dashboard" {
  #checkov:skip=CKV_AWS_126:the load balancer tells whether it serves; a figure a minute would cost more than it says
  count                       = local.on_ec2 ? 1 : 0
  ami                         = var.machine.image_id
  instance_type               = var.machine.type
  subnet_id                   = sort(var.network.subnet_ids)[0]
  vpc_security_group_ids      = [aws_security_group.container.id]
  associate_public_ip_address = false
  iam_instance_profile        = aws_iam_instance_profile.machine[0].name
  ebs_optimized               = true
  user_data_replace_on_change = true

  user_data = templatefile("${path.module}/start.sh.tftpl", {
    image_uri   = var.image_uri
    domain_name = var.domain_name
    region      = local.region
    log_group   = aws_cloudwatch_log_group.dashboard.name
    variables   = local.variables
  })

  # One hop: the container shares the machine's network, and nothing further away gets the role.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    encrypted   = true
    kms_key_id  = var.key_arn
    volume_type = "gp3"
    volume_size = 20
  }

  tags = { Name = var.name }
}

resource "aws_lb_target_group_attachment" "machine" {
  count            = local.on_ec2 ? 1 : 0
  target_group_arn = aws_lb_target_group.dashboard.arn
  target_id        = aws_instance.dashboard[0].id
  port             = local.port
}

resource "aws_iam_instance_profile" "machine" {
  count = local.on_ec2 ? 1 : 0
  name  = var.name
  role  = aws_iam_role.dashboard.name
}

# ---- or Fargate

resource "aws_ecs_cluster" "dashboard" {
  count = local.on_ecs ? 1 : 0
  name  = var.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_task_definition" "dashboard" {
  #checkov:skip=CKV_AWS_336:copies of the lake's tables are written to the container's own disk, which ends with it
  count                    = local.on_ecs ? 1 : 0
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512
  memory                   = var.machine.memory_mb
  task_role_arn            = aws_iam_role.dashboard.arn
  execution_role_arn       = aws_iam_role.start[0].arn

  container_definitions = jsonencode([{
    name         = "dashboard"
    image        = var.image_uri
    essential    = true
    command      = ["--public-address", var.domain_name]
    environment  = [for name, value in local.variables : { name = name, value = value }]
    portMappings = [{ containerPort = local.port, protocol = "tcp" }]
    linuxParameters = {
      initProcessEnabled = true
      capabilities       = { drop = ["ALL"] }
    }
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-region        = local.region
        awslogs-group         = aws_cloudwatch_log_group.dashboard.name
        awslogs-stream-prefix = "dashboard"
      }
    }
  }])
}

resource "aws_ecs_service" "dashboard" {
  count                              = local.on_ecs ? 1 : 0
  name                               = var.name
  cluster                            = aws_ecs_cluster.dashboard[0].id
  task_definition                    = aws_ecs_task_definition.dashboard[0].arn
  launch_type                        = "FARGATE"
  platform_version                   = "LATEST"
  desired_count                      = 1
  deployment_minimum_healthy_percent = 100
  health_check_grace_period_seconds  = 60

  network_configuration {
    subnets          = var.network.subnet_ids
    security_groups  = [aws_security_group.container.id]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.dashboard.arn
    container_name   = "dashboard"
    container_port   = local.port
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  depends_on = [aws_lb_listener.https]
}

resource "aws_iam_role" "start" {
  count                = local.on_ecs ? 1 : 0
  name                 = "${var.name}-start"
  description          = "Fetches the image and opens the log, before the dashboard itself runs."
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "start" {
  count  = local.on_ecs ? 1 : 0
  name   = "start"
  role   = aws_iam_role.start[0].id
  policy = data.aws_iam_policy_document.start.json
}

# ---- rights

resource "aws_cloudwatch_log_group" "dashboard" {
  #checkov:skip=CKV_AWS_338:how long is the environment's choice; what is kept for years is the trail
  name              = "/aws/dashboard/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.lake_key_arn
}

resource "aws_iam_role" "dashboard" {
  name                 = var.name
  description          = "Reads what the pages show."
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn
}

# A machine's role is taken on without the account's number as a condition.
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = [local.principal]
    }

    dynamic "condition" {
      for_each = local.on_ecs ? [local.account] : []
      content {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [condition.value]
      }
    }
  }
}

resource "aws_iam_role_policy" "read" {
  name   = "read"
  role   = aws_iam_role.dashboard.id
  policy = data.aws_iam_policy_document.read.json
}

# On a machine the one role does it all, and people reach it through Systems Manager in the place of ssh.
resource "aws_iam_role_policy" "machine" {
  for_each = local.on_ec2 ? { start = data.aws_iam_policy_document.start.json, manage = data.aws_iam_policy_document.manage.json } : {}
  name     = each.key
  role     = aws_iam_role.dashboard.id
  policy   = each.value
}

data "aws_iam_policy_document" "read" {
  statement {
    sid       = "ReadTables"
    actions   = ["s3:GetObject"]
    resources = [for place in local.places : "${var.buckets[place.zone].arn}/${place.prefix}${endswith(place.prefix, "/") ? "*" : ""}"]
  }

  dynamic "statement" {
    for_each = { for place in local.places : place.zone => place.prefix... }
    content {
      sid       = "List${title(statement.key)}"
      actions   = ["s3:ListBucket"]
      resources = [var.buckets[statement.key].arn]

      condition {
        test     = "StringLike"
        variable = "s3:prefix"
        values   = flatten([for prefix in statement.value : [trimsuffix(prefix, "/"), "${trimsuffix(prefix, "/")}/*"]])
      }
    }
  }

  statement {
    sid       = "Decrypt"
    actions   = ["kms:Decrypt"]
    resources = [var.lake_key_arn]
  }
}

data "aws_iam_policy_document" "start" {
  #checkov:skip=CKV_AWS_356:a login to ECR knows no resource
  statement {
    sid       = "FetchImage"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [var.repository_arn]
  }

  # A login knows no resource.
  statement {
    sid       = "LogInToRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.dashboard.arn}:log-stream:*"]
  }
}

data "aws_iam_policy_document" "manage" {
  #checkov:skip=CKV_AWS_111:actions of the agent know no resource
  #checkov:skip=CKV_AWS_356:as above
  # What the agent of Systems Manager asks for a session; its actions know no resource.
  statement {
    sid = "OpenSessions"
    actions = [
      "ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
    ]
    resources = ["*"]
  }
}

# ---- alarm

resource "aws_cloudwatch_metric_alarm" "down" {
  alarm_name        = "${var.name}-down"
  alarm_description = "No container of the dashboard answers."
  namespace         = "AWS/ApplicationELB"
  metric_name       = "HealthyHostCount"
  dimensions = {
    LoadBalancer = aws_lb.dashboard.arn_suffix
    TargetGroup  = aws_lb_target_group.dashboard.arn_suffix
  }
  statistic           = "Minimum"
  period              = 300
  evaluation_periods  = 2
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [var.operations_topic_arn]
}
