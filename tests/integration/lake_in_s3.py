"""What tests/integration/test_lake_in_s3.py runs in a process of its own: Spark and Delta on S3 through our log store.

`python lake_in_s3.py FACTS.json` reads endpoint, jars and the class, works on s3://lake-silver, and prints JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

TABLE = "s3://lake-silver/retail/sales"


def main(facts: dict[str, Any]) -> dict[str, Any]:
    spark = _session(facts)
    try:
        spark.range(3).selectExpr("id", "id * 2 as twice").write.format("delta").save(TABLE)
        spark.range(3, 6).selectExpr("id", "id * 2 as twice").write.format("delta").mode("append").save(TABLE)
        spark.range(5, 7).selectExpr("id", "0L as twice").createOrReplaceTempView("given")
        spark.sql(
            f"merge into delta.`{TABLE}` t using given g on t.id = g.id "
            "when matched then update set * when not matched then insert *"
        )
        rows = [tuple(row) for row in spark.read.format("delta").load(TABLE).orderBy("id").collect()]
        return {"rows": rows, **_commits(spark, facts["class"])}
    finally:
        spark.stop()


def _commits(spark: SparkSession, name: str) -> dict[str, Any]:
    """Two writers of one version, without Delta between them and the store."""
    jvm = spark._jvm
    assert jvm is not None
    configuration = spark._jsc.hadoopConfiguration()  # type: ignore[union-attr]
    made = jvm
    for part in name.split("."):
        made = getattr(made, part)
    store = made(configuration)
    path = jvm.org.apache.hadoop.fs.Path("s3://lake-silver/raced/_delta_log/00000000000000000007.json")

    def write(*lines: str) -> str:
        actions = jvm.java.util.ArrayList()
        for line in lines:
            actions.add(line)
        try:
            store.write(path, actions.iterator(), False, configuration)
        except Py4JJavaError as error:
            return str(error.java_exception.getClass().getName())
        return "written"

    first, second, again = write('{"a":1}', "{}"), write('{"b":2}', "{}"), write('{"a":1}', "{}")
    held = list(spark.read.text(str(path.toString())).toPandas()["value"])
    return {"first": first, "second": second, "again": again, "held": held}


def _session(facts: dict[str, Any]) -> SparkSession:
    settings = {
        "spark.master": "local[1]",
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.driver.extraClassPath": facts["jars"],
        "spark.sql.shuffle.partitions": "1",
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.delta.logStore.s3.impl": facts["class"],
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.hadoop.fs.s3a.endpoint": facts["endpoint"],
        "spark.hadoop.fs.s3a.endpoint.region": "us-east-1",
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        "spark.hadoop.fs.s3a.access.key": "test",
        "spark.hadoop.fs.s3a.secret.key": "test",
        "spark.hadoop.fs.s3a.change.detection.mode": "none",
        "spark.hadoop.fs.s3a.aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
    }
    builder = SparkSession.builder.appName("lake in s3")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(Path(sys.argv[1]).read_text()))) + "\n")
