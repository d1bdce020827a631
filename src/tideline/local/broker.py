"""A real single-node Kafka broker (KRaft) as a local service, straight from its locked jars."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from tideline.local.jars import class_path
from tideline.local.java import Java
from tideline.local.services import Probe, Ready, Service, Step
from tideline.settings import Settings

NAME = "kafka"


def broker(settings: Settings, java: Java) -> Service:
    """The broker of this home; storage is formatted once, topics are made only on purpose."""
    place = settings.home / "kafka"
    config, log4j = place / "server.properties", place / "log4j2.properties"
    jvm = (
        str(java.binary),
        "-Xms256m",
        "-Xmx768m",
        "-XX:+UseSerialGC",
        "-XX:+ExitOnOutOfMemoryError",
        "-Djava.net.preferIPv4Stack=true",
        f"-Dlog4j2.configurationFile={log4j}",
        "-cp",
        ":".join(map(str, class_path(settings, "broker"))),
    )
    data = place / "data"
    form = ("kafka.tools.StorageTool", "format", f"--cluster-id={_cluster_id(settings.home)}", "-c", str(config))
    return Service(
        name=NAME,
        command=(*jvm, "kafka.Kafka", str(config)),
        log=settings.logs / "kafka.log",
        cwd=place,
        ready=(Ready(Probe.KAFKA, settings.nearby, settings.kafka_port),),
        ports={
            "broker": (settings.kafka_port, "TIDELINE_KAFKA_PORT"),
            "controller": (settings.kafka_controller_port, "TIDELINE_KAFKA_CONTROLLER_PORT"),
        },
        files={config: _properties(settings, data), log4j: _log4j(settings.logs / "kafka-server.log")},
        steps=(Step((*jvm, *form), data / "meta.properties"),),
        start_limit_s=180,
        stop_limit_s=20,
    )


def _cluster_id(home: Path) -> str:
    """Kafka wants 16 bytes in base64url; the same home keeps the same cluster."""
    return base64.urlsafe_b64encode(hashlib.sha256(str(home).encode()).digest()[:16]).decode().rstrip("=")


def _properties(settings: Settings, data: Path) -> str:
    broker_at, controller_at = (
        f"{settings.host}:{port}" for port in (settings.kafka_port, settings.kafka_controller_port)
    )
    values = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{controller_at}",
        "listeners": f"PLAINTEXT://{broker_at},CONTROLLER://{controller_at}",
        "advertised.listeners": f"PLAINTEXT://{broker_at}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(data),
        # topics are part of a contract, so a typing error must not make one
        "auto.create.topics.enable": "false",
        "num.partitions": "1",
        # the log keeps everything and stamps records itself: positions and times are the broker's
        "log.message.timestamp.type": "LogAppendTime",
        "log.retention.ms": "-1",
        "log.retention.bytes": "-1",
        "offsets.retention.minutes": "5256000",
        # one node: nothing to replicate to
        "default.replication.factor": "1",
        "min.insync.replicas": "1",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        # quick to start, to join and to stop on two cores
        "group.initial.rebalance.delay.ms": "0",
        "num.network.threads": "2",
        "num.io.threads": "4",
        "background.threads": "2",
        "log.cleaner.dedupe.buffer.size": "16777216",
        "controlled.shutdown.enable": "false",
        # a killed broker may register again only when its old session is over (9 s by default)
        "broker.session.timeout.ms": "5000",
        "broker.heartbeat.interval.ms": "1000",
    }
    return "".join(f"{key}={value}\n" for key, value in values.items())


def _log4j(file: Path) -> str:
    return f"""status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = {file}
appender.file.filePattern = {file}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{{ISO8601}}{{UTC}} %p %c{{1}} %m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 20MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 3
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
"""
