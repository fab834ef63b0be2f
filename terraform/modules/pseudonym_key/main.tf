# Another key gives every customer another pseudonym: tables, scores and reports of before and after no longer match. So
# the key is changed by a decision and a full run of silver, never by a calendar.
resource "aws_secretsmanager_secret" "key" {
  #checkov:skip=CKV2_AWS_57:automatic rotation would change every pseudonym and cut the tables off from their history
  name                    = "${var.name}/hmac-key"
  description             = "Key of the pseudonyms of ${var.name}. Whoever reads it can tell whether a person is a customer."
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.recovery_window_days
}

# Written, never read back: neither plan nor state holds the key.
resource "aws_secretsmanager_secret_version" "key" {
  secret_id                = aws_secretsmanager_secret.key.id
  secret_string_wo         = var.key
  secret_string_wo_version = var.generation
}
