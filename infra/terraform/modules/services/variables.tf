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

variable "image" {
  description = "Image of target `layer` of infra/Dockerfile, by digest (...@sha256:...), or by a tag of this environment's own repository, where a tag is written once. Null: repositories and cluster only, so that there is somewhere to push the first image to."
  type        = string
  default     = null

  validation {
    condition = var.image == null ? true : (
      can(regex("@sha256:[0-9a-f]{64}$", var.image)) ||
      can(regex("^${var.context.account_id}\\.dkr\\.ecr\\.${var.context.region}\\.amazonaws\\.com(\\.cn)?/${var.context.project}/${var.context.environment}/layer:[0-9][A-Za-z0-9._-]*$", var.image))
    )
    error_message = "image ends in @sha256: and 64 hex digits, or is a version of this environment's repository (its tags cannot be moved): what was tested has to be what runs."
  }
}

variable "collector_image" {
  description = "Image of the AWS distribution of the OpenTelemetry collector, by digest, in the repository `collector`; it stands beside each service and brings its metrics to CloudWatch and Prometheus. Null: none."
  type        = string
  default     = null

  validation {
    condition     = var.collector_image == null ? true : can(regex("@sha256:[0-9a-f]{64}$", var.collector_image))
    error_message = "collector_image ends in @sha256: and 64 hex digits."
  }
}

variable "prometheus" {
  description = "Where collectors send all metrics to: endpoint of the Managed Prometheus workspace, with a slash at its end. Null: nowhere."
  type        = object({ endpoint = string })
  default     = null

  validation {
    condition     = var.prometheus == null || var.collector_image != null
    error_message = "prometheus needs collector_image: nothing else sends metrics there."
  }
}

variable "architecture" {
  description = "Processor that the image was built for: X86_64 or ARM64."
  type        = string
  default     = "X86_64"

  validation {
    condition     = contains(["X86_64", "ARM64"], var.architecture)
    error_message = "architecture is X86_64 or ARM64."
  }
}

variable "speed" {
  description = <<-EOT
    The speed layer: cpu (units of 1/1024 processor), memory_mb and disk_gb (what its deduplication memory spills to) of each task;
    minimum and maximum tasks, which share the partitions (both 0: there is no service, and nothing to watch); what makes it grow:
    processor_percent of the one processor that a Python process can use, and lag_events, how far the slowest partition may be behind
    (needs collector_image; less than where the alarm begins, thresholds.speed_lag_events of modules/monitoring); spot (a task may be
    taken away at two minutes' notice: its partitions are not fresh until another has taken them over).
  EOT
  type = object({
    cpu               = optional(number, 1024)
    memory_mb         = optional(number, 4096)
    disk_gb           = optional(number, 50)
    minimum           = optional(number, 1)
    maximum           = optional(number, 4)
    processor_percent = optional(number, 60)
    lag_events        = optional(number, 5000)
    spot              = optional(bool, false)
  })
  default = {}

  validation {
    condition     = (var.speed.minimum == 0 && var.speed.maximum == 0) || (var.speed.minimum >= 1 && var.speed.maximum >= var.speed.minimum && var.speed.maximum <= 200)
    error_message = "speed.minimum is at least 1, speed.maximum at least that and at most 200; both are 0 to stop it."
  }
  validation {
    condition     = var.speed.minimum == floor(var.speed.minimum) && var.speed.maximum == floor(var.speed.maximum)
    error_message = "speed.minimum and speed.maximum are whole tasks."
  }
  validation {
    condition     = var.speed.cpu <= 4096
    error_message = "speed.cpu is at most 4096: a Python process uses little more than one processor, whatever the task has. More events need more tasks."
  }
  validation {
    condition     = var.speed.processor_percent >= 20 && var.speed.processor_percent <= 90 && var.speed.lag_events > 0
    error_message = "speed.processor_percent is 20 to 90, speed.lag_events above 0."
  }
  validation {
    condition     = try(contains(local.fargate[var.speed.cpu], var.speed.memory_mb), false)
    error_message = "speed.cpu and speed.memory_mb are a size that Fargate has: 256 (512 to 2048), 512 (1024 to 4096), 1024 (2048 to 8192), 2048 (4096 to 16384), 4096 (8192 to 30720)."
  }
  validation {
    condition     = var.speed.disk_gb >= 21 && var.speed.disk_gb <= 200
    error_message = "speed.disk_gb is 21 to 200."
  }
}

variable "partitions" {
  description = "How many partitions of event topics there are to read. Neither minimum nor maximum of speed goes beyond: a further task would have nothing to do. Null: unknown."
  type        = number
  default     = null

  validation {
    condition     = var.partitions == null ? true : var.partitions >= 0
    error_message = "partitions is a number of partitions, or null."
  }
}

variable "serving" {
  description = <<-EOT
    The serving layer: cpu, memory_mb and spot as for speed; minimum and maximum tasks; what makes it grow: processor_percent, and
    requests_per_minute of one task; grace_seconds: how long a task may read releases and increments before it has to be ready.
    Each task answers exactly. Which of two has read further differs by moments: clients that keep cookies stay with one
    task, others may see an older position after a newer one, and a cursor is of use only at the task that made it.
  EOT
  type = object({
    cpu                 = optional(number, 1024)
    memory_mb           = optional(number, 4096)
    minimum             = optional(number, 2)
    maximum             = optional(number, 4)
    processor_percent   = optional(number, 60)
    requests_per_minute = optional(number, 3000)
    grace_seconds       = optional(number, 300)
    spot                = optional(bool, false)
  })
  default = {}

  validation {
    condition     = try(contains(local.fargate[var.serving.cpu], var.serving.memory_mb), false)
    error_message = "serving.cpu and serving.memory_mb are a size that Fargate has: those of speed, and 8192 (16384 to 61440), 16384 (32768 to 122880)."
  }
  validation {
    condition     = var.serving.minimum >= 1 && var.serving.maximum >= var.serving.minimum && var.serving.maximum <= 100
    error_message = "serving.minimum is at least 1, serving.maximum at least that and at most 100."
  }
  validation {
    condition     = var.serving.processor_percent >= 20 && var.serving.processor_percent <= 90 && var.serving.requests_per_minute > 0
    error_message = "serving.processor_percent is 20 to 90, serving.requests_per_minute above 0."
  }
  validation {
    condition     = var.serving.grace_seconds >= 60 && var.serving.grace_seconds <= 3600
    error_message = "serving.grace_seconds is 60 to 3600."
  }
}

variable "topics" {
  description = "The one-off task that makes Kafka's topics: the command of the image that reads the topics document and makes what is missing. Null (Kinesis): none."
  type        = object({ command = list(string) })
  default     = null

  validation {
    condition     = var.topics == null ? true : try(var.topics.command[0], "") == "tideline"
    error_message = "topics.command is a tideline command."
  }
}

variable "vpc_id" {
  description = "The network."
  type        = string
}

variable "private_subnet_ids" {
  description = "Subnets of the tasks, and of the load balancer when it is internal; at least two."
  type        = list(string)

  validation {
    condition     = length(var.private_subnet_ids) >= 2
    error_message = "private_subnet_ids are at least two: a load balancer stands in two zones."
  }
}

variable "public_subnet_ids" {
  description = "Subnets of a load balancer that faces the internet; at least two then."
  type        = list(string)
  default     = []

  validation {
    condition     = var.internal || length(var.public_subnet_ids) >= 2
    error_message = "a load balancer that faces the internet (internal = false) needs at least two public_subnet_ids."
  }
}

variable "internal" {
  description = "True: the load balancer has private addresses only. False puts it on the internet."
  type        = bool
  default     = true
}

variable "security_group_ids" {
  description = "Security groups of modules/network by name: load-balancer and services are used."
  type        = map(string)

  validation {
    condition     = length(setsubtract(["load-balancer", "services"], keys(var.security_group_ids))) == 0
    error_message = "security_group_ids has load-balancer and services."
  }
}

variable "role_arns" {
  description = "Roles of modules/iam by name: speed, serving, topics, ecs-execution and deployment are used."
  type        = map(string)

  validation {
    condition     = length(setsubtract(["speed", "serving", "ecs-execution", "deployment"], keys(var.role_arns))) == 0 && (var.topics == null || contains(keys(var.role_arns), "topics"))
    error_message = "role_arns has speed, serving, ecs-execution and deployment, and topics when there is a topics task."
  }
}

variable "certificate_arn" {
  description = "ACM certificate of the API's name. Null: no load balancer and no serving layer, since nothing is served without TLS."
  type        = string
  default     = null

  validation {
    condition     = var.certificate_arn == null ? true : can(regex("^arn:aws[a-z-]*:acm:${var.context.region}:[0-9]{12}:certificate/.+$", var.certificate_arn))
    error_message = "certificate_arn is the ARN of an ACM certificate in the context's region."
  }
}

variable "test_port" {
  description = "Port on which the load balancer shows the new colour before the switch; the security group decides who may reach it."
  type        = number
  default     = 8443

  validation {
    condition     = var.test_port > 1023 && var.test_port < 65536
    error_message = "test_port is 1024 to 65535."
  }
}

variable "firewall" {
  description = "Web ACL (WAF v2, regional) before the load balancer; null: none."
  type        = object({ web_acl_arn = string })
  default     = null

  validation {
    condition     = var.firewall == null || var.certificate_arn != null
    error_message = "firewall stands before the load balancer, which needs certificate_arn."
  }
}

variable "bucket_names" {
  description = "Buckets of modules/storage by zone; the load balancer logs to `logs`, below alb/."
  type        = map(string)

  validation {
    condition     = contains(keys(var.bucket_names), "logs")
    error_message = "bucket_names has logs."
  }
}

variable "key_arns" {
  description = "Keys of modules/kms by purpose; images and what is typed into a task are encrypted with `services`."
  type        = map(string)

  validation {
    condition     = contains(keys(var.key_arns), "services")
    error_message = "key_arns has services."
  }
}

variable "log_groups" {
  description = "Log groups of modules/monitoring by name: speed, serving and topics are used."
  type        = map(object({ name = string, arn = string }))

  validation {
    condition     = length(setsubtract(["speed", "serving", "topics"], keys(var.log_groups))) == 0
    error_message = "log_groups has speed, serving and topics."
  }
}

variable "environment" {
  description = "TIDELINE_ variables of all tasks (src/tideline/settings.py); null leaves one out. Never a secret: everybody who may read a task definition sees them."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.environment) : can(regex("^TIDELINE_[A-Z0-9_]+$", name))])
    error_message = "environment has TIDELINE_ variables only."
  }
  validation {
    condition     = alltrue([for name in keys(var.environment) : !contains(["TIDELINE_HOME", "TIDELINE_HOST", "TIDELINE_SPEED_GROUP", "TIDELINE_SPEED_PORT", "TIDELINE_SERVING_PORT", "TIDELINE_CRASH_AT"], name)])
    error_message = "TIDELINE_HOME, TIDELINE_HOST, TIDELINE_SPEED_GROUP, the ports and TIDELINE_CRASH_AT are not for environment: health checks, volume, permissions and load balancer follow the module's."
  }
  validation {
    condition     = alltrue([for name in keys(var.environment) : !can(regex("PASSWORD|SECRET|TOKEN|CREDENTIAL|PRIVATE", name))])
    error_message = "what looks like a secret goes to secrets, by ARN."
  }
}

variable "secrets" {
  description = "Secret variables of all tasks: ARN of a secret of Secrets Manager below <project>-<environment>/services/, which is what the execution role may read. A value never passes through Terraform."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for arn in values(var.secrets) : can(regex("^arn:aws[a-z-]*:secretsmanager:${var.context.region}:${var.context.account_id}:secret:${var.context.project}-${var.context.environment}/services/[^*]+$", arn))])
    error_message = "secrets are ARNs of this environment's secrets below services/, never values."
  }
  validation {
    condition     = length(setintersection(keys(var.secrets), keys(var.environment))) == 0
    error_message = "a variable is either in secrets or in environment."
  }
}

variable "blue_green" {
  description = "Serving's deployments: approval_minutes a person has to let the new colour have the traffic (0: nobody is asked), keep_blue_minutes the old tasks stay for a way back at once."
  type = object({
    approval_minutes  = optional(number, 0)
    keep_blue_minutes = optional(number, 30)
  })
  default = {}

  validation {
    condition     = var.blue_green.approval_minutes >= 0 && var.blue_green.approval_minutes <= 2880 && var.blue_green.keep_blue_minutes >= 0 && var.blue_green.keep_blue_minutes <= 2880
    error_message = "blue_green.approval_minutes and keep_blue_minutes are 0 to 2880 (two days)."
  }
}

variable "rollback_alarms" {
  description = "Alarms of modules/monitoring, by short name, that take a deployment of serving back; empty: none does."
  type        = list(string)
  default     = ["serving-errors", "serving-latency"]

  validation {
    condition     = length(var.rollback_alarms) <= 10
    error_message = "rollback_alarms are at most ten."
  }
}

variable "deletion_protection" {
  description = "True: the load balancer and repositories with images cannot be destroyed."
  type        = bool
  default     = true
}

variable "keep_revisions" {
  description = "True: a revision of a task stays usable when a newer one replaces it, which a rollback needs. Revisions cost nothing."
  type        = bool
  default     = true
}
