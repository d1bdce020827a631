"""S3 lifecycles are read back as they were written.

moto rebuilds the answer from what it models and so forgets how many newer versions are kept and the size filters; the
provider compares, and waits three minutes for an answer that never comes.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import xmltodict
from moto.s3.models import S3Backend
from moto.s3.responses import S3Response

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"

_put, _get = S3Backend.put_bucket_lifecycle, S3Response.get_bucket_lifecycle


def put_bucket_lifecycle(self: S3Backend, bucket_name: str, rules: list[dict[str, Any]]) -> None:
    """moto still refuses what it refuses; only then is the original kept."""
    as_sent = deepcopy(rules)
    _put(self, bucket_name, rules)
    self.get_bucket(bucket_name).lifecycle_as_sent = as_sent


def get_bucket_lifecycle(self: S3Response) -> Any:
    status, headers, _ = _get(self)
    rules = self.backend.get_bucket(self.bucket_name).lifecycle_as_sent
    return status, headers, xmltodict.unparse({"LifecycleConfiguration": {"@xmlns": NAMESPACE, "Rule": rules}})


S3Backend.put_bucket_lifecycle = put_bucket_lifecycle  # type: ignore[method-assign]
S3Response.get_bucket_lifecycle = get_bucket_lifecycle  # type: ignore[method-assign]
