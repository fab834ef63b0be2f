variable "name" {
  description = "Start of every id, as risk-lakehouse-dev: what `risklake quicksight` makes of --environment dev."
  type        = string

  validation {
    condition     = can(regex("^risk-lakehouse-[a-z0-9-]{1,16}$", var.name))
    error_message = "name must be risk-lakehouse- and the environment, or `risklake quicksight` would look for other ids."
  }
}

variable "owners" {
  description = "Group of QuickSight that owns everything, by name or ARN; what the command takes as --principal."
  type        = string

  validation {
    condition     = can(regex("^([A-Za-z0-9_.@+-]+|arn:aws[a-z-]*:quicksight:[a-z0-9-]+:[0-9]{12}:group/[^/]+/.+)$", var.owners))
    error_message = "owners must be the name of a QuickSight group or its ARN; nobody else can own a data set here."
  }
}

variable "workgroup" {
  description = "Athena workgroup that reads the views."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]{1,128}$", var.workgroup))
    error_message = "workgroup must be the name of an Athena workgroup, not its ARN."
  }
}

variable "database" {
  description = "Database of the views in the catalog, as risk_lakehouse_dev_views."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]*_views$", var.database))
    error_message = "database must be that of the views, which ends with _views."
  }
}

variable "tables" {
  description = "Tables and the classes of their columns, as the module catalog derives them from the contracts."
  type        = map(object({ classification = map(list(string)) }))
}

variable "data_sets_file" {
  description = "quicksight/data_sets.yaml: data sets, groups and their rows, restricted columns, time of the refresh."
  type        = string

  validation {
    condition     = fileexists(var.data_sets_file)
    error_message = "data_sets_file must be a file."
  }
}

variable "views_path" {
  description = "Folder of the views, sql/views: their columns, types and descriptions, and what they read."
  type        = string

  validation {
    condition     = length(fileset(var.views_path, "*.yml")) > 0
    error_message = "views_path must hold the sheets of the views."
  }
}
