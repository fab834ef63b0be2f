locals {
  databases = {
    landing    = "Files as they were delivered."
    bronze     = "Every delivered row as text, with its file and line."
    silver     = "Typed rows, one for each key, and their history."
    gold       = "Business tables, features and scores."
    quarantine = "Rows that broke a rule, with every reason."
    ops        = "Runs, checks and the ledger of files."
    views      = "SQL views over silver, gold and ops."
  }

  entries = flatten([
    for file in fileset(var.contracts_path, "*.yaml") : yamldecode(file("${var.contracts_path}/${file}")).schema
  ])
  delivered = [for entry in local.entries : split(".", entry.name)[1] if startswith(entry.name, "landing.")]
  tables = {
    for entry in local.entries : entry.name => {
      zone        = split(".", entry.name)[0]
      name        = split(".", entry.name)[1]
      location    = "s3://${var.buckets[split(".", entry.name)[0]].name}/${split(".", entry.name)[1]}"
      description = entry.description
      grain       = entry.dataGranularityDescription
      columns = [for property in entry.properties : {
        name = property.name
        type = property.physicalType
        # Glue takes 255 characters.
        comment        = length(property.description) > 255 ? "${substr(property.description, 0, 252)}..." : property.description
        classification = property.classification
      }]
    } if !startswith(entry.name, "landing.")
  }
}

resource "aws_glue_catalog_database" "zone" {
  for_each    = local.databases
  name        = "${var.database_prefix}_${each.key}"
  description = each.value
  # Spark cannot make a table in a database without a place; views have no files.
  location_uri = each.key == "views" ? null : "s3://${var.buckets[each.key].name}/"
}

# A native Delta table: Athena and Spark take files, statistics and types from the table's log. The columns here are what
# the catalog shows and what Lake Formation grants on; formats and serde are the ones a native Delta crawler writes.
resource "aws_glue_catalog_table" "delta" {
  for_each      = local.tables
  database_name = aws_glue_catalog_database.zone[each.value.zone].name
  name          = each.value.name
  description   = each.value.description
  table_type    = "EXTERNAL_TABLE"

  parameters = {
    EXTERNAL                     = "TRUE"
    table_type                   = "DELTA"
    classification               = "delta"
    grain                        = each.value.grain
    "spark.sql.sources.provider" = "delta"
  }

  storage_descriptor {
    location      = each.value.location
    input_format  = "org.apache.hadoop.mapred.SequenceFileInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat"

    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
      parameters = {
        "serialization.format" = "1"
        path                   = each.value.location
      }
    }

    dynamic "columns" {
      for_each = each.value.columns
      content {
        name       = columns.value.name
        type       = columns.value.type
        comment    = columns.value.comment
        parameters = { classification = columns.value.classification }
      }
    }
  }
}

resource "aws_glue_crawler" "landing" {
  name                   = "${var.database_prefix}_landing"
  description            = "Tables over the delivered CSV files"
  database_name          = aws_glue_catalog_database.zone["landing"].name
  role                   = var.crawler_role_arn
  schedule               = var.crawler_schedule
  security_configuration = aws_glue_security_configuration.lake.name

  dynamic "s3_target" {
    for_each = local.delivered
    content {
      path = "s3://${var.buckets["landing"].name}/${s3_target.value}/"
    }
  }

  # Deliveries may leave out optional columns; they are still one table.
  configuration = jsonencode({
    Version  = 1.0
    Grouping = { TableGroupingPolicy = "CombineCompatibleSchemas" }
  })

  schema_change_policy {
    update_behavior = "UPDATE_IN_DATABASE"
    delete_behavior = "LOG"
  }
}

resource "aws_glue_crawler" "delta" {
  for_each = {
    bronze     = "Native Delta tables of delivered rows"
    quarantine = "Native Delta tables of refused rows"
  }
  name                   = "${var.database_prefix}_${each.key}"
  description            = each.value
  database_name          = aws_glue_catalog_database.zone[each.key].name
  role                   = var.crawler_role_arn
  schedule               = var.crawler_schedule
  security_configuration = aws_glue_security_configuration.lake.name

  delta_target {
    delta_tables              = [for table in local.delivered : "s3://${var.buckets[each.key].name}/${table}/"]
    create_native_delta_table = true
    write_manifest            = false
  }

  schema_change_policy {
    update_behavior = "UPDATE_IN_DATABASE"
    delete_behavior = "LOG"
  }
}

resource "aws_glue_security_configuration" "lake" {
  name = var.database_prefix

  encryption_configuration {
    s3_encryption {
      s3_encryption_mode = "SSE-KMS"
      kms_key_arn        = var.kms_key_arn
    }

    cloudwatch_encryption {
      cloudwatch_encryption_mode = "SSE-KMS"
      kms_key_arn                = var.kms_key_arn
    }

    job_bookmarks_encryption {
      job_bookmarks_encryption_mode = "CSE-KMS"
      kms_key_arn                   = var.kms_key_arn
    }
  }
}

resource "aws_glue_data_catalog_encryption_settings" "account" {
  count = var.encrypt_catalog ? 1 : 0

  data_catalog_encryption_settings {
    encryption_at_rest {
      catalog_encryption_mode = "SSE-KMS"
      sse_aws_kms_key_id      = var.kms_key_arn
    }

    connection_password_encryption {
      return_connection_password_encrypted = true
      aws_kms_key_id                       = var.kms_key_arn
    }
  }
}
