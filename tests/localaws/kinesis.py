"""Kinesis: a stream keeps the tags that it was created with; moto takes tags only afterwards."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.kinesis.responses import KinesisResponse

_create_stream = KinesisResponse.create_stream


def create_stream(self: Any) -> ActionResult:
    answer = _create_stream(self)
    self.kinesis_backend.add_tags_to_stream(None, self._get_param("StreamName"), self._get_param("Tags") or {})
    return answer


KinesisResponse.create_stream = create_stream
