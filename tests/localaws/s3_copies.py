"""S3: a copy may demand that its source is the one that was seen; moto copies whatever is there."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlparse

from moto.core.common_types import TYPE_RESPONSE
from moto.s3.exceptions import PreconditionFailed
from moto.s3.responses import S3Response

_copy_object = S3Response.copy_object


def copy_object(self: Any) -> TYPE_RESPONSE:
    wanted = self.headers.get("x-amz-copy-source-if-match")
    if wanted:
        bucket, key = unquote(urlparse(self.headers["x-amz-copy-source"]).path).lstrip("/").split("/", 1)
        there = self.backend.get_object(bucket, key)
        if there is not None and there.etag.strip('"') != wanted.strip('"'):
            raise PreconditionFailed("x-amz-copy-source-If-Match")
    return _copy_object(self)


S3Response.copy_object = copy_object  # type: ignore[method-assign]
