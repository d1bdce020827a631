# How a cluster's nodes keep and send data, and as whom a step works.

locals {
  zones = [for zone in module.names.zones : zone if contains(keys(var.key_arns), zone)]

  security = {
    EncryptionConfiguration = {
      EnableAtRestEncryption    = true
      EnableInTransitEncryption = true

      AtRestEncryptionConfiguration = {
        # each zone with its own key, what is no zone with that of the checkpoints
        S3EncryptionConfiguration = {
          EncryptionMode = "SSE-KMS"
          AwsKmsKey      = var.key_arns["checkpoints"]
          Overrides = [for zone in local.zones : {
            BucketName     = var.bucket_names[zone]
            EncryptionMode = "SSE-KMS"
            AwsKmsKey      = var.key_arns[zone]
          }]
        }
        LocalDiskEncryptionConfiguration = {
          EncryptionKeyProviderType = "AwsKms"
          AwsKmsKey                 = var.key_arns["services"]
          EnableEbsEncryption       = true
        }
      }

      InTransitEncryptionConfiguration = {
        TLSCertificateConfiguration = {
          CertificateProviderType = "PEM"
          S3Object                = "s3://${var.bucket_names["artifacts"]}/${coalesce(var.tls_certificates, "-")}"
        }
      }
    }

    InstanceMetadataServiceConfiguration = {
      MinimumInstanceMetadataServiceVersion = 2
      HttpPutResponseHopLimit               = 1
    }

    # a step names the role of its contract and works under it, not under the nodes' own
    AuthorizationConfiguration = {
      IAMConfiguration = {
        EnableApplicationScopedIAMRole = true
      }
    }
  }

  configurations = [
    { Classification = "delta-defaults", Properties = { "delta.enabled" = "true" } },
    { Classification = "spark-defaults", Properties = merge(local.spark, local.cluster_jars) },
    { Classification = "spark-hive-site", Properties = { "hive.metastore.client.factory.class" = local.glue_client } },
    {
      Classification = "spark-env"
      Properties     = {}
      Configurations = [{ Classification = "export", Properties = { PYSPARK_PYTHON = "python${local.release.python}" } }]
    },
  ]

  cluster_jars = length(local.log_store_jars) == 0 ? {} : { "spark.jars" = join(",", local.log_store_jars) }
}
