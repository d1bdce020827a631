"""Athena's named queries can be removed, which moto cannot."""

from __future__ import annotations

from moto.athena.responses import AthenaResponse


def delete_named_query(self: AthenaResponse) -> str:
    self.athena_backend.named_queries.pop(self._get_param("NamedQueryId"), None)
    return "{}"


AthenaResponse.delete_named_query = delete_named_query  # type: ignore[attr-defined]
