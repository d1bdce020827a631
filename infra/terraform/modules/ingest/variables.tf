variable "context" {
  description = "Which installation this is: see modules/names."
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
  description = "What contracts give (see infra/terraform/README.md), by id; domain and product are read here: they name folders."
  type = map(object({
    domain  = string
    product = string
  }))

  validation {
    condition     = alltrue([for id, contract in var.contracts : id == "${contract.domain}.${contract.product}"])
    error_message = "contracts are keyed by their id, <domain>.<product>."
  }
}

variable "push" {
  description = <<-EOT
    POST /v1/events/{contract}. Callers sign with IAM (SigV4, execute-api:Invoke); with `jwt` they bring a token of that issuer and audience
    whose scopes have <scope>/<contract> or <scope>/<domain>. domain: a name of your own with its certificate; the generated one is then
    off. requests_per_second, burst: more are turned away with 429. max_bytes, max_events: of one request; more are refused with 413.
    reserved_concurrency: functions at once, taken from the account's; -1 for none reserved.
  EOT
  type = object({
    enabled              = optional(bool, true)
    jwt                  = optional(object({ issuer = string, audience = list(string), scope = optional(string, "tideline") }))
    domain               = optional(object({ name = string, certificate_arn = string }))
    requests_per_second  = optional(number, 50)
    burst                = optional(number, 100)
    max_bytes            = optional(number, 1048576)
    max_events           = optional(number, 1000)
    memory_mb            = optional(number, 1024)
    reserved_concurrency = optional(number, 20)
  })
  default = {}

  validation {
    condition = var.push.jwt == null ? true : (
      can(regex("^https://[^ ]+$", var.push.jwt.issuer)) && length(var.push.jwt.audience) > 0 && can(regex("^[A-Za-z0-9._:/-]{1,80}$", var.push.jwt.scope))
    )
    error_message = "push.jwt has an issuer that begins with https://, at least one audience, and a scope of letters, digits and ._:/-."
  }
  validation {
    condition     = var.push.requests_per_second >= 1 && var.push.requests_per_second <= 10000 && var.push.burst >= 1 && var.push.burst <= 5000
    error_message = "push.requests_per_second is 1 to 10000 and push.burst 1 to 5000: nobody gets in unlimited."
  }
  validation {
    condition     = var.push.max_bytes >= 1024 && var.push.max_bytes <= 4194304 && var.push.max_events >= 1 && var.push.max_events <= 10000
    error_message = "push.max_bytes is 1024 to 4194304 (a function takes 6 MB, and bodies may arrive in base64), push.max_events 1 to 10000."
  }
  validation {
    condition     = var.push.memory_mb >= 256 && var.push.memory_mb <= 10240 && (var.push.reserved_concurrency == -1 || var.push.reserved_concurrency >= 1)
    error_message = "push.memory_mb is 256 to 10240; push.reserved_concurrency is at least 1, or -1."
  }
}

variable "delivery" {
  description = <<-EOT
    Files of landing/inbox/ to the log. concurrency: chunks of one file at once; 1 keeps the order of lines. chunk_bytes: about what one call
    of the function sends. max_file_bytes: a larger file is refused. remember_days: for so long a repeated file is told from a new one.
    reserved_concurrency: functions at once, taken from the account's; -1 for none reserved.
  EOT
  type = object({
    enabled              = optional(bool, true)
    concurrency          = optional(number, 1)
    chunk_bytes          = optional(number, 4194304)
    max_file_bytes       = optional(number, 1073741824)
    remember_days        = optional(number, 400)
    memory_mb            = optional(number, 1024)
    reserved_concurrency = optional(number, 10)
  })
  default = {}

  validation {
    condition     = var.delivery.concurrency >= 1 && var.delivery.concurrency <= 40
    error_message = "delivery.concurrency is 1 to 40."
  }
  validation {
    condition = (
      var.delivery.chunk_bytes >= 65536 && var.delivery.chunk_bytes <= 33554432 && var.delivery.max_file_bytes >= var.delivery.chunk_bytes &&
      var.delivery.max_file_bytes <= 5368709120 && var.delivery.max_file_bytes / var.delivery.chunk_bytes <= 1000
    )
    error_message = "delivery.chunk_bytes is 64 KiB to 32 MiB; max_file_bytes at least that, at most 5 GiB, and at most 1000 chunks: a workflow's state holds no more."
  }
  validation {
    condition     = var.delivery.remember_days >= 30
    error_message = "delivery.remember_days is at least 30: a file that comes again later than that counts as new."
  }
  validation {
    condition     = var.delivery.memory_mb >= 512 && var.delivery.memory_mb <= 10240 && (var.delivery.reserved_concurrency == -1 || var.delivery.reserved_concurrency >= var.delivery.concurrency)
    error_message = "delivery.memory_mb is 512 to 10240; delivery.reserved_concurrency is at least delivery.concurrency, or -1."
  }
}

variable "sftp" {
  description = "An SFTP server inside the network, over the inbox. security_policy: which algorithms it speaks."
  type = object({
    enabled         = optional(bool, false)
    security_policy = optional(string, "TransferSecurityPolicy-2025-03")
  })
  default = {}

  validation {
    condition     = contains(["TransferSecurityPolicy-2025-03", "TransferSecurityPolicy-FIPS-2025-03", "TransferSecurityPolicy-2024-01", "TransferSecurityPolicy-FIPS-2024-01", "TransferSecurityPolicy-Restricted-2024-06"], var.sftp.security_policy)
    error_message = "sftp.security_policy is a current one: TransferSecurityPolicy-2025-03, -FIPS-2025-03, -2024-01, -FIPS-2024-01 or -Restricted-2024-06."
  }
}

variable "sftp_users" {
  description = "Who delivers files by SFTP: a domain, in whose products the user has a folder each, and its SSH public keys."
  type        = map(object({ domain = string, public_keys = list(string) }))
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.sftp_users) : can(regex("^[a-zA-Z0-9_][a-zA-Z0-9_.@-]{2,99}$", name))])
    error_message = "An SFTP user's name has 3 to 100 letters, digits and _.@-, and does not begin with a dot, an at sign or a hyphen."
  }
  validation {
    condition = alltrue([for user in values(var.sftp_users) : length(user.public_keys) > 0 && alltrue([
      for key in user.public_keys : can(regex("^(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|rsa-sha2-(256|512)|ssh-rsa) [A-Za-z0-9+/=]+( .*)?$", key))
    ])])
    error_message = "An SFTP user has at least one SSH public key, such as ssh-ed25519 AAAA...; a private key never belongs here."
  }
  validation {
    condition     = !var.sftp.enabled || alltrue([for user in values(var.sftp_users) : contains([for contract in values(var.contracts) : contract.domain], user.domain)])
    error_message = "An SFTP user's domain is none of any contract: the user would have no folder."
  }
}

variable "lookups" {
  description = "More DynamoDB tables for what functions of yours look up: hash_key, range_key (both text), expires (attribute with the second of expiry)."
  type        = map(object({ hash_key = string, range_key = optional(string), expires = optional(string) }))
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.lookups) : can(regex("^[a-z][a-z0-9-]{1,40}$", name)) && name != "deliveries"])
    error_message = "A lookup table's name is 2 to 41 lower-case letters, digits and hyphens, and not deliveries, which is there already."
  }
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the tables."
  type        = bool
  default     = true
}

variable "functions" {
  description = "The package that `tideline env package` wrote and uploaded: bucket, key, sha256 (base64, as Lambda says it), architecture; code_signing_config_arn if only signed code may run. Null when neither push nor delivery is on."
  type = object({
    bucket                  = string
    key                     = string
    sha256                  = string
    architecture            = optional(string, "arm64")
    code_signing_config_arn = optional(string)
  })
  default = null

  validation {
    condition     = var.functions != null || !(var.push.enabled || var.delivery.enabled)
    error_message = "push and delivery are code: functions says which. Write the package with tideline env package, or switch both off."
  }
  validation {
    condition     = var.functions == null ? true : can(regex("^[A-Za-z0-9+/]{43}=$", var.functions.sha256))
    error_message = "functions.sha256 is the SHA-256 of the package in base64 (44 characters), as Lambda compares it."
  }
  validation {
    condition     = var.functions == null ? true : contains(["arm64", "x86_64"], var.functions.architecture)
    error_message = "functions.architecture is arm64 or x86_64, the one that the package was made for."
  }
}

variable "stream" {
  description = "What modules/stream gives: engine, bootstrap_brokers."
  type = object({
    engine            = string
    bootstrap_brokers = optional(string)
  })
}

variable "vpc_id" {
  description = "The network; the SFTP server stands in it."
  type        = string
  default     = null

  validation {
    condition     = !var.sftp.enabled || var.vpc_id != null
    error_message = "vpc_id is missing: the SFTP server stands inside the network."
  }
}

variable "subnet_ids" {
  description = "Private subnets of functions and of the SFTP server."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids are at least two private subnets, in different zones."
  }
}

variable "security_group_ids" {
  description = "What modules/network gives; `functions` and `sftp` are used."
  type        = map(string)

  validation {
    condition     = length(setsubtract(concat(var.push.enabled || var.delivery.enabled ? ["functions"] : [], var.sftp.enabled ? ["sftp"] : []), keys(var.security_group_ids))) == 0
    error_message = "security_group_ids lacks functions or sftp."
  }
}

variable "role_arns" {
  description = "What modules/iam gives; `push`, `delivery`, `delivery-workflow`, `upload-events` and `sftp` are used."
  type        = map(string)

  validation {
    condition = length(setsubtract(concat(
      var.push.enabled ? ["push"] : [], var.delivery.enabled ? ["delivery", "delivery-workflow", "upload-events"] : [], var.sftp.enabled ? ["sftp"] : [],
    ), keys(var.role_arns))) == 0
    error_message = "role_arns lacks a role of what is on: push; delivery, delivery-workflow and upload-events; sftp."
  }
}

variable "key_arns" {
  description = "What modules/kms gives; `services` is used: for environments of functions, the workflow and the tables."
  type        = map(string)

  validation {
    condition     = contains(keys(var.key_arns), "services")
    error_message = "key_arns has no services."
  }
}

variable "log_groups" {
  description = "What modules/monitoring gives, {name, arn} by name; `push`, `push-access`, `delivery`, `delivery-workflow` and `sftp` are used."
  type        = map(object({ name = string, arn = string }))

  validation {
    condition = length(setsubtract(concat(
      var.push.enabled ? ["push", "push-access"] : [], var.delivery.enabled ? ["delivery", "delivery-workflow"] : [], var.sftp.enabled ? ["sftp"] : [],
    ), keys(var.log_groups))) == 0
    error_message = "log_groups lacks one of what is on: push and push-access; delivery and delivery-workflow; sftp."
  }
}

variable "topic_arns" {
  description = "SNS topics by severity; `warning` hears of files that were not delivered."
  type        = map(string)
  default     = {}

  validation {
    condition     = !var.delivery.enabled || contains(keys(var.topic_arns), "warning")
    error_message = "topic_arns has no warning: somebody has to hear of a file that was not delivered."
  }
}
