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

variable "key_arns" {
  description = "KMS key ARN by purpose, as modules/kms gives them. Every zone but logs is encrypted with the key of its own name."
  type        = map(string)

  validation {
    condition = alltrue([for zone in ["bronze", "silver", "gold", "quarantine", "landing", "documents", "checkpoints", "artifacts", "audit"] :
    contains(keys(var.key_arns), zone)])
    error_message = "key_arns lacks a zone: each of bronze, silver, gold, quarantine, landing, documents, checkpoints, artifacts and audit has a key of its own."
  }
}

variable "contracts" {
  description = "The places of each contract and how long they keep, by contract id, from `tideline env tfvars`. Only prefixes are read."
  type = map(object({
    prefixes = map(object({
      place    = string
      ttl_days = optional(number)
    }))
  }))
  default = {}

  validation {
    condition = alltrue(flatten([for id, contract in var.contracts : [for name, at in contract.prefixes :
    can(regex("^(bronze|silver|gold|quarantine|landing|documents|checkpoints|artifacts)/([^/*?]+/)+$", at.place))]]))
    error_message = "A place is <zone>/<key prefix>/ with a zone that holds data, no empty part, no wildcard, and a slash at its end, such as silver/retail/sales/."
  }
  validation {
    condition = alltrue(flatten([for id, contract in var.contracts : [for name, at in contract.prefixes :
    at.ttl_days == null ? true : at.ttl_days >= 1 && floor(at.ttl_days) == at.ttl_days]]))
    error_message = "ttl_days is a whole number of days, 1 or more, or null for what is kept."
  }
  validation {
    condition = alltrue(flatten([for id, contract in var.contracts : [for name, at in contract.prefixes :
    at.ttl_days == null || !startswith(at.place, "documents/releases/")]]))
    error_message = "documents/releases/ must have no ttl_days: the newest release is what is served, however old it is."
  }
}

variable "object_lock" {
  description = "How long (days) nobody can delete or overwrite what is in the audit bucket. Mode COMPLIANCE (not even the root user) or GOVERNANCE; null: COMPLIANCE in prod, GOVERNANCE elsewhere."
  type = object({
    mode = optional(string)
    days = optional(number, 365)
  })
  default = {}

  validation {
    condition     = var.object_lock.mode == null ? true : contains(["COMPLIANCE", "GOVERNANCE"], var.object_lock.mode)
    error_message = "object_lock.mode is COMPLIANCE, GOVERNANCE or null."
  }
  validation {
    condition     = var.object_lock.mode != "GOVERNANCE" || var.context.environment != "prod"
    error_message = "object_lock.mode must not be GOVERNANCE in prod: a role with the right to bypass it could erase its own traces."
  }
  validation {
    condition     = var.object_lock.days >= 1 && var.object_lock.days <= 36500 && floor(var.object_lock.days) == var.object_lock.days
    error_message = "object_lock.days is a whole number from 1 to 36500."
  }
}

variable "force_destroy" {
  description = "Whether `terraform destroy` may delete buckets that are not empty, with every version in them. Refused in prod."
  type        = bool
  default     = false

  validation {
    condition     = !var.force_destroy || var.context.environment != "prod"
    error_message = "force_destroy must be false in prod: empty a bucket by hand, knowingly, before it is destroyed."
  }
}

variable "replication" {
  description = "Second region: its name, the KMS key ARN there by zone (modules/kms: replica_key_arns), the role that replicates, and the zones that are copied. null makes no replica."
  type = object({
    region   = string
    key_arns = map(string)
    role_arn = string
    zones    = optional(set(string), ["bronze", "silver", "gold", "quarantine", "documents", "artifacts", "audit"])
  })
  default = null

  validation {
    condition     = var.replication == null ? true : var.replication.region != var.context.region
    error_message = "replication.region must be another region than context.region."
  }
  validation {
    condition     = var.replication == null ? true : length(setsubtract(var.replication.zones, keys(var.replication.key_arns))) == 0
    error_message = "replication.key_arns lacks a zone that is copied: a copy has the key of its zone, in its own region."
  }
  validation {
    condition = var.replication == null ? true : length(setsubtract(var.replication.zones,
    ["bronze", "silver", "gold", "quarantine", "landing", "documents", "artifacts", "audit"])) == 0
    error_message = "replication.zones may be bronze, silver, gold, quarantine, landing, documents, artifacts and audit: logs and checkpoints are of use in their own region only."
  }
}

variable "lifetimes" {
  description = <<-TEXT
    Life times in days. tier_after: when objects of table zones move to Intelligent-Tiering (0: at once). noncurrent: how long a replaced or deleted
    version can be brought back (a shorter ttl_days of a contract wins). abort_multipart: when an unfinished upload is dropped. landing: how long a
    file that arrived is kept at most. query_results: how long results of Athena are kept. logs: access logs. audit: the trail, at least object_lock.days.
  TEXT
  type = object({
    tier_after      = optional(number, 30)
    noncurrent      = optional(number, 30)
    abort_multipart = optional(number, 7)
    landing         = optional(number, 90)
    query_results   = optional(number, 7)
    logs            = optional(number, 90)
    audit           = optional(number, 2557)
  })
  default = {}

  validation {
    condition = alltrue([for name, days in var.lifetimes :
    days >= (name == "tier_after" ? 0 : 1) && floor(days) == days])
    error_message = "lifetimes holds whole numbers of days, 1 or more (tier_after: 0 or more)."
  }
  validation {
    condition     = var.lifetimes.audit >= var.object_lock.days
    error_message = "lifetimes.audit must not be shorter than object_lock.days: what is locked cannot expire."
  }
  validation {
    condition     = var.lifetimes.noncurrent >= 7
    error_message = "lifetimes.noncurrent is at least 7 days: it is what brings back a table that was deleted by mistake."
  }
}

variable "trusted" {
  description = "Who beside this account may be let in by a policy: other account ids, and an organization (o-...) as a whole. Everyone else is refused, whatever a policy allows."
  type = object({
    account_ids     = optional(set(string), [])
    organization_id = optional(string)
  })
  default = {}

  validation {
    condition     = alltrue([for id in var.trusted.account_ids : can(regex("^[0-9]{12}$", id))])
    error_message = "trusted.account_ids are account ids of 12 digits."
  }
  validation {
    condition     = var.trusted.organization_id == null ? true : can(regex("^o-[a-z0-9]{10,32}$", var.trusted.organization_id))
    error_message = "trusted.organization_id is the id of an organization, such as o-a1b2c3d4e5."
  }
}

variable "inventory" {
  description = "Whether a weekly inventory of each table zone is written to the logs bucket (what is stored, in which tier, under which encryption)."
  type        = bool
  default     = false
}
