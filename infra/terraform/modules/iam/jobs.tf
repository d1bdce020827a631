# Batch jobs: one role per stage and contract, or per stage and domain. EMR Serverless takes it as the job's execution role,
# EMR on EC2 as the step's runtime role. `cut` runs as ingest, `audit` as publish, `marts` as model. `evolve` is started by
# `tideline apply` alone: columns change by commits of silver's log.

locals {
  stages = ["ingest", "refine", "model", "publish"]
  kinds  = concat(local.stages, ["evolve", "maintain"])

  # Group of each contract: itself, or its domain.
  group  = { for id, one in var.contracts : id => var.scope == "contract" ? id : one.domain }
  groups = { for id, group in local.group : group => id... }

  job_groups = merge([for stage in local.kinds : { for group, ids in local.groups : "${stage}/${group}" => { stage = stage, ids = ids } }]...)

  # What a contract says of each stage, and what it leaves to us: gates' measures, and the marts.
  quality = { for id, one in var.contracts : id => "quality_${one.domain}_${one.product}" }
  marts   = { for id in keys(var.contracts) : id => lookup(var.marts, id, []) }
  own     = { for id, one in var.contracts : id => distinct([for prefix in values(one.prefixes) : prefix.place]) }
  log     = { for id, one in var.contracts : id => "silver/${one.domain}/${one.product}/_delta_log/" }
  asked = merge([for id, one in var.contracts : merge(
    { for stage in local.stages : "${stage}/${id}" => one.roles[stage].prefixes },
    {
      "model/${id}" = {
        read  = concat(one.roles["model"].prefixes.read, ["gold/${local.quality[id]}/"], [for mart in local.marts[id] : "gold/${mart}/"])
        write = concat(one.roles["model"].prefixes.write, ["gold/${local.quality[id]}/"], [for mart in local.marts[id] : "gold/${mart}/"])
      }
      "publish/${id}" = {
        read  = concat(one.roles["publish"].prefixes.read, ["gold/${local.quality[id]}/"])
        write = one.roles["publish"].prefixes.write
      }
      "evolve/${id}" = { read = [local.log[id], "documents/deployments/"], write = [] }
      "maintain/${id}" = {
        read  = concat(local.own[id], ["gold/${local.quality[id]}/"], [for mart in local.marts[id] : "gold/${mart}/"])
        write = concat([for place in local.own[id] : place if contains(local.tables, split("/", place)[0])], ["gold/${local.quality[id]}/"], [for mart in local.marts[id] : "gold/${mart}/"])
      }
    },
  )]...)

  # For a domain, places are cut back to the domain wherever its name is in them: bronze/retail/, documents/releases/retail. (dot included).
  # The log of a table stays a log, silver/retail/*/_delta_log/: who needs logs alone (cut, which runs as ingest) reads no row.
  # Narrower it cannot be said here: the role is every contract's of the domain, so what one of them needs, each job of the role may.
  # (A session policy, executionIamPolicy of StartJobRun, could be of one contract; but who starts the job would write it, or not.)
  # Beside versions and counts a log tells the least and the greatest values of columns in each file.
  widened = { for id, one in var.contracts : id => {
    for place in distinct(flatten([for stage in local.kinds : values(local.asked["${stage}/${id}"])])) : place => (
      var.scope == "contract" || place == "documents/deployments/" ? place :
      place == local.log[id] ? "silver/${one.domain}/*/_delta_log/" :
      startswith(place, "documents/") ? "documents/${split("/", place)[1]}/${one.domain}." :
      startswith(place, "gold/quality_") ? "gold/quality_${one.domain}_" :
      startswith(place, "${split("/", place)[0]}/${one.domain}/") ? "${split("/", place)[0]}/${one.domain}/" : place
    )
  } }
  increments = { for id, one in var.contracts : id => {
    for topic in distinct(concat(one.roles["ingest"].topics.read, one.roles["ingest"].topics.write)) : topic =>
    var.scope == "domain" ? replace(topic, "tideline.increments.${id}", "tideline.increments.${one.domain}.*") : topic
  } }

  job_grants = { for role, job in local.job_groups : role => {
    read         = concat(flatten([for id in job.ids : [for place in local.asked["${job.stage}/${id}"].read : local.widened[id][place]]]), ["artifacts/jobs/"])
    write        = flatten([for id in job.ids : [for place in local.asked["${job.stage}/${id}"].write : local.widened[id][place]]])
    remove       = job.stage != "maintain" ? [] : flatten([for id in job.ids : [for place in local.asked["maintain/${id}"].write : local.widened[id][place]]])
    topics_read  = job.stage != "ingest" ? [] : flatten([for id in job.ids : [for topic in var.contracts[id].roles["ingest"].topics.read : local.increments[id][topic]]])
    topics_write = []
    tables_read  = [] # jobs find tables by their place; Glue's are Terraform's
    tables_write = []
  } }

  # Of silver, by table. Delta puts an empty file beside the rows for a commit without any, and asks first whether there is one of that name:
  # so evolve may get and put such files. What it deletes are its own temporary files beside the log.
  silver = { for role, job in local.job_groups : role => distinct([
    for id in job.ids : "${local.names.buckets["silver"].arn}/${trimprefix(trimsuffix(local.widened[id][local.log[id]], "_delta_log/"), "silver/")}"
  ]) }
  evolved = { for role, job in local.job_groups : role => job.stage == "evolve" ? [for id in job.ids : local.log[id]] : [] }

  # Hadoop's S3 connector asks for a table's folder, and for each folder above it, as if they were objects, and lists those above:
  # "not there" is what it wants to hear, "denied" ends the job. There is never an object of such a name. Publish has no Spark.
  folders = { for role, grant in local.job_grants : role => { for place in distinct(flatten([
    for place in distinct(concat(grant.read, grant.write, local.evolved[role])) : [
      for n in range(2, length(split("/", place))) : join("/", slice(split("/", place), 0, n))
    ] if contains(local.tables, split("/", place)[0]) && !strcontains(place, "*")
  ])) : split("/", place)[0] => trimprefix(place, "${split("/", place)[0]}/")... if local.job_groups[role].stage != "publish" } }
  parents = { for role, zones in local.folders : role => { for zone, folders in zones : zone => [
    for folder in folders : "${folder}/" if anytrue([for other in folders : startswith(other, "${folder}/")])
  ] } }

  job_extras = { for role, job in local.job_groups : role => concat(
    local.telemetry_key,
    job.stage == "evolve" ? [
      jsonencode({
        Sid      = "CommitColumns", Effect = "Allow", Action = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"]
        Resource = [for table in local.silver[role] : "${table}_delta_log/*"]
      }),
      jsonencode({
        Sid      = "EmptyFiles", Effect = "Allow", Action = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
        Resource = [for table in local.silver[role] : "${table}part-*"]
      }),
      jsonencode({
        Sid       = "FindEmptyFiles", Effect = "Allow", Action = ["s3:ListBucket"], Resource = [local.names.buckets["silver"].arn]
        Condition = { StringLike = { "s3:prefix" = [for table in local.silver[role] : "${trimprefix(table, "${local.names.buckets["silver"].arn}/")}part-*"] } }
      }),
      jsonencode({
        Sid      = "CleanTemporary", Effect = "Allow", Action = ["s3:DeleteObject"]
        Resource = [for table in local.silver[role] : "${table}_delta_log/.*.tmp"]
      }),
      jsonencode({
        Sid       = "ColumnKeys", Effect = "Allow", Action = ["kms:GenerateDataKey"], Resource = [local.names.key_arn_pattern]
        Condition = { StringEquals = { "kms:ViaService" = "s3.${local.region}.${local.dns}" }, "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = [local.names.keys["silver"].alias] } }
      }),
    ] : [],
    flatten([for zone, folders in local.folders[role] : [for n, part in chunklist(folders, 8) : jsonencode({
      Sid      = "${title(zone)}Folders${n}", Effect = "Allow", Action = ["s3:GetObject"]
      Resource = [for folder in part : "${local.names.buckets[zone].arn}/${folder}"]
    })]]),
    flatten([for zone, parents in local.parents[role] : [for n, part in chunklist(parents, 12) : jsonencode({
      Sid       = "Above${title(zone)}${n}", Effect = "Allow", Action = ["s3:ListBucket"], Resource = [local.names.buckets[zone].arn]
      Condition = { StringEquals = { "s3:delimiter" = "/", "s3:prefix" = part } }
    })]]),
    [
      jsonencode({
        Sid      = "WriteDriverLogs", Effect = "Allow", Action = ["s3:PutObject"]
        Resource = ["${local.names.buckets["logs"].arn}/emr-serverless/*"]
      }),
      jsonencode({
        Sid      = "WriteLogs", Effect = "Allow", Action = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        Resource = ["${local.names.log_groups["emr-serverless"].arn}:*"]
      }),
    ],
  ) }

  # The account's root with a condition on the caller means that role alone, also when the role is made later or made anew.
  job_trust = { for role in keys(local.job_groups) : role => concat(
    [for one in ["emr-serverless"] : jsonencode({
      Effect = "Allow", Principal = { Service = "emr-serverless.amazonaws.com" }, Action = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnLike      = { "aws:SourceArn" = local.names.arns.emr_serverless }
      }
    }) if var.features.emr_serverless],
    [for one in ["emr-instance"] : jsonencode({
      Effect    = "Allow", Principal = { AWS = local.root }, Action = ["sts:AssumeRole", "sts:TagSession"]
      Condition = { ArnEquals = { "aws:PrincipalArn" = local.names.roles["emr-instance"].arn } }
    }) if var.features.emr_clusters],
  ) }

  # What a contract pays for carries its tags; a domain's roles carry those that all of its contracts share.
  role_tags = { for role, job in local.job_groups : role => merge(
    { domain = var.contracts[job.ids[0]].domain },
    { for owner in [var.contracts[job.ids[0]].owner] : "owner" => owner if alltrue([for id in job.ids : var.contracts[id].owner == owner]) },
    { for tier in [var.contracts[job.ids[0]].tier] : "tier" => tier if alltrue([for id in job.ids : var.contracts[id].tier == tier]) },
    { for id in job.ids : "contract" => id if var.scope == "contract" },
  ) }
}
