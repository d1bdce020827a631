"""Application Auto Scaling: the tags of a scalable target, which moto neither keeps nor lists."""

from __future__ import annotations

import json

from moto.applicationautoscaling.models import FakeScalableTarget
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse

_register = ApplicationAutoScalingResponse.register_scalable_target


def _target(answer: ApplicationAutoScalingResponse, arn: str) -> FakeScalableTarget:
    held = answer.applicationautoscaling_backend.targets.values()
    return next(target for by_id in held for target in by_id.values() if target.arn == arn)


def register_scalable_target(self: ApplicationAutoScalingResponse) -> str:
    text = _register(self)
    tags = self._get_param("Tags")
    if tags is not None:
        _target(self, json.loads(text)["ScalableTargetARN"]).tags = dict(tags)  # type: ignore[attr-defined]
    return text


def list_tags_for_resource(self: ApplicationAutoScalingResponse) -> str:
    return json.dumps({"Tags": getattr(_target(self, self._get_param("ResourceARN")), "tags", {})})


ApplicationAutoScalingResponse.register_scalable_target = register_scalable_target  # type: ignore[method-assign]
ApplicationAutoScalingResponse.list_tags_for_resource = list_tags_for_resource  # type: ignore[attr-defined]
