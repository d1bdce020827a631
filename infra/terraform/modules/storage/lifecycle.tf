# Life times. S3 applies the shortest of all rules that fit, so a rule for a whole bucket or domain holds the longest time of
# everything below it, and only what is shorter has a rule of its own: thousands of contracts fit into S3's 1,000 rules of a bucket.
#
# No rule here expires the current objects of a table zone or of checkpoints: a live table's log names files of any age, and a file that
# vanishes breaks the table. Rows are retired by DELETE and VACUUM of the retention job; what S3 expires is what VACUUM left behind. ADR 0016.

locals {
  forever = 1000000
  limit   = 1000

  # Zones where contracts decide, and the longest time of the whole bucket. `current` says what ends: objects, or only replaced and deleted versions.
  kept = {
    bronze     = { current = false, days = var.lifetimes.noncurrent }
    silver     = { current = false, days = var.lifetimes.noncurrent }
    gold       = { current = false, days = var.lifetimes.noncurrent }
    quarantine = { current = false, days = var.lifetimes.noncurrent }
    landing    = { current = true, days = var.lifetimes.landing }
    documents  = { current = true, days = local.forever }
  }

  places = flatten([for id, contract in var.contracts : [for name, at in contract.prefixes : {
    zone  = split("/", at.place)[0]
    key   = substr(at.place, length(split("/", at.place)[0]) + 1, -1)
    group = "${split("/", at.place)[1]}/"
    ttl   = at.ttl_days
  }]])

  # Days by zone, group (the first part of the key: the domain, or the view of gold) and key; never longer than the bucket's.
  grouped = { for zone, rule in local.kept : zone => {
    for place in local.places : place.group => { key = place.key, days = min(coalesce(place.ttl, local.forever), rule.days) }...
    if place.zone == zone
  } }
  longest = { for zone, groups in local.grouped : zone => { for group, ones in groups : group => max(ones[*].days...) } }

  # All rules that contracts ask for, by prefix.
  asked = { for zone, groups in local.grouped : zone => merge(
    { for group, days in local.longest[zone] : group => days if days < local.kept[zone].days },
    merge([for group, ones in groups : { for one in ones : one.key => one.days if one.days < local.longest[zone][group] }]...),
  ) }

  # Rules of whole places that are no contract's.
  fixed = {
    artifacts = { (trimprefix(module.names.query_results, "artifacts/")) = var.lifetimes.query_results }
    landing   = { "" = var.lifetimes.landing }
    logs      = { "" = var.lifetimes.logs }
    audit     = { "" = var.lifetimes.audit }
  }

  expiring = { for zone in local.zones : zone => merge(
    try(local.fixed[zone], {}),
    try(local.kept[zone].current, false) ? local.asked[zone] : {},
  ) }
  shortened = { for zone in local.zones : zone => try(local.kept[zone].current, true) ? {} : local.asked[zone] }

  # One for uploads and versions, one for the tier: what every bucket, or every table bucket, has.
  rule_count = { for zone in local.zones : zone => 1 + (contains(local.table_zones, zone) ? 1 : 0) + length(local.expiring[zone]) + length(local.shortened[zone]) }
}

resource "aws_s3_bucket_lifecycle_configuration" "zone" {
  for_each = local.zones
  bucket   = aws_s3_bucket.zone[each.key].id

  rule {
    id     = "uploads-and-versions"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = var.lifetimes.abort_multipart
    }
    noncurrent_version_expiration {
      noncurrent_days = var.lifetimes.noncurrent
    }
    # A marker with nothing behind it; S3 takes this and an expiry in days only in separate rules.
    expiration {
      expired_object_delete_marker = true
    }
  }

  # Intelligent-Tiering without its archive tiers: every byte stays readable at once, small objects (the log) stay where they are.
  dynamic "rule" {
    for_each = contains(local.table_zones, each.key) ? [var.lifetimes.tier_after] : []
    content {
      id     = "tiers"
      status = "Enabled"
      filter {}
      transition {
        days          = rule.value
        storage_class = "INTELLIGENT_TIERING"
      }
    }
  }

  dynamic "rule" {
    for_each = local.expiring[each.key]
    content {
      id     = "expire:${rule.key}"
      status = "Enabled"
      filter {
        prefix = rule.key
      }
      expiration {
        days = rule.value
      }
      noncurrent_version_expiration {
        noncurrent_days = min(rule.value, var.lifetimes.noncurrent)
      }
    }
  }

  dynamic "rule" {
    for_each = local.shortened[each.key]
    content {
      id     = "shorten:${rule.key}"
      status = "Enabled"
      filter {
        prefix = rule.key
      }
      noncurrent_version_expiration {
        noncurrent_days = rule.value
      }
    }
  }

  lifecycle {
    precondition {
      condition     = local.rule_count[each.key] <= local.limit
      error_message = "The bucket ${each.key} would need ${local.rule_count[each.key]} lifecycle rules and S3 takes ${local.limit}. Each contract whose ttl_days is shorter than the longest of its domain (or than lifetimes.noncurrent, in table zones) needs one: give the contracts of a domain the same retention."
    }
  }

  depends_on = [aws_s3_bucket_versioning.zone]
}
