# Airflow starts jobs and waits for them: it hands each job its role and never sees data. An MWAA environment also needs what AWS
# documents of its execution role: its files, its log groups, its queue, its key.

locals {
  airflow_grants = { "airflow" = merge(local.nothing, { read = ["artifacts/airflow/"] }) }

  airflow_logs = "arn:${local.partition}:logs:${local.scope}:log-group:airflow-${local.names.prefix}-*"

  airflow_extras = { "airflow" = concat(
    [for on in [var.features.emr_serverless] : jsonencode({
      Sid       = "StartServerlessJobs", Effect = "Allow", Action = ["emr-serverless:GetApplication", "emr-serverless:ListJobRuns", "emr-serverless:StartApplication", "emr-serverless:StartJobRun"]
      Resource  = [local.names.arns.emr_serverless]
      Condition = { StringEquals = local.ours }
    }) if on],
    [for on in [var.features.emr_serverless] : jsonencode({
      Sid      = "FollowServerlessJobs", Effect = "Allow", Action = ["emr-serverless:CancelJobRun", "emr-serverless:GetDashboardForJobRun", "emr-serverless:GetJobRun", "emr-serverless:TagResource"]
      Resource = ["${local.names.arns.emr_serverless}/jobruns/*"]
    }) if on],
    [for on in [var.features.emr_serverless] : jsonencode({
      Sid       = "GiveJobsTheirRole", Effect = "Allow", Action = ["iam:PassRole"], Resource = local.job_role_arns
      Condition = { StringEquals = { "iam:PassedToService" = "emr-serverless.amazonaws.com" } }
    }) if on],
    [for on in [var.features.emr_clusters] : jsonencode({
      Sid = "StartSteps", Effect = "Allow", Action = ["elasticmapreduce:AddJobFlowSteps"], Resource = [local.names.arns.emr_cluster]
      Condition = {
        StringEquals = local.ours
        ArnLike      = { "elasticmapreduce:ExecutionRoleArn" = local.job_role_arns }
      }
    }) if on],
    [for on in [var.features.emr_clusters] : jsonencode({
      Sid       = "FollowSteps", Effect = "Allow", Action = ["elasticmapreduce:CancelSteps", "elasticmapreduce:DescribeCluster", "elasticmapreduce:DescribeStep", "elasticmapreduce:ListSteps"]
      Resource  = [local.names.arns.emr_cluster]
      Condition = { StringEquals = local.ours }
    }) if on],
    var.features.airflow == "mwaa" ? local.mwaa : [],
  ) }

  mwaa = [
    jsonencode({
      Sid = "TellItsHealth", Effect = "Allow", Action = ["airflow:PublishMetrics"], Resource = [local.names.arns.airflow]
    }),
    jsonencode({
      Sid      = "CheckItsBucket", Effect = "Allow", Action = ["s3:GetBucketPublicAccessBlock", "s3:GetBucketVersioning", "s3:GetEncryptionConfiguration"]
      Resource = [local.names.buckets["artifacts"].arn]
    }),
    jsonencode({
      Sid = "ReadPinnedVersions", Effect = "Allow", Action = ["s3:GetObjectVersion"], Resource = ["${local.names.buckets["artifacts"].arn}/airflow/*"]
    }),
    jsonencode({
      Sid = "NoResourceLevelAccountChecks", Effect = "Allow", Action = ["s3:GetAccountPublicAccessBlock", "logs:DescribeLogGroups"], Resource = ["*"]
    }),
    jsonencode({
      Sid       = "NoResourceLevelMetrics", Effect = "Allow", Action = ["cloudwatch:PutMetricData"], Resource = ["*"]
      Condition = { StringEquals = { "cloudwatch:namespace" = ["AmazonMWAA", "AWS/MWAA"] } }
    }),
    jsonencode({
      Sid    = "KeepItsLogs", Effect = "Allow", Resource = [local.airflow_logs, "${local.airflow_logs}:*"]
      Action = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:GetLogEvents", "logs:GetLogGroupFields", "logs:GetLogRecord", "logs:GetQueryResults", "logs:PutLogEvents"]
    }),
    # The queue between scheduler and workers lies in an account of AWS.
    jsonencode({
      Sid    = "UseItsQueue", Effect = "Allow", Resource = ["arn:${local.partition}:sqs:${local.region}:*:airflow-celery-*"]
      Action = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:SendMessage"]
    }),
    jsonencode({
      Sid      = "UseItsKey", Effect = "Allow", Action = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"]
      Resource = [local.names.key_arn_pattern]
      Condition = {
        StringEquals               = { "kms:ViaService" = ["s3.${local.region}.${local.dns}", "sqs.${local.region}.${local.dns}"] }
        "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = [local.names.keys["artifacts"].alias] }
      }
    }),
  ]
}
