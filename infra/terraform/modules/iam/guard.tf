# Roles that AWS's own services take to copy, keep and watch.

locals {
  copied = [for zone in ["bronze", "silver", "gold", "quarantine", "landing", "documents", "artifacts", "audit"] : zone]

  guard_extras = {
    "replication" = [
      jsonencode({
        Sid      = "ReadWhatIsCopied", Effect = "Allow", Action = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
        Resource = [for zone in local.copied : local.names.buckets[zone].arn]
      }),
      jsonencode({
        Sid    = "ReadVersions", Effect = "Allow", Resource = [for zone in local.copied : "${local.names.buckets[zone].arn}/*"]
        Action = ["s3:GetObjectLegalHold", "s3:GetObjectRetention", "s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"]
      }),
      jsonencode({
        Sid    = "WriteReplicas", Effect = "Allow", Resource = [for zone in local.copied : "${local.names.replicas[zone].arn}/*"]
        Action = ["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"]
      }),
      jsonencode({
        Sid = "DecryptHere", Effect = "Allow", Action = ["kms:Decrypt"], Resource = [local.names.key_arn_pattern]
        Condition = {
          StringEquals               = { "kms:ViaService" = "s3.${local.region}.${local.dns}" }
          "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = [for zone in local.copied : local.names.keys[zone].alias] }
        }
      }),
      jsonencode({
        Sid      = "EncryptThere", Effect = "Allow", Action = ["kms:Encrypt", "kms:GenerateDataKey"]
        Resource = ["arn:${local.partition}:kms:${coalesce(var.replica_region, local.region)}:${local.account}:key/*"]
        Condition = {
          StringEquals             = { "kms:ViaService" = "s3.${coalesce(var.replica_region, local.region)}.${local.dns}" }
          "ForAnyValue:StringLike" = { "kms:ResourceAliases" = ["alias/${local.names.prefix}-*"] }
        }
      }),
    ]

    "flow-logs" = [
      jsonencode({
        Sid    = "WriteFlowLogs", Effect = "Allow", Resource = [local.names.log_groups["flow"].arn, "${local.names.log_groups["flow"].arn}:*"]
        Action = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      }),
      jsonencode({ Sid = "NoResourceLevelFindGroup", Effect = "Allow", Action = ["logs:DescribeLogGroups"], Resource = ["*"] }),
    ]

    "trail" = [jsonencode({
      Sid      = "WriteTrail", Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["${local.names.log_groups["trail"].arn}:log-stream:${local.account}_CloudTrail_${local.region}*"]
    })]

    # Not written here: what AWS Config may read. It reads the settings of every kind of resource in the account, by AWS's managed
    # policy, which AWS keeps in step with the kinds it records (see aws_iam_role_policy_attachment.config).
    "config" = [jsonencode({
      Sid       = "DeliverHistory", Effect = "Allow", Action = ["s3:PutObject", "s3:PutObjectAcl"], Resource = ["${local.names.buckets["logs"].arn}/config/AWSLogs/${local.account}/*"]
      Condition = { StringEquals = { "s3:x-amz-acl" = "bucket-owner-full-control" } }
      }), jsonencode({
      Sid = "FindBucket", Effect = "Allow", Action = ["s3:GetBucketAcl"], Resource = [local.names.buckets["logs"].arn]
    })]

    "backup" = concat(
      [
        jsonencode({
          Sid    = "BackUpTables", Effect = "Allow", Resource = ["${local.names.arns.dynamodb_table}*"]
          Action = ["dynamodb:CreateBackup", "dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable", "dynamodb:ListTagsOfResource", "dynamodb:StartAwsBackupJob"]
        }),
        jsonencode({
          Sid    = "KeepTableBackups", Effect = "Allow", Resource = ["${local.names.arns.dynamodb_table}*/backup/*"]
          Action = ["dynamodb:DeleteBackup", "dynamodb:DescribeBackup"]
        }),
        jsonencode({
          Sid    = "RestoreTables", Effect = "Allow", Resource = ["${local.names.arns.dynamodb_table}*"]
          Action = ["dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:RestoreTableFromAwsBackup", "dynamodb:RestoreTableFromBackup", "dynamodb:Scan", "dynamodb:UpdateItem"]
        }),
        jsonencode({
          Sid = "WatchBuckets", Effect = "Allow", Resource = [for zone in local.kept : local.names.buckets[zone].arn]
          Action = [
            "s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketNotification", "s3:GetBucketOwnershipControls", "s3:GetBucketTagging", "s3:GetBucketVersioning",
            "s3:GetInventoryConfiguration", "s3:ListBucket", "s3:ListBucketVersions", "s3:PutBucketNotification", "s3:PutInventoryConfiguration",
          ]
        }),
        jsonencode({
          Sid = "BackUpAndRestoreObjects", Effect = "Allow", Resource = [for zone in local.kept : "${local.names.buckets[zone].arn}/*"]
          Action = [
            "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:GetObjectAcl", "s3:GetObjectTagging", "s3:GetObjectVersion", "s3:GetObjectVersionAcl",
            "s3:GetObjectVersionTagging", "s3:ListMultipartUploadParts", "s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectVersionTagging",
          ]
        }),
        jsonencode({
          Sid    = "WatchChanges", Effect = "Allow", Resource = ["arn:${local.partition}:events:${local.scope}:rule/AwsBackupManagedRule*"]
          Action = ["events:DeleteRule", "events:DescribeRule", "events:DisableRule", "events:EnableRule", "events:ListTargetsByRule", "events:PutRule", "events:PutTargets", "events:RemoveTargets"]
        }),
        jsonencode({
          Sid    = "NoResourceLevelFindOut", Effect = "Allow", Resource = ["*"]
          Action = ["cloudwatch:GetMetricData", "dynamodb:ListTables", "events:ListRules", "s3:ListAllMyBuckets", "tag:GetResources"]
        }),
        jsonencode({
          Sid    = "KeepRecoveryPoints", Effect = "Allow", Resource = [for region in local.kept_in : "arn:${local.partition}:backup:${region}:${local.account}:backup-vault:${local.names.prefix}-*"]
          Action = ["backup:DescribeBackupVault", "backup:CopyIntoBackupVault"]
        }),
        jsonencode({
          Sid    = "TagRecoveryPoints", Effect = "Allow", Resource = [for region in local.kept_in : "arn:${local.partition}:backup:${region}:${local.account}:recovery-point:*"]
          Action = ["backup:TagResource"]
        }),
        jsonencode({
          Sid       = "UseKeys", Effect = "Allow", Action = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
          Resource  = [for region in local.kept_in : "arn:${local.partition}:kms:${region}:${local.account}:key/*"]
          Condition = { "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = sort(concat([for zone in local.kept : local.names.keys[zone].alias], [local.names.keys["backup"].alias, local.names.keys["services"].alias])) } }
        }),
        jsonencode({
          Sid = "LendKeys", Effect = "Allow", Action = ["kms:CreateGrant"], Resource = [for region in local.kept_in : "arn:${local.partition}:kms:${region}:${local.account}:key/*"]
          Condition = {
            Bool                     = { "kms:GrantIsForAWSResource" = "true" }
            "ForAnyValue:StringLike" = { "kms:ResourceAliases" = ["alias/${local.names.prefix}-*"] }
          }
        }),
        # Restores are tested: AWS Backup makes a bucket or a table of this name, restores into it and ends it.
        jsonencode({
          Sid    = "TestRestoreOfBuckets", Effect = "Allow", Resource = ["arn:${local.partition}:s3:::awsbackup-restore-test-*"]
          Action = ["s3:CreateBucket", "s3:GetBucketLocation", "s3:GetBucketOwnershipControls", "s3:GetBucketVersioning", "s3:ListBucket", "s3:ListBucketVersions", "s3:PutBucketOwnershipControls", "s3:PutBucketVersioning"]
        }),
        jsonencode({
          Sid    = "TestRestoreOfObjects", Effect = "Allow", Resource = ["arn:${local.partition}:s3:::awsbackup-restore-test-*/*"]
          Action = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:GetObjectVersion", "s3:ListMultipartUploadParts", "s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectVersionTagging"]
        }),
        jsonencode({
          Sid    = "TestRestoreOfTables", Effect = "Allow", Resource = ["arn:${local.partition}:dynamodb:${local.scope}:table/awsbackup-restore-test-*"]
          Action = ["dynamodb:BatchWriteItem", "dynamodb:DescribeTable", "dynamodb:PutItem", "dynamodb:RestoreTableFromAwsBackup", "dynamodb:RestoreTableFromBackup"]
        }),
      ],
    )
  }

  kept_in = concat([local.region], var.replica_region[*])
  kept    = ["bronze", "silver", "gold", "quarantine", "documents"]
}

resource "aws_iam_role_policy_attachment" "config" {
  count = var.features.config ? 1 : 0

  role       = local.names.roles["config"].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AWS_ConfigRole"

  depends_on = [aws_iam_role.this]
}
