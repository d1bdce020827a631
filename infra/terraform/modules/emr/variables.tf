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

variable "release_label" {
  description = "EMR release of the clusters and of the application. Only releases whose Spark and Delta the project is tested on: releases.json."
  type        = string
  default     = "emr-spark-8.0.0"

  validation {
    condition     = contains(keys(jsondecode(file("${path.module}/releases.json"))), var.release_label)
    error_message = "release_label has to be one of releases.json: another release carries another Spark or Delta than the jobs are tested on."
  }
}

variable "architecture" {
  description = "Processor of all workers, arm64 or x86_64: the Python packages that jobs bring are built for one of them."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture is arm64 or x86_64."
  }
}

variable "serverless" {
  description = <<-EOT
    The EMR Serverless application, on which contracts run unless told otherwise. `driver` and `executor`: workers kept ready
    while it is started (0 keeps none) and their size in vCPU and GB; `maximum`: what all jobs together may take; `idle_minutes`:
    after how long without a job it stops and costs nothing.
  EOT
  type = object({
    driver       = optional(object({ workers = optional(number, 1), cpu = optional(number, 2), memory_gb = optional(number, 8), disk_gb = optional(number, 20) }), {})
    executor     = optional(object({ workers = optional(number, 2), cpu = optional(number, 4), memory_gb = optional(number, 16), disk_gb = optional(number, 20) }), {})
    maximum      = optional(object({ cpu = optional(number, 64), memory_gb = optional(number, 256), disk_gb = optional(number, 1000) }), {})
    idle_minutes = optional(number, 15)
  })
  default = {}

  validation {
    condition = alltrue([for worker in [var.serverless.driver, var.serverless.executor] :
      contains([1, 2, 4, 8, 16], worker.cpu) && worker.memory_gb >= 2 * worker.cpu && worker.memory_gb <= min(8 * worker.cpu, worker.cpu >= 4 ? 7.5 * worker.cpu : 16)
    ])
    error_message = "A worker has 1, 2, 4, 8 or 16 vCPU and 2 to 8 GB for each (at most 30, 60, 120 GB with 4, 8, 16 vCPU)."
  }
  validation {
    condition     = alltrue([for worker in [var.serverless.driver, var.serverless.executor] : worker.disk_gb >= 20 && worker.disk_gb <= 200])
    error_message = "A worker has 20 to 200 GB of disk."
  }
  validation {
    condition     = alltrue([for worker in [var.serverless.driver, var.serverless.executor] : worker.workers >= 0 && worker.workers == floor(worker.workers)])
    error_message = "Workers kept ready are a whole number, 0 or more."
  }
  validation {
    condition = (
      var.serverless.driver.workers * var.serverless.driver.cpu + var.serverless.executor.workers * var.serverless.executor.cpu <= var.serverless.maximum.cpu &&
      var.serverless.driver.workers * var.serverless.driver.memory_gb + var.serverless.executor.workers * var.serverless.executor.memory_gb <= var.serverless.maximum.memory_gb &&
      var.serverless.driver.workers * var.serverless.driver.disk_gb + var.serverless.executor.workers * var.serverless.executor.disk_gb <= var.serverless.maximum.disk_gb
    )
    error_message = "What is kept ready has to fit into serverless.maximum."
  }
  validation {
    condition     = var.serverless.idle_minutes >= 1 && var.serverless.idle_minutes <= 10080
    error_message = "serverless.idle_minutes is 1 to 10080: an application that never stops is paid for day and night."
  }
}

variable "clusters" {
  description = <<-EOT
    EMR on EC2 clusters by name, for what is too large or too steady for the application; none unless asked for. `instance_types`:
    type to weight in units; `on_demand`, `spot`, `maximum`: units. `idle_minutes`: after how long without a step the cluster ends.
  EOT
  type = map(object({
    primary_types = list(string)
    core = object({
      instance_types = map(number)
      on_demand      = number
      maximum        = number
    })
    task = object({
      instance_types = map(number)
      spot           = number
      on_demand      = optional(number, 0)
      maximum        = number
    })
    disk_gb                = optional(number, 64)
    steps                  = optional(number, 4)
    idle_minutes           = optional(number, 60)
    spot_wait_minutes      = optional(number, 15)
    termination_protection = optional(bool, true)
  }))
  default = {}

  validation {
    condition     = alltrue([for name, _ in var.clusters : can(regex("^[a-z][a-z0-9-]{0,30}$", name))])
    error_message = "A cluster's name is lower-case letters, digits and hyphens, beginning with a letter, at most 31 characters."
  }
  validation {
    condition     = alltrue([for cluster in values(var.clusters) : cluster.task.spot >= 1 && cluster.task.spot >= 0.7 * (cluster.task.spot + cluster.task.on_demand) && cluster.task.on_demand >= 0])
    error_message = "At least 70 % of a task fleet's target units are on spot: they hold no data, and a lost one costs a retry."
  }
  validation {
    condition     = alltrue([for cluster in values(var.clusters) : length(cluster.task.instance_types) >= 3 && length(cluster.task.instance_types) <= 15])
    error_message = "A task fleet names 3 to 15 instance types: with fewer, one spot pool that runs dry stops the cluster."
  }
  validation {
    condition     = alltrue([for cluster in values(var.clusters) : length(cluster.primary_types) >= 1 && length(cluster.core.instance_types) >= 1 && cluster.core.on_demand >= 1])
    error_message = "A cluster needs a type for its primary node, one for its core nodes, and at least one unit of core: HDFS and shuffle live there."
  }
  validation {
    condition     = alltrue([for cluster in values(var.clusters) : cluster.core.maximum >= cluster.core.on_demand && cluster.task.maximum >= cluster.task.spot + cluster.task.on_demand])
    error_message = "A fleet's maximum is at least its target."
  }
  validation {
    condition = alltrue(flatten([for cluster in values(var.clusters) : [
      for type in concat(cluster.primary_types, keys(cluster.core.instance_types), keys(cluster.task.instance_types)) :
      can(regex("^[a-z]+[0-9]+g[a-z]*\\.", type)) == (var.architecture == "arm64")
    ]]))
    error_message = "Every instance type of a cluster has the processor that `architecture` names (Graviton types have a g behind the generation, such as m7g)."
  }
  validation {
    condition = alltrue([for cluster in values(var.clusters) :
      cluster.idle_minutes >= 1 && cluster.idle_minutes <= 10080 && cluster.steps >= 1 && cluster.steps <= 256 &&
      cluster.spot_wait_minutes >= 5 && cluster.spot_wait_minutes <= 1440 && cluster.disk_gb >= 15
    ])
    error_message = "idle_minutes is 1 to 10080, steps 1 to 256, spot_wait_minutes 5 to 1440, disk_gb at least 15."
  }
}

variable "tls_certificates" {
  description = "Key in the artifacts bucket of the zip with privateKey.pem and certificateChain.pem that the nodes of a cluster speak TLS with. Made and uploaded by hand: a private key has no place in Terraform's state."
  type        = string
  default     = null

  validation {
    condition     = length(var.clusters) == 0 ? true : can(regex("^emr/.+\\.zip$", var.tls_certificates))
    error_message = "A cluster needs tls_certificates, a key that begins with emr/ (nodes may read that) and ends in .zip: they talk to each other over TLS only."
  }
}

variable "log_store" {
  description = "Delta's log store on S3: a class, and the key in the artifacts bucket of the jar that carries it. Null leaves Delta's own, whose commits the buckets refuse: it does not ask that none be there yet."
  type        = object({ class = string, jar = string })
  default     = null

  validation {
    condition     = var.log_store == null ? true : can(regex("^([a-z0-9_]+\\.)+[A-Z][A-Za-z0-9]*$", var.log_store.class)) && can(regex("^jobs/.+\\.jar$", var.log_store.jar))
    error_message = "log_store.class is a full class name, log_store.jar a key that begins with jobs/ (roles of jobs may read that) and ends in .jar."
  }
}

variable "code" {
  description = "Of modules/artifacts (`spark`): where scripts, packages and contracts of the current version are, and its jars. Null where no code is deployed yet."
  type        = object({ location = string, jars = list(string) })
  default     = null

  validation {
    condition     = var.code == null ? true : startswith(var.code.location, "s3://") && !endswith(var.code.location, "/") && alltrue([for jar in var.code.jars : endswith(jar, ".jar")])
    error_message = "code.location is an s3:// address without a slash behind it, code.jars are names of jars below its folder jars."
  }
}

variable "block_public_access" {
  description = "Forbid clusters with open ports in this account and region. It is one setting of the account: false where another environment of the same account sets it."
  type        = bool
  default     = true
}

variable "subnet_ids" {
  description = "Private subnets; EMR chooses the one with the best spot prices."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 1
    error_message = "subnet_ids names at least one private subnet."
  }
}

variable "security_group_ids" {
  description = "Of modules/network; used: emr-primary, emr-core, emr-service."
  type        = map(string)
}

variable "role_arns" {
  description = "Of modules/iam; used: emr-service."
  type        = map(string)
}

variable "instance_profile" {
  description = "Of modules/iam: the profile of the nodes. Steps run under their contract's own role, which this one may assume."
  type        = string
}

variable "bucket_names" {
  description = "Of modules/storage, by zone."
  type        = map(string)
}

variable "key_arns" {
  description = "Of modules/kms, by purpose."
  type        = map(string)
}

variable "log_groups" {
  description = "Of modules/monitoring; used: emr-serverless."
  type        = map(object({ name = string, arn = string }))
}
