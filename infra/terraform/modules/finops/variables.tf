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

variable "budget_monthly" {
  description = "What this environment may cost in a calendar month, in currency units."
  type        = number

  validation {
    condition     = var.budget_monthly > 0
    error_message = "budget_monthly is more than 0."
  }
}

variable "currency" {
  description = "Currency of the account's bill, in which budgets are written."
  type        = string
  default     = "USD"

  validation {
    condition     = can(regex("^[A-Z]{3}$", var.currency))
    error_message = "currency is a code of three letters, such as USD."
  }
}

variable "shared_account" {
  description = "Whether other things run in this account: the budget then counts only what carries this environment's tag (active as a cost allocation tag)."
  type        = bool
  default     = false
}

variable "thresholds" {
  description = "When a budget speaks up: percent of it, of what was spent (ACTUAL) or of what the month will cost (FORECASTED)."
  type = list(object({
    percent = number
    kind    = optional(string, "ACTUAL")
  }))
  default = [{ percent = 80 }, { percent = 100 }, { percent = 100, kind = "FORECASTED" }]

  validation {
    condition     = length(var.thresholds) >= 1 && length(var.thresholds) <= 5 && length(distinct([for one in var.thresholds : "${one.kind} ${one.percent}"])) == length(var.thresholds)
    error_message = "thresholds are 1 to 5 different ones: AWS sends no more per budget."
  }
  validation {
    condition     = alltrue([for one in var.thresholds : one.percent > 0 && one.percent <= 1000 && contains(["ACTUAL", "FORECASTED"], one.kind)])
    error_message = "A threshold has percent over 0 (at most 1000) and kind ACTUAL or FORECASTED."
  }
}

variable "subscribers" {
  description = "E-mail addresses that hear of budgets, beside the topic."
  type        = set(string)
  default     = []

  validation {
    condition     = length(var.subscribers) <= 10 && alltrue([for one in var.subscribers : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", one))])
    error_message = "subscribers are at most 10 e-mail addresses."
  }
}

variable "topic_arn" {
  description = "SNS topic for budgets, anomalies and the spot share."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:sns:", var.topic_arn))
    error_message = "topic_arn is the ARN of an SNS topic."
  }
}

variable "contracts" {
  description = "The contracts by id, from `tideline env tfvars`. Only domain is read: which domains there are."
  type        = map(object({ domain = string }))
  default     = {}
}

variable "domain_budgets" {
  description = "Monthly budget by domain of the contracts, in currency units. Counts what carries the tag domain (active as a cost allocation tag)."
  type        = map(number)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.domain_budgets), [for one in values(var.contracts) : one.domain])) == 0
    error_message = "domain_budgets names a domain that no contract has."
  }
  validation {
    condition     = alltrue([for amount in values(var.domain_budgets) : amount > 0])
    error_message = "A domain's budget is more than 0."
  }
}

variable "anomalies" {
  description = "Watch for spending unlike before: how much more in currency units, and in percent, is worth a message. Null: no watch. Only the account that pays the bill can watch by a tag, and only when its Cost Explorer is on."
  type = object({
    amount  = optional(number, 50)
    percent = optional(number, 30)
  })
  default = null

  validation {
    condition     = var.anomalies == null || try(var.anomalies.amount > 0 && var.anomalies.percent > 0, false)
    error_message = "anomalies.amount and anomalies.percent are more than 0."
  }
}

variable "cost_categories" {
  description = "Whether costs are grouped by domain, owner and tier. Only the account that pays the bill can: true in a standalone account."
  type        = bool
  default     = false
}

variable "cost_allocation_tags" {
  description = "Tags to activate for the bill. Only the paying account can, and only a day after the tags were first used; else leave it empty."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.cost_allocation_tags, ["project", "environment", "module", "contract", "domain", "owner", "tier"])) == 0
    error_message = "cost_allocation_tags are among project, environment, module, contract, domain, owner and tier: what resources carry."
  }
}

variable "spot_share" {
  description = "Measure which part of the EMR task fleets was spot: the log group for EMR's events (emr of modules/monitoring) and the percent under which it alarms. Null: clusters on EC2 are off."
  type = object({
    log_group = object({ name = string, arn = string })
    percent   = optional(number, 70)
  })
  default = null

  validation {
    condition     = var.spot_share == null || try(var.spot_share.percent > 0 && var.spot_share.percent <= 100, false)
    error_message = "spot_share.percent is over 0 and at most 100."
  }
  validation {
    condition     = var.spot_share == null || try(can(regex("^arn:aws[a-z-]*:logs:[^:]+:[0-9]{12}:log-group:[^:*]+$", var.spot_share.log_group.arn)), false)
    error_message = "spot_share.log_group is {name, arn}, without :* at the end of the ARN."
  }
}
