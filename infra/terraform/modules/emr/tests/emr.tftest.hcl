mock_provider "aws" {}

variables {
  context            = { project = "tideline", environment = "dev", account_id = "123456789012", region = "eu-central-1" }
  subnet_ids         = ["subnet-a", "subnet-b", "subnet-c"]
  security_group_ids = { emr-primary = "sg-primary", emr-core = "sg-core", emr-service = "sg-service" }
  role_arns          = { emr-service = "arn:aws:iam::123456789012:role/tideline-dev-emr-service" }
  instance_profile   = "tideline-dev-emr-instance"
  bucket_names       = { artifacts = "tideline-dev-artifacts-123456789012", logs = "tideline-dev-logs-123456789012" }
  key_arns           = { telemetry = "arn:aws:kms:eu-central-1:123456789012:key/telemetry", services = "arn:aws:kms:eu-central-1:123456789012:key/services" }
  log_groups         = { emr-serverless = { name = "/tideline/dev/emr-serverless", arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/tideline/dev/emr-serverless" } }
  tls_certificates   = "emr/certificates.zip"
  clusters = {
    batch = {
      primary_types = ["m7g.xlarge", "m6g.xlarge"]
      core          = { instance_types = { "r7g.xlarge" = 4, "r6g.xlarge" = 4 }, on_demand = 8, maximum = 16 }
      task          = { instance_types = { "r7g.xlarge" = 4, "r6g.xlarge" = 4, "r7g.2xlarge" = 8 }, spot = 28, on_demand = 12, maximum = 96 }
    }
  }
}

run "the_application_stops_when_idle_and_keeps_to_its_limits" {
  command = plan

  assert {
    condition     = aws_emrserverless_application.batch.release_label == "emr-spark-8.0.0" && aws_emrserverless_application.batch.architecture == "ARM64"
    error_message = "The default release is the one whose Spark the project pins, on ARM64."
  }
  assert {
    condition     = aws_emrserverless_application.batch.auto_stop_configuration[0].enabled && aws_emrserverless_application.batch.auto_stop_configuration[0].idle_timeout_minutes == 15
    error_message = "The application stops after 15 idle minutes."
  }
  assert {
    condition     = aws_emrserverless_application.batch.maximum_capacity[0].cpu == "64 vCPU" && length(aws_emrserverless_application.batch.initial_capacity) == 2
    error_message = "Limits are set, and workers of both kinds are kept ready."
  }
  assert {
    condition     = !aws_emrserverless_application.batch.interactive_configuration[0].studio_enabled && !aws_emrserverless_application.batch.interactive_configuration[0].livy_endpoint_enabled
    error_message = "Nobody works interactively on the application that runs contracts."
  }
  assert {
    condition     = toset(aws_emrserverless_application.batch.network_configuration[0].subnet_ids) == toset(var.subnet_ids)
    error_message = "The application works in the private subnets."
  }
  assert {
    condition = alltrue([
      jsondecode(output.job_overrides).monitoringConfiguration.s3MonitoringConfiguration.encryptionKeyArn == var.key_arns["telemetry"],
      jsondecode(output.job_overrides).monitoringConfiguration.cloudWatchLoggingConfiguration.encryptionKeyArn == var.key_arns["telemetry"],
      jsondecode(output.job_overrides).monitoringConfiguration.managedPersistenceMonitoringConfiguration.encryptionKeyArn == var.key_arns["telemetry"],
    ])
    error_message = "Every log of a job is encrypted with the environment's key."
  }
  assert {
    condition     = jsondecode(output.job_overrides).applicationConfiguration[0].properties["spark.sql.extensions"] == "io.delta.sql.DeltaSparkSessionExtension"
    error_message = "Jobs find Delta."
  }
  assert {
    condition     = jsondecode(output.job_overrides).applicationConfiguration[0].properties["spark.sql.catalogImplementation"] == "in-memory"
    error_message = "A job names its tables to itself: it may not make databases in Glue."
  }
  assert {
    condition = alltrue([for name, value in {
      "spark.driver.cores"   = "2", "spark.driver.memory" = "7g", "spark.emr-serverless.driver.disk" = "20G"
      "spark.executor.cores" = "4", "spark.executor.memory" = "14g", "spark.emr-serverless.executor.disk" = "20G"
    } : jsondecode(output.job_overrides).applicationConfiguration[0].properties[name] == value])
    error_message = "A job fits into the workers that are kept ready, with the tenth that Spark adds: 7.7 of 8 GB, 15.4 of 16."
  }
}

run "a_cluster_keeps_its_data_secret_at_rest_and_on_the_wire" {
  command = plan

  assert {
    condition = alltrue([
      jsondecode(aws_emr_security_configuration.this[0].configuration).EncryptionConfiguration.EnableAtRestEncryption,
      jsondecode(aws_emr_security_configuration.this[0].configuration).EncryptionConfiguration.EnableInTransitEncryption,
      jsondecode(aws_emr_security_configuration.this[0].configuration).EncryptionConfiguration.AtRestEncryptionConfiguration.LocalDiskEncryptionConfiguration.EnableEbsEncryption,
    ])
    error_message = "S3, disks and the wire are encrypted."
  }
  assert {
    condition     = !contains(keys(jsondecode(aws_emr_security_configuration.this[0].configuration).EncryptionConfiguration.AtRestEncryptionConfiguration), "S3EncryptionConfiguration")
    error_message = "The buckets encrypt with the keys of their zones: they refuse who names an encryption."
  }
  assert {
    condition     = jsondecode(aws_emr_security_configuration.this[0].configuration).InstanceMetadataServiceConfiguration.MinimumInstanceMetadataServiceVersion == 2
    error_message = "Instance metadata is answered in version 2 only."
  }
  assert {
    condition     = jsondecode(aws_emr_security_configuration.this[0].configuration).AuthorizationConfiguration.IAMConfiguration.EnableApplicationScopedIAMRole
    error_message = "A step works under the role of its contract."
  }
  assert {
    condition     = aws_emr_cluster.this["batch"].log_encryption_kms_key_id == var.key_arns["telemetry"]
    error_message = "The cluster's logs are encrypted."
  }
  assert {
    condition     = aws_emr_cluster.this["batch"].security_configuration == "tideline-dev-emr" && length(aws_emr_block_public_access_configuration.this) == 1
    error_message = "The cluster uses the security configuration, and open clusters are forbidden."
  }
  assert {
    condition     = aws_emr_cluster.this["batch"].ec2_attributes[0].service_access_security_group == "sg-service" && aws_emr_cluster.this["batch"].ec2_attributes[0].emr_managed_slave_security_group == "sg-core"
    error_message = "The groups are the ones of the network, none that EMR makes."
  }
}

run "at_least_seventy_percent_of_task_capacity_is_spot" {
  command = plan

  assert {
    condition     = aws_emr_instance_fleet.task["batch"].target_spot_capacity / (aws_emr_instance_fleet.task["batch"].target_spot_capacity + aws_emr_instance_fleet.task["batch"].target_on_demand_capacity) >= 0.7
    error_message = "Seven units of ten are spot."
  }
  assert {
    condition = alltrue([for limits in aws_emr_managed_scaling_policy.this["batch"].compute_limits :
      limits.maximum_ondemand_capacity_units == 28 && limits.maximum_core_capacity_units == 16 && limits.maximum_capacity_units == 112 && limits.minimum_capacity_units == 8
    ])
    error_message = "What managed scaling adds to the task fleet beyond its target is spot."
  }
  assert {
    condition     = aws_emr_instance_fleet.task["batch"].launch_specifications[0].spot_specification[0].timeout_action == "SWITCH_TO_ON_DEMAND" && aws_emr_instance_fleet.task["batch"].launch_specifications[0].spot_specification[0].allocation_strategy == "price-capacity-optimized"
    error_message = "Spot is taken where it is least likely to be taken back; without any, the start goes on demand."
  }
  assert {
    condition     = length(aws_emr_instance_fleet.task["batch"].instance_type_configs) == 3
    error_message = "Several instance types are named."
  }
  assert {
    condition     = coalesce(aws_emr_cluster.this["batch"].core_instance_fleet[0].target_spot_capacity, 0) == 0 && aws_emr_cluster.this["batch"].core_instance_fleet[0].target_on_demand_capacity == 8 && aws_emr_cluster.this["batch"].master_instance_fleet[0].target_on_demand_capacity == 1
    error_message = "Primary and core are on demand."
  }
}

run "a_cluster_ends_when_idle" {
  command = plan

  assert {
    condition     = aws_emr_cluster.this["batch"].auto_termination_policy[0].idle_timeout == 3600 && aws_emr_cluster.this["batch"].termination_protection
    error_message = "An idle hour ends the cluster, a hand slip does not."
  }
  assert {
    condition     = aws_emr_cluster.this["batch"].step_concurrency_level == 4
    error_message = "Four steps run at once."
  }
}

run "everything_carries_the_tags" {
  command = plan

  assert {
    condition = alltrue([for tags in [aws_emr_cluster.this["batch"].tags, aws_emrserverless_application.batch.tags] :
      tags["project"] == "tideline" && tags["environment"] == "dev" && tags["managed-by"] == "terraform" && tags["module"] == "emr"
    ])
    error_message = "Cluster and application carry project, environment, managed-by and module."
  }
}

run "without_clusters_there_is_the_application_only" {
  command = plan

  variables {
    clusters         = {}
    tls_certificates = null
  }

  assert {
    condition     = length(aws_emr_cluster.this) == 0 && length(aws_emr_security_configuration.this) == 0 && output.security_configuration == null
    error_message = "No cluster, no security configuration."
  }
}

run "production_differs_in_names_and_sizes_only" {
  command = plan

  variables {
    context             = { project = "tideline", environment = "prod", account_id = "210987654321", region = "eu-central-1" }
    serverless          = { executor = { workers = 8, cpu = 8, memory_gb = 32 }, maximum = { cpu = 400, memory_gb = 1600, disk_gb = 4000 } }
    block_public_access = false
  }

  assert {
    condition     = aws_emrserverless_application.batch.name == "tideline-prod-batch" && aws_emrserverless_application.batch.maximum_capacity[0].cpu == "400 vCPU"
    error_message = "Production has its own application and its own limits."
  }
  assert {
    condition     = aws_emr_cluster.this["batch"].name == "tideline-prod-batch" && length(aws_emr_block_public_access_configuration.this) == 0
    error_message = "A second environment of an account leaves the account's setting to the first."
  }
}

run "the_log_store_is_on_the_class_path_of_both" {
  command = plan

  variables {
    log_store = { class = "example.PutIfAbsentLogStore", jar = "jobs/log-store.jar" }
  }

  assert {
    condition = alltrue([for properties in [
      jsondecode(output.job_overrides).applicationConfiguration[0].properties,
      one([for one in jsondecode(aws_emr_cluster.this["batch"].configurations_json) : one.Properties if one.Classification == "spark-defaults"]),
      ] : properties["spark.delta.logStore.s3.impl"] == "example.PutIfAbsentLogStore" && strcontains(properties["spark.jars"], "s3://tideline-dev-artifacts-123456789012/jobs/log-store.jar")
    ])
    error_message = "Jobs and steps write Delta's log with the class, and load its jar."
  }
}

run "code_goes_with_jobs_and_steps_never_into_a_cluster" {
  command = plan

  variables {
    code = { location = "s3://tideline-dev-artifacts-123456789012/jobs/0123", jars = ["kafka-clients-3.9.0.jar"] }
  }

  assert {
    condition = alltrue([
      strcontains(jsondecode(output.job_overrides).applicationConfiguration[0].properties["spark.jars"], "/jobs/0123/jars/kafka-clients-3.9.0.jar"),
      strcontains(jsondecode(output.job_overrides).applicationConfiguration[0].properties["spark.jars"], "delta-spark.jar"),
      strcontains(jsondecode(output.job_overrides).applicationConfiguration[0].properties["spark.archives"], "/jobs/0123/packages.zip#packages"),
      strcontains(jsondecode(output.job_overrides).applicationConfiguration[0].properties["spark.archives"], "/jobs/0123/dbt_project.zip#dbt_project"),
      jsondecode(output.job_overrides).applicationConfiguration[0].properties["spark.emr-serverless.driverEnv.TIDELINE_INDEX"] == "./contracts/index.json",
      jsondecode(output.job_overrides).applicationConfiguration[0].properties["spark.emr-serverless.driverEnv.TIDELINE_DBT_PROJECT"] == "./dbt_project",
      jsondecode(output.job_overrides).applicationConfiguration[0].properties["spark.executorEnv.PYTHONPATH"] == "./packages",
    ])
    error_message = "A job finds its packages, its contracts, the dbt project and the jars."
  }
  assert {
    condition     = contains(output.step_arguments, "spark.yarn.appMasterEnv.PYTHONPATH=./packages") && contains(output.step_arguments, "spark.submit.pyFiles=s3://tideline-dev-artifacts-123456789012/jobs/0123/spark_jobs.zip")
    error_message = "So does a step."
  }
  assert {
    condition     = !strcontains(aws_emr_cluster.this["batch"].configurations_json, "0123")
    error_message = "New code is no new cluster."
  }
}
