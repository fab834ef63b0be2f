mock_provider "aws" {
  mock_resource "aws_secretsmanager_secret" {
    defaults = {
      id  = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:hmac"
      arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:hmac"
    }
  }
}

variables {
  name        = "risk-lakehouse-test"
  kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/lake"
  key         = "made up for this test, long enough"
}

run "the_secret_is_the_lakes_and_can_be_had_back" {
  assert {
    condition     = aws_secretsmanager_secret.key.kms_key_id == var.kms_key_arn
    error_message = "The secret is not under the lake's key."
  }

  assert {
    condition     = aws_secretsmanager_secret.key.recovery_window_in_days == 30
    error_message = "A deleted key cannot be had back for 30 days, and with it every pseudonym is lost."
  }

  assert {
    condition     = aws_secretsmanager_secret_version.key.secret_string == null && aws_secretsmanager_secret_version.key.secret_string_wo == null
    error_message = "The state holds the key."
  }
}

run "a_window_that_secrets_manager_refuses_is_refused_here" {
  command = plan

  variables {
    recovery_window_days = 3
  }

  expect_failures = [var.recovery_window_days]
}

run "a_short_key_is_refused" {
  command = plan

  variables {
    key = "guessed"
  }

  expect_failures = [var.key]
}
