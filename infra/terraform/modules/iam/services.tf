# The services on ECS: speed and serving run all contracts, topics makes topics, ecs-execution starts tasks, deployment changes
# traffic between blue and green. Up to twenty contracts speed and serving hold each contract's places and topics by name; beyond that,
# and for scope = "domain", whole zones: they read every contract's in any case, and the names would not fit in ten policies.

locals {
  by_zone = var.scope == "domain" || length(var.contracts) > 20
  whole = {
    speed   = { read = ["silver/", "documents/releases/"], write = ["documents/drift/"], topics_read = ["*"], topics_write = ["tideline.increments.*"] }
    serving = { read = ["gold/", "documents/releases/"], write = [], topics_read = ["*"], topics_write = [] }
  }
  service_grants = merge({ "topics" = merge(local.nothing, { read = ["artifacts/topics/"] }) }, {
    for role in ["speed", "serving"] : role => merge(local.nothing, {
      for way, each in {
        read         = flatten([for one in values(var.contracts) : one.roles[role].prefixes.read])
        write        = flatten([for one in values(var.contracts) : one.roles[role].prefixes.write])
        topics_read  = flatten([for one in values(var.contracts) : one.roles[role].topics.read])
        topics_write = flatten([for one in values(var.contracts) : one.roles[role].topics.write])
      } : way => local.by_zone ? local.whole[role][way] : each
    })
  })

  service_extras = {
    "speed"   = concat(local.telemetry, local.shared_work)
    "serving" = local.telemetry
    # Makes what is missing and widens what is too narrow; deletes nothing.
    "topics" = [
      jsonencode({
        Sid    = "AdministerCluster", Effect = "Allow", Resource = [local.names.stream.cluster_arn]
        Action = ["kafka-cluster:Connect", "kafka-cluster:DescribeCluster"]
      }),
      jsonencode({
        Sid    = "MakeTopics", Effect = "Allow", Resource = [local.names.stream.topic_arn]
        Action = ["kafka-cluster:AlterTopic", "kafka-cluster:AlterTopicDynamicConfiguration", "kafka-cluster:CreateTopic", "kafka-cluster:DescribeTopic", "kafka-cluster:DescribeTopicDynamicConfiguration"]
      }),
    ]
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
    # CodeDeploy moves serving from blue to green and back (ADR 19).
    "deployment" = [
      jsonencode({
        Sid    = "ReplaceTasks", Effect = "Allow", Resource = ["${local.names.arns.ecs_service}*"]
        Action = ["ecs:DescribeServices", "ecs:UpdateServicePrimaryTaskSet"]
      }),
      jsonencode({
        Sid       = "NoResourceLevelMakeTaskSets", Effect = "Allow", Action = ["ecs:CreateTaskSet"], Resource = ["*"]
        Condition = { ArnEquals = { "ecs:cluster" = local.names.arns.ecs_cluster } }
      }),
      jsonencode({
        Sid = "EndTaskSets", Effect = "Allow", Action = ["ecs:DeleteTaskSet"], Resource = ["arn:${local.partition}:ecs:${local.scope}:task-set/${local.names.prefix}/*/*"]
      }),
      jsonencode({
        Sid = "MindAlarms", Effect = "Allow", Action = ["cloudwatch:DescribeAlarms"], Resource = ["${local.names.arns.alarm}*"]
      }),
      jsonencode({
        Sid      = "MoveTraffic", Effect = "Allow", Action = ["elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyRule"]
        Resource = [for kind in ["listener", "listener-rule"] : "arn:${local.partition}:elasticloadbalancing:${local.scope}:${kind}/app/${local.names.prefix}/*"]
      }),
      jsonencode({
        Sid    = "NoResourceLevelSeeTraffic", Effect = "Allow", Resource = ["*"]
        Action = ["elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeRules", "elasticloadbalancing:DescribeTargetGroups"]
      }),
      jsonencode({
        Sid       = "GiveTasksTheirRole", Effect = "Allow", Action = ["iam:PassRole"], Resource = [for role in ["ecs-execution", "serving"] : local.names.roles[role].arn]
        Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
      }),
    ]
  }

  # The collector beside a service sends all metrics on; those that alarms need go by the log and need nothing.
  telemetry = [for one in ["prometheus"] : jsonencode({
    Sid       = "RemoteWrite", Effect = "Allow", Action = ["aps:RemoteWrite"], Resource = ["arn:${local.partition}:aps:${local.scope}:workspace/*"]
    Condition = { StringEquals = local.ours }
  }) if var.features.prometheus]

  # Speed tasks agree in one consumer group who works on which partitions (ADR 25). Joining it takes these two and, of each topic,
  # what reading takes; nothing is committed there.
  shared_work = [for one in ["kafka"] : jsonencode({
    Sid      = "ShareWork", Effect = "Allow", Action = ["kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"]
    Resource = ["${local.names.stream.group_arn}/${local.names.stream.speed_group}"]
  }) if var.features.stream != "kinesis"]

  # What stands outside may only send: the event topics of its domain.
  outside_grants = { for domain, arns in var.producers : "producer/${domain}" => merge(local.nothing, {
    topics_write = flatten([for one in values(var.contracts) : try(one.roles["producer"].topics.write, []) if one.domain == domain])
  }) }
}
