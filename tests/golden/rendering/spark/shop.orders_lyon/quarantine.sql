CREATE TABLE IF NOT EXISTS quarantine.shop_orders_lyon (
  `partition` int NOT NULL COMMENT 'Partition of the event topic.',
  `position` bigint NOT NULL COMMENT 'Offset of the record in its partition.',
  `log_time` timestamp NOT NULL COMMENT 'When the broker appended the record (UTC).',
  `key` binary COMMENT 'Message key as it came.',
  `value` binary COMMENT 'Message as it came.',
  `reason` string NOT NULL COMMENT 'Why the record does not count: a stable word, never a value.',
  `contract_hash` string COMMENT 'Contract that refused it.',
  `contract_version` string COMMENT 'Version of that contract.',
  `run_key` string COMMENT 'Run that refused it.',
  `status` string NOT NULL COMMENT 'open, or replayed when the record counts by now.'
) USING DELTA
COMMENT 'One event per order of the shop Lyon, with what was ordered and where it goes.'
LOCATION 'LAKE/quarantine'
