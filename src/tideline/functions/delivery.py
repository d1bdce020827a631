"""The Lambda handler of file delivery: one step of the workflow at a time, nothing decided here."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache
from typing import Any

from tideline.functions import wiring
from tideline.functions.chunks import Chunk
from tideline.functions.delivering import Deliveries
from tideline.functions.settings import settings
from tideline.model.errors import Fatal
from tideline.ports import StoredFile

LOG = logging.getLogger("tideline.delivery")


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """`{"action", "file", ...}` -> what the step found. The workflow knows an error by its class."""
    steps, file = _deliveries(), event["file"]
    match event["action"]:
        case "examine":
            found = steps.examine(StoredFile(**file), event["execution"])
        case "deliver":
            found = steps.deliver(file, Chunk(**event["chunk"]))
        case "finish":
            found = steps.finish(file)
        case "refuse":
            found = steps.refuse(StoredFile(**file), event["execution"])
        case other:
            raise Fatal(
                "TL-DEL-009", f"there is no step {other!r}", fix="apply modules/ingest and the package of one release"
            )
    counts = {name: found[name] for name in ("verdict", "sent", "refused", "code") if name in found}
    LOG.info("a step of a delivery", extra={"action": event["action"], "key": file["key"], **counts})
    return found


@cache
def _deliveries() -> Deliveries:
    return wiring.deliveries(settings())
