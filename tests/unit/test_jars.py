"""The jar lock: complete, checked, and a line that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tideline.local import jars
from tideline.local.java import Java, find_java
from tideline.model.errors import DataError, Fatal
from tideline.settings import Settings


def test_the_lock_holds_the_proved_set_with_a_checksum_each() -> None:
    """No jar without sha256 and size; the versions that were proved together."""
    sets = jars.locked()
    assert {jar.coordinate for jar in sets["spark"]} == {
        "io.delta:delta-spark_2.13:4.0.0",
        "io.delta:delta-storage:4.0.0",
        "org.apache.spark:spark-sql-kafka-0-10_2.13:4.0.2",
        "org.apache.spark:spark-token-provider-kafka-0-10_2.13:4.0.0",
        "org.apache.kafka:kafka-clients:3.9.0",
        "org.apache.commons:commons-pool2:2.12.0",
    }
    assert "org.apache.kafka:kafka_2.13:4.2.0" in {jar.coordinate for jar in sets["broker"]}
    assert all(len(jar.sha256) == 64 and jar.size > 0 for jar in (*sets["spark"], *sets["broker"]))


def test_an_empty_cache_lacks_every_jar_and_a_cut_off_one_counts_as_missing(tmp_path: Path) -> None:
    """A download that was interrupted is fetched again."""
    settings = Settings(cache=tmp_path)
    every = jars.missing(settings)
    jars.folder(settings).mkdir(parents=True)
    (jars.folder(settings) / every[0].file).write_bytes(b"PK")
    assert jars.missing(settings) == every


def test_a_jar_with_another_checksum_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file from a mirror that is not what the lock says never reaches the cache."""
    settings = Settings(cache=tmp_path)
    arriving = tmp_path / "arriving"
    arriving.mkdir()
    for jar in jars.missing(settings):
        (arriving / jar.file).write_bytes(b"not this jar")
    monkeypatch.setattr(jars, "_fetch", lambda *_: arriving)
    with pytest.raises(DataError, match="TL-JAR-002"):
        jars.ensure_jars(settings)
    assert list(jars.folder(settings).glob("*.jar")) == []


@pytest.mark.parametrize(
    ("version", "modules", "code"),
    [("11.0.2", "java.base jdk.incubator.vector", "TL-JAV-002"), ("17.0.9", "java.base", "TL-JAV-003")],
)
def test_a_java_that_cannot_run_spark_is_refused(tmp_path: Path, version: str, modules: str, code: str) -> None:
    """Too old, or cut down: one line that says what to install."""
    home = java_home(tmp_path, version, modules)
    with pytest.raises(Fatal, match=code) as refused:
        find_java(Settings(JAVA_HOME=home))
    assert "17 or 21" in refused.value.fix


def test_a_full_java_is_recognised_without_starting_it(tmp_path: Path) -> None:
    """The release file says enough."""
    home = java_home(tmp_path, "21.0.1", "java.base jdk.incubator.vector")
    assert find_java(Settings(JAVA_HOME=home)) == Java(home, 21, full=True)


def java_home(place: Path, version: str, modules: str) -> Path:
    (place / "bin").mkdir()
    (place / "bin" / "java").touch()
    (place / "release").write_text(f'JAVA_VERSION="{version}"\nMODULES="{modules}"\n')
    return place
