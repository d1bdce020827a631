# Network ACLs: a second fence, without memory of connections, so answers need rules of their own. What no rule names is
# denied. Answers come to high ports from anywhere because S3 is reached at public addresses through its gateway
# endpoint; security groups, which remember, let in only answers to what was asked.

locals {
  anywhere = "0.0.0.0/0"
  high     = { from = 1024, to = 65535 }

  private_callers = distinct(concat(var.internal ? var.ingress_cidrs : [], var.operator_cidrs))
  public_callers  = var.internal ? [] : distinct(concat(var.ingress_cidrs, var.operator_cidrs))

  acl_rules = {
    private = {
      in = concat(
        [{ cidr = var.cidr, from = 0, to = 0 }, merge(local.high, { cidr = local.anywhere })],
        [for cidr in local.private_callers : { cidr = cidr, from = 443, to = 443 }],
        [for pair in setproduct(var.operator_cidrs, var.internal ? [5439, var.test_port] : [5439]) : { cidr = pair[0], from = pair[1], to = pair[1] }],
        [for cidr in var.sftp_cidrs : { cidr = cidr, from = 22, to = 22 }],
      )
      out = concat(
        [{ cidr = var.cidr, from = 0, to = 0 }, { cidr = local.anywhere, from = 443, to = 443 }],
        [for cidr in distinct(concat(local.private_callers, var.sftp_cidrs)) : merge(local.high, { cidr = cidr })],
      )
    }
    public = {
      in = concat(
        [{ cidr = var.cidr, from = 0, to = 0 }],
        [for cidr in local.public_callers : { cidr = cidr, from = 443, to = 443 }],
        [for cidr in var.internal ? [] : var.operator_cidrs : { cidr = cidr, from = var.test_port, to = var.test_port }],
        var.nat == "none" ? [] : [merge(local.high, { cidr = local.anywhere })],
      )
      out = concat(
        [{ cidr = var.cidr, from = 0, to = 0 }],
        [for cidr in local.public_callers : merge(local.high, { cidr = cidr })],
        var.nat == "none" ? [] : [{ cidr = local.anywhere, from = 443, to = 443 }],
      )
    }
  }
  acls = local.public ? ["private", "public"] : ["private"]

  acl_entries = merge(flatten([for acl in local.acls : [for direction, rules in local.acl_rules[acl] : {
    for index, rule in rules : "${acl}_${direction}_${rule.cidr}_${rule.from}" => merge(rule, {
      acl = acl, egress = direction == "out", number = 100 + 10 * index
    })
  }]])...)
}

resource "aws_network_acl" "this" {
  for_each = toset(local.acls)

  vpc_id     = aws_vpc.this.id
  subnet_ids = [for subnet in { private = aws_subnet.private, public = aws_subnet.public }[each.key] : subnet.id]
  tags       = merge(local.tags, { Name = "${local.prefix}-${each.key}" })
}

resource "aws_network_acl_rule" "this" {
  for_each = local.acl_entries

  network_acl_id = aws_network_acl.this[each.value.acl].id
  egress         = each.value.egress
  rule_number    = each.value.number
  rule_action    = "allow"
  protocol       = each.value.from == 0 ? "-1" : "tcp"
  cidr_block     = each.value.cidr
  from_port      = each.value.from
  to_port        = each.value.to
}
