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

variable "manifest" {
  description = "The code that this environment runs: dist/manifest.json of `tideline env package`, decoded. Hashes in hexadecimal and, as Lambda wants them, in base64; `bytes` is the size."
  type = object({
    version = string
    commit  = string
    dirty   = bool
    files   = map(object({ sha256 = string, sha256_base64 = string, bytes = number }))
  })

  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.manifest.version))
    error_message = "manifest.version is the 64 hexadecimal digits that `tideline env package` writes."
  }
  validation {
    condition     = alltrue([for path, file in var.manifest.files : can(regex("^(airflow|functions|jobs)/[A-Za-z0-9._/+-]+$", path)) && !strcontains(path, "..") && can(regex("^[0-9a-f]{64}$", file.sha256))])
    error_message = "manifest.files are paths below airflow, functions or jobs (who may read them is decided by that), each with the 64 hexadecimal digits of its sha256."
  }
  validation {
    condition     = alltrue([for path in ["airflow/plugins.zip", "airflow/requirements.txt", "airflow/dags/_generated/index.json"] : contains(keys(var.manifest.files), path)])
    error_message = "manifest.files lacks airflow/plugins.zip, airflow/requirements.txt or airflow/dags/_generated/index.json: run `tideline env package` again."
  }
  validation {
    condition     = !var.manifest.dirty || var.allow_dirty
    error_message = "The package was made from files that are in no commit: commit them and run `tideline env package` again, or say allow_dirty = true (never in production)."
  }
}

variable "earlier" {
  description = "Manifests of earlier versions that stay in the bucket, for jobs that still run on them and for the way back; their folders have to be there still."
  type = list(object({
    version = string
    commit  = string
    dirty   = bool
    files   = map(object({ sha256 = string, sha256_base64 = string, bytes = number }))
  }))
  default = []

  validation {
    condition     = length(distinct([for manifest in concat([var.manifest], var.earlier) : manifest.version])) == 1 + length(var.earlier)
    error_message = "earlier names a version twice, or the current one."
  }
}

variable "allow_dirty" {
  description = "Take a package whose files are in no commit."
  type        = bool
  default     = false
}

variable "folder" {
  description = "Folder that `tideline env package` wrote to; the files of a version are in `<folder>/<version>`."
  type        = string

  validation {
    condition     = length(var.folder) > 0 && !endswith(var.folder, "/")
    error_message = "folder is a path without a slash behind it."
  }
}

variable "bucket_name" {
  description = "The artifacts bucket, in which versions are kept."
  type        = string
}
