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

variable "trail" {
  description = <<-TEXT
    CloudTrail, or null where an organization's trail covers the account. data_events: zones whose objects' reads and writes are recorded, each call
    (0.10 USD per 100,000). functions, lookup_tables: calls of Lambda functions, writes to DynamoDB tables. insights: unusual rates of calls and errors.
  TEXT
  type = object({
    data_events   = optional(set(string), ["silver", "gold", "quarantine", "documents", "audit"])
    functions     = optional(bool, false)
    lookup_tables = optional(bool, true)
    insights      = optional(bool, false)
  })
  default = {}

  validation {
    condition = var.trail == null ? true : length(setsubtract(var.trail.data_events,
    ["bronze", "silver", "gold", "quarantine", "landing", "documents", "checkpoints", "artifacts", "logs", "audit"])) == 0
    error_message = "trail.data_events are zones: bronze, silver, gold, quarantine, landing, documents, checkpoints, artifacts, logs, audit."
  }
  validation {
    condition     = var.trail == null ? true : var.context.environment != "prod" || length(setsubtract(["silver", "gold", "quarantine", "audit"], var.trail.data_events)) == 0
    error_message = "trail.data_events must hold silver, gold, quarantine and audit in prod: who read personal data is asked there."
  }
}

variable "config" {
  description = <<-TEXT
    AWS Config, or null. record: false where the account records already (it has one recorder per region). frequency: CONTINUOUS or DAILY (cheaper).
    without: managed rules that are not made, by name, such as restricted-ssh.
  TEXT
  type = object({
    record    = optional(bool, true)
    frequency = optional(string, "CONTINUOUS")
    without   = optional(set(string), [])
  })
  default = {}

  validation {
    condition     = var.config == null ? true : contains(["CONTINUOUS", "DAILY"], var.config.frequency)
    error_message = "config.frequency is CONTINUOUS or DAILY."
  }
  validation {
    condition     = var.config == null ? true : length(setsubtract(var.config.without, keys(local.rules))) == 0
    error_message = "config.without names a rule that there is not; the rules stand in rules.tf."
  }
}

variable "access_analyzer" {
  description = "IAM Access Analyzer, or null. unused_days: also look for roles and rights not used for so many days (priced by role and month); null: do not."
  type        = object({ unused_days = optional(number) })
  default     = {}

  validation {
    condition     = try(var.access_analyzer.unused_days, null) == null ? true : var.access_analyzer.unused_days >= 1 && var.access_analyzer.unused_days <= 365
    error_message = "access_analyzer.unused_days is 1 to 365, or null."
  }
}

variable "bucket_names" {
  description = "Bucket name by zone, as modules/storage gives them: the trail goes to audit, the history of AWS Config to logs."
  type        = map(string)

  validation {
    condition     = length(setsubtract(["audit", "logs"], keys(var.bucket_names))) == 0
    error_message = "bucket_names lacks audit or logs."
  }
}

variable "bucket_arns" {
  description = "Bucket ARN by zone, as modules/storage gives them: whose objects' calls are recorded."
  type        = map(string)

  validation {
    condition     = var.trail == null ? true : length(setsubtract(var.trail.data_events, keys(var.bucket_arns))) == 0
    error_message = "bucket_arns lacks a zone of trail.data_events."
  }
}

variable "key_arns" {
  description = "KMS key ARN by purpose, as modules/kms gives them; the trail is encrypted with audit."
  type        = map(string)

  validation {
    condition     = contains(keys(var.key_arns), "audit")
    error_message = "key_arns lacks audit."
  }
}

variable "role_arns" {
  description = "Role ARN by name, as modules/iam gives them; trail writes to the log group, config reads settings."
  type        = map(string)

  validation {
    condition     = var.trail == null || contains(keys(var.role_arns), "trail")
    error_message = "role_arns lacks trail."
  }
  validation {
    condition     = var.config == null ? true : !var.config.record || contains(keys(var.role_arns), "config")
    error_message = "role_arns lacks config."
  }
}

variable "log_group_arn" {
  description = "ARN of the log group trail, as modules/monitoring gives it."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:logs:.*:log-group:[^:*]+$", var.log_group_arn))
    error_message = "log_group_arn is the ARN of a log group without a star at its end."
  }
}

variable "topic_arn" {
  description = "ARN of the SNS topic that is told of security events, the one of severity critical."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:sns:", var.topic_arn))
    error_message = "topic_arn is the ARN of an SNS topic."
  }
}
