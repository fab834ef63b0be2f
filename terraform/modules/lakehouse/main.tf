# Everything that one environment is made of. Environments differ in the values they give, never in what stands here.

locals {
  project_folder  = "${path.module}/../../.."
  project_version = regex("(?m)^version = \"(.+)\"$", file("${local.project_folder}/pyproject.toml"))[0]
  wheels          = coalesce(var.wheels, "${local.project_folder}/dist/risk_lakehouse-${local.project_version}.gluewheels.zip")
  alert_package   = coalesce(var.alert_package, "${local.project_folder}/build/alerting.zip")
  database_prefix = replace(var.name, "-", "_")
  views_path      = "${local.project_folder}/sql/views"
  jobs_file       = "${local.project_folder}/glue/jobs.yaml"
  own_team        = "platform" # asks Athena for the lakehouse itself: it makes the views and looks for alerts
  trail_name      = var.name   # said to both sides here, since each needs the other
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
  load_balancer_logs = var.demand_monitor.dashboard.runs_on != "none"
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

  permissions_boundary_arn = var.permissions_boundary_arn
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
  athena = {
    workgroup_arn  = module.athena.workgroups[local.own_team].arn
    results_prefix = "${local.own_team}/"
  }
  network = one([for network in module.network : {
    connection_name   = network.glue_connection_name
    security_group_id = network.security_group_id
    subnet_ids        = network.subnet_ids
  }])
}

module "people" {
  source                    = "../people"
  prefix                    = var.name
  analysts                  = var.people.analysts
  stewards                  = var.people.stewards
  readers                   = var.people.readers
  quicksight_team           = var.people.quicksight_team
  workgroups                = module.athena.workgroups
  tables                    = module.catalog.tables
  databases                 = module.catalog.databases
  views_path                = local.views_path
  buckets                   = module.zones.buckets
  kms_key_arn               = module.zones.kms_key_arn
  is_lake_formation_enabled = var.lake_formation.is_enabled
  permissions_boundary_arn  = var.permissions_boundary_arn
}

module "lake_formation" {
  source                   = "../lake_formation"
  is_enabled               = var.lake_formation.is_enabled
  is_granting              = var.lake_formation.is_granting
  is_tagging_columns       = var.lake_formation.is_tagging_columns
  admin_arns               = var.lake_formation.admin_arns
  prefix                   = var.name
  database_prefix          = local.database_prefix
  databases                = module.catalog.databases
  tables                   = module.catalog.tables
  buckets                  = module.zones.buckets
  kms_key_arn              = module.zones.kms_key_arn
  writers                  = { crawler = module.access.crawler_role_arn, views = module.access.job_role_arns["views"] }
  permissions_boundary_arn = var.permissions_boundary_arn

  # The alert function reads a view of age bands; IAM keeps it from every table that its selects do not name.
  grants = merge(module.people.grants, {
    alerts = { principal_arn = module.alerting.function_role_arn, sees_everything = true }
  })
}

# ---- catalog and queries

module "catalog" {
  source           = "../catalog"
  database_prefix  = module.lake_formation.database_prefix # tables wait until new ones are closed by default
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
  teams           = merge({ (local.own_team) = { scan_limit_bytes = var.own_scan_limit_bytes } }, var.teams)
  results_bucket  = module.zones.buckets["athena-results"].name
  kms_key_arn     = module.zones.kms_key_arn
  database_prefix = local.database_prefix
  views_path      = local.views_path
}

module "quicksight" {
  source         = "../quicksight"
  count          = var.quicksight.is_enabled ? 1 : 0
  name           = var.name
  owners         = var.quicksight.owners
  workgroup      = module.athena.workgroups[var.people.quicksight_team].name
  database       = module.catalog.databases["views"]
  tables         = module.catalog.tables
  data_sets_file = "${local.project_folder}/quicksight/data_sets.yaml"
  views_path     = local.views_path
}

# ---- jobs

module "jobs" {
  source                      = "../jobs"
  prefix                      = var.name
  jobs                        = yamldecode(file(local.jobs_file))
  role_arns                   = module.access.job_role_arns
  buckets                     = module.zones.buckets
  lake_location               = module.zones.lake_location
  workgroup                   = module.athena.workgroups[local.own_team].name
  database_prefix             = local.database_prefix
  script                      = "${local.project_folder}/glue/run_job.py"
  wheels                      = local.wheels
  project_version             = local.project_version
  hmac_key_secret_arn         = module.pseudonym_key.secret_arn
  security_configuration_name = module.catalog.security_configuration
  connection_name             = one(module.network[*].glue_connection_name)
  is_flexible                 = var.is_flexible
}

# ---- runs and what they tell

module "alerting" {
  source                   = "../alerting"
  name                     = var.name
  package                  = local.alert_package
  awswrangler_layer_arn    = var.awswrangler_layer_arn
  questions_path           = "${local.project_folder}/services/alerting"
  views_path               = local.views_path
  buckets                  = module.zones.buckets
  lake_key_arn             = module.zones.kms_key_arn
  emails                   = var.emails
  monthly_budget_usd       = var.monthly_budget_usd
  log_retention_days       = var.search_retention_days
  permissions_boundary_arn = var.permissions_boundary_arn
  athena = {
    workgroup       = module.athena.workgroups[local.own_team].name
    workgroup_arn   = module.athena.workgroups[local.own_team].arn
    results_prefix  = "${local.own_team}/"
    database_prefix = local.database_prefix
  }
}

module "orchestration" {
  source                   = "../orchestration"
  name                     = var.name
  jobs_file                = local.jobs_file
  job_names                = module.jobs.names
  job_arns                 = module.jobs.arns
  operations_topic         = module.alerting.operations_topic
  alert_function_arn       = module.alerting.function_arn
  kms_key_arn              = module.zones.kms_key_arn
  lake_location            = module.zones.lake_location
  landing_bucket           = module.zones.buckets["landing"].name
  schedules_enabled        = var.schedules_enabled
  starts_on_arrival        = var.starts_on_arrival
  more_widgets             = flatten([for monitor in module.demand_monitor : monitor.widgets])
  log_retention_days       = var.search_retention_days
  permissions_boundary_arn = var.permissions_boundary_arn
}

# ---- products

module "demand_monitor" {
  source                   = "../demand_monitor"
  count                    = var.demand_monitor.is_enabled ? 1 : 0
  name                     = var.name
  image_digest             = var.demand_monitor.image_digest
  buckets                  = module.zones.buckets
  logs_bucket              = module.zones.logs_bucket
  lake_location            = module.zones.lake_location
  lake_key_arn             = module.zones.kms_key_arn
  operations_topic_arn     = module.alerting.operations_topic.arn
  size                     = var.demand_monitor.size
  margin                   = var.demand_monitor.margin
  api                      = var.demand_monitor.api
  dashboard                = var.demand_monitor.dashboard
  schedule_enabled         = var.demand_monitor.schedule_enabled
  log_retention_days       = var.search_retention_days
  is_disposable            = var.is_disposable
  permissions_boundary_arn = var.permissions_boundary_arn
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

  permissions_boundary_arn = var.permissions_boundary_arn
}
