variable "context" {
  description = "Which installation this is; every module takes the same object, so that names and tags cannot differ."
  type = object({
    project     = string
    environment = string
    account_id  = string
    region      = string
    partition   = optional(string, "aws")
    tags        = optional(map(string), {})
  })

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.context.project))
    error_message = "context.project is 2 to 12 lower-case letters and digits, beginning with a letter: it begins every name, and bucket names end at 63 characters."
  }
  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,9}$", var.context.environment))
    error_message = "context.environment is 2 to 10 lower-case letters and digits, such as dev, staging or prod."
  }
  validation {
    condition     = can(regex("^[0-9]{12}$", var.context.account_id)) && var.context.account_id != "000000000000"
    error_message = "context.account_id is the 12 digits of the AWS account of this environment."
  }
  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.context.region))
    error_message = "context.region is an AWS region such as eu-central-1."
  }
  validation {
    condition     = contains(["aws", "aws-cn", "aws-us-gov"], var.context.partition)
    error_message = "context.partition is aws, aws-cn or aws-us-gov."
  }
}
