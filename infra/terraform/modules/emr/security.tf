# How a cluster's nodes keep and send data, and as whom a step works.

locals {
  security = {
    EncryptionConfiguration = {
      EnableAtRestEncryption    = true
      EnableInTransitEncryption = true

      # S3 is not named here: each bucket encrypts with the key of its zone, and refuses who names an encryption (ADR 0016)
      AtRestEncryptionConfiguration = {
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
    {
      Classification = "spark-env"
      Properties     = {}
      Configurations = [{ Classification = "export", Properties = { PYSPARK_PYTHON = "python${local.release.python}" } }]
    },
  ]

  cluster_jars = length(local.log_store_jars) == 0 ? {} : { "spark.jars" = join(",", local.log_store_jars) }
}
