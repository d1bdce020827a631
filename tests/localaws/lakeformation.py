"""Lake Formation lists grants by LF-tags, and says so when there is nothing left to revoke.

moto stores a grant on an LF-tag policy and cannot list it, which is how the provider reads it back; and the provider
revokes again until it is told that nothing is there.
"""

from __future__ import annotations

import json
from typing import Any

from moto.lakeformation.exceptions import InvalidInput
from moto.lakeformation.responses import LakeFormationResponse

_list, _revoke = LakeFormationResponse.list_permissions, LakeFormationResponse.revoke_permissions


def _plain(resource: dict[str, Any]) -> Any:
    """A tag expression in one order, since it has none; any other resource as it is."""
    if "LFTagPolicy" not in resource:
        return resource
    policy = resource["LFTagPolicy"]
    return policy["ResourceType"], sorted((tag["TagKey"], sorted(tag["TagValues"])) for tag in policy["Expression"])


def _granted(self: LakeFormationResponse) -> list[dict[str, Any]]:
    """Grants on the resource that the request is about, to its principal if it names one."""
    catalog_id = self._get_param("CatalogId") or self.current_account
    found = self.lakeformation_backend.list_permissions(catalog_id, self._get_param("Principal"))
    wanted = _plain(self._get_param("Resource"))
    return [one for one in found if _plain(one["Resource"]) == wanted]


def list_permissions(self: LakeFormationResponse) -> str:
    if "LFTagPolicy" not in (self._get_param("Resource") or {}):
        return _list(self)
    return json.dumps({"PrincipalResourcePermissions": _granted(self)})


def revoke_permissions(self: LakeFormationResponse) -> str:
    if not _granted(self):
        raise InvalidInput("No permissions revoked. Grantee has no permissions on the resource.")
    return _revoke(self)


LakeFormationResponse.list_permissions = list_permissions  # type: ignore[method-assign]
LakeFormationResponse.revoke_permissions = revoke_permissions  # type: ignore[method-assign]
