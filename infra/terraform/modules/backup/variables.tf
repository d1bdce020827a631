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

variable "schedule" {
  description = "Rules by name: when (cron of AWS in UTC), how many days a copy is kept, after how many it goes to cold storage (tables only), whether S3 is kept for any second of its last days, whether it is copied to the second region."
  type = map(object({
    cron            = string
    retention_days  = number
    cold_after_days = optional(number)
    continuous      = optional(bool, false)
    copy            = optional(bool, false)
  }))
  default = {
    daily   = { cron = "cron(0 3 * * ? *)", retention_days = 35 }
    monthly = { cron = "cron(0 4 1 * ? *)", retention_days = 365, cold_after_days = 30 }
  }

  validation {
    condition     = length(var.schedule) > 0 && alltrue([for name in keys(var.schedule) : can(regex("^[a-z][a-z0-9-]{1,30}$", name))])
    error_message = "schedule has at least one rule; a rule's name is 2 to 31 lower-case letters, digits and hyphens."
  }
  validation {
    condition     = alltrue([for rule in values(var.schedule) : can(regex("^cron\\([^ ]+ [^ ]+ [^ ]+ [^ ]+ [^ ]+ [^ ]+\\)$", rule.cron))])
    error_message = "schedule.cron is cron(...) with the six fields of AWS, such as cron(0 3 * * ? *)."
  }
  validation {
    condition     = alltrue([for rule in values(var.schedule) : rule.retention_days >= 1 && rule.retention_days <= 36500])
    error_message = "schedule.retention_days is 1 to 36500."
  }
  validation {
    condition = alltrue([for rule in values(var.schedule) : rule.cold_after_days == null ||
    try(rule.cold_after_days >= 1 && rule.retention_days >= rule.cold_after_days + 90, false)])
    error_message = "schedule.cold_after_days is at least 1, and retention_days at least 90 more: cold storage is paid for 90 days."
  }
  validation {
    condition     = alltrue([for rule in values(var.schedule) : !rule.continuous || (rule.retention_days <= 35 && rule.cold_after_days == null)])
    error_message = "A continuous rule keeps at most 35 days and has no cold storage."
  }
  validation {
    condition     = length([for rule in values(var.schedule) : rule if rule.continuous]) <= 1
    error_message = "One rule is continuous: AWS keeps one continuous backup of a bucket."
  }
  validation {
    condition     = var.copy != null || alltrue([for rule in values(var.schedule) : !rule.copy])
    error_message = "A rule with copy = true needs copy: the region and the key of the second vault."
  }
}

variable "vault_lock" {
  description = "Whether backups can be deleted before their time: none, governance (by whoever may change the lock) or compliance (by nobody, AWS included, after grace_days). Bounds of retention are days."
  type = object({
    mode               = string
    min_retention_days = optional(number, 7)
    max_retention_days = optional(number, 400)
    grace_days         = optional(number, 14)
  })
  default = { mode = "governance" }

  validation {
    condition     = contains(["none", "governance", "compliance"], var.vault_lock.mode)
    error_message = "vault_lock.mode is none, governance or compliance."
  }
  validation {
    condition     = var.vault_lock.min_retention_days >= 1 && var.vault_lock.max_retention_days <= 36500 && var.vault_lock.min_retention_days <= var.vault_lock.max_retention_days
    error_message = "vault_lock bounds are 1 to 36500 days, the smaller first."
  }
  validation {
    condition     = var.vault_lock.grace_days >= 3
    error_message = "vault_lock.grace_days is at least 3, AWS's own bound: afterwards compliance cannot be undone."
  }
  validation {
    condition = var.vault_lock.mode == "none" || alltrue([for rule in values(var.schedule) :
    rule.retention_days >= var.vault_lock.min_retention_days && rule.retention_days <= var.vault_lock.max_retention_days])
    error_message = "Every rule of schedule keeps its copies within the bounds of vault_lock; AWS would refuse each backup otherwise."
  }
  validation {
    condition     = var.copy == null || var.vault_lock.mode == "none" || try(var.copy.retention_days >= var.vault_lock.min_retention_days && var.copy.retention_days <= var.vault_lock.max_retention_days, false)
    error_message = "copy.retention_days lies within the bounds of vault_lock, which the second vault has as well."
  }
}

variable "force_destroy" {
  description = "Whether terraform destroy may delete the backups with the vault, and people may delete single ones. For environments that hold nothing."
  type        = bool
  default     = false

  validation {
    condition     = !var.force_destroy || var.vault_lock.mode == "none"
    error_message = "force_destroy needs vault_lock.mode = none: a locked vault keeps its backups."
  }
}

variable "role_arn" {
  description = "Role with which AWS Backup reads and restores (backup of modules/iam)."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+", var.role_arn))
    error_message = "role_arn is the ARN of a role."
  }
}

variable "key_arn" {
  description = "KMS key of the vault (purpose backup of modules/kms)."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:", var.key_arn))
    error_message = "key_arn is the ARN of a KMS key."
  }
}

variable "bucket_arns" {
  description = "Buckets by zone, as modules/storage gives them; they must be versioned. Which are backed up says zones."
  type        = map(string)
  default     = {}
}

variable "zones" {
  description = "Zones whose buckets are backed up: what cannot be computed again. Silver is made from bronze, so it is not among them."
  type        = set(string)
  default     = ["documents", "gold"]

  validation {
    condition     = length(setsubtract(var.zones, keys(var.bucket_arns))) == 0
    error_message = "zones holds one that has no bucket in bucket_arns."
  }
}

variable "table_arns" {
  description = "DynamoDB tables to back up, by name."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(var.zones) + length(var.table_arns) > 0
    error_message = "Nothing is backed up: zones and table_arns are both empty."
  }
}

variable "topic_arn" {
  description = "SNS topic that hears of failed backups, copies and restores."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:sns:", var.topic_arn))
    error_message = "topic_arn is the ARN of an SNS topic."
  }
}

variable "copy" {
  description = "Second vault in another region: its region, KMS key there and days to keep. Null: none."
  type = object({
    region         = string
    key_arn        = string
    retention_days = optional(number, 90)
  })
  default = null

  validation {
    condition     = var.copy == null || try(var.copy.region != var.context.region && can(regex("^arn:aws[a-z-]*:kms:${var.copy.region}:", var.copy.key_arn)), false)
    error_message = "copy.region is another region than that of the context, and copy.key_arn a KMS key there."
  }
}

variable "restore_test" {
  description = "Regular restore of a random backup, to know that backups can be read: when (cron) and for how many hours what was restored stays. Null: none."
  type = object({
    cron  = optional(string, "cron(0 6 1 * ? *)")
    hours = optional(number, 4)
    days  = optional(number, 30)
  })
  default = null

  validation {
    condition     = var.restore_test == null || try(can(regex("^cron\\([^ ]+ [^ ]+ [^ ]+ [^ ]+ [^ ]+ [^ ]+\\)$", var.restore_test.cron)), false)
    error_message = "restore_test.cron is cron(...) with the six fields of AWS."
  }
  validation {
    condition     = var.restore_test == null || try(var.restore_test.hours >= 1 && var.restore_test.hours <= 168 && var.restore_test.days >= 1 && var.restore_test.days <= 365, false)
    error_message = "restore_test.hours is 1 to 168, restore_test.days (how far back a backup is chosen) 1 to 365."
  }
}
