output "facts" {
  description = "Where everything is: what a person or another tool asks for after an apply. No secret is among it."
  value = {
    api             = module.services.url
    push            = module.ingest.push_url
    sftp            = module.ingest.sftp_endpoint
    airflow         = local.code ? module.airflow[0].webserver_url : null
    kafka           = module.stream.bootstrap_brokers
    buckets         = module.storage.bucket_names
    databases       = module.catalog.databases
    workgroups      = module.catalog.workgroups
    warehouse       = module.catalog.warehouse_endpoint
    spark           = module.emr.application_id
    spark_overrides = module.emr.job_overrides
    spark_arguments = module.emr.step_arguments
    clusters        = module.emr.cluster_ids
    repositories    = module.services.repository_urls
    deployment      = module.services.deployment
    dashboard       = module.monitoring.dashboard_name
    roles           = module.iam.role_arns
    settings        = local.code ? module.airflow[0].own.variables : null # of a workflow's tideline apply too
    airflow_pools   = local.code ? module.airflow[0].pools : null
    airflow_own     = local.code && var.character.airflow == "own" ? module.airflow[0].own : null
    code            = local.code ? module.artifacts[0].version : null
    topics_document = module.stream.topics_document
  }
}
