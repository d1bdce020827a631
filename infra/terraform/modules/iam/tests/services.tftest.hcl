# What AWS's services ask of our roles and keys beside what is theirs: each was once missing, or has no region.

mock_provider "aws" {}

variables {
  context        = { project = "tideline", environment = "dev", account_id = "111122223333", region = "eu-central-1" }
  replica_region = "eu-west-1"
  features       = { replication = true }
  people         = { on-call = ["arn:aws:iam::111122223333:user/nina"], platform-engineer = ["arn:aws:iam::111122223333:user/nina"] }
  github = {
    repository   = "example/tideline"
    environments = ["dev"]
    state        = { bucket = "tideline-shared-state-111122223333", prefix = "dev/", key_arn = "arn:aws:kms:eu-central-1:111122223333:key/state" }
  }
}

run "workflows_and_functions" {
  command = plan

  assert {
    condition = { for role in ["delivery-workflow", "ci-plan", "ci-apply", "on-call", "platform-engineer"] : role => sort(distinct(flatten([
      for key, one in aws_iam_policy.this : [for statement in jsondecode(one.policy).Statement : statement.Action
      if try(statement.Condition.StringEquals["kms:EncryptionContext:aws:states:stateMachineArn"], "") == "arn:aws:states:eu-central-1:111122223333:stateMachine:tideline-dev-delivery"] if startswith(key, "${role}#")
      ]))) } == {
      delivery-workflow = tolist(["kms:Decrypt", "kms:GenerateDataKey"]), ci-plan = tolist(["kms:Decrypt"]), ci-apply = tolist(["kms:Decrypt", "kms:GenerateDataKey"])
      on-call           = tolist(["kms:Decrypt"]), platform-engineer = tolist(["kms:Decrypt"])
    }
    error_message = "Step Functions gives a definition and a run's history to whoever may decrypt them."
  }
  assert {
    condition = [for statement in flatten([for key, one in aws_iam_policy.this : jsondecode(one.policy).Statement if startswith(key, "delivery-workflow#")]) : [statement.Action, statement.Condition.StringEquals["kms:EncryptionContext:SourceArn"]]
    if statement.Sid == "KeepLogs"] == [[["kms:GenerateDataKey"], "arn:aws:logs:eu-central-1:111122223333:*"]]
    error_message = "A workflow with a key of its own encrypts what it logs with it, under this very name."
  }
  assert {
    condition = { for role in ["ci-plan", "ci-apply"] : role => sort(distinct(flatten([
      for key, one in aws_iam_policy.this : [for statement in jsondecode(one.policy).Statement : statement.Action
      if try(statement.Condition.StringEquals["kms:ViaService"], "") == "lambda.eu-central-1.amazonaws.com"] if startswith(key, "${role}#")
    ]))) } == { ci-plan = tolist(["kms:Decrypt"]), ci-apply = tolist(["kms:Decrypt", "kms:Encrypt"]) }
    error_message = "Without its key a function's settings look empty, and each plan would write them again."
  }
}

run "backups" {
  command = plan

  assert {
    condition = sort(flatten([for statement in flatten([for key, one in aws_iam_policy.this : jsondecode(one.policy).Statement if startswith(key, "backup#")]) : statement.Resource
      if contains(statement.Action, "backup:TagResource")])) == tolist([
      "arn:aws:backup:eu-central-1:111122223333:recovery-point:*", "arn:aws:backup:eu-west-1:111122223333:recovery-point:*",
    ])
    error_message = "The plan tags recovery points, and AWS Backup does it as this role."
  }
  assert {
    condition = alltrue([for region in ["eu-central-1", "eu-west-1"] : anytrue([
      for statement in flatten([for key, one in aws_iam_policy.this : jsondecode(one.policy).Statement if startswith(key, "backup#")]) :
      contains(statement.Action, "kms:DescribeKey") && contains(flatten([statement.Resource]), "arn:aws:kms:${region}:111122223333:key/*")
    ])])
    error_message = "A copy needs to know the key of the vault that it goes to."
  }
}

run "what_has_no_region_is_not_refused_for_its_region" {
  command = plan

  assert {
    condition = length(setsubtract(["s3:GetAccountPublicAccessBlock", "s3:ListAllMyBuckets"], flatten([
      for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : statement.NotAction if statement.Sid == "StayInRegion"
    ]))) == 0
    error_message = "Managed Airflow asks for the account's block of public access and AWS Backup for its buckets, in no region of ours."
  }
}

run "config_delivers_with_an_acl" {
  command = plan

  assert {
    condition = [for statement in flatten([for key, one in aws_iam_policy.this : jsondecode(one.policy).Statement if startswith(key, "config#")]) : [statement.Action, statement.Condition.StringEquals["s3:x-amz-acl"]]
    if statement.Sid == "DeliverHistory"] == [[["s3:PutObject", "s3:PutObjectAcl"], "bucket-owner-full-control"]]
    error_message = "AWS Config writes with an ACL, which is a right of its own."
  }
}
