ephemeral "aws_secretsmanager_random_password" "pseudonym_key" {
  password_length     = 64
  exclude_punctuation = true
}

# Stands for the layer that AWS publishes; the server runs no function, so nothing is in it.
resource "aws_lambda_layer_version" "awswrangler" {
  layer_name          = "awswrangler"
  filename            = var.alert_package
  compatible_runtimes = ["python3.11"]
}

# Stands for the bank's own network, which the dashboard is put into, and for its certificate.
resource "aws_vpc" "bank" {
  #checkov:skip=CKV2_AWS_11:no packet goes through it, on a server that stands in for AWS
  #checkov:skip=CKV2_AWS_12:as above
  cidr_block = "10.90.0.0/24"
}

resource "aws_subnet" "bank" {
  for_each          = { "eu-west-1a" = "10.90.0.0/25", "eu-west-1b" = "10.90.0.128/25" }
  vpc_id            = aws_vpc.bank.id
  availability_zone = each.key
  cidr_block        = each.value
}

resource "aws_acm_certificate" "dashboard" {
  domain_name       = "risk.bank.example"
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

# All that the server can hold is on, so that it is applied; what it lacks is off and listed in the README.
module "lakehouse" {
  source            = "../../modules/lakehouse"
  name              = "risk-lakehouse-local"
  bucket_prefix     = "local-risk-lakehouse"
  wheels            = var.wheels
  alert_package     = var.alert_package
  pseudonym_key     = ephemeral.aws_secretsmanager_random_password.pseudonym_key.random_password
  teams             = { for team in ["risk", "stewards"] : team => { scan_limit_bytes = 10737418240 } }
  schedules_enabled = true
  starts_on_arrival = true
  emails            = { operations = ["operations@example.com"] }

  awswrangler_layer_arn = aws_lambda_layer_version.awswrangler.arn

  people = {
    analysts        = { risk = ["arn:aws:iam::123456789012:role/analysts"] }
    stewards        = { team = "stewards", principal_arns = ["arn:aws:iam::123456789012:role/stewards"] }
    readers         = { dashboard = { team = "risk", principal_arns = ["arn:aws:iam::123456789012:role/dashboard"] } }
    quicksight_team = "risk"
  }

  # Tags are made; grants by tag, which the server cannot list, and tags on columns, which it cannot take away, are not.
  lake_formation = {
    is_enabled         = true
    admin_arns         = ["arn:aws:iam::123456789012:role/administrator"]
    is_granting        = false
    is_tagging_columns = false
  }
  is_disposable    = true
  private_network  = true
  crawler_schedule = "cron(0 5 * * ? *)"
  deny_insecure    = false # the server heeds no conditions: a policy that refuses plain HTTP refuses everything
  landing_events   = false # the server never tells that EventBridge is asked for

  # The server runs no image, so none of these digests is that of one.
  demand_monitor = {
    is_enabled   = true
    image_digest = "sha256:${sha256("monitor")}"
    api          = { jwt = { issuer = "https://login.bank.example", audiences = ["demand"] } }
    dashboard = {
      runs_on         = var.dashboard_runs_on
      image_digest    = "sha256:${sha256("dashboard")}"
      domain_name     = aws_acm_certificate.dashboard.domain_name
      certificate_arn = aws_acm_certificate.dashboard.arn
      machine         = { image_id = var.machine_image_id }
      network = {
        vpc_id             = aws_vpc.bank.id
        subnet_ids         = [for subnet in aws_subnet.bank : subnet.id]
        client_cidr_blocks = ["10.0.0.0/8"]
      }
    }
  }

  account_watchers = {
    encrypted_catalog = true
    multi_region      = true
    guardduty         = true
    macie             = true
    config_recorder   = true
  }
}
