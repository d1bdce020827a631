# Backups of what cannot be computed again: releases and other documents, gold, lookup tables. Selection is by ARN, which
# AWS follows whatever the account's opt-in settings say.

module "names" {
  source  = "../names"
  context = var.context
}

locals {
  tags   = merge(module.names.tags, { module = "backup" })
  prefix = module.names.prefix
  vault  = "${local.prefix}-vault"

  arns = concat([for zone in sort(var.zones) : var.bucket_arns[zone]], [for name in sort(keys(var.table_arns)) : var.table_arns[name]])
}

resource "aws_backup_vault" "this" {
  name          = local.vault
  kms_key_arn   = var.key_arn
  force_destroy = var.force_destroy
  tags          = local.tags
}

resource "aws_backup_plan" "this" {
  name = local.prefix
  tags = local.tags

  dynamic "rule" {
    for_each = var.schedule
    content {
      rule_name                = rule.key
      target_vault_name        = aws_backup_vault.this.name
      schedule                 = rule.value.cron
      start_window             = 60
      completion_window        = 480
      enable_continuous_backup = rule.value.continuous
      recovery_point_tags      = merge(local.tags, { rule = rule.key })

      lifecycle {
        delete_after       = rule.value.retention_days
        cold_storage_after = rule.value.cold_after_days
      }

      dynamic "copy_action" {
        for_each = rule.value.copy ? [var.copy] : []
        content {
          destination_vault_arn = aws_backup_vault.copy[0].arn
          lifecycle {
            delete_after = copy_action.value.retention_days
          }
        }
      }
    }
  }
}

resource "aws_backup_selection" "this" {
  name         = local.prefix
  plan_id      = aws_backup_plan.this.id
  iam_role_arn = var.role_arn
  resources    = local.arns
}

# The second vault, in another region.
resource "aws_backup_vault" "copy" {
  count    = var.copy == null ? 0 : 1
  provider = aws.replica

  name          = local.vault
  kms_key_arn   = var.copy.key_arn
  force_destroy = var.force_destroy
  tags          = local.tags
}

resource "aws_backup_restore_testing_plan" "this" {
  count = var.restore_test == null ? 0 : 1

  name                = replace(local.prefix, "-", "_") # AWS takes no hyphen here
  schedule_expression = var.restore_test.cron
  start_window_hours  = 8
  tags                = local.tags

  recovery_point_selection {
    algorithm             = "RANDOM_WITHIN_WINDOW"
    include_vaults        = [aws_backup_vault.this.arn]
    recovery_point_types  = ["SNAPSHOT"]
    selection_window_days = var.restore_test.days
  }
}

resource "aws_backup_restore_testing_selection" "this" {
  for_each = var.restore_test == null ? {} : {
    for type, arns in { S3 = [for zone in sort(var.zones) : var.bucket_arns[zone]], DynamoDB = values(var.table_arns) } : type => arns if length(arns) > 0
  }

  name                      = "${replace(local.prefix, "-", "_")}_${lower(each.key)}"
  restore_testing_plan_name = aws_backup_restore_testing_plan.this[0].name
  protected_resource_type   = each.key
  protected_resource_arns   = each.value
  iam_role_arn              = var.role_arn
  validation_window_hours   = var.restore_test.hours
}
