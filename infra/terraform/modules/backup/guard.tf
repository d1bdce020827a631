# What keeps backups: nobody deletes one by hand, a lock that keeps to its time, and word of what failed.

locals {
  locked = var.vault_lock.mode != "none"
  grace  = var.vault_lock.mode == "compliance" ? var.vault_lock.grace_days : null

  # A Deny: it holds for administrators too, until they take it away, which the trail records.
  vault_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      var.force_destroy ? [] : [{
        Sid       = "NobodyDeletesBackups"
        Effect    = "Deny"
        Principal = "*"
        Action = [
          "backup:DeleteRecoveryPoint", "backup:DisassociateRecoveryPoint", "backup:UpdateRecoveryPointLifecycle",
        ]
        Resource = "*"
      }],
      [{
        Sid       = "NoCopiesFromOtherAccounts"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["backup:CopyIntoBackupVault"]
        Resource  = "*"
        Condition = { StringNotEquals = { "aws:PrincipalAccount" = var.context.account_id } }
      }],
    )
  })
}

resource "aws_backup_vault_policy" "this" {
  backup_vault_name = aws_backup_vault.this.name
  policy            = local.vault_policy
}

resource "aws_backup_vault_policy" "copy" {
  count    = var.copy == null ? 0 : 1
  provider = aws.replica

  backup_vault_name = aws_backup_vault.copy[0].name
  policy            = local.vault_policy
}

resource "aws_backup_vault_lock_configuration" "this" {
  count = local.locked ? 1 : 0

  backup_vault_name   = aws_backup_vault.this.name
  min_retention_days  = var.vault_lock.min_retention_days
  max_retention_days  = var.vault_lock.max_retention_days
  changeable_for_days = local.grace
}

resource "aws_backup_vault_lock_configuration" "copy" {
  count    = local.locked && var.copy != null ? 1 : 0
  provider = aws.replica

  backup_vault_name   = aws_backup_vault.copy[0].name
  min_retention_days  = var.vault_lock.min_retention_days
  max_retention_days  = var.vault_lock.max_retention_days
  changeable_for_days = local.grace
}

# Objects that a bucket's backup had to leave out, and backups that somebody changed; whole jobs that failed
# are events, of which modules/monitoring tells.
resource "aws_backup_vault_notifications" "this" {
  backup_vault_name   = aws_backup_vault.this.name
  sns_topic_arn       = var.topic_arn
  backup_vault_events = ["COPY_JOB_FAILED", "RECOVERY_POINT_MODIFIED", "S3_BACKUP_OBJECT_FAILED", "S3_RESTORE_OBJECT_FAILED"]
}
