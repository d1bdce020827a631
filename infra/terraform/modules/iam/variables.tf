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
}

variable "contracts" {
  description = "What each contract asks of the environment, by contract id (infra/terraform/README.md); here: who may touch which topics, places and tables."
  type = map(object({
    domain  = string
    product = string
    owner   = string
    tier    = string
    prefixes = map(object({
      place    = string
      ttl_days = optional(number)
    }))
    roles = map(object({
      topics   = object({ read = list(string), write = list(string) })
      prefixes = object({ read = list(string), write = list(string) })
    }))
    tables = map(object({
      zone  = string
      name  = string
      place = string
    }))
  }))
  default = {}

  validation {
    condition     = alltrue([for id, one in var.contracts : id == "${one.domain}.${one.product}"])
    error_message = "contracts are keyed by their id, <domain>.<product>."
  }
  validation {
    condition     = alltrue([for one in values(var.contracts) : alltrue([for stage in ["ingest", "refine", "model", "publish", "speed", "serving"] : contains(keys(one.roles), stage)])])
    error_message = "each contract says what ingest, refine, model, publish, speed and serving may touch: write the file anew with tideline env tfvars."
  }
  validation {
    condition = alltrue(flatten([for one in values(var.contracts) : [for role in values(one.roles) : [
      for place in concat(role.prefixes.read, role.prefixes.write) : can(regex("^(bronze|silver|gold|quarantine|landing|documents)/([A-Za-z0-9._-]+/)+$", place))
    ]]]))
    error_message = "a place is <zone>/<key prefix>/ below bronze, silver, gold, quarantine, landing or documents, without wildcards and with a slash at its end."
  }
  validation {
    condition     = alltrue(flatten([for one in values(var.contracts) : [for role in values(one.roles) : [for topic in concat(role.topics.read, role.topics.write) : can(regex("^[A-Za-z0-9._-]{1,249}$", topic))]]]))
    error_message = "a topic's name is 1 to 249 letters, digits, dots, hyphens and underscores: a wildcard would open more than one topic."
  }
}

variable "marts" {
  description = "Gold tables that people wrote (dbt_project/models/marts and staging), by contract id: the model jobs of that contract build them too."
  type        = map(list(string))
  default     = {}

  validation {
    condition     = alltrue(flatten([for tables in values(var.marts) : [for table in tables : can(regex("^[a-z][a-z0-9_]*$", table))]]))
    error_message = "marts are names of gold tables: lower-case letters, digits and underscores."
  }
}

variable "scope" {
  description = "One role per job stage and contract, or per job stage and domain. An account holds 1,000 roles unless its quota is raised: beyond about 150 contracts choose domain."
  type        = string
  default     = "contract"

  validation {
    condition     = contains(["contract", "domain"], var.scope)
    error_message = "scope is contract or domain."
  }
  validation {
    condition = var.scope == "contract" || alltrue([for domain in distinct([for one in values(var.contracts) : one.domain]) :
    length([for other in distinct([for one in values(var.contracts) : one.domain]) : other if startswith(other, "${domain}_")]) == 0])
    error_message = "scope = domain needs domains of which none begins with another and an underscore: retail's roles would reach tables of retail_eu."
  }
}

variable "role_quota" {
  description = "Roles that this module may make: IAM's quota of roles per account (1,000 unless raised) less those that the account has for other ends."
  type        = number
  default     = 900

  validation {
    condition     = var.role_quota >= 50 && var.role_quota <= 5000
    error_message = "role_quota is 50 to 5,000, the most that AWS grants an account."
  }
}

variable "people" {
  description = "Who may take a person's role, by role: ARNs of IAM users (they need MFA) and roles (whose sign-in has to ask for it), or of one SAML provider (whose answer names the person). A role that nobody may take is not made."
  type        = map(list(string))
  default     = {}

  validation {
    condition     = alltrue([for person in keys(var.people) : contains(["platform-engineer", "analytics-engineer", "analyst", "on-call", "compliance"], person)])
    error_message = "people has the keys platform-engineer, analytics-engineer, analyst, on-call and compliance."
  }
  validation {
    condition = alltrue(flatten([for arns in values(var.people) : [
      for arn in arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(user|role|saml-provider)/[A-Za-z0-9_+=,.@/-]+$", arn))
    ]]))
    error_message = "people are ARNs of users, roles or SAML providers: not of a whole account, and without wildcards."
  }
}

variable "producers" {
  description = "Who outside the platform may send events of a domain, by domain: ARNs of roles. Their role may write the domain's event topics and nothing else."
  type        = map(list(string))
  default     = {}

  validation {
    condition     = alltrue([for domain in keys(var.producers) : contains([for one in values(var.contracts) : one.domain], domain)])
    error_message = "producers are given for domains that have a contract."
  }
  validation {
    condition     = alltrue(flatten([for arns in values(var.producers) : concat([length(arns) > 0], [for arn in arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$", arn))])]))
    error_message = "producers are ARNs of roles, at least one for each domain: not of a whole account, and without wildcards."
  }
}

variable "github" {
  description = "The repository whose workflows plan and apply, or null. environments are its protected GitHub environments; state is where this environment's Terraform state lies; provider_arn is of an OIDC provider that the account already has (null makes it)."
  type = object({
    repository   = string
    environments = list(string)
    branch       = optional(string, "main")
    provider_arn = optional(string)
    state = object({
      bucket  = string
      prefix  = string
      key_arn = string
    })
  })
  default = null

  validation {
    condition     = var.github == null || can(regex("^[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}$", var.github.repository))
    error_message = "github.repository is owner/name; a wildcard would let other repositories in."
  }
  validation {
    condition     = var.github == null || try(length(var.github.environments) > 0 && alltrue([for one in var.github.environments : can(regex("^[A-Za-z0-9_-]+$", one))]), false)
    error_message = "github.environments names at least one protected environment, in letters, digits, hyphens and underscores."
  }
  validation {
    condition     = var.github == null || can(regex("^[A-Za-z0-9._/-]+$", var.github.branch))
    error_message = "github.branch is the name of one branch, without wildcards."
  }
  validation {
    condition     = var.github == null || try(can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.github.state.bucket)) && can(regex("^[A-Za-z0-9._-]+/$", var.github.state.prefix)) && can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+", var.github.state.key_arn)), false)
    error_message = "github.state is what modules/bootstrap gives: the bucket of the states, the prefix of this environment in it (dev/), and the ARN of the key."
  }
}

variable "features" {
  description = "Which parts of the platform are on: roles of parts that are off are not made, and the event log's engine decides how topics are written in policies."
  type = object({
    stream         = optional(string, "msk")
    archive        = optional(bool, false)
    push           = optional(bool, true)
    sftp           = optional(bool, false)
    delivery       = optional(bool, true)
    emr_serverless = optional(bool, true)
    emr_clusters   = optional(bool, true)
    airflow        = optional(string, "mwaa")
    crawlers       = optional(bool, false)
    lake_formation = optional(bool, true)
    warehouse      = optional(bool, false)
    prometheus     = optional(bool, false)
    grafana        = optional(bool, false)
    blue_green     = optional(bool, true)
    replication    = optional(bool, false)
    backup         = optional(bool, true)
    flow_logs      = optional(bool, true)
    trail          = optional(bool, true)
    config         = optional(bool, true)
  })
  default = {}

  validation {
    condition     = contains(["msk", "msk_serverless", "kinesis"], var.features.stream)
    error_message = "features.stream is msk, msk_serverless or kinesis."
  }
  validation {
    condition     = contains(["mwaa", "own"], var.features.airflow)
    error_message = "features.airflow is mwaa or own."
  }
  validation {
    condition     = var.features.emr_serverless || var.features.emr_clusters
    error_message = "jobs need EMR Serverless or EMR on EC2: switch one of them on."
  }
}

variable "replica_region" {
  description = "The region of the replicas when features.replication is on; the boundary lets nothing else out of the context's region."
  type        = string
  default     = null

  validation {
    condition     = !var.features.replication || (var.replica_region != null && var.replica_region != var.context.region)
    error_message = "replication needs a replica_region other than the context's region."
  }
}

variable "airflow_principals" {
  description = "Role ARNs under which an Airflow of your own runs; needed when features.airflow is own."
  type        = list(string)
  default     = []

  validation {
    condition     = (var.features.airflow == "own") == (length(var.airflow_principals) > 0)
    error_message = "an Airflow of your own needs airflow_principals, MWAA takes none."
  }
  validation {
    condition     = alltrue([for arn in var.airflow_principals : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$", arn))])
    error_message = "airflow_principals are ARNs of roles."
  }
}
