"""Glue's schema registries keep their tags where tags are asked for.

moto stores them in the registry, and GetTags looks elsewhere.
"""

from __future__ import annotations

from typing import Any

from moto.glue.models import GlueBackend

_create = GlueBackend.create_registry


def create_registry(
    self: GlueBackend, registry_name: str, description: str | None = None, tags: dict[str, str] | None = None
) -> dict[str, Any]:
    made = _create(self, registry_name, description, tags)
    self.tag_resource(made["RegistryArn"], tags or {})
    return made


GlueBackend.create_registry = create_registry  # type: ignore[method-assign]
