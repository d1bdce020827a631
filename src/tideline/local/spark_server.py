"""One long-lived Spark JVM serves Spark Connect (jobs) and Thrift (dbt): a task costs a second, not a JVM start."""

from __future__ import annotations

import sys

from tideline.local.jars import class_path, pyspark_home
from tideline.local.java import Java
from tideline.local.services import Probe, Ready, Service
from tideline.settings import REPOSITORY, Settings

NAME = "spark"


def spark_server(settings: Settings, java: Java) -> Service:
    """Connect and Thrift over Delta tables of this home; metastore and warehouse live under home."""
    place = settings.home / "spark"
    config, log4j = place / "spark.properties", place / "log4j2.properties"
    spark_home = pyspark_home()
    return Service(
        name=NAME,
        command=(
            str(spark_home / "bin" / "spark-submit"),
            *("--properties-file", str(config)),
            # with --jars the sessions of Thrift and Connect do not find Delta's catalog classes
            *("--driver-class-path", ":".join(map(str, class_path(settings, "spark")))),
            *("--class", "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"),
            *("--name", "tideline", "spark-internal"),
        ),
        log=settings.logs / "spark.log",
        cwd=place,
        ready=(
            Ready(Probe.TCP, settings.nearby, settings.spark_connect_port),
            Ready(Probe.TCP, settings.nearby, settings.spark_thrift_port),
        ),
        env={
            "JAVA_HOME": str(java.home),
            "SPARK_HOME": str(spark_home),
            "SPARK_LOCAL_IP": settings.nearby,
            "PYSPARK_PYTHON": sys.executable,
            "PYTHONPATH": f"{REPOSITORY / 'src'}:{REPOSITORY}",
            "TZ": "UTC",
        },
        ports={
            "connect": (settings.spark_connect_port, "TIDELINE_SPARK_CONNECT_PORT"),
            "thrift": (settings.spark_thrift_port, "TIDELINE_SPARK_THRIFT_PORT"),
            "ui": (settings.spark_ui_port, "TIDELINE_SPARK_UI_PORT"),
        },
        files={config: _properties(settings, str(log4j)), log4j: _log4j(str(settings.logs / "spark-server.log"))},
        folders=(place / "scratch",),
        start_limit_s=240,  # 9 s on a quiet machine; a busy one may be ten times slower
        stop_limit_s=20,
    )


def _properties(settings: Settings, log4j: str) -> str:
    place = settings.home / "spark"
    scratch = place / "scratch"
    java_options = (
        f"-Dlog4j2.configurationFile=file:{log4j} -Dderby.stream.error.file={place}/derby.log "
        f"-Djava.io.tmpdir={scratch} -Duser.timezone=UTC -Djava.net.preferIPv4Stack=true -XX:+ExitOnOutOfMemoryError "
        # measured cold on two cores: first ingest 22 -> 15 s, first refine 16 -> 10 s; the optimising compiler only
        # competes with the work that it is to speed up
        "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m -XX:+UseSerialGC"
    )
    values = {
        "spark.master": "local[2]",
        "spark.driver.memory": "2g",
        "spark.driver.host": settings.nearby,
        "spark.driver.bindAddress": settings.nearby,
        "spark.driver.extraJavaOptions": java_options,
        "spark.local.dir": str(scratch),
        "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
        "spark.connect.grpc.binding.address": settings.host,
        "spark.connect.grpc.binding.port": str(settings.spark_connect_port),
        "spark.ui.port": str(settings.spark_ui_port),
        "spark.port.maxRetries": "0",
        "spark.ui.showConsoleProgress": "false",
        "spark.ui.retainedJobs": "200",
        "spark.ui.retainedStages": "200",
        "spark.sql.ui.retainedExecutions": "100",
        # Thrift, for dbt
        "spark.hadoop.hive.server2.thrift.bind.host": settings.host,
        "spark.hadoop.hive.server2.thrift.port": str(settings.spark_thrift_port),
        # Delta
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.databricks.delta.properties.defaults.checkpointInterval": "20",
        "spark.databricks.delta.properties.defaults.logRetentionDuration": "interval 3650 days",
        "spark.databricks.delta.properties.defaults.deletedFileRetentionDuration": "interval 30 days",
        # a Derby metastore and a warehouse under home
        "spark.sql.catalogImplementation": "hive",
        "spark.sql.warehouse.dir": f"{place}/warehouse",
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={place}/metastore;create=true",
        "spark.hadoop.hive.exec.scratchdir": f"{scratch}/hive",
        "spark.hadoop.hive.exec.local.scratchdir": f"{scratch}/hive-local",
        "spark.hadoop.hive.downloaded.resources.dir": f"{scratch}/hive-resources",
        "spark.hadoop.hive.server2.logging.operation.enabled": "false",
        # small data on two cores, and the same answers everywhere
        "spark.sql.shuffle.partitions": "2",
        "spark.default.parallelism": "2",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.autoBroadcastJoinThreshold": "32m",
        "spark.python.worker.reuse": "true",
        "spark.cleaner.periodicGC.interval": "10min",
    }
    return "".join(f"{key} {value}\n" for key, value in values.items())


def _log4j(file: str) -> str:
    return f"""status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = {file}
appender.file.filePattern = {file}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{{ISO8601}}{{UTC}} %p %c{{1}} %m%n%ex
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 50MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 3
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
"""
