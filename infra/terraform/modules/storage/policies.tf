# What a bucket refuses whatever IAM allows, and what it lets AWS's own services write. No statement here lets a person or a role in:
# that is IAM's business alone.

locals {
  both = { for zone, bucket in local.buckets : zone => [bucket.arn, "${bucket.arn}/*"] }

  # Written once and never again: the commits of Delta tables, and the documents of Documents.put_new. ADR 0016 says why and who sends the header.
  written_once = merge(
    { for zone in local.table_zones : zone => ["${local.buckets[zone].arn}/*/_delta_log/*.json"] },
    { documents = [for kind in ["deployments", "drift", "releases", "runs"] : "${local.buckets["documents"].arn}/${kind}/*"] },
  )

  # A restore writes back what was there, under the key that it had.
  restore = module.names.roles["backup"].arn

  refused = { for zone in local.zones : zone => concat(
    [
      {
        Sid       = "RefusePlainHttp"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "s3:*"
        Resource  = local.both[zone]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "RefuseOldTls"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "s3:*"
        Resource  = local.both[zone]
        Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
      },
      {
        Sid       = "RefuseOtherAccounts"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "s3:*"
        Resource  = local.both[zone]
        Condition = {
          StringNotEquals = merge(
            { "aws:PrincipalAccount" = sort(concat([var.context.account_id], tolist(var.trusted.account_ids))) },
            var.trusted.organization_id == null ? {} : { "aws:PrincipalOrgID" = var.trusted.organization_id },
          )
          BoolIfExists = { "aws:PrincipalIsAWSService" = "false" }
        }
      },
      {
        Sid       = "RefuseCustomerKeys"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "s3:PutObject"
        Resource  = "${local.buckets[zone].arn}/*"
        Condition = { Null = { "s3:x-amz-server-side-encryption-customer-algorithm" = "false" } }
      },
    ],
    # Who names no encryption gets the bucket's own key; who names one could only name another.
    zone == "logs" ? [] : [
      {
        Sid       = "RefuseAnotherKey"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "s3:PutObject"
        Resource  = "${local.buckets[zone].arn}/*"
        Condition = {
          Null                           = { "s3:x-amz-server-side-encryption" = "false" }
          BoolIfExists                   = { "aws:PrincipalIsAWSService" = "false" }
          ArnNotEqualsIfExists           = { "aws:PrincipalArn" = [local.restore, module.names.roles["firehose"].arn] }
          "ForAllValues:StringNotEquals" = { "aws:CalledVia" = ["athena.amazonaws.com"] }
        }
      },
    ],
    [for resources in [for at, those in local.written_once : those if at == zone] : {
      Sid       = "RefuseUnconditionalWrites"
      Effect    = "Deny"
      Principal = { AWS = "*" }
      Action    = "s3:PutObject"
      Resource  = resources
      Condition = {
        Null                 = { "s3:if-none-match" = "true" }
        Bool                 = { "s3:ObjectCreationOperation" = "true" }
        ArnNotEqualsIfExists = { "aws:PrincipalArn" = local.restore }
      }
    }],
    zone != "audit" ? [] : [
      {
        Sid       = "RefuseDeletes"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = ["s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectLegalHold", "s3:PutObjectRetention"]
        Resource  = "${local.buckets["audit"].arn}/*"
      },
    ],
  ) }

  statements = { for zone in local.zones : zone => concat(local.refused[zone], try(local.delivered[zone], [])) }
}

locals {
  account = var.context.account_id

  delivered = {
    audit = [
      {
        Sid       = "TrailLooks"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "s3:GetBucketAcl"
        Resource  = local.buckets["audit"].arn
        Condition = { StringEquals = { "aws:SourceArn" = module.names.arns.trail } }
      },
      {
        Sid       = "TrailWrites"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${local.buckets["audit"].arn}/cloudtrail/AWSLogs/${local.account}/*"
        Condition = { StringEquals = { "aws:SourceArn" = module.names.arns.trail, "s3:x-amz-acl" = "bucket-owner-full-control" } }
      },
    ]
    logs = concat(
      [
        {
          Sid       = "AccessLogsArrive"
          Effect    = "Allow"
          Principal = { Service = "logging.s3.amazonaws.com" }
          Action    = "s3:PutObject"
          Resource  = "${local.buckets["logs"].arn}/s3/*"
          Condition = {
            ArnEquals    = { "aws:SourceArn" = [for zone in sort(setsubtract(local.zones, ["logs"])) : local.buckets[zone].arn] }
            StringEquals = { "aws:SourceAccount" = local.account }
          }
        },
        # The service writes below the id of the account that owns the load balancer: the path is what keeps others out.
        {
          Sid       = "LoadBalancerLogsArrive"
          Effect    = "Allow"
          Principal = { Service = "logdelivery.elasticloadbalancing.amazonaws.com" }
          Action    = "s3:PutObject"
          Resource  = "${local.buckets["logs"].arn}/alb/AWSLogs/${local.account}/*"
        },
        # AWS Config delivers to no bucket whose Object Lock has a default retention: so to this one, not to audit.
        {
          Sid       = "ConfigLooks"
          Effect    = "Allow"
          Principal = { Service = "config.amazonaws.com" }
          Action    = ["s3:GetBucketAcl", "s3:ListBucket"]
          Resource  = local.buckets["logs"].arn
          Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
        },
        {
          Sid       = "ConfigWrites"
          Effect    = "Allow"
          Principal = { Service = "config.amazonaws.com" }
          Action    = "s3:PutObject"
          Resource  = "${local.buckets["logs"].arn}/config/AWSLogs/${local.account}/Config/*"
          Condition = { StringEquals = { "aws:SourceAccount" = local.account, "s3:x-amz-acl" = "bucket-owner-full-control" } }
        },
      ],
      var.inventory ? [
        {
          Sid       = "InventoryArrives"
          Effect    = "Allow"
          Principal = { Service = "s3.amazonaws.com" }
          Action    = "s3:PutObject"
          Resource  = "${local.buckets["logs"].arn}/inventory/*"
          Condition = {
            ArnEquals    = { "aws:SourceArn" = [for zone in sort(local.table_zones) : local.buckets[zone].arn] }
            StringEquals = { "aws:SourceAccount" = local.account, "s3:x-amz-acl" = "bucket-owner-full-control" }
          }
        },
      ] : [],
    )
  }
}
