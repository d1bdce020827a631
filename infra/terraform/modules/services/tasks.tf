# What a task may do, the same for all three: no root, no writable root file system, no capability, one folder of its own that
# ends with it. The folder belongs to the image's user because infra/Dockerfile declares it as a volume of that user.

locals {
  home = "/var/lib/tideline"
  user = "10001:10001"

  # What the module decides about a task, beside what `environment` says about the installation.
  own_environment  = { TIDELINE_HOME = local.home, TIDELINE_HOST = "0.0.0.0", TMPDIR = local.home, PYTHONDONTWRITEBYTECODE = "1" }
  more_environment = { speed = { TIDELINE_SPEED_GROUP = module.names.stream.speed_group } }
  environments = { for task in keys(local.tasks) : task => [
    for name, value in merge(var.environment, local.own_environment, lookup(local.more_environment, task, {})) : { name = name, value = value } if value != null
  ] }
  secrets = [for name, arn in var.secrets : { name = name, valueFrom = arn }]

  tasks = merge(
    { speed = { cpu = var.speed.cpu, memory_mb = var.speed.memory_mb, disk_gb = var.speed.disk_gb, command = ["python", "-m", "speed_layer"] } },
    { serving = { cpu = var.serving.cpu, memory_mb = var.serving.memory_mb, disk_gb = 21, command = ["python", "-m", "serving_layer"] } },
    { for name, topics in { topics = var.topics } : name => { cpu = 256, memory_mb = 512, disk_gb = 21, command = topics.command } if topics != null },
  )
  made = var.image == null ? {} : local.tasks

  confined = {
    essential              = true
    privileged             = false
    readonlyRootFilesystem = true
    linuxParameters        = { initProcessEnabled = true, capabilities = { add = [], drop = ["ALL"] } }
    ulimits                = [{ name = "nofile", softLimit = 65536, hardLimit = 65536 }]
    systemControls         = []
    volumesFrom            = []
    stopTimeout            = 60
  }

  # Alive, not ready: a task that waits for Kafka is not to be killed for it. Ready is what the load balancer asks.
  alive = { for name, port in local.ports : name => {
    command     = ["CMD", "python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:${port}/healthz', timeout=4)"]
    interval    = 15
    timeout     = 5
    retries     = 4
    startPeriod = 60
  } }

  containers = { for name, task in local.made : name => merge(local.confined, {
    name         = name
    image        = var.image
    command      = task.command
    user         = local.user
    environment  = local.environments[name]
    secrets      = local.secrets
    mountPoints  = [{ sourceVolume = "home", containerPath = local.home, readOnly = false }]
    portMappings = [for port in try([local.ports[name]], []) : { containerPort = port, hostPort = port, protocol = "tcp" }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = var.log_groups[name].name
        awslogs-region        = var.context.region
        awslogs-stream-prefix = name
      }
    }
  }, { for key, check in local.alive : "healthCheck" => check if key == name }) }
}

resource "aws_ecs_task_definition" "this" {
  for_each = local.made

  family                   = "${local.prefix}-${each.key}"
  cpu                      = each.value.cpu
  memory                   = each.value.memory_mb
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  execution_role_arn       = var.role_arns["ecs-execution"]
  task_role_arn            = var.role_arns[each.key]
  container_definitions    = jsonencode(concat([local.containers[each.key]], [for collector in try([local.collectors[each.key]], []) : collector]))
  skip_destroy             = var.keep_revisions
  tags                     = local.tags

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.architecture
  }

  ephemeral_storage {
    size_in_gib = each.value.disk_gb
  }

  volume {
    name = "home"
  }
}
