"""The Release (Pointer): the one document that says which table versions and positions readers follow.

Its JSON is binding between batch, speed and serving (docs/formats.md). Positions are next-to-read, times UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from tideline.model.errors import DataError
from tideline.model.loss import Loss
from tideline.model.position import Coverage, Partition, Position

COUNTS = ("in", "good", "quarantined", "deduplicated", "filtered", "erased")


@dataclass(frozen=True, slots=True)
class ReleasedView:
    """Where a gold view is: `path` relative to the lake, and the pinned table version."""

    path: str
    version: int


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of one audit check; `detail` is for a person and carries no value of a row.

    A `warning` passed although its promise is broken, because the contract says so.
    """

    name: str
    passed: bool
    detail: str = ""
    warning: bool = False

    def as_json(self) -> dict[str, Any]:
        said = {"name": self.name, "passed": self.passed, "detail": self.detail}
        return said | {"warning": True} if self.warning else said

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Check:
        warning = value.get("warning") is True
        return Check(str(value["name"]), value["passed"] is True, str(value.get("detail", "")), warning)


@dataclass(frozen=True, slots=True)
class Release:
    """What is live. `increments` maps a partition to the offset in the increments topic from which readers start.

    `published` is ISO 8601 with Z; `counts` are totals since the first release; `rollback_of` is the number of the
    release whose content this one replaced with older content. `gaps` were accepted as lost: no figure contains them.
    """

    number: int
    contract: str
    contract_version: str
    contract_hash: str
    run_key: str
    published: str
    coverage: Coverage
    bronze_version: int
    silver_version: int
    quarantine_version: int | None
    increments: Mapping[Partition, Position] = field(default_factory=dict)
    views: Mapping[str, ReleasedView] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    rollback_of: int | None = None
    gaps: tuple[Loss, ...] = ()

    __hash__ = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        for name in ("increments", "views", "counts"):
            object.__setattr__(self, name, MappingProxyType(dict(sorted(getattr(self, name).items()))))

    def as_json(self) -> dict[str, Any]:
        gaps = {"gaps": [loss.as_json() for loss in self.gaps]} if self.gaps else {}
        return gaps | {
            "number": self.number,
            "contract": self.contract,
            "contract_version": self.contract_version,
            "contract_hash": self.contract_hash,
            "run_key": self.run_key,
            "published": self.published,
            "coverage": self.coverage.as_json(),
            "increments": {str(partition): offset for partition, offset in self.increments.items()},
            "bronze_version": self.bronze_version,
            "silver_version": self.silver_version,
            "quarantine_version": self.quarantine_version,
            "views": {name: {"path": view.path, "version": view.version} for name, view in self.views.items()},
            "counts": dict(self.counts),
            "checks": [check.as_json() for check in self.checks],
            "rollback_of": self.rollback_of,
        }

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Release:
        """Raises DataError TL-REL-001 when a member is missing or of another type."""
        try:
            return _read(value)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(
                "TL-REL-001",
                f"the release document cannot be read ({type(error).__name__}: {error})",
                where=f"release {value.get('number', '?')} of {value.get('contract', '?')}",
                fix="restore the document from a copy, or roll back: tideline offsets --rollback-to RELEASE",
            ) from error


def _read(value: Mapping[str, Any]) -> Release:
    quarantine, rollback = value.get("quarantine_version"), value.get("rollback_of")
    return Release(
        number=int(value["number"]),
        contract=str(value["contract"]),
        contract_version=str(value["contract_version"]),
        contract_hash=str(value["contract_hash"]),
        run_key=str(value["run_key"]),
        published=str(value["published"]),
        coverage=Coverage.from_json(value["coverage"]),
        increments={int(partition): int(offset) for partition, offset in value["increments"].items()},
        bronze_version=int(value["bronze_version"]),
        silver_version=int(value["silver_version"]),
        quarantine_version=None if quarantine is None else int(quarantine),
        views={name: ReleasedView(str(v["path"]), int(v["version"])) for name, v in value["views"].items()},
        counts={name: int(count) for name, count in value["counts"].items()},
        checks=tuple(Check.from_json(check) for check in value.get("checks", ())),
        rollback_of=None if rollback is None else int(rollback),
        gaps=tuple(Loss.from_json(loss) for loss in value.get("gaps", ())),
    )


def release_prefix(contract_id: str) -> str:
    return f"releases/{contract_id}/"


def release_name(contract_id: str, number: int) -> str:
    """The document name of a release: the number with twenty digits, so that names sort as numbers."""
    return f"{release_prefix(contract_id)}{number:020d}.json"


def release_number(name: str) -> int:
    return int(name.rsplit("/", 1)[-1].removesuffix(".json"))
