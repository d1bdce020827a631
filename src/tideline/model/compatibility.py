"""The book of rules about changes: what each kind of change breaks, and what it needs of the tables.

    backward    a reader by the new contract refuses, or reads otherwise, an event that the old contract accepted
    forward     a reader by the old contract refuses, or reads otherwise, an event that the new contract accepts;
                the same events were refused until now, so a replay of the quarantine may find some of them valid
    consumers   somebody who reads silver, gold or the API loses something, or finds something else under its name

All three speak of members that a contract describes; what unknown members do is the contract's `drift`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from tideline.model.contract import Compatibility, Contract


class Kind(StrEnum):
    """What sort of part changed, for those who group or act on changes."""

    CONTRACT_REMOVED = "contract_removed"
    FIELD_ADDED = "field_added"
    FIELD_REMOVED = "field_removed"
    FIELD_RETIRED = "field_retired"
    FIELD_RENAMED = "field_renamed"
    RETYPED = "retyped"
    WIDENED = "widened"
    NARROWED = "narrowed"
    NULLABILITY = "nullability"
    ENUM = "enum"
    LIMITS = "limits"
    PATTERN = "pattern"
    MASKING = "masking"
    KEY = "key"
    HORIZON = "horizon"
    EVENT_TIME = "event_time"
    TOPIC = "topic"
    PARTITIONS = "partitions"
    DRIFT = "drift"
    DERIVED = "derived"
    RULE = "rule"
    GATE = "gate"
    VIEW = "view"
    DIMENSION = "dimension"
    MEASURE = "measure"
    PROMISE = "promise"
    ORDER = "order"
    PROSE = "prose"


class Needs(IntEnum):
    """What has to happen to the tables, from nothing to all; each includes what stands before it."""

    NOTHING = 0
    METADATA = 1  # add, rename, widen, relax or drop a column; no row is written again
    GOLD = 2  # the views named by the change are built again from silver as it is
    SILVER = 3  # the days that silver holds are judged again, then every view


class Level(IntEnum):
    """The part of the version that a change has to raise."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3


class Code(StrEnum):
    """The stable names of changes; docs/changing-contracts.md lists them."""

    CONTRACT_REMOVED = "TL-CHG-001"
    FIELD_ADDED = "TL-CHG-010"
    FIELD_ADDED_REQUIRED = "TL-CHG-011"
    FIELD_REMOVED = "TL-CHG-012"
    FIELD_RETIRED = "TL-CHG-013"
    FIELD_RETIRED_UNANNOUNCED = "TL-CHG-014"
    FIELD_RENAMED = "TL-CHG-015"
    NAME_REUSED = "TL-CHG-016"
    FORMER_NAME_ADDED = "TL-CHG-017"
    FORMER_NAME_DROPPED = "TL-CHG-018"
    DEPRECATED = "TL-CHG-019"
    RETYPED = "TL-CHG-020"
    WIDENED = "TL-CHG-021"
    NARROWED = "TL-CHG-022"
    REQUIRED = "TL-CHG-023"
    OPTIONAL = "TL-CHG-024"
    ENUM_WIDENED = "TL-CHG-025"
    ENUM_NARROWED = "TL-CHG-026"
    LIMIT_LOOSER = "TL-CHG-027"
    LIMIT_TIGHTER = "TL-CHG-028"
    PATTERN_DROPPED = "TL-CHG-029"
    PATTERN_CHANGED = "TL-CHG-030"
    MASKING_STRICTER = "TL-CHG-031"
    MASKING_LOOSER = "TL-CHG-032"
    CLASSIFICATION = "TL-CHG-033"
    KEY = "TL-CHG-040"
    HORIZON = "TL-CHG-041"
    EVENT_TIME = "TL-CHG-042"
    TOPIC = "TL-CHG-043"
    PARTITIONS_FEWER = "TL-CHG-044"
    PARTITIONS_MORE = "TL-CHG-045"
    EVENT_SMALLER = "TL-CHG-046"
    EVENT_LARGER = "TL-CHG-047"
    DRIFT_STRICTER = "TL-CHG-048"
    DRIFT_LOOSER = "TL-CHG-049"
    DERIVED_ADDED = "TL-CHG-050"
    DERIVED_REMOVED = "TL-CHG-051"
    DERIVED_CHANGED = "TL-CHG-052"
    RULE_ADDED = "TL-CHG-053"
    RULE_REMOVED = "TL-CHG-054"
    RULE_CHANGED = "TL-CHG-055"
    RULE_RENAMED = "TL-CHG-056"
    GATE_ADDED = "TL-CHG-057"
    GATE_REMOVED = "TL-CHG-058"
    GATE_CHANGED = "TL-CHG-059"
    GATE_TIGHTER = "TL-CHG-060"
    VIEW_ADDED = "TL-CHG-061"
    VIEW_REMOVED = "TL-CHG-062"
    VIEW_BATCH_ONLY = "TL-CHG-063"
    VIEW_LIVE = "TL-CHG-064"
    DIMENSION_ADDED = "TL-CHG-065"
    DIMENSION_REMOVED = "TL-CHG-066"
    DIMENSION_CHANGED = "TL-CHG-067"
    MEASURE_ADDED = "TL-CHG-068"
    MEASURE_REMOVED = "TL-CHG-069"
    MEASURE_CHANGED = "TL-CHG-070"
    PROMISE = "TL-CHG-080"
    ORDER = "TL-CHG-081"
    PROSE = "TL-CHG-082"
    RETENTION_SHORTER = "TL-CHG-083"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a kind of change means unless its place says otherwise; `says` is a sentence after the path."""

    kind: Kind
    says: str
    backward: bool = False
    forward: bool = False
    consumers: bool = False
    needs: Needs = Needs.NOTHING


def _breaking(kind: Kind, says: str, needs: Needs = Needs.SILVER) -> Rule:
    """What breaks everybody."""
    return Rule(kind, says, backward=True, forward=True, consumers=True, needs=needs)


BOOK: dict[Code, Rule] = {
    Code.CONTRACT_REMOVED: _breaking(Kind.CONTRACT_REMOVED, "the contract is gone", Needs.NOTHING),
    Code.FIELD_ADDED: Rule(
        Kind.FIELD_ADDED, "a new optional field, {after}", forward=True, needs=Needs.METADATA
    ),
    Code.FIELD_ADDED_REQUIRED: Rule(
        Kind.FIELD_ADDED, "a new required field, {after}: earlier events lack it",
        backward=True, forward=True, needs=Needs.SILVER,
    ),
    Code.FIELD_REMOVED: Rule(
        Kind.FIELD_REMOVED, "removed: deprecate it first, then move its name to retired",
        backward=True, consumers=True, needs=Needs.SILVER,
    ),
    Code.FIELD_RETIRED: Rule(
        Kind.FIELD_RETIRED, "retired after it had been deprecated", forward=True, needs=Needs.METADATA
    ),
    Code.FIELD_RETIRED_UNANNOUNCED: Rule(
        Kind.FIELD_RETIRED, "retired without having been deprecated: nobody was told",
        forward=True, consumers=True, needs=Needs.METADATA,
    ),
    Code.FIELD_RENAMED: Rule(
        Kind.FIELD_RENAMED, "renamed from {before} to {after}", forward=True, needs=Needs.METADATA
    ),
    Code.NAME_REUSED: _breaking(Kind.FIELD_ADDED, "takes the name of a retired field: earlier events may carry it"),
    Code.FORMER_NAME_ADDED: Rule(
        Kind.FIELD_RENAMED, "events may also carry it as {after}", forward=True
    ),
    Code.FORMER_NAME_DROPPED: Rule(
        Kind.FIELD_RENAMED, "no longer read from its former name {before}, which earlier events carry",
        backward=True, needs=Needs.SILVER,
    ),
    Code.DEPRECATED: Rule(Kind.PROMISE, "deprecated was {before}, is {after}"),
    Code.RETYPED: _breaking(Kind.RETYPED, "was {before}, is {after}"),
    Code.WIDENED: Rule(Kind.WIDENED, "widened from {before} to {after}", forward=True, needs=Needs.METADATA),
    Code.NARROWED: Rule(
        Kind.NARROWED, "narrowed from {before} to {after}", backward=True, consumers=True, needs=Needs.SILVER
    ),
    Code.REQUIRED: Rule(
        Kind.NULLABILITY, "was optional, is required: earlier events lack it", backward=True, needs=Needs.SILVER
    ),
    Code.OPTIONAL: Rule(Kind.NULLABILITY, "was required, is optional", forward=True, needs=Needs.METADATA),
    Code.ENUM_WIDENED: Rule(Kind.ENUM, "allows more: was {before}, is {after}", forward=True),
    Code.ENUM_NARROWED: Rule(
        Kind.ENUM, "no longer allows all it did: was {before}, is {after}", backward=True, needs=Needs.SILVER
    ),
    Code.LIMIT_LOOSER: Rule(Kind.LIMITS, "a looser limit: was {before}, is {after}", forward=True),
    Code.LIMIT_TIGHTER: Rule(
        Kind.LIMITS, "a tighter limit: was {before}, is {after}", backward=True, needs=Needs.SILVER
    ),
    Code.PATTERN_DROPPED: Rule(Kind.PATTERN, "the pattern {before} is dropped", forward=True),
    Code.PATTERN_CHANGED: Rule(
        Kind.PATTERN, "pattern was {before}, is {after}", backward=True, forward=True, needs=Needs.SILVER
    ),
    Code.MASKING_STRICTER: Rule(
        Kind.MASKING, "gold sees less of it: was {before}, is {after}", consumers=True, needs=Needs.GOLD
    ),
    Code.MASKING_LOOSER: Rule(Kind.MASKING, "more readers see it: was {before}, is {after}", needs=Needs.GOLD),
    Code.CLASSIFICATION: Rule(Kind.MASKING, "classification was {before}, is {after}"),
    Code.KEY: _breaking(Kind.KEY, "the deduplication key was {before}, is {after}"),
    Code.HORIZON: _breaking(Kind.HORIZON, "the horizon was {before}, is {after}: other repeats count"),
    Code.EVENT_TIME: _breaking(Kind.EVENT_TIME, "the event time was {before}, is {after}"),
    Code.TOPIC: _breaking(Kind.TOPIC, "the topic was {before}, is {after}: another log begins at its own start"),
    Code.PARTITIONS_FEWER: _breaking(
        Kind.PARTITIONS, "partitions were {before}, are {after}: a topic cannot lose any, so this is another log"
    ),
    Code.PARTITIONS_MORE: Rule(
        Kind.PARTITIONS,
        "partitions were {before}, are {after}: ids move between partitions, so a repeat of an event from before the "
        "increase counts again; raise it when producers rest for a horizon",
        needs=Needs.METADATA,
    ),
    Code.EVENT_SMALLER: Rule(
        Kind.LIMITS, "events may have {after} bytes, before {before}", backward=True, needs=Needs.SILVER
    ),
    Code.EVENT_LARGER: Rule(Kind.LIMITS, "events may have {after} bytes, before {before}", forward=True),
    Code.DRIFT_STRICTER: Rule(
        Kind.DRIFT, "was {before}, is {after}: events with unknown members no longer count",
        backward=True, needs=Needs.SILVER,
    ),
    Code.DRIFT_LOOSER: Rule(Kind.DRIFT, "was {before}, is {after}", forward=True),
    Code.DERIVED_ADDED: Rule(Kind.DERIVED, "a new derived column, {after}", needs=Needs.SILVER),
    Code.DERIVED_REMOVED: Rule(Kind.DERIVED, "removed", consumers=True, needs=Needs.METADATA),
    Code.DERIVED_CHANGED: _breaking(Kind.DERIVED, "was {before}, is {after}"),
    Code.RULE_ADDED: Rule(
        Kind.RULE, "a new rule, {after}: accepted events may break it", backward=True, needs=Needs.SILVER
    ),
    Code.RULE_REMOVED: Rule(
        Kind.RULE, "removed, was {before}: nothing keeps this promise any more", forward=True, consumers=True
    ),
    Code.RULE_CHANGED: _breaking(Kind.RULE, "was {before}, is {after}"),
    Code.RULE_RENAMED: Rule(Kind.RULE, "was named {before}; quarantine shows the new name"),
    Code.GATE_ADDED: Rule(Kind.GATE, "a new gate, {after}"),
    Code.GATE_REMOVED: Rule(Kind.GATE, "removed, was {before}: nothing keeps this promise any more", consumers=True),
    Code.GATE_CHANGED: Rule(Kind.GATE, "was {before}, is {after}", consumers=True),
    Code.GATE_TIGHTER: Rule(Kind.GATE, "promises more: was {before}, is {after}"),
    Code.VIEW_ADDED: Rule(Kind.VIEW, "a new view", needs=Needs.GOLD),
    Code.VIEW_REMOVED: Rule(Kind.VIEW, "removed: the API no longer serves it", consumers=True, needs=Needs.METADATA),
    Code.VIEW_BATCH_ONLY: Rule(
        Kind.VIEW, "becomes batch only: answers lack what is newer than the release", consumers=True
    ),
    Code.VIEW_LIVE: Rule(Kind.VIEW, "is served live, was batch only"),
    Code.DIMENSION_ADDED: Rule(
        Kind.DIMENSION, "a new dimension, {after}: each row becomes several", consumers=True, needs=Needs.GOLD
    ),
    Code.DIMENSION_REMOVED: Rule(Kind.DIMENSION, "removed, was {before}", consumers=True, needs=Needs.GOLD),
    Code.DIMENSION_CHANGED: Rule(Kind.DIMENSION, "was {before}, is {after}", consumers=True, needs=Needs.GOLD),
    Code.MEASURE_ADDED: Rule(Kind.MEASURE, "a new measure, {after}", needs=Needs.GOLD),
    Code.MEASURE_REMOVED: Rule(Kind.MEASURE, "removed, was {before}", consumers=True, needs=Needs.GOLD),
    Code.MEASURE_CHANGED: Rule(Kind.MEASURE, "was {before}, is {after}", consumers=True, needs=Needs.GOLD),
    Code.PROMISE: Rule(Kind.PROMISE, "was {before}, is {after}"),
    Code.ORDER: Rule(Kind.ORDER, "stands in another order"),
    Code.PROSE: Rule(Kind.PROSE, "was {before}, is {after}"),
    Code.RETENTION_SHORTER: Rule(
        Kind.PROMISE, "rows were kept for {before}, are for {after}: what is older goes", consumers=True
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """A difference before its consequences for tables are known; a flag that is None is the book's."""

    code: Code
    path: tuple[str, ...]
    before: str | None = None
    after: str | None = None
    backward: bool | None = None
    forward: bool | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two versions of a contract.

    `path` names the part, such as ("fields", "shipping", "city") or ("views", "sales_by_day", "measures", "revenue").
    `before` and `after` are short texts, None for what was or is not there. `views` are the gold views that have to be
    built again. `column` is the silver column (of a nested field, the one it lies in) under its new name, or its last
    one when it is gone.
    """

    code: Code
    path: tuple[str, ...]
    before: str | None
    after: str | None
    backward: bool
    forward: bool
    consumers: bool
    needs: Needs
    views: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        return BOOK[self.code].kind

    @property
    def column(self) -> str | None:
        return self.path[1] if self.path[0] in ("fields", "derived") and len(self.path) > 1 else None

    @property
    def text(self) -> str:
        """The change in words, without its place."""
        return BOOK[self.code].says.format(before=shortened(self.before), after=shortened(self.after))

    @property
    def breaks(self) -> tuple[str, ...]:
        """Whom it breaks, in words."""
        names = ("backward", "forward", "consumers")
        return tuple(name for name in names if getattr(self, name))


def blocks(change: Change, mode: Compatibility) -> bool:
    """Whether a contract that promised this mode must not make the change."""
    if mode is Compatibility.NONE:
        return False
    backward, forward = directions(mode)
    return change.consumers or (backward and change.backward) or (forward and change.forward)


def directions(mode: Compatibility) -> tuple[bool, bool]:
    """Whether old data must be readable by the new version, and new data by the old ones."""
    word = mode.value.removesuffix("_transitive")
    return word in ("backward", "full"), word in ("forward", "full")


def is_transitive(mode: Compatibility) -> bool:
    return mode.value.endswith("_transitive")


def level(change: Change, mode: Compatibility) -> Level:
    """What the change asks of the version. A contract without compatibility still numbers as if it were backward."""
    if change.kind in (Kind.PROSE, Kind.ORDER):
        return Level.PATCH
    counted = Compatibility.BACKWARD if mode is Compatibility.NONE else mode
    return Level.MAJOR if blocks(change, counted) else Level.MINOR


def raised(before: str, after: str) -> Level | None:
    """The first part of MAJOR.MINOR.PATCH that grew; None when the version went back."""
    old, new = ([int(part) for part in version.split(".")] for version in (before, after))
    if new < old:
        return None
    differing = next((at for at in range(3) if old[at] != new[at]), 3)
    return Level(3 - differing)


def shortened(text: str | None, length: int = 120) -> str:
    """A value for one line."""
    if text is None:
        return "nothing"
    return text if len(text) <= length else text[: length - 3] + "..."


def removed(contract: Contract) -> Change:
    """The whole contract is gone."""
    rule = BOOK[Code.CONTRACT_REMOVED]
    return Change(
        Code.CONTRACT_REMOVED, ("contract",), contract.version, None, rule.backward, rule.forward, rule.consumers,
        rule.needs, tuple(view.name for view in contract.views),
    )  # fmt: skip
