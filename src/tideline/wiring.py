"""The only place that chooses adapters; each is imported when it is asked for, so nobody pays for what is not used."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tideline.model.errors import Fatal
from tideline.model.lake import DOCUMENTS
from tideline.ports import Documents, EventLog, Membership, Tables

if TYPE_CHECKING:
    from tideline.adapters.emr_serverless import ServerlessJobs
    from tideline.settings import Settings


def event_log(settings: Settings, client: str = "confluent") -> EventLog:
    """The event log; `client` is `confluent` (the hot path) or `python` (no compiled library)."""
    if client == "confluent":
        from tideline.adapters.kafka_confluent import ConfluentLog

        return ConfluentLog(settings.kafka_bootstrap, options=_sign_in(settings))
    if client == "python":
        from tideline.adapters.kafka_python_log import PythonLog

        if settings.kafka_iam_region:
            raise Fatal("TL-LOG-011", "the python client cannot sign in by IAM", fix="use the confluent client")
        return PythonLog(settings.kafka_bootstrap)
    raise Fatal("TL-LOG-006", f"there is no event log client {client!r}", fix="use confluent or python")


def membership(settings: Settings, topics: Sequence[str]) -> Membership:
    """This process as a member of the settings' group, from now on; `topics` are those that the group shares."""
    from tideline.adapters.kafka_membership import KafkaMembership

    return KafkaMembership(settings.kafka_bootstrap, settings.speed_group, topics, options=_sign_in(settings))


def _sign_in(settings: Settings) -> dict[str, Any]:
    if not settings.kafka_iam_region:
        return {}
    from tideline.adapters.kafka_iam import iam_options

    return iam_options(settings.kafka_iam_region)


def documents(settings: Settings) -> Documents:
    """Releases, cuts and leases, beside the tables: in a folder, or in the bucket of their zone."""
    place = settings.lake.place(DOCUMENTS)
    if settings.lake.remote:
        return documents_of(place.rpartition("/")[2])
    from tideline.adapters.documents_local import LocalDocuments

    return LocalDocuments(Path(place))


def documents_of(bucket: str) -> Documents:
    """JSON documents in one bucket, under the role of this process."""
    import boto3

    from tideline.adapters.documents_s3 import S3Documents

    return S3Documents(boto3.client("s3"), bucket)


def tables(settings: Settings) -> Tables:
    """Delta tables of the lake; paths are relative to it."""
    from tideline.adapters.delta_tables import DeltaTables

    return DeltaTables(settings.lake)


def serverless_jobs(settings: Settings) -> ServerlessJobs:
    """The EMR Serverless application of the settings. Times are short: Airflow gives a stage 10 s to stop."""
    import boto3
    from botocore.config import Config

    from tideline.adapters.emr_serverless import Application, ServerlessJobs

    own = Config(connect_timeout=3, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 4})
    client = boto3.client("emr-serverless", region_name=settings.spark_region, config=own)
    overrides = json.loads(settings.spark_overrides)
    return ServerlessJobs(client, Application(settings.spark_application, settings.spark_code, overrides))
