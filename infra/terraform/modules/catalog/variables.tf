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

variable "contracts" {
  description = "Tables and event schema of each contract, by contract id, from `tideline env tfvars`."
  type = map(object({
    domain         = string
    owner          = string
    tier           = string
    classification = string
    tables = optional(map(object({
      zone        = string
      name        = string
      place       = string
      description = string
      columns     = list(object({ name = string, type = string, comment = string, classification = optional(string), pii = optional(bool) }))
      parameters  = map(string)
    })), {})
    schema = optional(string)
  }))
  default = {}

  validation {
    condition = alltrue(flatten([for id, contract in var.contracts : [for key, table in contract.tables :
    contains(["bronze", "silver", "gold", "quarantine"], table.zone) && startswith(table.place, "${table.zone}/") && endswith(table.place, "/")]]))
    error_message = "A table lies in bronze, silver, gold or quarantine, at a place of that zone with a slash at its end."
  }
  validation {
    condition = alltrue([for id, contract in var.contracts :
    contains(["public", "internal", "confidential", "restricted"], contract.classification)])
    error_message = "classification is public, internal, confidential or restricted."
  }
  validation {
    condition     = alltrue([for id, contract in var.contracts : contract.schema == null ? true : can(jsondecode(contract.schema))])
    error_message = "schema is JSON text, or null."
  }
  validation {
    condition     = alltrue([for id, contract in var.contracts : contract.schema == null ? true : length(contract.schema) <= 170000])
    error_message = "schema is at most 170,000 characters: the registry takes no more."
  }
}

variable "schema_compatibility" {
  description = "What the schema registry itself checks. NONE unless told: `tideline contract breaking` has judged before, by the contract's own mode, and knows renames and retired fields, which the registry would refuse."
  type        = string
  default     = "NONE"

  validation {
    condition     = contains(["NONE", "DISABLED", "BACKWARD", "BACKWARD_ALL", "FORWARD", "FORWARD_ALL", "FULL", "FULL_ALL"], var.schema_compatibility)
    error_message = "schema_compatibility is NONE, DISABLED, BACKWARD, BACKWARD_ALL, FORWARD, FORWARD_ALL, FULL or FULL_ALL."
  }
}

variable "bucket_names" {
  description = "Bucket name by zone, as modules/storage gives them."
  type        = map(string)

  validation {
    condition     = length(setsubtract(["bronze", "silver", "gold", "quarantine", "artifacts"], keys(var.bucket_names))) == 0
    error_message = "bucket_names lacks bronze, silver, gold, quarantine or artifacts."
  }
}

variable "key_arns" {
  description = "KMS key ARN by purpose, as modules/kms gives them: artifacts (results of queries), secrets and services (the warehouse)."
  type        = map(string)

  validation {
    condition     = length(setsubtract(["artifacts", "secrets", "services"], keys(var.key_arns))) == 0
    error_message = "key_arns lacks artifacts, secrets or services."
  }
}

variable "role_arns" {
  description = "Role ARN by name, as modules/iam gives them. Lake Formation grants to those people and services that are there; to jobs (<stage>/<contract or domain>) nothing."
  type        = map(string)

  validation {
    condition     = var.lake_formation == null || contains(keys(var.role_arns), "lakeformation")
    error_message = "role_arns lacks lakeformation, in whose name Lake Formation reads."
  }
  validation {
    condition     = var.lake_formation == null ? true : length(var.lake_formation.admins) > 0 || contains(keys(var.role_arns), "ci-apply")
    error_message = "lake_formation needs an admin: name who runs Terraform in lake_formation.admins, or let modules/iam make ci-apply."
  }
  validation {
    condition     = var.crawlers == null || contains(keys(var.role_arns), "crawler")
    error_message = "role_arns lacks crawler."
  }
  validation {
    condition     = var.warehouse == null || contains(keys(var.role_arns), "redshift")
    error_message = "role_arns lacks redshift."
  }
}

variable "crawlers" {
  description = "Crawlers over the Delta tables of contracts in bronze, silver and gold, or null (contracts say what a table is; a crawler only tells what differs). schedule: cron of AWS in UTC, or null to start by hand."
  type        = object({ schedule = optional(string) })
  default     = null

  validation {
    condition     = try(var.crawlers.schedule, null) == null ? true : can(regex("^cron\\(.+\\)$", var.crawlers.schedule))
    error_message = "crawlers.schedule is such as cron(0 3 * * ? *)."
  }
}

variable "lake_formation" {
  description = "Who reads which columns, by LF-tags; null leaves it to IAM. admins: ARNs of those who manage Lake Formation; whoever runs Terraform must be among them, and ci-apply of role_arns always is."
  type        = object({ admins = optional(set(string), []) })
  default     = {}

  validation {
    condition     = var.lake_formation == null ? true : alltrue([for arn in var.lake_formation.admins : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/", arn))])
    error_message = "lake_formation.admins are ARNs of IAM roles or users."
  }
}

variable "query_limits" {
  description = "Bytes that one query of Athena may scan before it is stopped, by who asks; 100 GB cost about half a dollar. Who is not named keeps the default."
  type = object({
    analyst            = optional(number, 107374182400) # 100 GiB
    analytics-engineer = optional(number, 549755813888) # 512 GiB
  })
  default = {}

  validation {
    condition     = alltrue([for bytes in values(var.query_limits) : bytes >= 10485760 && floor(bytes) == bytes])
    error_message = "query_limits are whole numbers, at least 10485760 (10 MB, the least that Athena takes)."
  }
}

variable "named_queries" {
  description = "Queries that everybody who asks finds, by name: the zone whose database they are about, and the SQL."
  type        = map(object({ zone = string, sql = string, description = optional(string, "") }))
  default     = {}

  validation {
    condition     = alltrue([for query in var.named_queries : contains(["bronze", "silver", "gold", "quarantine"], query.zone)])
    error_message = "named_queries are about bronze, silver, gold or quarantine."
  }
}

variable "warehouse" {
  description = <<-TEXT
    Redshift Serverless over gold, or null. base_capacity and max_capacity: RPUs, in steps of 8. daily_limit: RPU-hours a day before it stops answering
    (0.375 USD or so each). query_seconds: the longest query. external_schema: whether Terraform itself runs the statement that shows gold there.
  TEXT
  type = object({
    base_capacity   = optional(number, 8)
    max_capacity    = optional(number, 32)
    daily_limit     = optional(number, 24)
    query_seconds   = optional(number, 3600)
    external_schema = optional(bool, false)
  })
  default = null

  validation {
    condition     = var.warehouse == null ? true : var.warehouse.base_capacity >= 8 && var.warehouse.base_capacity <= 1024 && var.warehouse.base_capacity % 8 == 0
    error_message = "warehouse.base_capacity is 8 to 1024 RPUs, in steps of 8."
  }
  validation {
    condition     = var.warehouse == null ? true : var.warehouse.max_capacity >= var.warehouse.base_capacity && var.warehouse.max_capacity % 8 == 0
    error_message = "warehouse.max_capacity is at least base_capacity, in steps of 8."
  }
  validation {
    condition     = var.warehouse == null ? true : var.warehouse.daily_limit >= 1 && var.warehouse.query_seconds >= 1
    error_message = "warehouse.daily_limit (RPU-hours) and query_seconds are 1 or more: without an end one query can cost a month."
  }
}

variable "subnet_ids" {
  description = "Private subnets of the warehouse, in three zones."
  type        = list(string)
  default     = []

  validation {
    condition     = var.warehouse == null || length(var.subnet_ids) >= 3
    error_message = "subnet_ids are at least three when there is a warehouse: Redshift Serverless wants three zones."
  }
}

variable "security_group_ids" {
  description = "Security group by who carries it, as modules/network gives them; the warehouse's is used."
  type        = map(string)
  default     = {}

  validation {
    condition     = var.warehouse == null || contains(keys(var.security_group_ids), "warehouse")
    error_message = "security_group_ids lacks warehouse."
  }
}

variable "force_destroy" {
  description = "Whether `terraform destroy` may remove the workgroups with their history of queries."
  type        = bool
  default     = false
}
