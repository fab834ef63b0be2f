ephemeral "aws_secretsmanager_random_password" "pseudonym_key" {
  password_length     = 64
  exclude_punctuation = true
}

# All that the server can hold is on, so that it is applied; what it lacks is off and listed in the README.
module "lakehouse" {
  source           = "../../modules/lakehouse"
  name             = "risk-lakehouse-local"
  bucket_prefix    = "local-risk-lakehouse"
  wheels           = var.wheels
  pseudonym_key    = ephemeral.aws_secretsmanager_random_password.pseudonym_key.random_password
  teams            = { risk = { scan_limit_bytes = 10737418240 } }
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
