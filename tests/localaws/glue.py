"""Glue's schema registries keep their tags where tags are asked for, and what is deleted has none any more.

moto stores a registry's tags in the registry, and keeps the tags of what is gone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.glue.models import GlueBackend

_create = GlueBackend.create_registry


def create_registry(
    self: GlueBackend, registry_name: str, description: str | None = None, tags: dict[str, str] | None = None
) -> dict[str, Any]:
    made = _create(self, registry_name, description, tags)
    self.tag_resource(made["RegistryArn"], tags or {})
    return made


def forgetting(delete: Callable[..., Any], kind: str) -> Callable[..., Any]:
    """`delete` of something by name (or by an id that holds its ARN) that forgets its tags too."""

    def deleted(self: GlueBackend, *given: Any, **named: Any) -> Any:
        (which,) = (*given, *named.values())
        end = which if isinstance(which, str) else which.get("RegistryArn") or which.get("SchemaArn")
        answer = delete(self, *given, **named)
        for arn in [one for one in self.tagger.tags if one == end or one.endswith(f":{kind}/{end}")]:
            self.tagger.delete_all_tags_for_resource(arn)
        return answer

    return deleted


GlueBackend.create_registry = create_registry  # type: ignore[method-assign]
for thing in ("crawler", "database", "registry", "schema"):
    setattr(GlueBackend, f"delete_{thing}", forgetting(getattr(GlueBackend, f"delete_{thing}"), thing))
