"""A job of EMR Serverless as a process here: its files from the local S3, spark-submit with the release's own Spark.

What is AWS's is put in place: its Delta jars are the locked ones, its S3 connector is hadoop-aws on the local endpoint.
What is ours comes from S3 and from nowhere else: Python starts
without its site packages' own list (-S), so that nothing installed from this checkout is found, and gets the packages
of the tests' environment at the end of its path.
"""

from __future__ import annotations

import sys
import sysconfig
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3

from tests.localaws.driver_starts import EVENTS
from tests.localaws.emrserverless_asked import Asked
from tideline.local.jars import class_path, pyspark_home
from tideline.local.java import find_java
from tideline.settings import settings

_SECRET = "local"
_OF_EMR = {  # jars on EMR's machines, and the locked artifact that is the same
    "/usr/share/aws/delta/lib/delta-spark.jar": "delta-spark_2.13-",
    "/usr/share/aws/delta/lib/delta-storage.jar": "delta-storage-",
}
_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Duser.timezone=UTC -Djava.net.preferIPv4Stack=true"


@dataclass(frozen=True)
class Store:
    """The local S3, asked under the key of one role."""

    url: str
    role: str

    def client(self) -> Any:
        return boto3.client(
            "s3", endpoint_url=self.url, region_name="us-east-1", aws_access_key_id=self.role,
            aws_secret_access_key=_SECRET,
        )  # fmt: skip

    def fetch(self, uri: str, folder: Path) -> Path:
        """The object of an S3 URI as a file of the same name; a fragment (#name) is not looked at."""
        split = urlsplit(uri)
        target = folder / Path(split.path).name
        folder.mkdir(parents=True, exist_ok=True)
        target.write_bytes(self.client().get_object(Bucket=split.netloc, Key=split.path.lstrip("/"))["Body"].read())
        return target

    def put(self, uri: str, content: bytes) -> None:
        split = urlsplit(uri)
        self.client().put_object(Bucket=split.netloc, Key=split.path.lstrip("/"), Body=content)


@dataclass(frozen=True)
class Driver:
    """What to start: words, the whole environment, the folder to start in."""

    words: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path


def lay(asked: Asked, place: Path, store: Store) -> Driver:
    """Fetch what the job names and write its settings; `place` is its machine: a folder beside those of other jobs."""
    work, code = place / "work", place / "code"
    work.mkdir(parents=True)
    (place / EVENTS).mkdir()
    for uri in asked.archives:
        archive, _, name = uri.partition("#")
        with zipfile.ZipFile(store.fetch(archive, code)) as opened:
            opened.extractall(work / (name or Path(archive).name))
    jars = [_of_emr(jar) if jar in _OF_EMR else store.fetch(jar, code / "jars") for jar in asked.jars]
    properties = {
        **asked.properties,
        **_machine(place, store),
        "spark.jars": ",".join(map(str, jars)),
        "spark.submit.pyFiles": ",".join(str(store.fetch(uri, code)) for uri in asked.py_files),
        "spark.pyspark.python": str(_python(place)),
    }
    listed = place / "spark.properties"
    listed.write_text("".join(f"{name} {value}\n" for name, value in properties.items()))
    script = store.fetch(asked.script, code)
    submit = str(pyspark_home() / "bin" / "spark-submit")
    words = (submit, "--properties-file", str(listed), str(script), *asked.arguments)
    return Driver(words, _environment(asked, place, store), work)


def _of_emr(jar: str) -> Path:
    return next(path for path in class_path(settings(), "spark") if path.name.startswith(_OF_EMR[jar]))


def _python(place: Path) -> Path:
    script = place / "python"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    script.chmod(0o755)
    return script


def _environment(asked: Asked, place: Path, store: Store) -> dict[str, str]:
    given = dict(asked.environment)
    home = given.get("TIDELINE_HOME", "")
    if home.startswith("/tmp/"):
        given["TIDELINE_HOME"] = f"{place}{home}"  # a driver on AWS has /tmp to itself
    given["PYTHONPATH"] = ":".join(filter(None, (given.get("PYTHONPATH"), sysconfig.get_path("purelib"))))
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(place),
        "LANG": "C.UTF-8",
        "JAVA_HOME": str(find_java(settings()).home),
        "SPARK_HOME": str(pyspark_home()),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "AWS_ACCESS_KEY_ID": store.role,
        "AWS_SECRET_ACCESS_KEY": _SECRET,
        "AWS_ENDPOINT_URL": store.url,
        "AWS_ALLOW_HTTP": "true",
        **given,
    }


def _machine(place: Path, store: Store) -> dict[str, str]:
    """Spark on two cores, with EMR's S3 connector replaced."""
    scratch = place / "scratch"
    return {
        "spark.master": "local[2]",
        "spark.driver.memory": "1g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraClassPath": ":".join(map(str, class_path(settings(), "s3"))),
        "spark.driver.extraJavaOptions": f"{_JAVA} -Djava.io.tmpdir={place}",
        "spark.local.dir": str(scratch),
        "spark.log.level": "WARN",
        "spark.ui.enabled": "false",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": f"file://{place}/{EVENTS}",
        "spark.eventLog.compress": "false",
        "spark.eventLog.rolling.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.default.parallelism": "2",
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.sql.warehouse.dir": f"{place}/warehouse",
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.hadoop.fs.s3a.endpoint": store.url,
        "spark.hadoop.fs.s3a.endpoint.region": "us-east-1",
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        "spark.hadoop.fs.s3a.access.key": store.role,
        "spark.hadoop.fs.s3a.secret.key": _SECRET,
        "spark.hadoop.fs.s3a.change.detection.mode": "none",
        "spark.hadoop.fs.s3a.aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
    }
