CREATE TABLE IF NOT EXISTS bronze.shop_orders_lyon (
  `topic_identity` string NOT NULL COMMENT 'Incarnation of the topic.',
  `partition` int NOT NULL COMMENT 'Partition of the event topic.',
  `position` bigint NOT NULL COMMENT 'Offset of the record in its partition.',
  `log_time` timestamp NOT NULL COMMENT 'When the broker appended the record (UTC).',
  `key` binary COMMENT 'Message key as it came.',
  `headers` array<struct<key:string,value:binary>> COMMENT 'Message headers as they came.',
  `value` binary COMMENT 'Message as it came.',
  `ingest_time` timestamp COMMENT 'When the run that took the record chose its cut (UTC).',
  `contract_hash` string COMMENT 'Contract in force when the record was taken.',
  `run_key` string COMMENT 'Run that took the record.'
) USING DELTA
COMMENT 'One event per order of the shop Lyon, with what was ordered and where it goes.'
LOCATION 'LAKE/bronze'
