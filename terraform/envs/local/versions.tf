terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # Its path is given by who starts the server: terraform init -backend-config="path=..."
  backend "local" {}
}

# Asks the server that AWS_ENDPOINT_URL names. Without that variable it asks AWS itself, with keys that nobody has, and
# an account that is none: nothing can be made by mistake.
provider "aws" {
  region                  = "eu-west-1"
  access_key              = "test"
  secret_key              = "test"
  allowed_account_ids     = ["123456789012"]
  s3_use_path_style       = true
  skip_metadata_api_check = true
  max_retries             = 2 # what the server lacks fails at once

  default_tags {
    tags = { project = "risk-lakehouse", environment = "local", managed_by = "terraform" }
  }
}
