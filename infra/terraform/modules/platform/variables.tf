variable "environment" {
  description = "Which environment this is: begins its names and stands in its tags."
  type        = string

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "environment is dev, staging or prod."
  }
}

variable "inputs" {
  description = <<-EOT
    What only you know; terraform.tfvars of an environment holds it.
    account_id, region: where the environment lives. replica_region: where prod's copies go. project: begins every name.
    owner, cost_center: tags of everything. size: S, M or L (sizes.json). availability_zones: three of the region.
    cidr: the VPC's addresses, of no other network that you connect. ingress_cidrs: who may reach the load balancer.
    certificate_arn: of the API's name (ACM). image: the services' image, by digest; collector_image: of the
    metrics collector beside them. operator_cidrs: from where people reach Airflow and the warehouse. alerts: e-mail addresses by severity.
    budget: what a month may cost, in US dollars. pays_the_bill: whether this account stands alone or pays for its organization, and so may
    watch for unusual spending (Cost Explorer has to be on). config_recorder: whether AWS Config's recorder is made here; an account has one
    for each region, and false is right where a landing zone made it. reserve_concurrency: whether functions get their share of the account's
    concurrency to themselves; a young account has too little. people: who may become which person's role (ARNs of your sign-in's roles).
    repository: OWNER/NAME on GitHub whose workflows may plan and apply. producers: principals that may write events, by domain.
    sftp_users, sftp_cidrs: partners that deliver files, with their public keys, and from where.
    lake_admins: roles that may grant on the catalog, beside the workflows' (whoever applies by hand has to be among them).
    airflow_principals: under which roles an Airflow of your own runs. github_provider_arn: where the account has GitHub's OIDC
    provider already. state: where this environment's state lies, for the roles of the workflows (bootstrap prints it).
  EOT
  type = object({
    account_id         = string
    region             = string
    availability_zones = list(string)
    owner              = string
    project            = optional(string, "tideline")
    cost_center        = optional(string, "unassigned")
    replica_region     = optional(string)
    size               = optional(string)
    cidr               = optional(string, "10.64.0.0/16")
    ingress_cidrs      = optional(list(string), [])
    certificate_arn    = optional(string)
    image              = optional(string)
    collector_image    = optional(string)
    operator_cidrs     = optional(list(string), [])
    lake_admins        = optional(list(string), [])
    alerts             = optional(map(list(string)), {})
    budget             = optional(number)
    pays_the_bill      = optional(bool, false)
    config_recorder    = optional(bool, true)

    reserve_concurrency = optional(bool, true)
    people              = optional(map(list(string)), {})
    repository          = optional(string)
    producers           = optional(map(list(string)), {})
    sftp_users          = optional(map(object({ domain = string, public_keys = list(string) })), {})
    sftp_cidrs          = optional(list(string), [])
    airflow_principals  = optional(list(string), [])

    github_provider_arn = optional(string)
    state               = optional(object({ bucket = string, prefix = string, key_arn = string }))
  })

  validation {
    condition     = can(regex("^[0-9]{12}$", var.inputs.account_id)) && !contains(["000000000000", "123456789012"], var.inputs.account_id)
    error_message = "inputs.account_id is the 12 digits of your own AWS account: fill in terraform.tfvars."
  }
  validation {
    condition     = var.character.engine != "kinesis" || var.inputs.image == null
    error_message = "The speed and the serving layer read Kafka, not Kinesis: with engine = kinesis leave inputs.image out, or choose msk."
  }
  validation {
    condition     = (var.inputs.repository == null) == (var.inputs.state == null)
    error_message = "inputs.repository needs inputs.state and the other way round: the workflows' roles may reach this environment's state and no other."
  }
  validation {
    condition     = !var.character.parts.lake_formation || var.inputs.repository != null || length(var.inputs.lake_admins) > 0
    error_message = "inputs.lake_admins is empty and no workflow applies: nobody could grant anything on the catalog. Name the role that applies."
  }
  validation {
    condition     = length(distinct(var.inputs.availability_zones)) == 3 && alltrue([for zone in var.inputs.availability_zones : startswith(zone, var.inputs.region)])
    error_message = "inputs.availability_zones are three different zones of inputs.region, such as eu-central-1a, eu-central-1b, eu-central-1c."
  }
  validation {
    condition     = var.inputs.size == null ? true : contains(["S", "M", "L"], var.inputs.size)
    error_message = "inputs.size is S, M or L (infra/terraform/sizes.json says what for)."
  }
  validation {
    condition     = alltrue([for severity in keys(var.inputs.alerts) : contains(["critical", "warning", "info"], severity)])
    error_message = "inputs.alerts are e-mail addresses by severity: critical, warning, info."
  }
  validation {
    condition     = var.inputs.budget == null ? true : var.inputs.budget > 0
    error_message = "inputs.budget is what a month may cost in US dollars; tideline cost estimate says what to expect."
  }
}

variable "contracts" {
  description = "What the contracts ask for, written by `tideline env tfvars`; infra/terraform/README.md explains each key."
  type = map(object({
    version        = string
    domain         = string
    product        = string
    owner          = string
    tier           = string
    classification = string
    topics         = map(object({ partitions = number, config = map(string) }))
    prefixes       = map(object({ place = string, ttl_days = optional(number) }))
    roles = map(object({
      topics   = object({ read = list(string), write = list(string) })
      prefixes = object({ read = list(string), write = list(string) })
    }))
    tables = map(object({
      zone        = string
      name        = string
      place       = string
      description = string
      columns     = list(object({ name = string, type = string, comment = string, classification = optional(string), pii = optional(bool) }))
      parameters  = map(string)
    }))
    marts  = optional(list(string), [])
    schema = optional(string)
  }))
}

variable "character" {
  description = <<-EOT
    What makes dev, staging and prod differ; envs/<environment>/main.tf decides it.
    protect: nothing that holds data can be deleted by Terraform, keys live 30 days, the audit lock is final.
    nat: none, single or per_zone. engine: msk, msk_serverless or kinesis. log_metrics: what CloudWatch gets of Kafka's
    brokers (monitoring_level of modules/stream). airflow: mwaa or own. size: unless inputs say so.
    log_days: how long logs are kept. backup_days, replicate: copies. iam_scope: contract or domain.
    parts: what is made at all.
  EOT
  type = object({
    protect     = bool
    size        = optional(string, "S")
    nat         = optional(string, "none")
    engine      = optional(string, "msk")
    log_metrics = optional(string, "DEFAULT")
    airflow     = optional(string, "mwaa")
    log_days    = optional(number, 30)
    backup_days = optional(number, 35)
    replicate   = optional(bool, false)
    iam_scope   = optional(string, "contract")
    parts = optional(object({
      push               = optional(bool, true)
      sftp               = optional(bool, false)
      delivery           = optional(bool, true)
      archive            = optional(bool, false)
      warehouse          = optional(bool, false)
      crawlers           = optional(bool, false)
      lake_formation     = optional(bool, true)
      config             = optional(bool, true)
      managed_prometheus = optional(bool, false)
      managed_grafana    = optional(bool, false)
      finops             = optional(bool, true)
      backup             = optional(bool, true)
    }), {})
  })
}

variable "release" {
  description = "The code that runs: the manifest that `tideline env package` wrote, and the folder beside it. Null makes everything that needs no code."
  type        = object({ folder = string })
  default     = null
}
