"""Real services for tests: free ports, a home of their own, time limits, and a skip that says what is absent."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tideline.local.broker import broker
from tideline.local.jars import ensure_jars
from tideline.local.java import Java, find_java
from tideline.local.process import running
from tideline.local.spark_server import spark_server
from tideline.model.errors import TidelineError
from tideline.settings import Settings


def free_ports(count: int) -> list[int]:
    """Ports that are free now; all are held open until the last is found, so they differ."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def fresh_settings(home: Path) -> Settings:
    """Settings with their own home and free ports for everything."""
    names = [name for name in Settings.model_fields if name.endswith("_port")]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    return Settings(home=home, **ports)


def java_or_skip(settings: Settings) -> Java:
    """The Java of this machine with all jars in the cache, else a skip with the reason."""
    try:
        java = find_java(settings)
        ensure_jars(settings)
    except TidelineError as reason:
        pytest.skip(str(reason))
    return java


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings which the services of this session share."""
    return fresh_settings(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def kafka(platform: Settings) -> Iterator[Settings]:
    """A running broker; ask `kafka.kafka_bootstrap`. Use topics of your own: the broker is shared by the session."""
    with running(broker(platform, java_or_skip(platform)), platform.for_children()):
        yield platform


@pytest.fixture(scope="session")
def spark(platform: Settings) -> Iterator[Settings]:
    """A running Spark server; ask `spark.spark_remote` and `spark.spark_thrift_port`. Shared by the session."""
    with running(spark_server(platform, java_or_skip(platform)), platform.for_children()), _one_client_pool():
        yield platform


@contextmanager
def _one_client_pool() -> Iterator[None]:
    """All Connect sessions of a process share one thread pool, which the first session that ends shuts down under the
    others ("cannot schedule new futures after shutdown"). A job has one session; this process has many: keep the pool.
    """
    from pyspark.sql.connect.client.reattach import ExecutePlanResponseReattachableIterator as Iterations

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Iterations, "shutdown", classmethod(lambda cls: None))
        yield
