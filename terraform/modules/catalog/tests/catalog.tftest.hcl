mock_provider "aws" {}

variables {
  database_prefix  = "risk_lakehouse_test"
  contracts_path   = "../../../contracts"
  kms_key_arn      = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
  crawler_role_arn = "arn:aws:iam::123456789012:role/crawler"
  buckets = {
    for zone in ["landing", "bronze", "silver", "gold", "quarantine", "ops"] :
    zone => { name = "example-lake-test-${zone}", arn = "arn:aws:s3:::example-lake-test-${zone}" }
  }
}

run "tables_are_their_contracts" {
  assert {
    condition = { for zone, database in output.databases : zone => database } == {
      for zone in ["landing", "bronze", "silver", "gold", "quarantine", "ops", "views"] : zone => "risk_lakehouse_test_${zone}"
    }
    error_message = "The databases are not one a zone and one for views."
  }

  assert {
    condition = toset(keys(aws_glue_catalog_table.delta)) == toset(flatten([
      for path in fileset(var.contracts_path, "*.yaml") : [
        for table in yamldecode(file("${var.contracts_path}/${path}")).schema : table.name if table.physicalType == "delta"
      ]
    ]))
    error_message = "The tables are not those that contracts declare as Delta."
  }

  assert {
    condition = alltrue(flatten([
      for path in fileset(var.contracts_path, "*.yaml") : [
        for table in yamldecode(file("${var.contracts_path}/${path}")).schema :
        [for column in aws_glue_catalog_table.delta[table.name].storage_descriptor[0].columns :
          "${column.name} ${column.type} ${column.parameters["classification"]} ${substr(column.comment, 0, 252)}"] == [
          for property in table.properties :
          "${property.name} ${property.physicalType} ${property.classification} ${substr(property.description, 0, 252)}"
        ] && aws_glue_catalog_table.delta[table.name].parameters["grain"] == table.dataGranularityDescription
        if table.physicalType == "delta"
      ]
    ]))
    error_message = "A table's columns, their types, classes and descriptions, or its grain, are not the contract's."
  }

  assert {
    condition = [
      for column in aws_glue_catalog_table.delta["silver.customers_pii"].storage_descriptor[0].columns :
      "${column.type} ${column.parameters["classification"]}" if column.name == "email"
    ] == ["string pii_direct"]
    error_message = "The e-mail address is not told to be a person's."
  }

  assert {
    condition = alltrue(flatten([
      for name, table in aws_glue_catalog_table.delta : [
        for column in table.storage_descriptor[0].columns : column.parameters["classification"] != "pii_direct"
      ] if name != "silver.customers_pii"
    ]))
    error_message = "A table other than silver.customers_pii names people."
  }

  assert {
    condition = output.tables["silver.customers_pii"].database == "risk_lakehouse_test_silver" && contains(
      output.tables["silver.customers_pii"].classification["pii_direct"], "email"
    )
    error_message = "Grants cannot tell which columns name people."
  }
}

run "athena_reads_them_as_native_delta" {
  assert {
    condition = alltrue([
      for name, table in aws_glue_catalog_table.delta :
      table.table_type == "EXTERNAL_TABLE"
      && table.parameters["table_type"] == "DELTA"
      && table.parameters["spark.sql.sources.provider"] == "delta"
      && table.parameters["classification"] == "delta"
      && table.storage_descriptor[0].location == "s3://example-lake-test-${replace(name, ".", "/")}"
      && table.storage_descriptor[0].ser_de_info[0].parameters["path"] == table.storage_descriptor[0].location
    ])
    error_message = "A table is not a native Delta table in its zone's bucket."
  }

  assert {
    condition = alltrue([
      for zone, crawler in aws_glue_crawler.delta : alltrue([
        for target in crawler.delta_target : target.create_native_delta_table && !target.write_manifest
        && target.delta_tables == toset([
          for table in ["accounts", "customers", "daily_demand", "loans", "transactions"] : "s3://example-lake-test-${zone}/${table}/"
        ])
      ])
    ]) && keys(aws_glue_crawler.delta) == ["bronze", "quarantine"]
    error_message = "The crawlers do not make native tables of what is delivered."
  }

  assert {
    condition = toset([for target in aws_glue_crawler.landing.s3_target : target.path]) == toset([
      for table in ["accounts", "customers", "daily_demand", "loans", "transactions"] : "s3://example-lake-test-landing/${table}/"
    ])
    error_message = "The crawler of landing does not look at each delivered table."
  }
}

run "everything_glue_writes_is_encrypted" {
  assert {
    condition = alltrue([
      for encryption in aws_glue_security_configuration.lake.encryption_configuration :
      encryption.s3_encryption[0].s3_encryption_mode == "SSE-KMS" && encryption.s3_encryption[0].kms_key_arn == var.kms_key_arn
      && encryption.cloudwatch_encryption[0].cloudwatch_encryption_mode == "SSE-KMS" && encryption.cloudwatch_encryption[0].kms_key_arn == var.kms_key_arn
      && encryption.job_bookmarks_encryption[0].job_bookmarks_encryption_mode == "CSE-KMS" && encryption.job_bookmarks_encryption[0].kms_key_arn == var.kms_key_arn
    ])
    error_message = "Files, logs or bookmarks of Glue are not under the lake's key."
  }

  assert {
    condition = alltrue([
      for crawler in concat([aws_glue_crawler.landing], values(aws_glue_crawler.delta)) :
      crawler.security_configuration == aws_glue_security_configuration.lake.name && crawler.schedule == null
    ])
    error_message = "A crawler works without the security configuration, or by the clock though no schedule is set."
  }

  assert {
    condition     = length(aws_glue_data_catalog_encryption_settings.account) == 0
    error_message = "A setting of the whole account changes unasked."
  }
}

run "switches" {
  variables {
    crawler_schedule = "cron(0 5 * * ? *)"
    encrypt_catalog  = true
  }

  assert {
    condition = alltrue([
      for settings in aws_glue_data_catalog_encryption_settings.account[0].data_catalog_encryption_settings :
      settings.encryption_at_rest[0].catalog_encryption_mode == "SSE-KMS"
      && settings.encryption_at_rest[0].sse_aws_kms_key_id == var.kms_key_arn
      && settings.connection_password_encryption[0].return_connection_password_encrypted
    ])
    error_message = "The catalog is not encrypted with the lake's key."
  }

  assert {
    condition = alltrue([
      for crawler in concat([aws_glue_crawler.landing], values(aws_glue_crawler.delta)) : crawler.schedule == "cron(0 5 * * ? *)"
    ])
    error_message = "A crawler does not keep the schedule."
  }
}

run "refuses_wrong_input" {
  command = plan

  variables {
    database_prefix  = "Risk-Lakehouse"
    kms_key_arn      = "alias/lake"
    crawler_role_arn = "crawler"
    crawler_schedule = "every day"
  }

  expect_failures = [var.database_prefix, var.kms_key_arn, var.crawler_role_arn, var.crawler_schedule]
}

run "refuses_a_zone_without_bucket" {
  command = plan

  variables {
    buckets = { landing = { name = "example-lake-test-landing", arn = "arn:aws:s3:::example-lake-test-landing" } }
  }

  expect_failures = [var.buckets]
}

run "refuses_a_folder_without_contracts" {
  command = plan

  variables {
    contracts_path = "."
  }

  expect_failures = [var.contracts_path]
}
