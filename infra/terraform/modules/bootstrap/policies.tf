# Who may do what with which state. An environment's roles are granted its own prefix here, so they need no statement of
# their own, in whichever account they live; and whoever is not named for a prefix is denied it, whatever else he may do.

locals {
  read  = ["s3:GetObject", "s3:GetObjectVersion"]
  write = ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"]

  s3 = "s3.${var.context.region}.amazonaws.com${var.context.partition == "aws-cn" ? ".cn" : ""}"

  transport = {
    Sid       = "TlsOnly"
    Effect    = "Deny"
    Principal = "*"
    Action    = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"]
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  }

  bucket_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [merge(local.transport, { Resource = [local.arn, "${local.arn}/*"] })],
      [{
        Sid       = "OwnKeyOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["s3:PutObject"]
        Resource  = ["${local.arn}/*"]
        # no header is fine: the bucket's default is the key of the states
        Condition = {
          StringNotEquals = { "s3:x-amz-server-side-encryption" = "aws:kms" }
          Null            = { "s3:x-amz-server-side-encryption" = "false" }
        }
      }],
      flatten([for name in sort(keys(var.environments)) : [
        {
          Sid       = "Read${title(name)}"
          Effect    = "Allow"
          Principal = { AWS = local.owner[name] }
          Action    = local.read
          Resource  = ["${local.arn}/${name}/*"]
          Condition = { ArnEquals = { "aws:PrincipalArn" = concat(local.writers[name], local.readers[name]) } }
        },
        {
          Sid       = "Write${title(name)}"
          Effect    = "Allow"
          Principal = { AWS = local.owner[name] }
          Action    = ["s3:PutObject", "s3:DeleteObject"]
          Resource  = ["${local.arn}/${name}/*"]
          Condition = { ArnEquals = { "aws:PrincipalArn" = local.writers[name] } }
        },
        {
          # IfExists: S3 asks for this action, without a prefix, to tell a missing state (404) from a forbidden one (403)
          Sid       = "List${title(name)}"
          Effect    = "Allow"
          Principal = { AWS = local.owner[name] }
          Action    = ["s3:ListBucket"]
          Resource  = [local.arn]
          Condition = {
            ArnEquals          = { "aws:PrincipalArn" = concat(local.writers[name], local.readers[name]) }
            StringLikeIfExists = { "s3:prefix" = ["${name}/*"] }
          }
        },
      ]]),
      flatten([for name in sort(concat(keys(var.environments), ["bootstrap"])) : [
        {
          Sid       = "OthersReadNot${title(name)}"
          Effect    = "Deny"
          Principal = "*"
          Action    = local.read
          Resource  = ["${local.arn}/${name}/*"]
          Condition = { ArnNotLike = { "aws:PrincipalArn" = concat(try(local.writers[name], []), try(local.readers[name], []), var.administrators) } }
        },
        {
          Sid       = "OthersWriteNot${title(name)}"
          Effect    = "Deny"
          Principal = "*"
          Action    = local.write
          Resource  = ["${local.arn}/${name}/*"]
          Condition = { ArnNotLike = { "aws:PrincipalArn" = concat(try(local.writers[name], []), var.administrators) } }
        },
      ]]),
    )
  })

  # In a key's policy the resource "*" is the key itself. The account administers the key but does not decrypt by that.
  key_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid       = "Administer"
          Effect    = "Allow"
          Principal = { AWS = "arn:${var.context.partition}:iam::${var.context.account_id}:root" }
          Action = [
            "kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags", "kms:ListKeyPolicies",
            "kms:ListGrants", "kms:PutKeyPolicy", "kms:EnableKey", "kms:DisableKey", "kms:EnableKeyRotation",
            "kms:DisableKeyRotation", "kms:UpdateKeyDescription", "kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias",
            "kms:TagResource", "kms:UntagResource", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion",
          ]
          Resource = "*"
        },
        {
          Sid       = "Administrators"
          Effect    = "Allow"
          Principal = { AWS = "arn:${var.context.partition}:iam::${var.context.account_id}:root" }
          Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
          Resource  = "*"
          Condition = {
            ArnLike      = { "aws:PrincipalArn" = var.administrators }
            StringEquals = { "kms:ViaService" = local.s3 }
            StringLike   = { "kms:EncryptionContext:aws:s3:arn" = ["${local.arn}/*"] }
          }
        },
      ],
      flatten([for name in sort(keys(var.environments)) : [for action, arns in {
        Decrypt         = concat(local.writers[name], local.readers[name])
        GenerateDataKey = local.writers[name]
        } : {
        Sid       = "${action}${title(name)}"
        Effect    = "Allow"
        Principal = { AWS = local.owner[name] }
        Action    = ["kms:${action}"]
        Resource  = "*"
        Condition = {
          ArnEquals    = { "aws:PrincipalArn" = arns }
          StringEquals = { "kms:ViaService" = local.s3 }
          StringLike   = { "kms:EncryptionContext:aws:s3:arn" = ["${local.arn}/${name}/*"] }
        }
      }]]),
    )
  })
}
