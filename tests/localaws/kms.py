"""KMS: a replica has aliases, policy, description and tags of its own, a rotation has a period; moto forgets both."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from moto.kms.models import kms_backends
from moto.kms.responses import KmsResponse

YEAR = 365

_replicate, _enable = KmsResponse.replicate_key, KmsResponse.enable_key_rotation


def replicate_key(self: Any) -> str:
    """moto's replica shares everything with its key, so it would change with it."""
    answer = json.loads(_replicate(self))
    key_id, region = self._get_param("KeyId").rpartition("/")[2], self._get_param("ReplicaRegion")
    backend = kms_backends[self.current_account][region]
    replica = backend.keys[key_id]
    replica.aliases = {}
    replica.multi_region_configuration = deepcopy(replica.multi_region_configuration)
    replica.multi_region_configuration["MultiRegionKeyType"] = "REPLICA"
    replica.policy = self._get_param("Policy") or replica.policy
    replica.description = self._get_param("Description") or ""
    backend.tagger.tag_resource(key_id, self._get_param("Tags") or [])
    return json.dumps(answer)


def enable_key_rotation(self: Any) -> str:
    answer: str = _enable(self)
    key = self.kms_backend.keys[self.kms_backend.get_key_id(self._get_param("KeyId"))]
    key.rotation_days = self._get_param("RotationPeriodInDays") or YEAR
    return answer


def get_key_rotation_status(self: Any) -> str:
    key = self.kms_backend.keys[self.kms_backend.get_key_id(self._get_param("KeyId"))]
    period = {"RotationPeriodInDays": getattr(key, "rotation_days", YEAR)} if key.key_rotation_status else {}
    return json.dumps({"KeyId": key.id, "KeyRotationEnabled": key.key_rotation_status, **period})


KmsResponse.replicate_key = replicate_key  # type: ignore[method-assign]
KmsResponse.enable_key_rotation = enable_key_rotation  # type: ignore[method-assign]
KmsResponse.get_key_rotation_status = get_key_rotation_status  # type: ignore[method-assign]
