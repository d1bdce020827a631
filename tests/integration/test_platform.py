"""The local services are real and usable."""

from __future__ import annotations

import time

import pytest

from tideline.settings import Settings


@pytest.mark.kafka
def test_broker_serves_a_topic_and_stamps_records_itself(kafka: Settings) -> None:
    """A record sent without a topic being made is refused; in a made topic it gets the broker's time."""
    from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
    from confluent_kafka.admin import AdminClient, NewTopic

    where = {"bootstrap.servers": kafka.kafka_bootstrap}
    admin = AdminClient(where)
    admin.create_topics([NewTopic("platform-test", 2)])["platform-test"].result(10)
    producer = Producer(where)
    producer.produce("platform-test", b"value", partition=1, timestamp=1000)
    assert producer.flush(10) == 0
    consumer = Consumer({**where, "group.id": "platform-test"})
    consumer.assign([TopicPartition("platform-test", 1, 0)])
    message = consumer.poll(10)
    consumer.close()
    assert message is not None
    assert message.value() == b"value"
    assert abs(message.timestamp()[1] / 1000 - time.time()) < 60
    with pytest.raises(KafkaException):
        admin.delete_topics(["never-made"])["never-made"].result(10)
    assert "never-made" not in admin.list_topics(timeout=10).topics


@pytest.mark.spark
def test_spark_connect_writes_delta_with_a_python_function_that_knows_tideline(spark: Settings) -> None:
    """A Connect session creates a Delta table, a Python worker can import tideline, and Thrift sees the table."""
    from pyhive import hive
    from pyspark.sql import SparkSession
    from pyspark.sql.functions import udf

    session = SparkSession.builder.remote(spark.spark_remote).create()

    @udf("string")  # only a session makes Connect's functions available
    def product(number: int) -> str:
        import tideline

        return f"{tideline.__name__}-{number}"

    session.sql("create database if not exists platform_test")
    session.range(3).select(product("id").alias("name")).write.format("delta").saveAsTable("platform_test.names")
    detail = session.sql("describe history platform_test.names").collect()
    session.stop()
    assert [row.operation for row in detail] == ["CREATE TABLE AS SELECT"]
    with hive.connect(spark.host, spark.spark_thrift_port) as connection, connection.cursor() as cursor:
        cursor.execute("select name from platform_test.names order by name")
        assert cursor.fetchall() == [("tideline-0",), ("tideline-1",), ("tideline-2",)]
