# The catalog, the warehouse and the dashboards: who reads tables on behalf of people.

locals {
  platform_grants = merge(local.compute_grants, local.airflow_grants, {
    # Crawlers compare and report; they change no table.
    "crawler"  = merge(local.nothing, { read = ["bronze/", "silver/", "gold/"], tables_read = ["bronze/*", "silver/*", "gold/*"] })
    "redshift" = merge(local.nothing, { read = ["gold/"], tables_read = ["gold/*"] })
    # Lake Formation lends readers this role's rights, never more than the reader was granted; nobody writes through it.
    "lakeformation" = merge(local.nothing, { read = ["bronze/", "silver/", "gold/", "quarantine/"] })
  })

  warehouse_extras = {
    "crawler" = [
      jsonencode({
        Sid      = "WriteLogs", Effect = "Allow", Action = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["arn:${local.partition}:logs:${local.scope}:log-group:/aws-glue/crawlers*", "arn:${local.partition}:logs:${local.scope}:log-group:/aws-glue/crawlers*:*"]
      }),
    ]
    "redshift" = [for one in ["lake formation"] : jsonencode({
      Sid = "NoResourceLevelLentAccess", Effect = "Allow", Action = ["lakeformation:GetDataAccess"], Resource = ["*"]
    }) if var.features.lake_formation]
    "monitoring" = [
      jsonencode({
        Sid    = "NoResourceLevelMetrics", Effect = "Allow", Resource = ["*"]
        Action = ["cloudwatch:DescribeAlarmHistory", "cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarmsForMetric", "cloudwatch:GetMetricData", "cloudwatch:ListMetrics", "logs:DescribeLogGroups", "logs:GetQueryResults", "logs:StopQuery"]
      }),
      jsonencode({
        Sid      = "ReadLogs", Effect = "Allow", Action = ["logs:GetLogEvents", "logs:GetLogGroupFields", "logs:StartQuery"]
        Resource = [for group in values(local.names.log_groups) : "${group.arn}:*"]
      }),
      jsonencode({
        Sid      = "ReadPrometheus", Effect = "Allow", Action = ["aps:DescribeWorkspace", "aps:GetLabels", "aps:GetMetricMetadata", "aps:GetSeries", "aps:ListAlerts", "aps:ListRules", "aps:QueryMetrics"]
        Resource = ["arn:${local.partition}:aps:${local.scope}:workspace/*"], Condition = { StringEquals = local.ours }
      }),
    ]
  }
}
