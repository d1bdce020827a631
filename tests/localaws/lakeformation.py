"""Lake Formation lists grants by LF-tags.

moto stores a grant on an LF-tag policy and cannot list it, which is how the provider reads it back.
"""

from __future__ import annotations

import json
from typing import Any

from moto.lakeformation.responses import LakeFormationResponse

_list = LakeFormationResponse.list_permissions


def _plain(resource: Any) -> Any:
    """A tag expression in one order: Lake Formation knows none."""
    policy = resource.get("LFTagPolicy", {})
    expression = sorted((tag["TagKey"], sorted(tag["TagValues"])) for tag in policy.get("Expression", []))
    return policy.get("ResourceType"), expression


def list_permissions(self: LakeFormationResponse) -> str:
    resource = self._get_param("Resource") or {}
    if "LFTagPolicy" not in resource:
        return _list(self)
    catalog_id = self._get_param("CatalogId") or self.current_account
    principal, wanted = self._get_param("Principal"), _plain(resource)
    found = self.lakeformation_backend.list_permissions(catalog_id, principal)
    return json.dumps({"PrincipalResourcePermissions": [one for one in found if _plain(one["Resource"]) == wanted]})


LakeFormationResponse.list_permissions = list_permissions  # type: ignore[method-assign]
