# Who may speak to whom, as a table: one line is a way out of one group and the way into the other. Groups are named by
# groups; ranges of addresses appear only where somebody outside comes in, and for 443 through a NAT gateway.

locals {
  groups = {
    load-balancer = "Takes requests on 443 and hands them to the services"
    services      = "Speed and serving layer on Fargate"
    stream        = "Brokers of the event log"
    emr-primary   = "Primary nodes of EMR"
    emr-core      = "Core and task nodes of EMR, and workers of EMR Serverless"
    emr-service   = "EMR's own access to nodes in private subnets"
    airflow       = "Airflow: scheduler, workers, web server, database"
    functions     = "Lambda functions"
    endpoints     = "Interface endpoints of AWS services"
    warehouse     = "Redshift Serverless"
    sftp          = "SFTP endpoint of Transfer Family"
  }

  https_clients = ["services", "emr-primary", "emr-core", "airflow", "functions", "warehouse"]
  kafka_clients = ["services", "emr-primary", "emr-core", "airflow", "functions"]
  emr_nodes     = ["emr-primary", "emr-core"]

  flows = concat(
    [for group in local.https_clients : { from = group, to = "endpoints", port = 443, why = "APIs of AWS" }],
    [for group in local.kafka_clients : { from = group, to = "stream", port = 9098, why = "Kafka with IAM over TLS" }],
    [
      { from = "load-balancer", to = "services", port = var.service_port, why = "requests and health checks" },
      { from = "airflow", to = "airflow", port = 443, why = "MWAA speaks to itself" },
      { from = "airflow", to = "airflow", port = 5432, why = "metadata database" },
      { from = "airflow", to = "warehouse", port = 5439, why = "SQL on the warehouse" },
      { from = "emr-primary", to = "emr-service", port = 9443, why = "EMR's control plane" },
    ],
    [for group in local.emr_nodes : { from = "emr-service", to = group, port = 8443, why = "EMR's control plane" }],
    flatten([for from in local.emr_nodes : [for to in local.emr_nodes : [for protocol in ["tcp", "udp", "icmp"] :
      { from = from, to = to, protocol = protocol, why = "nodes of one cluster" }
    ]]]),
  )
  by_group = { for flow in local.flows : "${flow.from}_to_${flow.to}_${try(flow.port, flow.protocol)}" => {
    from      = flow.from
    to        = flow.to
    protocol  = try(flow.protocol, "tcp")
    from_port = try(flow.port, flow.protocol == "icmp" ? -1 : 0)
    to_port   = try(flow.port, flow.protocol == "icmp" ? -1 : 65535)
    why       = flow.why
  } }

  from_outside = merge(
    { for cidr in var.ingress_cidrs : "load-balancer_from_${cidr}_443" => { to = "load-balancer", cidr = cidr, port = 443, why = "callers of the API over TLS" } },
    { for cidr in var.operator_cidrs : "airflow_from_${cidr}_443" => { to = "airflow", cidr = cidr, port = 443, why = "people at Airflow's web server" } },
    { for cidr in var.operator_cidrs : "warehouse_from_${cidr}_5439" => { to = "warehouse", cidr = cidr, port = 5439, why = "people at the warehouse" } },
    { for cidr in var.operator_cidrs : "load-balancer_from_${cidr}_${var.test_port}" => { to = "load-balancer", cidr = cidr, port = var.test_port, why = "people at a version under test" } },
    { for cidr in var.sftp_cidrs : "sftp_from_${cidr}_22" => { to = "sftp", cidr = cidr, port = 22, why = "partners who deliver files" } },
  )

  to_gateways = { for pair in setproduct(local.https_clients, keys(local.gateway_policies)) : "${pair[0]}_to_${pair[1]}" => { from = pair[0], gateway = pair[1] } }
}

resource "aws_security_group" "this" {
  for_each = local.groups

  name                   = "${local.prefix}-${each.key}"
  description            = each.value
  vpc_id                 = aws_vpc.this.id
  revoke_rules_on_delete = startswith(each.key, "emr-") # EMR adds rules that name each other
  tags                   = merge(local.tags, { Name = "${local.prefix}-${each.key}" })
}

resource "aws_vpc_security_group_egress_rule" "by_group" {
  for_each = local.by_group

  security_group_id            = aws_security_group.this[each.value.from].id
  referenced_security_group_id = aws_security_group.this[each.value.to].id
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from_port
  to_port                      = each.value.to_port
  description                  = each.value.why
  tags                         = merge(local.tags, { Name = each.key })
}

resource "aws_vpc_security_group_ingress_rule" "by_group" {
  for_each = local.by_group

  security_group_id            = aws_security_group.this[each.value.to].id
  referenced_security_group_id = aws_security_group.this[each.value.from].id
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from_port
  to_port                      = each.value.to_port
  description                  = each.value.why
  tags                         = merge(local.tags, { Name = each.key })
}

resource "aws_vpc_security_group_ingress_rule" "from_outside" {
  for_each = local.from_outside

  security_group_id = aws_security_group.this[each.value.to].id
  cidr_ipv4         = each.value.cidr
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  description       = each.value.why
  tags              = merge(local.tags, { Name = each.key })
}

resource "aws_vpc_security_group_egress_rule" "to_gateway" {
  for_each = local.to_gateways

  security_group_id = aws_security_group.this[each.value.from].id
  prefix_list_id    = aws_vpc_endpoint.gateway[each.value.gateway].prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  description       = "${each.value.gateway} through its gateway endpoint"
  tags              = merge(local.tags, { Name = each.key })
}

resource "aws_vpc_security_group_egress_rule" "to_internet" {
  for_each = var.nat == "none" ? toset([]) : toset(local.https_clients)

  security_group_id = aws_security_group.this[each.key].id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  description       = "TLS through the NAT gateway"
  tags              = merge(local.tags, { Name = "${each.key}_to_internet" })
}
