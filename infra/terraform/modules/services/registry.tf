# Where images come from: ours, and the collector's, so that tasks need no way to the internet. A tag is written once.

locals {
  repositories = toset(["layer", "collector"])
  pulls        = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
  pushes       = ["ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"]
  removals     = ["ecr:BatchDeleteImage", "ecr:DeleteRepository", "ecr:DeleteRepositoryPolicy", "ecr:SetRepositoryPolicy"]
}

resource "aws_ecr_repository" "this" {
  for_each = local.repositories

  name                 = "${var.context.project}/${var.context.environment}/${each.key}"
  image_tag_mutability = "IMMUTABLE"
  force_delete         = !var.deletion_protection
  tags                 = local.tags

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = var.key_arns["services"]
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  for_each = aws_ecr_repository.this

  repository = each.value.name
  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "What has no tag was replaced or never finished."
        selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 14 }
        action       = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "The newest hundred: far more than a rollback asks for."
        selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 100 }
        action       = { type = "expire" }
      },
    ]
  })
}

# Lets nobody in: that is IAM's business. It keeps others out, whatever IAM says.
resource "aws_ecr_repository_policy" "this" {
  for_each = aws_ecr_repository.this

  repository = each.value.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "RefuseOtherAccounts"
        Effect    = "Deny"
        Principal = "*"
        Action    = concat(local.pulls, local.pushes, local.removals)
        Condition = {
          StringNotEquals = { "aws:PrincipalAccount" = var.context.account_id }
          BoolIfExists    = { "aws:PrincipalIsAWSService" = "false" }
        }
      },
      {
        Sid       = "RefusePlainHttp"
        Effect    = "Deny"
        Principal = "*"
        Action    = concat(local.pulls, local.pushes, local.removals)
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}
