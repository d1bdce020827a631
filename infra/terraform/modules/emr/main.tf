# What clusters and the application share: names, and how Spark is set up on both.

module "names" {
  source  = "../names"
  context = var.context
}

locals {
  name    = module.names.prefix
  tags    = merge(module.names.tags, { module = "emr" })
  release = jsondecode(file("${path.module}/releases.json"))[var.release_label]
  logs    = "s3://${var.bucket_names["logs"]}/emr"

  # Delta as the tables' format. Jobs name their tables to themselves (the catalog is in memory) and find them by their place:
  # the Glue catalog is Terraform's, for those who ask. The log store writes a commit only where none is yet.
  log_store = var.log_store == null ? {} : {
    "spark.delta.logStore.s3.impl"  = var.log_store.class
    "spark.delta.logStore.s3a.impl" = var.log_store.class
  }
  log_store_jars = var.log_store == null ? [] : ["s3://${var.bucket_names["artifacts"]}/${var.log_store.jar}"]

  spark = merge({
    "spark.sql.extensions"            = "io.delta.sql.DeltaSparkSessionExtension"
    "spark.sql.catalog.spark_catalog" = "org.apache.spark.sql.delta.catalog.DeltaCatalog"
    "spark.sql.catalogImplementation" = "in-memory" # EMR's own default is Glue's
    "spark.sql.session.timeZone"      = "UTC"
    "spark.dynamicAllocation.enabled" = "true"
  }, local.log_store)

  # What a job of the current version brings along. It goes with each job and step, never into a cluster's own configuration:
  # new code must not mean new clusters.
  code_jars = var.code == null ? [] : [for jar in var.code.jars : "${var.code.location}/jars/${jar}"]
  code = var.code == null ? {} : {
    "spark.submit.pyFiles" = "${var.code.location}/spark_jobs.zip"
    "spark.archives"       = join(",", [for name in ["packages", "contracts", "dbt_project"] : "${var.code.location}/${name}.zip#${name}"])
  }
  surroundings = var.code == null ? {} : {
    PYTHONPATH           = "./packages"
    TIDELINE_INDEX       = "./contracts/index.json"
    TIDELINE_DBT_PROJECT = "./dbt_project"
  }
}
