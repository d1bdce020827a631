output "key_arns" {
  description = "KMS key ARN by purpose. The aliases exist when these are known, so that roles can use the keys by them."
  value       = { for purpose, key in aws_kms_key.this : purpose => key.arn }
  depends_on  = [aws_kms_alias.this]
}

output "replica_key_arns" {
  description = "ARN of the replica in the second region, by purpose; empty without one."
  value       = { for purpose, key in aws_kms_replica_key.this : purpose => key.arn }
  depends_on  = [aws_kms_alias.replica]
}
