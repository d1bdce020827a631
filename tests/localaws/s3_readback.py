"""S3's access logs, replication, EventBridge switch and inventories are read back as they were written.

moto compares the resource of the log delivery's statement with the prefix of one bucket as text; it forgets the form of
the logs' keys, all of a replication rule but its destination, that EventBridge is on, and an encryption without a key.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

import xmltodict
from moto.core.responses import ActionResult
from moto.s3.models import FakeBucket, S3Backend
from moto.s3.responses import S3Response

SERVICE = "logging.s3.amazonaws.com"
LOGGING = ("TargetBucket", "TargetPrefix", "TargetObjectKeyFormat")

_get_notification, _put_inventory = S3Response.get_bucket_notification, S3Backend.put_bucket_inventory_configuration


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
    enabled = {name: written[name] for name in LOGGING if name in written}
    self.data["Action"] = "GetBucketLogging"
    return self.serialized(ActionResult({"LoggingEnabled": enabled} if enabled else {}))


def get_bucket_replication(self: S3Response) -> Any:
    written = self.backend.get_bucket_replication(self.bucket_name)
    if not written:
        return _get_replication(self)
    rules = [{**rule, "Filter": rule.get("Filter") or {"Prefix": ""}} for rule in written["Rule"]]
    self.data["Action"] = "GetBucketReplication"
    return self.serialized(ActionResult({"ReplicationConfiguration": {"Role": written["Role"], "Rules": rules}}))


def get_bucket_notification(self: S3Response) -> Any:
    answer = _get_notification(self)
    written = self.backend.get_bucket_notification_configuration(self.bucket_name)
    if written is None or written.event_bridge is None:
        return answer
    status, headers, body = answer
    read = xmltodict.parse(body)
    read["NotificationConfiguration"]["EventBridgeConfiguration"] = {}
    return status, headers, xmltodict.unparse(read)


def put_bucket_inventory_configuration(self: S3Backend, bucket_name: str, config: dict[str, Any]) -> None:
    encryption = config["Destination"]["S3BucketDestination"].get("Encryption") or {}
    if "SSE-S3" in encryption:
        encryption["SSE-S3"] = {}
    _put_inventory(self, bucket_name, config)


_get_replication = S3Response.get_bucket_replication
FakeBucket._log_permissions_enabled_policy = staticmethod(may_deliver)  # type: ignore[method-assign]
S3Response.get_bucket_logging = get_bucket_logging  # type: ignore[method-assign]
S3Response.get_bucket_replication = get_bucket_replication  # type: ignore[method-assign]
S3Response.get_bucket_notification = get_bucket_notification  # type: ignore[method-assign]
S3Backend.put_bucket_inventory_configuration = put_bucket_inventory_configuration  # type: ignore[method-assign]
