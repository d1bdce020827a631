"""EC2: the description of a security group's rule that names a group or a prefix list; moto tells only a range's.

A deleted NAT gateway loses its tags: like AWS, moto lists it for a while, but the test looks for what is left by tags.
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models.nat_gateways import NatGateway, NatGatewayBackend
from moto.ec2.models.security_groups import SecurityGroupRule

PREFIX_LIST = 7  # its place among the arguments of a rule

_init, _delete_gateway = SecurityGroupRule.__init__, NatGatewayBackend.delete_nat_gateway


def begin(self: Any, *given: Any, **named: Any) -> None:
    """moto keeps only the id of the prefix list."""
    _init(self, *given, **named)
    listed = given[PREFIX_LIST] if len(given) > PREFIX_LIST else named.get("prefix_list_id")
    self.of_prefix_list = (listed or {}).get("Description")


def description(self: Any) -> str | None:
    said: str | None = self.ip_range.get("Description") or self.source_group.get("Description") or self.of_prefix_list
    return said


def delete_nat_gateway(self: Any, nat_gateway_id: str) -> NatGateway:
    deleted = _delete_gateway(self, nat_gateway_id)
    self.tags.pop(nat_gateway_id, None)
    return deleted


NatGatewayBackend.delete_nat_gateway = delete_nat_gateway  # type: ignore[method-assign]
SecurityGroupRule.__init__ = begin  # type: ignore[method-assign]
SecurityGroupRule.description = property(description)  # type: ignore[assignment,method-assign]
