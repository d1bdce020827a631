variable "context" {
  description = "Whose account this is: environment is that of the account (dev), or shared where one bucket keeps the states of several."
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
  description = "Environments whose state is kept here, each with the account of its roles (null: this account)."
  type        = map(object({ account_id = optional(string) }))
}

variable "administrators" {
  description = "ARNs of the IAM roles that may read and write every state kept here; the role that applies this must be one of them."
  type        = list(string)
}

variable "history_days" {
  description = "Days for which a replaced version of a state is kept."
  type        = number
  default     = 365
}

variable "access_log_days" {
  description = "Days for which the log of who read and wrote the states is kept."
  type        = number
  default     = 365
}
