# Made by Secrets Manager; it reaches the secret without standing in a plan or a state.
ephemeral "aws_secretsmanager_random_password" "pseudonym_key" {
  password_length     = 64
  exclude_punctuation = true
}

module "lakehouse" {
  source                      = "../../modules/lakehouse"
  name                        = "risk-lakehouse-prod"
  bucket_prefix               = "${var.company}-risk-lakehouse-prod"
  pseudonym_key               = ephemeral.aws_secretsmanager_random_password.pseudonym_key.random_password
  awswrangler_layer_arn       = var.awswrangler_layer_arn
  emails                      = var.emails
  monthly_budget_usd          = var.monthly_budget_usd
  people                      = var.people
  lake_formation              = var.lake_formation
  quicksight                  = var.quicksight
  demand_monitor              = var.demand_monitor
  permissions_boundary_arn    = var.permissions_boundary_arn
  is_flexible                 = false
  starts_on_arrival           = true
  crawler_schedule            = "cron(0 5 * * ? *)"
  private_network             = true
  network_service_bucket_arns = var.network_service_bucket_arns
  search_retention_days       = 365
  account_watchers            = var.account_watchers

  teams = {
    risk       = { scan_limit_bytes = 107374182400 } # 100 GB
    compliance = { scan_limit_bytes = 107374182400 }
    portfolio  = { scan_limit_bytes = 10737418240 }
    stewards   = { scan_limit_bytes = 10737418240 }
  }
}
