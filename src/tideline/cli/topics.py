"""`tideline topics`: the topics that contracts need, made where Kafka is not ours to start."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

_S3 = "s3://"


@click.command()
@click.option(
    "--from",
    "document",
    metavar="FILE|s3://BUCKET/KEY",
    help="A topics document (Terraform's output topics_document) instead of the compiled contracts.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
def command(document: str | None, as_json: bool) -> None:
    """Make what is missing of the event and increments topics; a topic that is there keeps its settings."""
    from tideline import wiring
    from tideline.settings import settings

    log, wanted = wiring.event_log(settings()), _wanted(document)
    for name, topic in sorted(wanted.items()):
        log.create(name, topic["partitions"], topic["config"])
        if not as_json:
            click.echo(f"{name}: {topic['partitions']} partitions")
    if as_json:
        click.echo(json.dumps({"topics": sorted(wanted)}))


def _wanted(document: str | None) -> Mapping[str, Mapping[str, Any]]:
    from tideline.index import load_index
    from tideline.model.errors import Fatal
    from tideline.rendering import tfvars
    from tideline.settings import settings

    if document is None:
        contracts = load_index(settings().index)
        return {name: topic for one in contracts.values() for name, topic in tfvars.topics(one).items()}
    try:
        found = _found(document)
        topics = {
            name: {"partitions": int(t["partitions"]), "config": t["config"]} for name, t in found["topics"].items()
        }
        assert found["format"] == 1
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:
        fix = "terraform output -json platform | jq -r .topics_document"
        raise Fatal("TL-ENV-009", "this is no topics document of format 1", where=document, fix=fix) from error
    return topics


def _found(document: str) -> Any:
    """What stands in a file, or in an object of the bucket where Terraform wrote it; None where there is none."""
    if not document.startswith(_S3):
        return json.loads(Path(document).read_text(encoding="utf-8"))
    from tideline import wiring

    bucket, _, key = document.removeprefix(_S3).partition("/")
    return wiring.documents_of(bucket).get(key)
