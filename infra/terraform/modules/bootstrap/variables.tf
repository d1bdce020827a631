variable "context" {
  description = "Whose account this is: environment is that of the account, or a name such as shared where several environments keep their state in one bucket."
  type = object({
    project     = string
    environment = string
    account_id  = string
    region      = string
    partition   = optional(string, "aws")
    tags        = optional(map(string), {})
  })
}

variable "environments" {
  description = "Environments whose state this bucket keeps, each with the account its roles live in (null: this one). One environment per account and bucket is the norm."
  type        = map(object({ account_id = optional(string) }))

  validation {
    condition     = length(var.environments) > 0 && alltrue([for name in keys(var.environments) : can(regex("^[a-z][a-z0-9]{1,9}$", name))])
    error_message = "environments names at least one environment, each of 2 to 10 lower-case letters and digits: the name is the prefix of its state."
  }
  validation {
    condition     = !contains(keys(var.environments), "bootstrap")
    error_message = "environments cannot name bootstrap: that prefix holds the state of the bucket itself."
  }
  validation {
    condition     = alltrue([for one in values(var.environments) : one.account_id == null || can(regex("^[0-9]{12}$", one.account_id))])
    error_message = "environments[*].account_id is null or the 12 digits of an AWS account."
  }
}

variable "administrators" {
  description = "ARNs of the IAM roles (* matches any characters but not in the account) that may read and write every state here: who applies before the environment's own roles exist."
  type        = list(string)

  validation {
    condition     = length(var.administrators) > 0
    error_message = "administrators names at least one role: without one nobody could make the first state."
  }
  validation {
    condition     = alltrue([for arn in var.administrators : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{3,}[*]?$", arn))])
    error_message = "administrators are ARNs of IAM roles such as arn:aws:iam::123456789012:role/Admin; a * may end one, after at least 3 characters of the role's name."
  }
}

variable "history_days" {
  description = "Days for which a replaced version of a state is kept; the newest ten are kept for longer."
  type        = number
  default     = 365

  validation {
    condition     = var.history_days >= 30 && var.history_days <= 3650 && floor(var.history_days) == var.history_days
    error_message = "history_days is a whole number from 30 to 3650: an older state is the only way back from a broken one."
  }
}

variable "access_log_days" {
  description = "Days for which the log of who read and wrote the states is kept."
  type        = number
  default     = 365

  validation {
    condition     = var.access_log_days >= 30 && var.access_log_days <= 3650 && floor(var.access_log_days) == var.access_log_days
    error_message = "access_log_days is a whole number from 30 to 3650."
  }
}

variable "key_deletion_window_days" {
  description = "Days between the order to delete the key and its deletion; without the key no state can be read."
  type        = number
  default     = 30

  validation {
    condition     = var.key_deletion_window_days >= 7 && var.key_deletion_window_days <= 30
    error_message = "key_deletion_window_days is 7 to 30."
  }
}
