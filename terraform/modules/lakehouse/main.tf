# Everything that one environment is made of. Environments differ in the values they give, never in what stands here.

locals {
  project_folder  = "${path.module}/../../.."
  project_version = regex("(?m)^version = \"(.+)\"$", file("${local.project_folder}/pyproject.toml"))[0]
  wheels          = coalesce(var.wheels, "${local.project_folder}/dist/risk_lakehouse-${local.project_version}.gluewheels.zip")
  database_prefix = replace(var.name, "-", "_")
  trail_name      = var.name # said to both sides here, since each needs the other
}

# ---- storage

module "zones" {
  source             = "../zones"
  prefix             = var.bucket_prefix
  key_services       = ["glue", "s3", "secretsmanager"]
  trail_name         = local.trail_name
  noncurrent_days    = var.noncurrent_days
  log_retention_days = var.log_retention_days
  landing_events     = var.landing_events
  deny_insecure      = var.deny_insecure
  force_destroy      = var.is_disposable
}

module "pseudonym_key" {
  source               = "../pseudonym_key"
  name                 = var.name
  kms_key_arn          = module.zones.kms_key_arn
  key                  = var.pseudonym_key
  generation           = var.pseudonym_key_generation
  recovery_window_days = var.is_disposable ? 0 : 30
}

# ---- network

module "network" {
  source              = "../network"
  count               = var.private_network ? 1 : 0
  name                = var.name
  lake_bucket_arns    = [for bucket in module.zones.buckets : bucket.arn]
  service_bucket_arns = var.network_service_bucket_arns
  kms_key_arn         = module.zones.kms_key_arn
  log_retention_days  = var.search_retention_days
}

# ---- roles

module "access" {
  source                   = "../access"
  prefix                   = var.name
  database_prefix          = local.database_prefix
  buckets                  = module.zones.buckets
  kms_key_arn              = module.zones.kms_key_arn
  hmac_key_secret_arn      = module.pseudonym_key.secret_arn
  access                   = jsondecode(file("${local.project_folder}/terraform/access.json"))
  permissions_boundary_arn = var.permissions_boundary_arn
  network = one([for network in module.network : {
    connection_name   = network.glue_connection_name
    security_group_id = network.security_group_id
    subnet_ids        = network.subnet_ids
  }])
}

# ---- catalog and queries

module "catalog" {
  source           = "../catalog"
  database_prefix  = local.database_prefix
  contracts_path   = "${local.project_folder}/contracts"
  buckets          = module.zones.buckets
  kms_key_arn      = module.zones.kms_key_arn
  crawler_role_arn = module.access.crawler_role_arn
  crawler_schedule = var.crawler_schedule
  encrypt_catalog  = var.account_watchers.encrypted_catalog
}

module "athena" {
  source          = "../athena"
  name            = var.name
  teams           = var.teams
  results_bucket  = module.zones.buckets["athena-results"].name
  kms_key_arn     = module.zones.kms_key_arn
  database_prefix = local.database_prefix
  views_path      = "${local.project_folder}/sql/views"
}

# ---- jobs

module "jobs" {
  source                      = "../jobs"
  prefix                      = var.name
  jobs                        = yamldecode(file("${local.project_folder}/glue/jobs.yaml"))
  role_arns                   = module.access.job_role_arns
  buckets                     = module.zones.buckets
  lake_location               = module.zones.lake_location
  script                      = "${local.project_folder}/glue/run_job.py"
  wheels                      = local.wheels
  project_version             = local.project_version
  hmac_key_secret_arn         = module.pseudonym_key.secret_arn
  security_configuration_name = module.catalog.security_configuration
  connection_name             = one(module.network[*].glue_connection_name)
  is_flexible                 = var.is_flexible
}

# ---- audit

module "audit" {
  source              = "../audit"
  name                = local.trail_name
  logs_bucket         = module.zones.logs_bucket
  watched_bucket_arns = [for zone in ["silver", "gold"] : module.zones.buckets[zone].arn]
  kms_key_arn         = module.zones.kms_key_arn
  log_retention_days  = var.search_retention_days
  multi_region        = var.account_watchers.multi_region
  guardduty           = var.account_watchers.guardduty
  macie               = var.account_watchers.macie
  config_recorder     = var.account_watchers.config_recorder
}
