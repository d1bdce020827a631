mock_provider "aws" {}

variables {
  context = {
    project     = "tideline"
    environment = "dev"
    account_id  = "111122223333"
    region      = "eu-central-1"
  }
  cidr               = "10.20.0.0/16"
  availability_zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  flow_log_role_arn  = "arn:aws:iam::111122223333:role/tideline-dev-flow-logs"
  flow_log_group_arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/tideline/dev/flow"
}

run "without_nat_and_public_callers_nothing_is_public" {
  command = plan

  assert {
    condition     = length(aws_subnet.public) == 0 && length(aws_internet_gateway.this) == 0 && length(aws_nat_gateway.this) == 0 && length(aws_route.out) == 0
    error_message = "Nobody asked for a way to the internet."
  }
  assert {
    condition     = [for zone in var.availability_zones : aws_subnet.private[zone].cidr_block] == ["10.20.0.0/18", "10.20.64.0/18", "10.20.128.0/18"]
    error_message = "Each zone has a quarter of the range."
  }
  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.from_outside) == 0
    error_message = "Nobody from outside is let in unless named."
  }
  assert {
    condition     = length(aws_vpc_security_group_egress_rule.to_internet) == 0
    error_message = "Without NAT no group may call the internet."
  }
  assert {
    condition     = aws_flow_log.this.traffic_type == "ALL" && aws_flow_log.this.log_destination == var.flow_log_group_arn && aws_flow_log.this.iam_role_arn == var.flow_log_role_arn
    error_message = "All traffic is logged, what was refused as well."
  }
  assert {
    condition     = aws_vpc.this.tags["project"] == "tideline" && aws_vpc.this.tags["module"] == "network" && aws_subnet.private["eu-central-1a"].tags["environment"] == "dev"
    error_message = "Everything says whose it is."
  }
}

run "what_aws_makes_by_itself_is_emptied" {
  command = apply

  assert {
    condition     = length(aws_default_security_group.this.ingress) == 0 && length(aws_default_security_group.this.egress) == 0
    error_message = "The default security group lets nothing through."
  }
  assert {
    condition     = length(aws_default_network_acl.this.ingress) == 0 && length(aws_default_network_acl.this.egress) == 0
    error_message = "The default network ACL lets nothing through."
  }
}

run "every_group_of_the_interface_is_there_and_speaks_to_whom_it_must" {
  command = apply

  assert {
    condition = toset(keys(output.security_group_ids)) == toset([
      "load-balancer", "services", "stream", "emr-primary", "emr-core", "emr-service", "airflow", "functions", "endpoints", "warehouse", "sftp",
    ])
    error_message = "The other modules take these groups."
  }
  assert {
    condition     = toset(keys(aws_vpc_security_group_ingress_rule.by_group)) == toset(keys(aws_vpc_security_group_egress_rule.by_group))
    error_message = "A way out of one group is the way into another."
  }
  assert {
    condition = alltrue([for rule in aws_vpc_security_group_ingress_rule.by_group :
      rule.referenced_security_group_id != null && rule.cidr_ipv4 == null && rule.cidr_ipv6 == null
    ])
    error_message = "Inside, groups are named by groups, never by addresses."
  }
  assert {
    condition = alltrue([for name in ["services", "emr-core", "airflow", "functions"] :
      aws_vpc_security_group_ingress_rule.by_group["${name}_to_stream_9098"].from_port == 9098
    ])
    error_message = "Clients of the event log reach it on the port of IAM over TLS."
  }
  assert {
    condition = alltrue([for key in [
      "emr-primary_to_emr-service_9443", "emr-service_to_emr-primary_8443", "emr-service_to_emr-core_8443",
      "emr-core_to_emr-primary_tcp", "emr-primary_to_emr-core_udp", "emr-core_to_emr-core_icmp",
    ] : contains(keys(aws_vpc_security_group_ingress_rule.by_group), key)])
    error_message = "EMR's nodes reach each other and its control plane."
  }
  assert {
    condition = alltrue([for key in ["airflow_to_airflow_5432", "airflow_to_airflow_443", "airflow_to_warehouse_5439", "load-balancer_to_services_8088"] :
      contains(keys(aws_vpc_security_group_ingress_rule.by_group), key)
    ])
    error_message = "Airflow reaches its database and the warehouse; the load balancer reaches the services."
  }
  assert {
    condition     = length([for key in keys(aws_vpc_security_group_ingress_rule.by_group) : key if strcontains(key, "_to_services_") && key != "load-balancer_to_services_8088"]) == 0
    error_message = "Only the load balancer calls the services."
  }
  assert {
    condition     = length([for key in keys(aws_vpc_security_group_egress_rule.by_group) : key if startswith(key, "stream_to_") || startswith(key, "sftp_to_") || startswith(key, "endpoints_to_")]) == 0
    error_message = "What only answers has no way out."
  }
}

run "network_acls_deny_what_no_rule_names" {
  command = plan

  assert {
    condition     = alltrue([for rule in aws_network_acl_rule.this : rule.rule_action == "allow" && rule.rule_number < 32767])
    error_message = "Rules only allow; the last, of AWS, denies."
  }
  assert {
    condition     = toset([for key, rule in aws_network_acl_rule.this : "${rule.from_port}-${rule.to_port}" if !rule.egress && rule.cidr_block == "0.0.0.0/0"]) == toset(["1024-65535"])
    error_message = "From anywhere only answers come in."
  }
  assert {
    condition     = toset([for key, rule in aws_network_acl_rule.this : rule.from_port if rule.egress && rule.cidr_block == "0.0.0.0/0"]) == toset([443])
    error_message = "Only TLS goes out."
  }
  assert {
    condition     = length(distinct([for rule in aws_network_acl_rule.this : "${rule.egress} ${rule.rule_number}"])) == length(aws_network_acl_rule.this)
    error_message = "No two rules of one list have the same number."
  }
}

run "endpoints_let_only_our_credentials_through" {
  command = plan
  variables {
    parts = ["services", "serverless"]
  }

  assert {
    condition     = toset(keys(aws_vpc_endpoint.interface)) == toset(["ecr.api", "ecr.dkr", "glue", "kms", "logs", "monitoring", "secretsmanager", "sts"])
    error_message = "Without NAT each part that is on gets the endpoints it needs, and no more."
  }
  assert {
    condition = alltrue([for endpoint in aws_vpc_endpoint.interface :
      jsondecode(endpoint.policy).Statement[0].Condition.StringEquals["aws:PrincipalAccount"] == "111122223333" && endpoint.private_dns_enabled
    ])
    error_message = "Foreign credentials pass no endpoint."
  }
  assert {
    condition = [for one in jsondecode(aws_vpc_endpoint.gateway["s3"].policy).Statement : [contains(one.Action, "s3:PutObjectAcl"), one.Resource] if one.Sid == "ApplicationHistory"] == [[true, [
      "arn:aws:s3:::prod.eu-central-1.appinfo.src/*", "arn:aws:s3:::aws157-logs-prod-eu-central-1/*",
    ]]]
    error_message = "EMR's workers reach EMR's own buckets, with the ACL that they write."
  }
  assert {
    condition     = toset(keys(aws_vpc_endpoint.gateway)) == toset(["s3", "dynamodb"])
    error_message = "S3 and DynamoDB are reached by gateways, which cost nothing."
  }
  assert {
    condition = jsondecode(aws_vpc_endpoint.gateway["s3"].policy).Statement[0].Resource == [
      "arn:aws:s3:::tideline-dev-*-111122223333", "arn:aws:s3:::tideline-dev-*-111122223333/*",
    ]
    error_message = "Only this environment's buckets are written through the gateway."
  }
  assert {
    condition = alltrue([for one in jsondecode(aws_vpc_endpoint.gateway["s3"].policy).Statement :
      !contains(one.Action, "s3:PutObject") || one.Sid != "ReadFromAws"
    ])
    error_message = "Buckets of AWS are read only."
  }
  assert {
    condition     = jsondecode(aws_vpc_endpoint.gateway["dynamodb"].policy).Statement[0].Resource == ["arn:aws:dynamodb:eu-central-1:111122223333:table/tideline-dev-*"]
    error_message = "Only this environment's tables are reached."
  }
}

run "prod_is_public_behind_tls_and_survives_the_loss_of_a_zone" {
  command = plan
  variables {
    context        = { project = "tideline", environment = "prod", account_id = "444455556666", region = "eu-central-1" }
    nat            = "per_zone"
    internal       = false
    ingress_cidrs  = ["0.0.0.0/0"]
    operator_cidrs = ["10.200.0.0/16"]
    sftp_cidrs     = ["198.51.100.0/24"]
    parts          = ["services", "airflow"]
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 3 && length(aws_eip.nat) == 3 && length(aws_route.out) == 3
    error_message = "Each zone has its own way out."
  }
  assert {
    condition     = [for zone in var.availability_zones : aws_subnet.public[zone].cidr_block] == ["10.20.192.0/22", "10.20.196.0/22", "10.20.200.0/22"]
    error_message = "Public subnets lie in the last quarter."
  }
  assert {
    condition     = alltrue([for subnet in aws_subnet.public : !subnet.map_public_ip_on_launch])
    error_message = "Nothing gets a public address by itself."
  }
  assert {
    condition = [for rule in aws_vpc_security_group_ingress_rule.from_outside : "${rule.from_port}-${rule.to_port} ${rule.ip_protocol}"
    if rule.cidr_ipv4 == "0.0.0.0/0"] == ["443-443 tcp"]
    error_message = "The world reaches the load balancer on 443 and nothing else."
  }
  assert {
    condition = alltrue([for key in ["airflow_from_10.200.0.0/16_443", "warehouse_from_10.200.0.0/16_5439", "load-balancer_from_10.200.0.0/16_8443", "sftp_from_198.51.100.0/24_22"] :
      contains(keys(aws_vpc_security_group_ingress_rule.from_outside), key)
    ])
    error_message = "Operators and partners come in where they are named."
  }
  assert {
    condition     = length(aws_vpc_endpoint.interface) == 0
    error_message = "With NAT, interface endpoints are a choice."
  }
  assert {
    condition     = toset([for rule in aws_network_acl_rule.this : rule.from_port if !rule.egress && rule.cidr_block == "0.0.0.0/0"]) == toset([443, 1024])
    error_message = "The public list lets in TLS and answers."
  }
  assert {
    condition     = contains([for rule in aws_network_acl_rule.this : "${rule.cidr_block} ${rule.from_port}" if !rule.egress], "10.200.0.0/16 8443")
    error_message = "Operators reach a version under test."
  }
}

run "a_single_gateway_serves_all_zones" {
  command = plan
  variables {
    nat = "single"
  }

  assert {
    condition     = keys(aws_nat_gateway.this) == ["eu-central-1a"] && length(aws_route.out) == 3
    error_message = "One gateway, three routes to it."
  }
  assert {
    condition     = length(aws_vpc_security_group_egress_rule.to_internet) == 6
    error_message = "Groups that call APIs may do so through the gateway."
  }
}

run "asked_endpoints_are_made_in_as_many_zones_as_asked" {
  command = apply
  variables {
    parts               = ["functions"]
    required_endpoints  = { delivery = ["states"] }
    interface_endpoints = ["states", "sts", "secretsmanager", "logs"]
    endpoint_zones      = 1
  }

  assert {
    condition     = alltrue([for endpoint in aws_vpc_endpoint.interface : length(endpoint.subnet_ids) == 1])
    error_message = "One zone costs a third."
  }
  assert {
    condition     = toset(keys(output.endpoint_ids)) == toset(["s3", "dynamodb", "states", "sts", "secretsmanager", "logs"])
    error_message = "The output names every endpoint."
  }
  assert {
    condition     = length(output.private_subnet_ids) == 3 && length(output.public_subnet_ids) == 0 && length(output.egress_ips) == 0
    error_message = "Three private subnets, nothing public."
  }
}
