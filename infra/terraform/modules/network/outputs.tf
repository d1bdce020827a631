output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "cidr" {
  description = "Address range of the VPC."
  value       = aws_vpc.this.cidr_block
}

output "private_subnet_ids" {
  description = "Private subnets in the order of availability_zones; known once their routes, rules and endpoints exist."
  value       = [for zone in var.availability_zones : aws_subnet.private[zone].id]
  depends_on = [
    aws_route.out, aws_route_table_association.private, aws_network_acl_rule.this, aws_vpc_endpoint.gateway, aws_vpc_endpoint.interface,
  ]
}

output "public_subnet_ids" {
  description = "Public subnets in the order of availability_zones; empty unless the load balancer is public or there is a NAT gateway."
  value       = [for zone in var.availability_zones : aws_subnet.public[zone].id if local.public]
  depends_on  = [aws_route.internet, aws_route_table_association.public, aws_network_acl_rule.this]
}

output "security_group_ids" {
  description = "Security group by who carries it: load-balancer, services, stream, emr-primary, emr-core, emr-service, airflow, functions, endpoints, warehouse, sftp."
  value       = { for name, group in aws_security_group.this : name => group.id }
  depends_on = [
    aws_vpc_security_group_egress_rule.by_group, aws_vpc_security_group_ingress_rule.by_group, aws_vpc_security_group_ingress_rule.from_outside,
    aws_vpc_security_group_egress_rule.to_gateway, aws_vpc_security_group_egress_rule.to_internet,
  ]
}

output "endpoint_ids" {
  description = "VPC endpoint by service: s3, dynamodb and the interface endpoints."
  value       = { for name, endpoint in merge(aws_vpc_endpoint.gateway, aws_vpc_endpoint.interface) : name => endpoint.id }
}

output "egress_ips" {
  description = "Public addresses from which this network calls the internet, for the allow-lists of others; empty without NAT."
  value       = [for zone in local.nat_in : aws_eip.nat[zone].public_ip]
}

output "nat_gateway_ids" {
  description = "NAT gateway by zone, for alarms; empty without NAT."
  value       = { for zone, gateway in aws_nat_gateway.this : zone => gateway.id }
}
