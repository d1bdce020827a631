# Ways to AWS that never leave its network. The policy of an interface endpoint is a border, not a grant: only
# credentials of this account pass (what they may do is in modules/iam), so nobody carries data out with foreign ones.

locals {
  # Interface endpoints that may be asked for. execute-api is not among them: its private DNS would hide public APIs.
  known_endpoints = [
    "airflow.api", "airflow.env", "airflow.ops", "aps-workspaces", "athena", "backup", "ec2", "ec2messages", "ecr.api",
    "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry", "elasticmapreduce", "emr-serverless", "events", "glue", "kafka",
    "kinesis-firehose", "kinesis-streams", "kms", "lakeformation", "lambda", "logs", "monitoring", "redshift",
    "redshift-data", "redshift-serverless", "secretsmanager", "sns", "sqs", "ssm", "ssmmessages", "states", "sts",
    "transfer", "xray",
  ]

  # What nodes of each part call, beside S3 and DynamoDB, which have gateway endpoints.
  needs = {
    airflow    = ["airflow.api", "airflow.env", "airflow.ops", "ecr.api", "ecr.dkr", "elasticmapreduce", "emr-serverless", "kms", "logs", "monitoring", "secretsmanager", "sqs", "sts"]
    emr        = ["elasticmapreduce", "glue", "kms", "logs", "monitoring", "secretsmanager", "sts"]
    functions  = ["secretsmanager", "sts"]
    kinesis    = ["kinesis-streams"]
    prometheus = ["aps-workspaces"]
    serverless = ["glue", "kms", "logs", "secretsmanager", "sts"]
    services   = ["ecr.api", "ecr.dkr", "logs", "monitoring", "secretsmanager", "sts"]
    warehouse  = ["glue", "kms", "logs", "redshift-data", "secretsmanager", "sts"]
  }
  needed              = toset(concat(flatten([for part in var.parts : lookup(local.needs, part, [])]), flatten([for names in values(var.required_endpoints) : tolist(names)])))
  interface_endpoints = var.interface_endpoints != null ? var.interface_endpoints : var.nat == "none" ? local.needed : toset([])

  s3  = "arn:${var.context.partition}:s3:::"
  own = "${local.prefix}-*-${var.context.account_id}"
  ours = { StringEquals = {
    "aws:PrincipalAccount" = var.context.account_id
    "aws:ResourceAccount"  = var.context.account_id
  } }
  tls = { Bool = { "aws:SecureTransport" = "true" } }

  gateway_policies = {
    s3 = [
      {
        Sid       = "OwnBuckets"
        Effect    = "Allow"
        Principal = "*"
        Action = [
          "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetBucketLocation",
          "s3:GetBucketPublicAccessBlock", "s3:GetBucketVersioning", "s3:GetObject", "s3:GetObjectAttributes",
          "s3:GetObjectTagging", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketMultipartUploads",
          "s3:ListBucketVersions", "s3:ListMultipartUploadParts", "s3:PutObject", "s3:PutObjectTagging",
        ]
        Resource  = ["${local.s3}${local.own}", "${local.s3}${local.own}/*"]
        Condition = local.ours
      },
      {
        # Layers of container images and packages of Amazon Linux and EMR; the first are read by links signed by AWS.
        Sid       = "ReadFromAws"
        Effect    = "Allow"
        Principal = "*"
        Action    = ["s3:GetObject"]
        Resource = [for bucket in [
          "prod-${var.context.region}-starport-layer-bucket",
          "amazonlinux-2-repos-${var.context.region}",
          "al2023-repos-${var.context.region}-*",
          "repo.${var.context.region}.emr.amazonaws.com",
          "${var.context.region}.elasticmapreduce",
        ] : "${local.s3}${bucket}/*"]
        Condition = local.tls
      },
      {
        # EMR keeps the history of its user interfaces and what it needs to help there.
        Sid       = "ApplicationHistory"
        Effect    = "Allow"
        Principal = "*"
        Action    = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject", "s3:PutObjectAcl"]
        Resource = [
          "${local.s3}prod.${var.context.region}.appinfo.src/*",
          "${local.s3}aws157-logs-prod${var.context.region == "us-east-1" ? "" : "-${var.context.region}"}/*",
        ]
        Condition = local.tls
      },
    ]
    dynamodb = [{
      Sid       = "OwnTables"
      Effect    = "Allow"
      Principal = "*"
      Action = [
        "dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem",
        "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan",
        "dynamodb:UpdateItem",
      ]
      Resource  = ["${module.names.arns.dynamodb_table}*"]
      Condition = local.ours
    }]
  }
}

resource "aws_vpc_endpoint" "gateway" {
  for_each = local.gateway_policies

  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.context.region}.${each.key}"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [for table in aws_route_table.private : table.id]
  policy            = jsonencode({ Version = "2012-10-17", Statement = each.value })
  tags              = merge(local.tags, { Name = "${local.prefix}-${each.key}" })
}

resource "aws_vpc_endpoint" "interface" {
  for_each = local.interface_endpoints

  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${var.context.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [for zone in slice(var.availability_zones, 0, var.endpoint_zones) : aws_subnet.private[zone].id]
  security_group_ids  = [aws_security_group.this["endpoints"].id]
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyOurCredentials"
      Effect    = "Allow"
      Principal = "*"
      Action    = "*"
      Resource  = "*"
      Condition = { StringEquals = { "aws:PrincipalAccount" = var.context.account_id } }
    }]
  })
  tags = merge(local.tags, { Name = "${local.prefix}-${each.key}" })
}
