# The boundary that every role carries: what no role of this environment can do, whatever its policies come to say. It grants
# nothing. ADR 0015 says why it is written as refusals and not as a list of services.

locals {
  boundary_name = "${local.names.prefix}-boundary"
  own_roles     = "arn:${local.partition}:iam::${local.account}:role/${local.names.prefix}-*"

  # Services without a region of their own, and what S3 knows of the account as a whole: their calls carry us-east-1 or none.
  global_services = ["access-analyzer", "aws-portal", "budgets", "ce", "cloudfront", "cur", "globalaccelerator", "health", "iam", "organizations", "pricing", "route53", "shield", "sts", "support", "tag", "trustedadvisor"]
  emrs_own        = ["prod.${local.region}.appinfo.src", local.region == "us-east-1" ? "aws157-logs-prod" : "aws157-logs-prod-${local.region}"] # a star would let in others' names
  regions         = concat([local.region], [for region in [var.replica_region] : region if var.features.replication])

  boundary = {
    Version = "2012-10-17"
    Statement = [
      # A ceiling needs an Allow. What is named here no role has a use for, and no mistake shall give.
      {
        Sid       = "NoResourceLevelCeiling"
        Effect    = "Allow"
        NotAction = ["account:*", "aws-portal:*", "billing:*", "organizations:*", "sso:*", "sso-directory:*", "identitystore:*", "support:*"]
        Resource  = "*"
      },
      {
        Sid       = "StayInRegion"
        Effect    = "Deny"
        NotAction = concat([for service in local.global_services : "${service}:*"], ["s3:GetAccountPublicAccessBlock", "s3:ListAllMyBuckets"])
        Resource  = "*"
        Condition = { StringNotEquals = { "aws:RequestedRegion" = local.regions } }
      },
      # EMR's nodes report to buckets of AWS's own; nothing else is written to another account.
      {
        Sid         = "WriteNowhereElse"
        Effect      = "Deny"
        Action      = ["s3:PutObject", "s3:ReplicateObject", "s3:PutBucketPolicy", "sns:Publish", "kinesis:PutRecord", "kinesis:PutRecords", "dynamodb:PutItem", "lambda:InvokeFunction", "sts:AssumeRole"]
        NotResource = [for bucket in local.emrs_own : "arn:${local.partition}:s3:::${bucket}/*"]
        Condition   = { StringNotEquals = { "aws:ResourceAccount" = local.account } }
      },
      {
        Sid      = "NoUsers"
        Effect   = "Deny"
        Action   = ["iam:AddUserToGroup", "iam:AttachGroupPolicy", "iam:AttachUserPolicy", "iam:CreateAccessKey", "iam:CreateGroup", "iam:CreateLoginProfile", "iam:CreateUser", "iam:PutGroupPolicy", "iam:PutUserPolicy", "iam:UpdateLoginProfile"]
        Resource = "*"
      },
      {
        Sid       = "NoRoleWithoutThisBoundary"
        Effect    = "Deny"
        Action    = ["iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
        Resource  = "*"
        Condition = { StringNotEquals = { "iam:PermissionsBoundary" = local.names.boundary_arn } }
      },
      {
        Sid         = "OnlyOurRoles"
        Effect      = "Deny"
        Action      = ["iam:AttachRolePolicy", "iam:CreateRole", "iam:DeleteRole", "iam:DetachRolePolicy", "iam:PassRole", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole"]
        NotResource = local.own_roles
      },
      {
        Sid      = "LeaveTheBoundary"
        Effect   = "Deny"
        Action   = ["iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:SetDefaultPolicyVersion"]
        Resource = local.names.boundary_arn
      },
      {
        Sid      = "LeaveBoundaries"
        Effect   = "Deny"
        Action   = ["iam:DeleteRolePermissionsBoundary"]
        Resource = "*"
      },
      # Who may apply decides nothing about who may apply.
      {
        Sid      = "LeaveTheDoor"
        Effect   = "Deny"
        Action   = ["iam:AttachRolePolicy", "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"]
        Resource = [local.names.roles["ci-apply"].arn, local.names.roles["ci-plan"].arn]
      },
      {
        Sid      = "LeaveProviders"
        Effect   = "Deny"
        Action   = ["iam:AddClientIDToOpenIDConnectProvider", "iam:CreateOpenIDConnectProvider", "iam:CreateSAMLProvider", "iam:DeleteOpenIDConnectProvider", "iam:DeleteSAMLProvider", "iam:UpdateOpenIDConnectProviderThumbprint", "iam:UpdateSAMLProvider"]
        Resource = "*"
      },
      {
        Sid    = "LeaveTheGuards"
        Effect = "Deny"
        Action = [
          "access-analyzer:DeleteAnalyzer", "backup:DeleteBackupVault", "backup:DeleteBackupVaultLockConfiguration", "backup:DeleteRecoveryPoint", "cloudtrail:DeleteTrail",
          "cloudtrail:StopLogging", "cloudtrail:UpdateTrail", "config:DeleteConfigurationRecorder", "config:DeleteDeliveryChannel", "config:StopConfigurationRecorder",
          "ec2:DeleteFlowLogs", "kms:DisableKey", "kms:DisableKeyRotation", "kms:ScheduleKeyDeletion", "s3:BypassGovernanceRetention", "s3:DeleteBucketPolicy", "s3:PutAccountPublicAccessBlock",
        ]
        Resource = "*"
      },
      {
        Sid      = "LeaveTheAudit"
        Effect   = "Deny"
        Action   = ["s3:DeleteBucket", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutLifecycleConfiguration", "s3:PutObjectLegalHold", "s3:PutObjectRetention"]
        Resource = [local.names.buckets["audit"].arn, "${local.names.buckets["audit"].arn}/*"]
      },
    ]
  }
}

resource "aws_iam_policy" "boundary" {
  name        = local.boundary_name
  description = "Tideline ${var.context.environment}: what no role of this environment can do"
  policy      = jsonencode(local.boundary)
  tags        = local.tags

  lifecycle {
    precondition {
      condition     = length(jsonencode(local.boundary)) <= 6144
      error_message = "The boundary has more than the 6,144 characters of a managed policy."
    }
  }
}
