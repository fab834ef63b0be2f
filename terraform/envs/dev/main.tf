# Made by Secrets Manager; it reaches the secret without standing in a plan or a state.
ephemeral "aws_secretsmanager_random_password" "pseudonym_key" {
  password_length     = 64
  exclude_punctuation = true
}

module "lakehouse" {
  source                   = "../../modules/lakehouse"
  name                     = "risk-lakehouse-dev"
  bucket_prefix            = "${var.company}-risk-lakehouse-dev"
  pseudonym_key            = ephemeral.aws_secretsmanager_random_password.pseudonym_key.random_password
  awswrangler_layer_arn    = var.awswrangler_layer_arn
  emails                   = var.emails
  monthly_budget_usd       = var.monthly_budget_usd
  people                   = var.people
  lake_formation           = var.lake_formation
  quicksight               = var.quicksight
  demand_monitor           = var.demand_monitor
  permissions_boundary_arn = var.permissions_boundary_arn
  teams                    = { for team in ["risk", "stewards"] : team => { scan_limit_bytes = 10737418240 } } # 10 GB
  schedules_enabled        = var.schedules_enabled
  starts_on_arrival        = true
  log_retention_days       = 90
  search_retention_days    = 14
}
