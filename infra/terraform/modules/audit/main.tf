# Who did what: the trail, encrypted and signed, in a bucket that forgets nothing; and who could do too much.

module "names" {
  source  = "../names"
  context = var.context
}

locals {
  tags = merge(module.names.tags, { module = "audit" })
  name = module.names.prefix

  data_events = var.trail == null ? [] : concat(
    length(var.trail.data_events) == 0 ? [] : [{
      name  = "Objects of ${join(", ", sort(var.trail.data_events))}"
      type  = "AWS::S3::Object"
      under = [for zone in sort(var.trail.data_events) : "${var.bucket_arns[zone]}/"]
      reads = true
    }],
    var.trail.functions ? [{ name = "Calls of functions", type = "AWS::Lambda::Function", under = [module.names.arns.function], reads = true }] : [],
    var.trail.lookup_tables ? [{ name = "Writes to lookup tables", type = "AWS::DynamoDB::Table", under = [module.names.arns.dynamodb_table], reads = false }] : [],
  )
}

resource "aws_cloudtrail" "this" {
  count = var.trail == null ? 0 : 1

  name                          = local.name
  s3_bucket_name                = var.bucket_names["audit"]
  s3_key_prefix                 = "cloudtrail"
  kms_key_id                    = var.key_arns["audit"]
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true
  cloud_watch_logs_group_arn    = "${var.log_group_arn}:*"
  cloud_watch_logs_role_arn     = var.role_arns["trail"]
  tags                          = local.tags

  advanced_event_selector {
    name = "Management events"
    field_selector {
      field  = "eventCategory"
      equals = ["Management"]
    }
  }

  dynamic "advanced_event_selector" {
    for_each = local.data_events
    content {
      name = advanced_event_selector.value.name
      field_selector {
        field  = "eventCategory"
        equals = ["Data"]
      }
      field_selector {
        field  = "resources.type"
        equals = [advanced_event_selector.value.type]
      }
      field_selector {
        field       = "resources.ARN"
        starts_with = advanced_event_selector.value.under
      }
      dynamic "field_selector" {
        for_each = advanced_event_selector.value.reads ? [] : ["false"]
        content {
          field  = "readOnly"
          equals = [field_selector.value]
        }
      }
    }
  }

  dynamic "insight_selector" {
    for_each = var.trail.insights ? ["ApiCallRateInsight", "ApiErrorRateInsight"] : []
    content {
      insight_type = insight_selector.value
    }
  }
}

resource "aws_accessanalyzer_analyzer" "shared" {
  count         = var.access_analyzer == null ? 0 : 1
  analyzer_name = local.name
  type          = "ACCOUNT"
  tags          = local.tags
}

resource "aws_accessanalyzer_analyzer" "unused" {
  count         = try(var.access_analyzer.unused_days, null) == null ? 0 : 1
  analyzer_name = "${local.name}-unused"
  type          = "ACCOUNT_UNUSED_ACCESS"
  tags          = local.tags
  configuration {
    unused_access {
      unused_access_age = var.access_analyzer.unused_days
    }
  }
}
