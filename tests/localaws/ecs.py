"""ECS: what a service was asked for is read back; one on capacity providers has no launch type."""

from __future__ import annotations

from moto.core.responses import ActionResult
from moto.ecs.responses import EC2ContainerServiceResponse

READ_BACK = (
    "availabilityZoneRebalancing",
    "capacityProviderStrategy",
    "enableECSManagedTags",
    "healthCheckGracePeriodSeconds",
)
_create = EC2ContainerServiceResponse.create_service


def create_service(self: EC2ContainerServiceResponse) -> ActionResult:
    answer = _create(self)
    service = answer.result["service"]
    for name in READ_BACK:
        if self._get_param(name) is not None:
            setattr(service, name, self._get_param(name))
    if self._get_param("capacityProviderStrategy"):
        service.launch_type = None
    return answer


EC2ContainerServiceResponse.create_service = create_service  # type: ignore[method-assign]
