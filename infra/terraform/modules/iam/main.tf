# Every role of an environment. A role is three things: who may take it (trust), where its data lies (local.grants, access.tf
# turns places, topics and tables into statements) and what else it does (local.extras). The files are by subject.

module "names" {
  source  = "../names"
  context = var.context
}

locals {
  names     = module.names
  tags      = merge(module.names.tags, { module = "iam" })
  region    = var.context.region
  account   = var.context.account_id
  partition = var.context.partition
  scope     = "${var.context.region}:${var.context.account_id}"
  dns       = var.context.partition == "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com"
  root      = "arn:${var.context.partition}:iam::${var.context.account_id}:root"

  # Statements are kept as JSON text: they differ in shape, and their length is what IAM counts.
  trust = merge(
    { for role, by in local.service_trust : role => [jsonencode(merge(
      { Effect = "Allow", Principal = { Service = by.services }, Action = "sts:AssumeRole" },
      { for sources in [by.sources] : "Condition" => {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnLike      = { "aws:SourceArn" = sources }
      } if length(sources) > 0 },
    ))] },
    local.job_trust, local.outside_trust, local.people_trust, local.ci_trust,
  )

  extras = merge(
    local.job_extras, local.service_extras, local.ingest_extras, local.compute_extras, local.warehouse_extras, local.guard_extras,
    local.airflow_extras, local.people_extras, local.ci_extras,
  )

  # Of each role that is made, its name. It ends at 64 characters: longer ones keep their beginning and end with a hash of the whole.
  made  = toset(concat(keys(local.job_groups), local.services, local.ingesting, local.platform, keys(local.outside_trust), keys(local.people_trust), keys(local.ci_trust)))
  plain = { for role in local.made : role => "${local.names.prefix}-${replace(role, "/", "-")}" }
  roles = { for role, name in local.plain : role => length(name) <= 64 ? name : "${substr(name, 0, 55)}-${substr(sha256(role), 0, 8)}" }
  count = length(local.made)

  # Below, big maps are indexed and never given to a function inside a loop: each call would walk the whole map.
  statements = { for role in local.made : role => concat(try(local.granted[role], []), try(local.extras[role], [])) }

  # A managed policy holds 6,144 characters and a role ten of them. Statements are dealt out in their order: a statement goes to the
  # policy in whose window of characters it begins. Of a few widths the widest is taken with which no policy of the role overflows.
  full   = 6144 - length(jsonencode({ Version = "2012-10-17", Statement = [] }))
  widths = [5900, 5600, 5300, 5000, 4700, 4400, 4100]
  begins = { for role, texts in local.statements : role => [
    for n in range(length(texts)) : n == 0 ? 0 : sum([for text in slice(texts, 0, n) : length(text) + 1])
  ] }
  dealt = { for role, texts in local.statements : role => [for width in local.widths : {
    for n, text in texts : floor(local.begins[role][n] / width) => text...
  }] }
  parts = { for role, ways in local.dealt : role => values(concat(
    [for way in ways : way if alltrue([for texts in values(way) : length(join(",", texts)) <= local.full])],
    [ways[length(ways) - 1]],
  )[0]) }

  policies = { for one in flatten([for role, parts in local.parts : [for n, texts in parts : { role = role, part = n, texts = texts }]]) : "${one.role}#${one.part}" => one }
  named    = { for key, one in local.policies : key => "${local.roles[one.role]}-${one.part}" }
}

resource "aws_iam_role" "this" {
  for_each = local.roles

  name                 = each.value
  description          = "Tideline ${var.context.environment}: ${each.key}"
  assume_role_policy   = jsonencode({ Version = "2012-10-17", Statement = [for text in local.trust[each.key] : jsondecode(text)] })
  permissions_boundary = local.names.boundary_arn
  max_session_duration = try(local.hours[each.key], 1) * 3600
  tags                 = merge(local.tags, try(local.role_tags[each.key], {}), { role = each.key })

  depends_on = [aws_iam_policy.boundary]

  lifecycle {
    precondition {
      condition     = local.count <= var.role_quota
      error_message = "${local.count} roles are more than role_quota (${var.role_quota}): set scope = \"domain\", or have AWS raise the account's quota."
    }
    precondition {
      condition     = length(local.parts[each.key]) <= 10
      error_message = "${each.key} needs more than ten policies of 6,144 characters: set scope = \"domain\"; where it is set, divide the domain."
    }
  }
}

resource "aws_iam_policy" "this" {
  for_each = local.named

  name        = each.value
  description = "Tideline ${var.context.environment}: what ${local.policies[each.key].role} may do, part ${local.policies[each.key].part + 1}"
  policy      = jsonencode({ Version = "2012-10-17", Statement = [for text in local.policies[each.key].texts : jsondecode(text)] })
  tags        = merge(local.tags, try(local.role_tags[local.policies[each.key].role], {}), { role = local.policies[each.key].role })

  lifecycle {
    precondition {
      condition     = length(join(",", local.policies[each.key].texts)) <= local.full
      error_message = "${each.value} has more than the 6,144 characters of a managed policy: names are longer than the statements allow for."
    }
  }
}

# By names, so that a plan knows which role has which policy.
resource "aws_iam_role_policy_attachment" "this" {
  for_each = local.named

  role       = local.roles[local.policies[each.key].role]
  policy_arn = "arn:${local.partition}:iam::${local.account}:policy/${each.value}"

  depends_on = [aws_iam_role.this, aws_iam_policy.this]
}

resource "aws_iam_instance_profile" "emr" {
  count = var.features.emr_clusters ? 1 : 0

  name = local.names.roles["emr-instance"].name
  role = local.names.roles["emr-instance"].name
  tags = local.tags

  depends_on = [aws_iam_role.this]
}
