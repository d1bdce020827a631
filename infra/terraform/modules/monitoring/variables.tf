variable "context" {
  description = "Which installation this is; see modules/names."
  type = object({
    project     = string
    environment = string
    account_id  = string
    region      = string
    partition   = optional(string, "aws")
    tags        = optional(map(string), {})
  })
}

variable "key_arn" {
  description = "KMS key (purpose telemetry) of log groups, topics and the Prometheus workspace. Its policy has to let logs, cloudwatch, events, budgets, backup and sns use it."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.key_arn))
    error_message = "key_arn is the ARN of a KMS key, not of an alias: topics and log groups are never unencrypted."
  }
}

variable "retention_days" {
  description = "Days that log groups keep what was written."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.retention_days)
    error_message = "retention_days is one of what CloudWatch Logs knows (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, ...); 0, for ever, is not allowed."
  }
}

variable "retention_overrides" {
  description = "Days of single log groups, by their name in modules/names, such as { trail = 365 }."
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for days in values(var.retention_overrides) : contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], days)])
    error_message = "retention_overrides are days that CloudWatch Logs knows, as for retention_days."
  }
}

variable "publishers" {
  description = "Services of this account that may publish to the topics, beside aps when managed_prometheus is on."
  type        = set(string)
  default     = ["cloudwatch", "events", "budgets", "costalerts", "backup"]

  validation {
    condition     = length(setsubtract(var.publishers, ["cloudwatch", "events", "budgets", "costalerts", "backup"])) == 0
    error_message = "publishers are out of cloudwatch, events, budgets, costalerts and backup."
  }
}

variable "subscribers" {
  description = "Who is told, by severity. An e-mail address or an https endpoint has to confirm; a queue has to allow sns.amazonaws.com with aws:SourceArn of the topic."
  type = object({
    critical = optional(list(object({ protocol = string, endpoint = string })), [])
    warning  = optional(list(object({ protocol = string, endpoint = string })), [])
    info     = optional(list(object({ protocol = string, endpoint = string })), [])
  })
  default = {}

  validation {
    condition = alltrue([for one in flatten(values(var.subscribers)) : (
      one.protocol == "email" ? can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", one.endpoint)) :
      one.protocol == "https" ? can(regex("^https://[^\\s]+$", one.endpoint)) :
      one.protocol == "sqs" ? can(regex("^arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:.+$", one.endpoint)) : false
    )])
    error_message = "subscribers have protocol email (an address), https (a URL that begins with https://) or sqs (the ARN of a queue)."
  }
}

variable "alarms" {
  description = "What is watched: null or an empty map makes no alarm. Whether a thing is there, and the keys of the maps, have to be known in a plan; the names in them need not."
  type = object({
    # cluster and its services (speed, serving) by name; collector: their metrics reach CloudWatch (services.collector_image)
    services = optional(object({ cluster = string, names = map(string), collector = optional(bool, false) }))
    # suffixes, as the load balancer's metrics name them; target groups by colour
    serving = optional(object({ load_balancer = string, target_groups = map(string) }))
    # brokers: how many; 0 for MSK Serverless, which has no brokers to watch
    msk              = optional(object({ cluster = string, brokers = number }))
    streams          = optional(map(string), {}) # Kinesis: names
    delivery_streams = optional(map(string), {}) # Firehose: names
    emr_clusters     = optional(map(string), {}) # ids
    emr_serverless   = optional(map(string), {}) # application ids
    airflow          = optional(object({ environment = string }))
    functions        = optional(map(string), {})
    state_machines   = optional(map(string), {}) # ARNs
    queues           = optional(map(string), {}) # SQS: names of what holds undelivered events
    tables           = optional(map(string), {}) # DynamoDB
    nat_gateways     = optional(map(string), {}) # ids, by zone
    replication      = optional(map(object({ source = string, destination = string, rule = string })), {})
    workgroups       = optional(list(string), []) # Athena: names
    backup           = optional(bool, false)
  })
  default = {}

  validation {
    condition     = var.alarms.msk == null ? true : var.alarms.msk.brokers >= 0 && var.alarms.msk.brokers <= 60
    error_message = "alarms.msk.brokers is 0 (serverless) to 60, as many as modules/stream makes."
  }
  validation {
    condition     = var.alarms.services == null ? true : length(setsubtract(keys(var.alarms.services.names), ["speed", "serving"])) == 0
    error_message = "alarms.services.names has the keys speed and serving."
  }
}

variable "thresholds" {
  description = "Where alarms begin. The defaults are for a platform that people wait for."
  type = object({
    serving_errors_percent   = optional(number, 1)     # of requests that end in 5xx
    serving_latency_seconds  = optional(number, 1)     # 99th percentile
    speed_lag_events         = optional(number, 10000) # behind the end of the log, of the slowest partition
    disk_percent             = optional(number, 75)    # of a broker's and of HDFS's disks
    iterator_age_seconds     = optional(number, 300)
    queued_tasks             = optional(number, 50) # waiting in Airflow for half an hour
    delivery_seconds         = optional(number, 900)
    replication_seconds      = optional(number, 900)
    cancelled_queries_hourly = optional(number, 5) # of Athena: what the limit of a workgroup cut off, or people stopped
  })
  default = {}

  validation {
    condition     = alltrue([for value in values(var.thresholds) : value > 0])
    error_message = "thresholds are above 0."
  }
  validation {
    condition     = var.thresholds.serving_errors_percent <= 100 && var.thresholds.disk_percent <= 95
    error_message = "thresholds.serving_errors_percent is at most 100; disk_percent at most 95, since a full disk cannot be mended in time."
  }
}

variable "managed_prometheus" {
  description = "A Managed Prometheus workspace with the rules of infra/monitoring/alerts.yml, which tells the topics."
  type        = bool
  default     = false
}

variable "managed_grafana" {
  description = "A Managed Grafana workspace (people sign in by IAM Identity Center) that reads CloudWatch and Prometheus."
  type        = bool
  default     = false
}

variable "role_arns" {
  description = "Roles of modules/iam by name; Grafana takes `monitoring`."
  type        = map(string)
  default     = {}

  validation {
    condition     = !var.managed_grafana || contains(keys(var.role_arns), "monitoring")
    error_message = "managed_grafana needs role_arns.monitoring."
  }
}
