terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # The bucket is the account's own: terraform init -backend-config="bucket=..." -backend-config="region=..."
  backend "s3" {
    key          = "risk-lakehouse/dev.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = { project = "risk-lakehouse", environment = "dev", managed_by = "terraform" }
  }
}
