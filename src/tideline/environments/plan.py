"""A Terraform plan as Tideline reads it: the resources that would be, with the values that are known beforehand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tideline.model.errors import Fatal

_SAID = ("1.",)  # format versions of `terraform show -json` that were read so far


@dataclass(frozen=True, slots=True)
class Resource:
    """One planned resource: `values` are known, `unknown` names what only applying can tell."""

    address: str
    type: str
    values: Mapping[str, Any]
    unknown: Mapping[str, Any]

    @property
    def module(self) -> str:
        """The module that makes it, below the platform: `module.platform.module.storage...` -> `storage`."""
        names = [part.partition("[")[0] for part in self.address.split(".")]
        found = [names[i + 1] for i, part in enumerate(names[:-1]) if part == "module"]
        inner = [name for name in found if name != "platform"]
        return inner[0] if inner else "platform"

    @property
    def service(self) -> str:
        """The AWS service that it belongs to, by the provider's names: aws_kinesis_stream -> kinesis."""
        return self.type.split("_")[1]


@dataclass(frozen=True, slots=True)
class Plan:
    """All planned resources by address, and the variables that the plan was made with."""

    resources: Mapping[str, Resource]
    variables: Mapping[str, Any]

    def beside(self, one: Resource, type_: str) -> Resource | None:
        """What belongs to a bucket: the resource of that type with its name, or for the same key of `for_each`."""
        twin = self.resources.get(one.address.replace(f"{one.type}.", f"{type_}."))
        named = (other for other in self.of(type_) if other.values.get("bucket") == one.values.get("bucket"))
        return twin or next(named, None)

    def of(self, *types: str) -> Iterator[Resource]:
        """Those of these types, by address."""
        return (one for _, one in sorted(self.resources.items()) if one.type in types)


def read(path: Path) -> Plan:
    """Read what `terraform show -json PLAN` printed. Raises Fatal for what is none."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise _none(path, str(error)) from error
    return parse(document, str(path))


def parse(document: Any, where: str) -> Plan:
    """The plan in the JSON of `terraform show -json`; `where` names it in errors."""
    if not isinstance(document, dict) or "planned_values" not in document:
        raise _none(Path(where), "it has no planned_values")
    if not str(document.get("format_version", "")).startswith(_SAID):
        raise _none(Path(where), f"format_version is {document.get('format_version')!r}, 1.x is known")
    unknown = {
        change["address"]: change["change"].get("after_unknown", {}) for change in document.get("resource_changes", [])
    }
    resources = {
        one["address"]: Resource(one["address"], one["type"], one.get("values", {}), unknown.get(one["address"], {}))
        for one in _managed(document["planned_values"].get("root_module", {}))
    }
    variables = {name: value.get("value") for name, value in document.get("variables", {}).items()}
    return Plan(resources, variables)


def _managed(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from (one for one in module.get("resources", []) if one["mode"] == "managed")
    for child in module.get("child_modules", []):
        yield from _managed(child)


def _none(path: Path, why: str) -> Fatal:
    return Fatal(
        "TL-ENV-003",
        f"this is no plan in JSON: {why}",
        where=str(path),
        fix="terraform plan -out p.tfplan && terraform show -json p.tfplan > plan.json",
    )
