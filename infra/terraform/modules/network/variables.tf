variable "context" {
  description = "Which installation this is (checked by modules/names)."
  type = object({
    project     = string
    environment = string
    account_id  = string
    region      = string
    partition   = optional(string, "aws")
    tags        = optional(map(string), {})
  })
}

variable "cidr" {
  description = "Address range of the VPC, /16 to /20 of a private range: a quarter per zone for private subnets, the last for public ones."
  type        = string

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && try(cidrhost(var.cidr, 0) == split("/", var.cidr)[0], false)
    error_message = "cidr is an IPv4 range that begins at its own first address, such as 10.20.0.0/16."
  }
  validation {
    condition     = try(tonumber(split("/", var.cidr)[1]) >= 16 && tonumber(split("/", var.cidr)[1]) <= 20, false)
    error_message = "cidr is /16 to /20: AWS allows no larger VPC, and EMR needs room in each zone."
  }
  validation {
    condition     = can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)", var.cidr))
    error_message = "cidr lies in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16."
  }
}

variable "availability_zones" {
  description = "Names of the three zones to spread over, such as eu-central-1a."
  type        = list(string)

  validation {
    condition     = length(var.availability_zones) == 3 && length(distinct(var.availability_zones)) == 3
    error_message = "availability_zones names three different zones."
  }
  validation {
    condition     = alltrue([for zone in var.availability_zones : can(regex("^${var.context.region}[a-z]$", zone))])
    error_message = "availability_zones are zones of context.region: its name and a letter."
  }
}

variable "nat" {
  description = "Way out to the internet for private subnets: none (endpoints only), single (one gateway, a zone's loss stops it) or per_zone."
  type        = string
  default     = "none"

  validation {
    condition     = contains(["none", "single", "per_zone"], var.nat)
    error_message = "nat is none, single or per_zone."
  }
}

variable "internal" {
  description = "Whether the load balancer is reached from private networks only. False makes public subnets and an internet gateway."
  type        = bool
  default     = true
}

variable "ingress_cidrs" {
  description = "Who may call the load balancer, on 443 only. While it is internal, private ranges; 0.0.0.0/0 only if internal = false."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.ingress_cidrs : can(cidrhost(cidr, 0)) && !strcontains(cidr, ":")]) && length(var.ingress_cidrs) <= 8
    error_message = "ingress_cidrs are at most 8 IPv4 ranges: a network ACL holds 20 rules in each direction."
  }
  validation {
    condition     = !var.internal || alltrue([for cidr in var.ingress_cidrs : can(regex(local.private_range, cidr))])
    error_message = "ingress_cidrs of an internal load balancer are private ranges; the public is let in with internal = false."
  }
}

variable "operator_cidrs" {
  description = "Private ranges (VPN, office) from which people reach Airflow's web server (443), the warehouse (5439) and a version under test (test_port)."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.operator_cidrs : can(cidrhost(cidr, 0)) && can(regex(local.private_range, cidr))]) && length(var.operator_cidrs) <= 4
    error_message = "operator_cidrs are at most 4 private IPv4 ranges."
  }
}

variable "sftp_cidrs" {
  description = "Ranges of the partners who deliver files by SFTP (port 22); never the whole internet."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.sftp_cidrs : can(cidrhost(cidr, 0)) && !strcontains(cidr, ":")]) && length(var.sftp_cidrs) <= 4
    error_message = "sftp_cidrs are at most 4 IPv4 ranges."
  }
  validation {
    condition     = alltrue([for cidr in var.sftp_cidrs : try(tonumber(split("/", cidr)[1]) >= 8, false)])
    error_message = "sftp_cidrs are /8 or narrower: partners are known by their addresses."
  }
}

variable "service_port" {
  description = "Port on which the serving layer listens behind the load balancer."
  type        = number
  default     = 8088

  validation {
    condition     = var.service_port >= 1024 && var.service_port <= 65535 && floor(var.service_port) == var.service_port
    error_message = "service_port is a port from 1024 to 65535: containers run without root."
  }
}

variable "test_port" {
  description = "Port on which the load balancer shows a new version before the switch; only operators reach it."
  type        = number
  default     = 8443

  validation {
    condition     = var.test_port >= 1024 && var.test_port <= 65535 && floor(var.test_port) == var.test_port
    error_message = "test_port is a port from 1024 to 65535."
  }
}

variable "parts" {
  description = "Parts of the platform that are on and have nodes in this network; with nat = none each needs its interface endpoints."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.parts, keys(local.needs))) == 0
    error_message = "parts are among ${join(", ", keys(local.needs))}."
  }
}

variable "required_endpoints" {
  description = "Further interface endpoints that must be there when nat = none, by who needs them."
  type        = map(set(string))
  default     = {}

  validation {
    condition     = alltrue([for names in values(var.required_endpoints) : length(setsubtract(names, local.known_endpoints)) == 0])
    error_message = "required_endpoints holds a service that has no interface endpoint here; endpoints.tf lists them."
  }
}

variable "interface_endpoints" {
  description = "Services reached by an interface endpoint, by their short names such as logs. Null: with nat = none what the parts need, else none."
  type        = set(string)
  default     = null

  validation {
    condition     = var.interface_endpoints == null || try(length(setsubtract(var.interface_endpoints, local.known_endpoints)) == 0, false)
    error_message = "interface_endpoints holds a service that has no interface endpoint here; endpoints.tf lists them."
  }
  validation {
    condition     = var.interface_endpoints == null || var.nat != "none" || try(length(setsubtract(local.needed, var.interface_endpoints)) == 0, false)
    error_message = "nat = none leaves no other way out, but interface_endpoints lacks ${join(", ", sort(setsubtract(local.needed, coalesce(var.interface_endpoints, []))))}."
  }
}

variable "endpoint_zones" {
  description = "In how many zones each interface endpoint stands, 1 to 3: each costs by the hour, and one is lost with its zone."
  type        = number
  default     = 3

  validation {
    condition     = contains([1, 2, 3], var.endpoint_zones)
    error_message = "endpoint_zones is 1, 2 or 3."
  }
}

variable "flow_log_role_arn" {
  description = "Role that writes flow logs (flow-logs of modules/iam)."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+", var.flow_log_role_arn))
    error_message = "flow_log_role_arn is the ARN of a role."
  }
}

variable "flow_log_group_arn" {
  description = "Log group of flow logs (flow of modules/monitoring), without the :* at its end."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:logs:[^:]+:[0-9]{12}:log-group:[^:*]+$", var.flow_log_group_arn))
    error_message = "flow_log_group_arn is the ARN of a log group, without :* at its end."
  }
}
