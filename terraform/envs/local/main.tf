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

  account_watchers = {
    encrypted_catalog = true
    multi_region      = true
    guardduty         = true
    macie             = true
    config_recorder   = true
  }
}
