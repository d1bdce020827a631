output "bucket" {
  description = "Name of the bucket that holds the states."
  value       = aws_s3_bucket.state.id
}

output "key_arn" {
  description = "ARN of the key of the states."
  value       = aws_kms_key.state.arn
}

output "backend" {
  description = "By environment (and bootstrap, for the state of this root itself): the text of its backend.hcl, a partial configuration of the S3 backend."
  value = { for name in concat(keys(var.environments), ["bootstrap"]) : name => <<-TEXT
    bucket               = "${aws_s3_bucket.state.id}"
    key                  = "${name}/platform.tfstate"
    workspace_key_prefix = "${name}/workspaces"
    region               = "${var.context.region}"
    encrypt              = true
    kms_key_id           = "${aws_kms_key.state.arn}"
    use_lockfile         = true
  TEXT
  }
}
