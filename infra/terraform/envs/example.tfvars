# Copy this file to envs/<environment>/terraform.tfvars and fill it in: it is all that an environment needs from you.
# No secret belongs here; docs/deploy.md says where each one lies.

inputs = {
  account_id         = "111122223333" # 12 digits; one account per environment keeps them apart best
  region             = "eu-central-1"
  availability_zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  replica_region     = "eu-west-1" # prod copies its buckets there
  owner              = "data-platform"
  cost_center        = "cc-100"

  # Who reaches the API, and under which certificate (ACM) and image (ECR, by digest). Without them no service is made.
  ingress_cidrs   = ["10.0.0.0/8"]
  certificate_arn = "arn:aws:acm:eu-central-1:111122223333:certificate/11112222-3333-4444-5555-666677778888"
  image           = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/tideline/layer@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

  # The collector beside each service (AWS's distribution of OpenTelemetry, copied into the repository `collector`): without it
  # CloudWatch knows no lag. And from where people reach Airflow's pages and the warehouse: your VPN or office.
  collector_image = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/tideline/collector@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
  operator_cidrs  = ["10.8.0.0/16"]

  alerts = {
    critical = ["on-call@example.com"]
    warning  = ["data-platform@example.com"]
  }
  sftp_users = {
    "partner-one" = { domain = "retail", public_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExample00 partner-one"] }
  }
  sftp_cidrs = ["203.0.113.0/24"]
  budget     = 2500 # US dollars a month; tideline cost estimate -e ENV says what to expect: prod is more

  # pays_the_bill   = true  # the account stands alone or pays for its organization: unusual spending is watched too
  # config_recorder = false # a landing zone has made AWS Config's recorder already
  # reserve_concurrency = false # a young account: Lambda has ten calls at once in all

  # Roles of your own sign-in (IAM Identity Center, SAML) that may become the platform's people.
  people = {
    "platform-engineer"  = ["arn:aws:iam::111122223333:role/sso-platform"]
    "analytics-engineer" = ["arn:aws:iam::111122223333:role/sso-analytics"]
    "analyst"            = ["arn:aws:iam::111122223333:role/sso-analyst"]
    "on-call"            = ["arn:aws:iam::111122223333:role/sso-on-call"]
    "compliance"         = ["arn:aws:iam::111122223333:role/sso-compliance"]
  }

  # Your repository's workflows may plan and apply; infra/terraform/bootstrap makes the rest.
  repository = "example/tideline"
  state = {
    bucket  = "tideline-shared-state-111122223333"
    prefix  = "dev/"
    key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11112222-3333-4444-5555-666677778888"
  }
}
