module "bootstrap" {
  source = "../../../../infra/terraform/modules/bootstrap"

  context = {
    project     = "tideline"
    environment = "shared"
    account_id  = "123456789012"
    region      = "eu-central-1"
  }
  environments = {
    dev  = {}
    prod = { account_id = "210987654321" }
  }
  administrators = ["arn:aws:iam::123456789012:role/Admin"]
}

output "backend" {
  value = module.bootstrap.backend
}
