"""ECS: what a service was asked for is read back; one on capacity providers has no launch type.

What was deleted stays listed as inactive, like in AWS, but no longer among what carries tags: the test looks there for
what is left.
"""

from __future__ import annotations

from collections.abc import Iterator

from moto.core.resource_tagging import TaggedResource
from moto.core.responses import ActionResult
from moto.ecs.models import EC2ContainerServiceBackend
from moto.ecs.responses import EC2ContainerServiceResponse

READ_BACK = (
    "availabilityZoneRebalancing",
    "capacityProviderStrategy",
    "enableECSManagedTags",
    "healthCheckGracePeriodSeconds",
)
_create, _tagged = EC2ContainerServiceResponse.create_service, EC2ContainerServiceBackend.iter_tagged_resources


def create_service(self: EC2ContainerServiceResponse) -> ActionResult:
    answer = _create(self)
    service = answer.result["service"]
    for name in READ_BACK:
        if self._get_param(name) is not None:
            setattr(service, name, self._get_param(name))
    if self._get_param("capacityProviderStrategy"):
        service.launch_type = None
    return answer


def iter_tagged_resources(self: EC2ContainerServiceBackend) -> Iterator[TaggedResource]:
    held = [(one.arn, one.status) for one in self.clusters.values()]
    held += [(one.physical_resource_id, one.status) for one in self.services.values()]
    held += [(one.arn, one.status) for family in self.task_definitions.values() for one in family.values()]
    gone = {arn for arn, status in held if status == "INACTIVE"}
    yield from (one for one in _tagged(self) if one.arn not in gone)


EC2ContainerServiceBackend.iter_tagged_resources = iter_tagged_resources  # type: ignore[method-assign]
EC2ContainerServiceResponse.create_service = create_service  # type: ignore[method-assign]
