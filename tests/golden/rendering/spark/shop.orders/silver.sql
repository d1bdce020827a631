CREATE TABLE IF NOT EXISTS silver.shop_orders (
  `order_id` string COMMENT 'Identity of the order; also the key of the message.',
  `ordered_at` timestamp COMMENT 'When the order was given.',
  `channel` string COMMENT 'Where the order was given.',
  `total` decimal(12,2) COMMENT 'Price of the order in euros.',
  `priority` int COMMENT 'Rank of the order; absent for most.',
  `gift` boolean COMMENT 'Whether it is a gift.',
  `coupon` string COMMENT 'Code of a discount.',
  `shipping` struct<`country`:string,`city`:string,`recipient`:string,`cost`:decimal(10,3),`promised_at`:timestamp,`promised_on`:date> COMMENT 'Where the order goes; absent when it is taken along.',
  `items` array<struct<`sku`:string,`quantity`:int,`price`:decimal(12,4),`notes`:array<string>>> COMMENT 'Lines of the order.',
  `attributes` map<string,string> COMMENT 'What partners add.',
  `fees` map<string,decimal(8,2)> COMMENT 'Fees by kind.',
  `is_express` boolean COMMENT 'True when a partner asked for speed; null when nobody said.',
  `goes_abroad` boolean COMMENT 'True when the order leaves the country.',
  `partition` int NOT NULL COMMENT 'Partition of the event topic.',
  `position` bigint NOT NULL COMMENT 'Offset of the record in its partition.',
  `log_time` timestamp NOT NULL COMMENT 'When the broker appended the record (UTC).',
  `payload_hash` binary COMMENT '128-bit BLAKE2b of the raw message.',
  `batch` bigint NOT NULL COMMENT 'Batch of the silver table that wrote the row.'
) USING DELTA
COMMENT 'One event per order of a web shop, with its lines and its delivery.'
LOCATION 'LAKE/silver'
