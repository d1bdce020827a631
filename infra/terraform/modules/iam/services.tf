# The services on ECS: speed and serving run all contracts, topics makes topics, ecs-execution starts tasks, deployment changes
# traffic between blue and green. For scope = "domain" speed and serving hold whole zones, since there their places
# would not fit in ten policies: they read every contract's in any case.

locals {
  whole = {
    speed   = { read = ["silver/", "documents/releases/"], write = ["documents/drift/"], topics_read = ["*"], topics_write = ["tideline.increments.*"] }
    serving = { read = ["gold/", "documents/releases/"], write = [], topics_read = ["*"], topics_write = [] }
  }
  service_grants = merge(
    { for role in ["speed", "serving"] : role => merge(local.nothing, {
      for way, each in {
        read         = flatten([for one in values(var.contracts) : one.roles[role].prefixes.read])
        write        = flatten([for one in values(var.contracts) : one.roles[role].prefixes.write])
        topics_read  = flatten([for one in values(var.contracts) : one.roles[role].topics.read])
        topics_write = flatten([for one in values(var.contracts) : one.roles[role].topics.write])
      } : way => var.scope == "domain" ? local.whole[role][way] : each
    }) },
    { topics = merge(local.nothing, { read = ["artifacts/topics/"] }) },
  )

  service_extras = {
    "speed"   = local.telemetry
    "serving" = local.telemetry
    # Makes what is missing and widens what is too narrow; deletes nothing.
    "topics" = concat(
      [for one in ["kafka"] : jsonencode({
        Sid    = "AdministerCluster", Effect = "Allow", Resource = [local.names.stream.cluster_arn]
        Action = ["kafka-cluster:Connect", "kafka-cluster:DescribeCluster"]
      }) if var.features.stream != "kinesis"],
      [for one in ["kafka"] : jsonencode({
        Sid    = "MakeTopics", Effect = "Allow", Resource = [local.names.stream.topic_arn]
        Action = ["kafka-cluster:AlterTopic", "kafka-cluster:AlterTopicDynamicConfiguration", "kafka-cluster:CreateTopic", "kafka-cluster:DescribeTopic", "kafka-cluster:DescribeTopicDynamicConfiguration"]
      }) if var.features.stream != "kinesis"],
    )
    "ecs-execution" = [
      jsonencode({
        Sid = "NoResourceLevelRegistryLogin", Effect = "Allow", Action = ["ecr:GetAuthorizationToken"], Resource = ["*"]
      }),
      jsonencode({
        Sid    = "PullImages", Effect = "Allow", Resource = ["${local.names.arns.repository}*"]
        Action = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      }),
      jsonencode({
        Sid      = "WriteLogs", Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = [for group in ["serving", "speed", "topics"] : "${local.names.log_groups[group].arn}:*"]
      }),
      jsonencode({
        Sid = "ReadSecrets", Effect = "Allow", Action = ["secretsmanager:GetSecretValue"], Resource = ["${local.names.arns.secret}services/*"]
      }),
      jsonencode({
        Sid       = "SecretsKey", Effect = "Allow", Action = ["kms:Decrypt"], Resource = [local.names.key_arn_pattern]
        Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${local.region}.${local.dns}" }, "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = [local.names.keys["secrets"].alias] } }
      }),
    ]
    "deployment" = [
      jsonencode({
        Sid    = "ReplaceTasks", Effect = "Allow", Resource = ["${local.names.arns.ecs_service}*"]
        Action = ["ecs:CreateTaskSet", "ecs:DeleteTaskSet", "ecs:DescribeServices", "ecs:UpdateServicePrimaryTaskSet"]
      }),
    ]
  }

  telemetry = concat(
    [jsonencode({
      Sid       = "NoResourceLevelMetrics", Effect = "Allow", Action = ["cloudwatch:PutMetricData"], Resource = ["*"]
      Condition = { StringEquals = { "cloudwatch:namespace" = "Tideline" } }
    })],
    [for one in ["prometheus"] : jsonencode({
      Sid       = "RemoteWrite", Effect = "Allow", Action = ["aps:RemoteWrite"], Resource = ["arn:${local.partition}:aps:${local.scope}:workspace/*"]
      Condition = { StringEquals = { "aws:ResourceTag/project" = var.context.project, "aws:ResourceTag/environment" = var.context.environment } }
    }) if var.features.prometheus],
  )

  # What stands outside may only send: the event topics of its domain.
  outside_grants = { for domain, arns in var.producers : "producer/${domain}" => merge(local.nothing, {
    topics_write = flatten([for one in values(var.contracts) : try(one.roles["producer"].topics.write, []) if one.domain == domain])
  }) }
}
