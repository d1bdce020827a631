# Places, topics and tables -> statements. Whoever is in local.grants gets these and nothing else of the lake:
#   read     get objects            write   put objects, never delete them: a table's writer deletes only below _delta_log
#   remove   delete objects (VACUUM)        topics and tables: see below; who writes a table's entry in Glue also reads it
# A place may end in the middle of a name ("documents/releases/retail."): it is a prefix of keys. Long lists are divided so that no
# statement is longer than 2,000 characters with the longest names there can be.

locals {
  nothing = { read = [], write = [], remove = [], topics_read = [], topics_write = [], tables_read = [], tables_write = [] }
  grants  = merge(local.job_grants, local.service_grants, local.ingest_grants, local.platform_grants, local.outside_grants, local.people_grants, local.ci_grants)

  tables = ["bronze", "silver", "gold", "quarantine"]

  # Objects of each place, as ARNs; and the keys by zone, for listing.
  objects = { for role, grant in local.grants : role => {
    for way, places in {
      Read      = setsubtract(grant.read, grant.write)
      ReadWrite = setsubtract(setintersection(grant.read, grant.write), grant.remove)
      Write     = setsubtract(grant.write, grant.read)
      Keep      = setintersection(grant.read, grant.write, grant.remove)
      Remove    = setsubtract(grant.remove, grant.write)
    } : way => [for place in sort(places) : "${local.names.buckets[split("/", place)[0]].arn}/${trimprefix(place, "${split("/", place)[0]}/")}*"]
  } }
  object_actions = {
    Read      = ["s3:GetObject"]
    ReadWrite = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
    Write     = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"]
    Keep      = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
    Remove    = ["s3:DeleteObject"]
  }
  listed = { for role, grant in local.grants : role => {
    for place in sort(distinct(concat(grant.read, grant.write, grant.remove))) : split("/", place)[0] => "${trimprefix(place, "${split("/", place)[0]}/")}*"...
  } }
  # What lies beside the tables (bronze/_archive/) is no table and has no log.
  logs_of_tables = { for role, grant in local.grants : role => [
    for place in sort(setsubtract(grant.write, grant.remove)) : "${local.names.buckets[split("/", place)[0]].arn}/${trimprefix(place, "${split("/", place)[0]}/")}*_delta_log/*"
    if contains(local.tables, split("/", place)[0]) && !strcontains(place, "/_")
  ] }
  # Access logs lie under SSE-S3: the zone logs has no key.
  aliases = { for role, grant in local.grants : role => {
    for way, places in { read = grant.read, write = grant.write } : way => sort(distinct([
      for place in places : local.names.keys[split("/", place)[0]].alias if split("/", place)[0] != "logs"
    ]))
  } }

  storage_statements = { for role, grant in local.grants : role => concat(
    flatten([for way, actions in local.object_actions : [for n, part in chunklist(local.objects[role][way], 8) : jsonencode({
      Sid = "${way}Objects${n}", Effect = "Allow", Action = actions, Resource = part
    })]]),
    flatten([for zone, keys in local.listed[role] : [for n, part in chunklist(keys, 12) : jsonencode({
      Sid       = "List${title(zone)}${n}", Effect = "Allow", Action = ["s3:ListBucket"], Resource = [local.names.buckets[zone].arn]
      Condition = { StringLikeIfExists = { "s3:prefix" = part } } # IfExists: else S3 says "denied" of a key that is not there
    })]]),
    [for n, part in chunklist(local.logs_of_tables[role], 8) : jsonencode({
      Sid = "CleanDeltaLogs${n}", Effect = "Allow", Action = ["s3:DeleteObject"], Resource = part
    })],
    [for aliases in [local.aliases[role].read] : jsonencode({
      Sid       = "ReadKeys", Effect = "Allow", Action = ["kms:Decrypt"], Resource = [local.names.key_arn_pattern]
      Condition = { StringEquals = { "kms:ViaService" = "s3.${local.region}.${local.dns}" }, "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = aliases } }
    }) if length(aliases) > 0],
    [for aliases in [local.aliases[role].write] : jsonencode({
      Sid       = "WriteKeys", Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = [local.names.key_arn_pattern]
      Condition = { StringEquals = { "kms:ViaService" = "s3.${local.region}.${local.dns}" }, "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = aliases } }
    }) if length(aliases) > 0],
  ) }

  # Kafka: every client connects to the cluster; what it may do there is said by topic. Only speed joins a consumer group (services.tf).
  kafka = { for role, grant in local.grants : role => concat(
    [for one in ["x"] : jsonencode({
      Sid    = "ConnectToCluster", Effect = "Allow", Resource = [local.names.stream.cluster_arn]
      Action = concat(["kafka-cluster:Connect"], [for one in ["kafka-cluster:WriteDataIdempotently"] : one if length(grant.topics_write) > 0])
    }) if length(concat(grant.topics_read, grant.topics_write)) > 0],
    [for n, part in chunklist(sort(distinct(grant.topics_read)), 5) : jsonencode({
      Sid    = "ReadTopics${n}", Effect = "Allow", Resource = [for topic in part : "${local.names.stream.topic_arn}/${topic}"]
      Action = ["kafka-cluster:DescribeTopic", "kafka-cluster:DescribeTopicDynamicConfiguration", "kafka-cluster:ReadData"]
    })],
    [for n, part in chunklist(sort(distinct(grant.topics_write)), 5) : jsonencode({
      Sid    = "WriteTopics${n}", Effect = "Allow", Resource = [for topic in part : "${local.names.stream.topic_arn}/${topic}"]
      Action = ["kafka-cluster:DescribeTopic", "kafka-cluster:WriteData"]
    })],
  ) if var.features.stream != "kinesis" }

  kinesis = { for role, grant in local.grants : role => concat(
    [for n, part in chunklist(sort(distinct(grant.topics_read)), 5) : jsonencode({
      Sid    = "ReadStreams${n}", Effect = "Allow", Resource = [for topic in part : "${local.names.stream.kinesis_arn}${topic}"]
      Action = ["kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"]
    })],
    [for n, part in chunklist(sort(distinct(grant.topics_write)), 5) : jsonencode({
      Sid    = "WriteStreams${n}", Effect = "Allow", Resource = [for topic in part : "${local.names.stream.kinesis_arn}${topic}"]
      Action = ["kinesis:DescribeStreamSummary", "kinesis:ListShards", "kinesis:PutRecord", "kinesis:PutRecords"]
    })],
    [for one in ["x"] : jsonencode({
      Sid    = "StreamKey", Effect = "Allow", Resource = [local.names.key_arn_pattern]
      Action = concat(["kms:Decrypt"], [for one in ["kms:GenerateDataKey"] : one if length(grant.topics_write) > 0])
      Condition = {
        StringEquals               = { "kms:ViaService" = "kinesis.${local.region}.${local.dns}" }
        "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = [local.names.keys["stream"].alias] }
      }
    }) if length(concat(grant.topics_read, grant.topics_write)) > 0],
  ) if var.features.stream == "kinesis" }

  # Glue: "<zone>/<table>". IAM wants the catalog and the database beside each table.
  catalog_statements = { for role, grant in local.grants : role => concat(
    [for zones in [sort(distinct([for table in concat(grant.tables_read, grant.tables_write) : split("/", table)[0]]))] : jsonencode({
      Sid      = "Databases", Effect = "Allow", Action = ["glue:GetDatabase"]
      Resource = concat([local.names.arns.glue_catalog], [for zone in zones : "${local.names.arns.database}${zone}"])
    }) if length(zones) > 0],
    flatten([for way, tables in {
      Read      = setsubtract(grant.tables_read, grant.tables_write)
      ReadWrite = toset(grant.tables_write)
      } : [for n, part in chunklist(sort(tables), 8) : jsonencode({
        Sid    = "${way}Tables${n}", Effect = "Allow"
        Action = concat([for action in ["glue:CreateTable", "glue:UpdateTable"] : action if way == "ReadWrite"], ["glue:GetPartition", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"])
        Resource = concat([local.names.arns.glue_catalog], distinct([for table in part : "${local.names.arns.database}${split("/", table)[0]}"]),
        [for table in part : "${local.names.arns.table}${table}"])
    })]]),
  ) }

  granted = { for role in keys(local.grants) : role => concat(
    local.storage_statements[role], try(local.kafka[role], []), try(local.kinesis[role], []), local.catalog_statements[role],
  ) }
}
