"""S3: a bucket policy whose denials have conditions (TLS only, encryption, `If-None-Match`) must not refuse everybody.

moto applies a Deny without looking at its condition, so a TLS-only policy would refuse each request. Here a statement
that has a condition denies nothing; one without still does. And access logs, which S3 delivers hours later, are not
delivered at all: moto writes them at once, during the destruction too, so that their bucket would never be empty.
"""

from __future__ import annotations

import json
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket, S3Backend


def unconditional(policy: str) -> str:
    """The policy without the denials that depend on a condition."""
    document = json.loads(policy)
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    kept = [one for one in statements if not (one["Effect"] == "Deny" and one.get("Condition"))]
    return json.dumps({**document, "Statement": kept})


def get_permission(self: FakeBucket, action: str, resource: str) -> Any:
    if self.policy is None:
        return PermissionResult.NEUTRAL
    return IAMPolicy(unconditional(self.policy.decode())).is_action_permitted(action, resource)


def log_incoming_request(self: S3Backend, request: Any, bucket_name: str) -> None:
    """No log."""


S3Backend.log_incoming_request = log_incoming_request  # type: ignore[method-assign]
FakeBucket.get_permission = get_permission  # type: ignore[method-assign]
