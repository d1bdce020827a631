# Files by SFTP: a server inside the network, users with keys and no passwords, each in folders of its own below the inbox.

resource "aws_transfer_server" "this" {
  count = var.sftp.enabled ? 1 : 0

  domain                      = "S3"
  protocols                   = ["SFTP"]
  identity_provider_type      = "SERVICE_MANAGED"
  endpoint_type               = "VPC"
  security_policy_name        = var.sftp.security_policy
  logging_role                = var.role_arns["sftp"]
  structured_log_destinations = ["${var.log_groups["sftp"].arn}:*"]
  tags                        = merge(local.tags, { Name = "${local.names.prefix}-sftp" })

  endpoint_details {
    vpc_id             = var.vpc_id
    subnet_ids         = var.subnet_ids
    security_group_ids = [var.security_group_ids["sftp"]]
  }
}

locals {
  # A user sees one folder per product of its domain, and in it nobody's files but its own.
  sftp_users = var.sftp.enabled ? { for name, user in var.sftp_users : name => merge(user, {
    products = sort([for id, contract in var.contracts : contract.product if contract.domain == user.domain])
  }) } : {}
  sftp_keys = merge([for name, user in local.sftp_users : {
    for key in user.public_keys : "${name}/${substr(sha256(key), 0, 12)}" => { user = name, key = key }
  }]...)
}

resource "aws_transfer_user" "this" {
  for_each = local.sftp_users

  server_id           = aws_transfer_server.this[0].id
  user_name           = each.key
  role                = var.role_arns["sftp"]
  home_directory_type = "LOGICAL"
  tags                = merge(local.tags, { domain = each.value.domain })

  dynamic "home_directory_mappings" {
    for_each = each.value.products
    content {
      entry  = "/${home_directory_mappings.value}"
      target = "/${local.names.buckets["landing"].name}/${local.inbox}${each.value.domain}/${home_directory_mappings.value}/${each.key}"
    }
  }

  # What is left of the role in this user's session. AWS takes 2,048 characters of it, whatever a domain has of products: so they are a star
  # here, and the folders above are what names them.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "ListOwnFolders"
        Effect    = "Allow"
        Action    = "s3:ListBucket"
        Resource  = local.names.buckets["landing"].arn
        Condition = { StringLike = { "s3:prefix" = "${local.inbox}${each.value.domain}/*/${each.key}/*" } }
      },
      {
        Sid      = "OwnFiles"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = "${local.names.buckets["landing"].arn}/${local.inbox}${each.value.domain}/*/${each.key}/*"
      },
      {
        Sid       = "LandingKey"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = local.names.key_arn_pattern
        Condition = { "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = [local.names.keys["landing"].alias] } }
      },
    ]
  })
}

resource "aws_transfer_ssh_key" "this" {
  for_each = local.sftp_keys

  server_id = aws_transfer_server.this[0].id
  user_name = aws_transfer_user.this[each.value.user].user_name
  body      = each.value.key
}
