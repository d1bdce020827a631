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
    { for role, by in local.service_trust : role => [jsonencode({
      Effect    = "Allow"
      Principal = { Service = by.services }
      Action    = "sts:AssumeRole"
      # Condition is left out where the service does not send a source, see trust.tf.
      Condition = length(by.sources) == 0 ? null : {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnLike      = { "aws:SourceArn" = by.sources }
      }
    })] },
    local.job_trust, local.outside_trust, local.people_trust, local.ci_trust,
  )

  roles = { for role in local.made : role => {
    name       = lookup(local.long_names, role, "${local.names.prefix}-${role}")
    trust      = [for text in local.trust[role] : { for key, value in jsondecode(text) : key => value if value != null }]
    statements = concat(lookup(local.granted, role, []), lookup(local.extras, role, []))
    tags       = lookup(local.role_tags, role, {})
    hours      = lookup(local.hours, role, 1)
  } }

  made = toset(concat(keys(local.job_groups), local.services, local.ingesting, local.platform, keys(local.outside_trust), keys(local.people_trust), keys(local.ci_trust)))

  extras = merge(
    local.job_extras, local.service_extras, local.ingest_extras, local.compute_extras, local.warehouse_extras, local.guard_extras,
    local.airflow_extras, local.people_extras, local.ci_extras,
  )

  # A name ends at 64 characters. Longer ones keep their beginning and end with a hash of the whole.
  long_names = merge(
    { for role in keys(local.job_groups) : role => "${local.names.prefix}-${replace(role, "/", "-")}" if length("${local.names.prefix}-${role}") <= 64 },
    { for role in keys(local.job_groups) : role => "${substr("${local.names.prefix}-${replace(role, "/", "-")}", 0, 55)}-${substr(sha256(role), 0, 8)}" if length("${local.names.prefix}-${role}") > 64 },
    { for role in keys(local.outside_trust) : role => substr("${local.names.prefix}-${replace(role, "/", "-")}", 0, 64) },
  )

  # A managed policy holds 6,144 characters and a role ten of them. Statements are dealt out in their order: a statement goes to the
  # policy in whose window of characters it begins. Of a few widths the widest is taken with which no policy of the role overflows.
  full   = 6144 - length(jsonencode({ Version = "2012-10-17", Statement = [] }))
  widths = [5900, 5600, 5300, 5000, 4700, 4400, 4100]
  begins = { for role, one in local.roles : role => [
    for n in range(length(one.statements)) : n == 0 ? 0 : sum([for text in slice(one.statements, 0, n) : length(text) + 1])
  ] }
  dealt = { for role, one in local.roles : role => [for width in local.widths : {
    for n, text in one.statements : floor(local.begins[role][n] / width) => text...
  }] }
  parts = { for role, ways in local.dealt : role => values(concat(
    [for way in ways : way if alltrue([for texts in values(way) : length(join(",", texts)) <= local.full])],
    [ways[length(ways) - 1]],
  )[0]) }
  policies = merge([for role, parts in local.parts : {
    for n, texts in parts : "${role}#${n}" => {
      role = role
      part = n
      name = "${local.roles[role].name}-${n}"
      text = jsonencode({ Version = "2012-10-17", Statement = [for text in texts : jsondecode(text)] })
    }
  }]...)
}

resource "aws_iam_role" "this" {
  for_each = local.roles

  name                  = each.value.name
  description           = "Tideline ${var.context.environment}: ${each.key}"
  assume_role_policy    = jsonencode({ Version = "2012-10-17", Statement = each.value.trust })
  permissions_boundary  = local.names.boundary_arn
  max_session_duration  = each.value.hours * 3600
  force_detach_policies = false
  tags                  = merge(local.tags, each.value.tags, { role = each.key })

  depends_on = [aws_iam_policy.boundary]

  lifecycle {
    precondition {
      condition     = length(local.roles) <= var.role_quota
      error_message = "${length(local.roles)} roles are more than role_quota (${var.role_quota}): set scope = \"domain\", or have AWS raise the account's quota."
    }
    precondition {
      condition     = length(local.parts[each.key]) <= 10
      error_message = "${each.key} needs more than ten policies of 6,144 characters: set scope = \"domain\"; where it is set, divide the domain."
    }
  }
}

resource "aws_iam_policy" "this" {
  for_each = local.policies

  name        = each.value.name
  description = "Tideline ${var.context.environment}: what ${each.value.role} may do, part ${each.value.part + 1}"
  policy      = each.value.text
  tags        = merge(local.tags, local.roles[each.value.role].tags, { role = each.value.role })

  lifecycle {
    precondition {
      condition     = length(each.value.text) <= 6144
      error_message = "${each.value.name} has more than the 6,144 characters of a managed policy: names are longer than the statements allow for."
    }
  }
}

# By names, so that a plan knows which role has which policy.
resource "aws_iam_role_policy_attachment" "this" {
  for_each = local.policies

  role       = local.roles[each.value.role].name
  policy_arn = "arn:${local.partition}:iam::${local.account}:policy/${each.value.name}"

  depends_on = [aws_iam_role.this, aws_iam_policy.this]
}

resource "aws_iam_instance_profile" "emr" {
  count = var.features.emr_clusters ? 1 : 0

  name = local.names.roles["emr-instance"].name
  role = local.names.roles["emr-instance"].name
  tags = local.tags

  depends_on = [aws_iam_role.this]
}
