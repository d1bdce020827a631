# A cluster with a spot task fleet and managed scaling, its security configuration, and the Serverless application.

module "emr" {
  source = "../../../../infra/terraform/modules/emr"

  context            = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  subnet_ids         = ["subnet-0a1b2c3d4e5f60001", "subnet-0a1b2c3d4e5f60002"]
  security_group_ids = { emr-primary = "sg-0a1b2c3d4e5f60001", emr-core = "sg-0a1b2c3d4e5f60002", emr-service = "sg-0a1b2c3d4e5f60003" }
  role_arns          = { emr-service = "arn:aws:iam::123456789012:role/tideline-dev-emr-service" }
  instance_profile   = "tideline-dev-emr-instance"
  bucket_names       = { artifacts = "tideline-dev-artifacts-123456789012", logs = "tideline-dev-logs-123456789012" }
  key_arns           = { telemetry = "arn:aws:kms:eu-central-1:123456789012:key/telemetry", services = "arn:aws:kms:eu-central-1:123456789012:key/services" }
  log_groups         = { emr-serverless = { name = "/tideline/dev/emr-serverless", arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/tideline/dev/emr-serverless" } }
  tls_certificates   = "emr/certificates.zip"
  clusters = {
    batch = {
      primary_types          = ["m7g.xlarge", "m6g.xlarge"]
      core                   = { instance_types = { "r7g.xlarge" = 4, "r6g.xlarge" = 4 }, on_demand = 8, maximum = 16 }
      task                   = { instance_types = { "r7g.xlarge" = 4, "r6g.xlarge" = 4, "r7g.2xlarge" = 8 }, spot = 28, on_demand = 12, maximum = 96 }
      termination_protection = false # a protected cluster cannot be destroyed
    }
  }
}
