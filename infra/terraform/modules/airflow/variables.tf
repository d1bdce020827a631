variable "context" {
  description = "Which installation this is; modules/names checks it."
  type = object({
    project     = string
    environment = string
    account_id  = string
    region      = string
    partition   = optional(string, "aws")
    tags        = optional(map(string), {})
  })
}

variable "mode" {
  description = "mwaa: a managed environment is made. own: nothing is made but the outputs that an Airflow of your own is set up with (README.md)."
  type        = string
  default     = "mwaa"

  validation {
    condition     = contains(["mwaa", "own"], var.mode)
    error_message = "mode is mwaa or own."
  }
}

variable "airflow_version" {
  description = "Version of Airflow; only versions that the plugins are tested on: versions.json."
  type        = string
  default     = "3.3.1"

  validation {
    condition     = contains(keys(jsondecode(file("${path.module}/versions.json"))), var.airflow_version)
    error_message = "airflow_version has to be one of versions.json: the plugins and the requirements are tested on no other."
  }
}

variable "class" {
  description = "Size of the environment: mw1.micro (one scheduler, one worker), mw1.small, medium, large, xlarge or 2xlarge."
  type        = string
  default     = "mw1.small"

  validation {
    condition     = contains(["mw1.micro", "mw1.small", "mw1.medium", "mw1.large", "mw1.xlarge", "mw1.2xlarge"], var.class)
    error_message = "class is mw1.micro, mw1.small, mw1.medium, mw1.large, mw1.xlarge or mw1.2xlarge."
  }
}

variable "workers" {
  description = "Fewest and most workers; a worker waits for engines and computes nothing itself."
  type        = object({ min = optional(number, 1), max = optional(number, 5) })
  default     = {}

  validation {
    condition     = var.workers.min >= 1 && var.workers.max <= 25 && var.workers.min <= var.workers.max
    error_message = "workers are 1 to 25, and min is not above max."
  }
  validation {
    condition     = var.class != "mw1.micro" || var.workers.max == 1
    error_message = "mw1.micro has exactly one worker: say workers = { max = 1 } or take a larger class."
  }
}

variable "schedulers" {
  description = "How many schedulers, 2 to 5; mw1.micro has one whatever this says."
  type        = number
  default     = 2

  validation {
    condition     = var.schedulers >= 2 && var.schedulers <= 5 && var.schedulers == floor(var.schedulers)
    error_message = "schedulers is 2 to 5."
  }
}

variable "webservers" {
  description = "Fewest and most web servers, 2 to 5; mw1.micro has one whatever this says."
  type        = object({ min = optional(number, 2), max = optional(number, 2) })
  default     = {}

  validation {
    condition     = var.webservers.min >= 2 && var.webservers.max <= 5 && var.webservers.min <= var.webservers.max
    error_message = "webservers are 2 to 5, and min is not above max."
  }
}

variable "access" {
  description = "private: the web server is reached from inside the VPC only. public: from the internet, behind AWS sign-in."
  type        = string
  default     = "private"

  validation {
    condition     = contains(["private", "public"], var.access)
    error_message = "access is private or public."
  }
}

variable "subnet_ids" {
  description = "Private subnets in different zones; an environment takes the first two."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "An environment needs two private subnets in different zones."
  }
}

variable "security_group_ids" {
  description = "Of modules/network; used: airflow."
  type        = map(string)
}

variable "role_arn" {
  description = "Of modules/iam: the role that Airflow works as."
  type        = string
}

variable "bucket" {
  description = "Name of the artifacts bucket, in which versions are kept."
  type        = string
}

variable "key_arn" {
  description = "KMS key of the environment. AWS wants the very key that the bucket is encrypted with: the one of artifacts."
  type        = string
}

variable "objects" {
  description = "Of modules/artifacts: key and version of requirements and plugins, and the folder of the DAG files."
  type = object({
    requirements = object({ key = string, version_id = string })
    plugins      = object({ key = string, version_id = string })
    dags         = string
  })

  validation {
    condition     = can(regex("^airflow/.+\\.zip$", var.objects.plugins.key)) && can(regex("^airflow/.+\\.txt$", var.objects.requirements.key))
    error_message = "objects.plugins.key ends in .zip, objects.requirements.key in .txt, and both begin with airflow/: the role of Airflow reads nothing else."
  }
  validation {
    condition     = can(regex("^[^/].*[^/]$", var.objects.dags))
    error_message = "objects.dags is a folder of the bucket, without a slash at either end."
  }
}

variable "variables" {
  description = "TIDELINE_ settings of every Airflow process, by name. Never secrets: they stand in a script in the bucket and in Terraform's state."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name, _ in var.variables : can(regex("^TIDELINE_[A-Z0-9_]+$", name))])
    error_message = "variables are TIDELINE_ settings; Airflow's own go to `options`."
  }
  validation {
    condition     = alltrue([for name, value in var.variables : !can(regex("PASSWORD|SECRET|TOKEN|CREDENTIAL", name)) && !can(regex("[\n\r]", value))])
    error_message = "variables hold no secrets and no line breaks: a secret is read from Secrets Manager by the process that needs it."
  }
}

variable "options" {
  description = "Airflow's own settings as `section.name`, over those that Tideline wants."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name, _ in var.options : can(regex("^[a-z_]+\\.[a-z0-9_]+$", name))])
    error_message = "options are named `section.name`, such as core.parallelism."
  }
}

variable "pools" {
  description = "Slots of the pools that stages wait in, by engine."
  type        = object({ spark = optional(number, 8), dbt = optional(number, 4), python = optional(number, 8) })
  default     = {}

  validation {
    condition     = alltrue([for slots in [var.pools.spark, var.pools.dbt, var.pools.python] : slots >= 1])
    error_message = "Every pool has at least one slot: without one no task of it is ever scheduled."
  }
}

variable "log_levels" {
  description = "Lowest level that is kept, by kind of log."
  type = object({
    dag_processing = optional(string, "WARNING")
    scheduler      = optional(string, "WARNING")
    task           = optional(string, "INFO")
    webserver      = optional(string, "WARNING")
    worker         = optional(string, "WARNING")
  })
  default = {}

  validation {
    condition     = alltrue([for level in values(var.log_levels) : contains(["CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG"], level)])
    error_message = "A log level is CRITICAL, ERROR, WARNING, INFO or DEBUG."
  }
}

variable "log_retention_days" {
  description = "How long the environment's logs are kept, in days."
  type        = number
  default     = 90

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days is one of the values that CloudWatch knows, at least 30."
  }
}

variable "maintenance" {
  description = "Begin of the weekly maintenance, UTC, as DAY:HH:MM on the hour or half hour."
  type        = string
  default     = "SUN:03:30"

  validation {
    condition     = can(regex("^(MON|TUE|WED|THU|FRI|SAT|SUN):([01][0-9]|2[0-3]):(00|30)$", var.maintenance))
    error_message = "maintenance is such as SUN:03:30."
  }
}
