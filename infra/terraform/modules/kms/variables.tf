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

variable "deletion_window_days" {
  description = "Days between the order to delete a key and its end, 7 to 30: the time to notice that data would be lost."
  type        = number
  default     = 30

  validation {
    condition     = var.deletion_window_days >= 7 && var.deletion_window_days <= 30 && floor(var.deletion_window_days) == var.deletion_window_days
    error_message = "deletion_window_days is a whole number from 7 to 30."
  }
}

variable "rotation_days" {
  description = "Days after which AWS makes new key material, 90 to 2560; what was encrypted before stays readable."
  type        = number
  default     = 365

  validation {
    condition     = var.rotation_days >= 90 && var.rotation_days <= 2560 && floor(var.rotation_days) == var.rotation_days
    error_message = "rotation_days is a whole number from 90 to 2560."
  }
}

variable "multi_region" {
  description = "Whether keys can have replicas in a second region. AWS cannot change it afterwards: a change makes new keys."
  type        = bool
  default     = false
}

variable "replica" {
  description = "Where keys get a replica and which purposes do: what storage and backup copy to another region is encrypted there. Null: nowhere."
  type = object({
    region   = string
    purposes = optional(set(string), ["bronze", "silver", "gold", "quarantine", "landing", "documents", "checkpoints", "artifacts", "audit", "backup"])
  })
  default = null

  validation {
    condition     = var.replica == null || var.multi_region
    error_message = "replica needs multi_region = true: only such a key can have one."
  }
  validation {
    condition     = var.replica == null || try(var.replica.region != var.context.region, false)
    error_message = "replica.region is another region than that of the context."
  }
  validation {
    condition     = var.replica == null || try(length(setsubtract(var.replica.purposes, keys(module.names.keys))) == 0, false)
    error_message = "replica.purposes holds a purpose that no key has; they are listed in modules/names."
  }
}
