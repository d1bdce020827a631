"""S3 access logs: one statement may allow the logs of all buckets, and the form of the keys is read back as written.

moto compares the statement's resource with the prefix of one bucket as text, and forgets `TargetObjectKeyFormat`.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

from moto.core.responses import ActionResult
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

SERVICE = "logging.s3.amazonaws.com"
READ_BACK = ("TargetBucket", "TargetPrefix", "TargetObjectKeyFormat")


def may_deliver(target_bucket: FakeBucket, target_prefix: str | None) -> bool:
    """Whether some statement lets the logging service put an object below the prefix."""
    document = json.loads(target_bucket.policy.decode()) if target_bucket.policy else {"Statement": []}
    wanted = f"{target_bucket.arn}/{target_prefix or ''}x"
    return any(
        one["Effect"] == "Allow"
        and one["Principal"] == {"Service": SERVICE}
        and one["Action"] == "s3:PutObject"
        and fnmatchcase(wanted, one["Resource"])
        for one in document["Statement"]
    )


def get_bucket_logging(self: S3Response) -> Any:
    written = self.backend.get_bucket_logging(self.bucket_name) or {}
    enabled = {name: written[name] for name in READ_BACK if name in written}
    self.data["Action"] = "GetBucketLogging"
    return self.serialized(ActionResult({"LoggingEnabled": enabled} if enabled else {}))


FakeBucket._log_permissions_enabled_policy = staticmethod(may_deliver)  # type: ignore[method-assign]
S3Response.get_bucket_logging = get_bucket_logging  # type: ignore[method-assign]
