output "secret_arn" {
  description = "The secret that holds the key, known once the key is in it."
  value       = aws_secretsmanager_secret.key.arn
  depends_on  = [aws_secretsmanager_secret_version.key]
}
