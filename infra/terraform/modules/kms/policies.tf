# Who may use a key. The account's own roles, as far as IAM lets them (modules/iam), and for what lies in buckets only
# through S3: no role can decrypt a stolen data key by itself. Services that act without a role of ours are named one by
# one, each only for this account. Resource "*" in the policy of a key is that key.

locals {
  account   = var.context.account_id
  dns       = var.context.partition == "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com"
  arn       = "arn:${var.context.partition}"
  regions   = var.replica == null ? [var.context.region] : [var.context.region, var.replica.region]
  use       = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"]
  in_bucket = [for zone in module.names.zones : zone if zone != "logs"]

  # The services through which our roles use a key; a purpose that is not here may be used directly as well: EMR's nodes
  # ask for the key of their disks themselves, and EMR, Step Functions and AWS Backup use theirs under a role of ours.
  through = merge(
    { for zone in local.in_bucket : zone => ["s3"] },
    { artifacts = ["s3", "sqs"] }, # MWAA wants its bucket's key for its queue as well
    { stream = ["kafka", "kinesis", "firehose"], secrets = ["secretsmanager", "ssm"] },
  )

  account_statements = { for purpose in keys(module.names.keys) : purpose => {
    for region in local.regions : region => [
      {
        Sid       = "AdministeredByIam"
        Effect    = "Allow"
        Principal = { AWS = "${local.arn}:iam::${local.account}:root" }
        Action = [
          "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey",
          "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy",
          "kms:GetKeyRotationStatus", "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListKeyRotations",
          "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:ReplicateKey", "kms:RevokeGrant", "kms:RotateKeyOnDemand",
          "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias",
          "kms:UpdateKeyDescription",
        ]
        Resource = "*"
      },
      {
        Sid       = "UsedByIam"
        Effect    = "Allow"
        Principal = { AWS = "${local.arn}:iam::${local.account}:root" }
        Action    = local.use
        Resource  = "*"
        Condition = { StringEquals = merge(
          { "kms:CallerAccount" = local.account },
          contains(keys(local.through), purpose) ? {
            "kms:ViaService" = [for service in local.through[purpose] : "${service}.${region}.${local.dns}"]
          } : {},
        ) }
      },
      {
        Sid       = "GrantedToServices"
        Effect    = "Allow"
        Principal = { AWS = "${local.arn}:iam::${local.account}:root" }
        Action    = ["kms:CreateGrant"]
        Resource  = "*"
        Condition = {
          StringEquals = { "kms:CallerAccount" = local.account }
          Bool         = { "kms:GrantIsForAWSResource" = "true" }
        }
      },
    ]
  } }

  policies = { for region in local.regions : region => {
    for purpose in keys(module.names.keys) : purpose => jsonencode({
      Version = "2012-10-17"
      Statement = concat(
        local.account_statements[purpose][region],
        [for one in lookup(local.services, purpose, []) : {
          Sid       = one.sid
          Effect    = "Allow"
          Principal = { Service = replace(one.service, "REGION", region) }
          Action    = one.actions
          Resource  = "*"
          Condition = { for operator, keys in one.condition : operator => {
            for key, value in keys : key => replace(value, "REGION", region)
          } }
        }],
      )
    })
  } }
}
