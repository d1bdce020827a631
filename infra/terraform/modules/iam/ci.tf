# The repository's workflows: ci-plan reads (any pull request of the repository, and its branch), ci-apply makes and changes
# (only a job in a protected environment of GitHub, where people approve).

locals {
  ci       = var.github == null ? {} : { this = var.github }
  issuer   = "token.actions.githubusercontent.com"
  provider = "arn:${local.partition}:iam::${local.account}:oidc-provider/${local.issuer}"

  ci_subjects = merge([for one in values(local.ci) : {
    "ci-plan"  = ["repo:${one.repository}:pull_request", "repo:${one.repository}:ref:refs/heads/${one.branch}"]
    "ci-apply" = [for environment in one.environments : "repo:${one.repository}:environment:${environment}"]
  }]...)

  ci_trust = { for role, subjects in local.ci_subjects : role => [jsonencode({
    Effect    = "Allow", Principal = { Federated = coalesce(var.github.provider_arn, local.provider) }, Action = "sts:AssumeRoleWithWebIdentity"
    Condition = { StringEquals = { "${local.issuer}:aud" = "sts.amazonaws.com", "${local.issuer}:sub" = subjects } }
  })] }

  ci_extras = {}
}

resource "aws_iam_openid_connect_provider" "github" {
  for_each = { for key, one in local.ci : key => one if one.provider_arn == null }

  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
  tags           = local.tags
}
