CREATE TABLE IF NOT EXISTS silver.shop_orders_lyon (
  `order_id` string COMMENT 'Identity of the order.',
  `ordered_at` timestamp COMMENT 'When the order was placed.',
  `channel` string COMMENT 'Where the order was placed.',
  `shipping` struct<`city`:string,`express`:boolean> COMMENT 'Where the order goes.',
  `items` array<struct<`sku`:string,`pieces`:int,`price`:decimal(10,2)>> COMMENT 'What was ordered.',
  `attributes` map<string,string> COMMENT 'Whatever the shop\'s software adds.',
  `total` decimal(12,2) COMMENT 'What the customer pays.',
  `coupon` string COMMENT 'Code of a coupon.',
  `partition` int NOT NULL COMMENT 'Partition of the event topic.',
  `position` bigint NOT NULL COMMENT 'Offset of the record in its partition.',
  `log_time` timestamp NOT NULL COMMENT 'When the broker appended the record (UTC).',
  `payload_hash` binary COMMENT '128-bit BLAKE2b of the raw message.',
  `batch` bigint NOT NULL COMMENT 'Batch of the silver table that wrote the row.'
) USING DELTA
COMMENT 'One event per order of the shop Lyon, with what was ordered and where it goes.'
LOCATION 'LAKE/silver'
