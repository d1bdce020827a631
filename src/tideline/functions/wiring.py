"""What the functions are made of on AWS: the only chooser of their adapters, each imported when it is asked for."""

from __future__ import annotations

import time
from functools import cache, partial

from tideline.functions.delivering import Deliveries, Rules
from tideline.functions.endpoint import Endpoint, Limits
from tideline.functions.settings import FunctionSettings
from tideline.index import load_contract
from tideline.ports import LogWriter


def endpoint(settings: FunctionSettings) -> Endpoint:
    """The push endpoint."""
    limits = Limits(settings.push_max_bytes, settings.push_max_events, settings.patience_s, settings.push_scope)
    return Endpoint(partial(load_contract, settings.index), partial(writer, settings), limits)


def deliveries(settings: FunctionSettings) -> Deliveries:
    """The steps of the delivery workflow."""
    from tideline.adapters.dynamodb_memory import DynamoMemory
    from tideline.adapters.s3_files import S3Files

    rules = Rules(
        settings.quarantine_bucket,
        settings.chunk_bytes,
        settings.max_file_bytes,
        settings.patience_s,
        settings.delivery_days * 86_400,
    )
    contract = cache(partial(load_contract, settings.index))
    memory = DynamoMemory(settings.deliveries_table)
    return Deliveries(contract, S3Files(), memory, partial(writer, settings), rules, time.time)


def writer(settings: FunctionSettings) -> LogWriter:
    """Into Kafka by tokens that IAM gives, or into Kinesis by signed requests."""
    if settings.engine == "kinesis":
        from tideline.adapters.kinesis_writer import KinesisWriter

        return KinesisWriter(settings.stream_prefix)
    from tideline.adapters.kafka_confluent import ConfluentWriter
    from tideline.adapters.kafka_iam import iam_options

    options = iam_options(settings.region)
    return ConfluentWriter(settings.kafka_bootstrap, "tideline-functions", 5, settings.patience_s, options=options)
