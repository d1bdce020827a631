# For those who use Terragrunt: the same folders and inputs; only where the state lies comes from here instead of backend.hcl.
# Run it in envs/<environment>, with AWS credentials of that environment's account and AWS_REGION set.

locals {
  environment = path_relative_to_include()
  account_id  = get_aws_account_id()
}

remote_state {
  backend                         = "s3"
  disable_init                    = true # infra/terraform/bootstrap makes the bucket, with its key and its policies
  disable_dependency_optimization = true
  config = {
    bucket               = "tideline-${local.environment}-state-${local.account_id}"
    key                  = "${local.environment}/platform.tfstate"
    workspace_key_prefix = "${local.environment}/workspaces"
    region               = get_env("AWS_REGION")
    encrypt              = true
    use_lockfile         = true
  }
}
