"""(contracts in force, contracts that shall be, what the lake is like) -> Rollout: what applying would do, purely.

`tideline plan` prints it, `tideline apply` walks its stages; nothing else decides what a deployment does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from tideline.model.change import compare, judge, keeps_verdicts, needs_rebuild
from tideline.model.compatibility import Change, Code, Needs, blocks, removed
from tideline.model.contract import Contract
from tideline.rendering import evolution, spark
from tideline.rendering.evolution import Act

STAGES = ("check", "tables", "topics", "generate", "rebuild", "record")
Days = tuple[date, date]  # half-open, UTC event days


class Action(StrEnum):
    CREATE = "create"
    CHANGE = "change"
    DEPRECATE = "deprecate"
    REMOVE = "remove"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a stage does: `kind` is what sort of thing (`column`, `dag` ...), `detail` is for a person."""

    stage: str
    kind: str
    action: Action
    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """What there is of a contract: silver's schema and hash, the days, rows and bytes it holds, open quarantine."""

    schema: Mapping[str, Any] | None = None
    held: str | None = None
    days: Days | None = None
    rows: int = 0
    bytes: int = 0
    quarantined: int = 0
    gold: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class World:
    """What a rollout is decided from, by contract id: the two sides, what is stored, and rendered files per side.

    Rendered files are texts by `kind:name`; `topics` are those that exist (None: the log was not asked); `held_before`
    are contracts that a former deployment had as they are now.
    """

    before: Mapping[str, Contract]
    after: Mapping[str, Contract]
    stored: Mapping[str, Stored] = field(default_factory=dict)
    rendered_before: Mapping[str, str] = field(default_factory=dict)
    rendered_after: Mapping[str, str] = field(default_factory=dict)
    topics: frozenset[str] | None = None
    held_before: frozenset[str] = frozenset()
    drop_retired: bool = False

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Rebuild:
    """Days of silver that are to be judged again (None: only gold is built again), and what that reads and writes."""

    days: Days | None
    rows: int
    bytes: int
    views: tuple[str, ...]
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContractPlan:
    """What happens to one contract; `blocked` are the changes that its compatibility forbids.

    `needs_version` is what its version would have to be at least (None: it fits), `may_count` how many records in
    quarantine the new contract might accept, `unknown` the hash of silver when no deployment knows it. `returns`: a
    former deployment had it so, and apply lets it pass whatever it breaks.
    """

    id: str
    action: Action
    version: tuple[str | None, str | None]
    changes: tuple[Change, ...] = ()
    blocked: tuple[Change, ...] = ()
    items: tuple[Item, ...] = ()
    rebuild: Rebuild | None = None
    needs_version: str | None = None
    may_count: int = 0
    unknown: str | None = None
    returns: bool = False


@dataclass(frozen=True, slots=True)
class Rollout:
    """Only contracts that something happens to; `drop_retired` as it was asked."""

    contracts: tuple[ContractPlan, ...] = ()
    drop_retired: bool = False

    @property
    def breaking(self) -> bool:
        return any(one.blocked for one in self.contracts)

    def of(self, stage: str) -> Iterator[tuple[ContractPlan, Item]]:
        """What a stage does, contract by contract."""
        for one in self.contracts:
            yield from ((one, item) for item in one.items if item.stage == stage)

    @property
    def rebuilds(self) -> dict[str, str]:
        """Contracts whose silver days have to be judged again, with the hash that they were judged under."""
        return {one.id: one.unknown or "" for one in self.contracts if one.rebuild and one.rebuild.days}


def roll_out(world: World) -> Rollout:
    """Decide. Raises Fatal TL-EVO-001 or 002 when a table cannot follow its contract."""
    made = []
    for id_ in sorted({*world.before, *world.after}):
        one = _contract(id_, world)
        if one.action is not Action.KEEP:
            made.append(one)
    return Rollout(tuple(made), world.drop_retired)


def _contract(id_: str, world: World) -> ContractPlan:
    before, after = world.before.get(id_), world.after.get(id_)
    stored = world.stored.get(id_, Stored())
    if after is None:
        assert before is not None
        gone = (removed(before),)
        blocked = tuple(change for change in gone if blocks(change, before.compatibility))
        items = tuple(_removed(before, world))
        return ContractPlan(id_, Action.REMOVE, (before.version, None), gone, blocked, items)
    changes = compare(before, after) if before else ()
    columns = () if stored.schema is None else evolution.changes(
        stored.schema, before, after, drop_retired=world.drop_retired
    )  # fmt: skip
    unknown = stored.held if stored.held not in (None, after.hash, before.hash if before else None) else None
    items = (
        *_tables(after, stored, columns, changes),
        *_topics(before, after, world),
        *_generated(before, after, world),
    )
    rebuild = _rebuild(after, changes, stored, unknown)
    new, returns = before is None and stored.held is None, before is not None and id_ in world.held_before
    action = Action.CREATE if new else Action.CHANGE if items or changes or unknown or rebuild else Action.KEEP
    return ContractPlan(
        id=id_,
        action=action,
        version=(before.version if before else None, after.version),
        changes=changes,
        blocked=tuple(change for change in changes if before and blocks(change, before.compatibility)),
        items=items,
        rebuild=rebuild,
        needs_version=judge([before], after).version if before and not returns else None,
        may_count=0 if keeps_verdicts(changes) else stored.quarantined,
        unknown=unknown,
        returns=returns,
    )


def _tables(
    after: Contract, stored: Stored, columns: Sequence[evolution.ColumnChange], changes: Sequence[Change]
) -> Iterator[Item]:
    silver = spark.table_name("silver", after)
    if stored.schema is None:
        for layer in spark.LAYERS:
            detail = f"{len(spark.columns(layer, after))} columns, by its first run"
            yield Item("tables", "table", Action.CREATE, spark.table_name(layer, after), detail)
        return
    words = {
        Act.ADD: (Action.CREATE, "added, null in the rows that are there: {after}"),
        Act.WIDEN: (Action.CHANGE, "widened from {before} to {after}; no file is written again"),
        Act.RENAME: (Action.CHANGE, "renamed to {after} by column mapping; no file is written again"),
        Act.DROP: (Action.REMOVE, "dropped by column mapping; RESTORE brings it back until VACUUM"),
        Act.HIDE: (Action.KEEP, "stays in the table, hidden; new rows have null"),
        Act.KEEP_WIDE: (Action.KEEP, "stays {before}, read as {after}"),
    }
    for change in columns:
        action, text = words[change.act]
        detail = text.format(before=change.before, after=change.after)
        yield Item("tables", "column", action, f"{silver}.{change.column}", detail)
    for change_ in changes:
        if change_.code is Code.DEPRECATED and change_.after == "true":
            name = ".".join(change_.path[1:])
            yield Item("tables", "column", Action.DEPRECATE, f"{silver}.{name}", "may be retired by a later version")


def _topics(before: Contract | None, after: Contract, world: World) -> Iterator[Item]:
    topic = after.stream.topic
    if before is None or before.stream.topic != topic or (world.topics is not None and topic not in world.topics):
        if world.topics is None or topic not in world.topics:
            yield Item("topics", "topic", Action.CREATE, topic, f"{after.stream.partitions} partitions")
    elif before.stream.partitions != after.stream.partitions:
        detail = f"{before.stream.partitions} -> {after.stream.partitions} partitions, with Kafka's own tool"
        yield Item("topics", "topic", Action.CHANGE, topic, detail)
    if before is not None and before.stream.topic != topic:
        yield Item("topics", "topic", Action.KEEP, before.stream.topic, "no longer read; its events stay")


def _generated(before: Contract | None, after: Contract, world: World) -> Iterator[Item]:
    yield from _differences("dag", _dag(before), _dag(after))
    yield from _differences("served field", _served(before), _served(after))
    texts = (world.rendered_before, world.rendered_after)
    ours, theirs = ({name: t for name, t in side.items() if name.startswith(f"{after.id}|")} for side in texts)
    yield from _files(ours, theirs)


def _removed(before: Contract, world: World) -> Iterator[Item]:
    for layer in spark.LAYERS:
        yield Item("tables", "table", Action.KEEP, spark.table_name(layer, before), "nobody reads or writes it now")
    yield Item("topics", "topic", Action.KEEP, before.stream.topic, "no longer read; its events stay")
    yield from _differences("dag", _dag(before), {})
    yield from _differences("served field", _served(before), {})
    yield from _files({n: t for n, t in world.rendered_before.items() if n.startswith(f"{before.id}|")}, {})


def _files(ours: Mapping[str, str], theirs: Mapping[str, str]) -> Iterator[Item]:
    """Rendered files are named `CONTRACT|KIND|NAME`."""
    for kind in sorted({name.split("|")[1] for name in (*ours, *theirs)}):
        mine, other = (
            {name.split("|")[2]: text for name, text in side.items() if name.split("|")[1] == kind}
            for side in (ours, theirs)
        )
        yield from _differences(kind, mine, other, tell=False)


def _differences(
    kind: str, before: Mapping[str, str], after: Mapping[str, str], *, tell: bool = True
) -> Iterator[Item]:
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        action = Action.CREATE if old is None else Action.REMOVE if new is None else Action.CHANGE
        detail = f"{old} -> {new}" if old is not None and new is not None else (new or old or "")
        yield Item("generate", kind, action, name, detail if tell else "")


def _dag(contract: Contract | None) -> dict[str, str]:
    if contract is None:
        return {}
    facts = [contract.schedule, f"tier {contract.tier}", f"owner {contract.owner}", *contract.tags]
    facts += [f"deadline {contract.deadline}"] if contract.deadline else []
    return {contract.id: ", ".join(facts)}


def _served(contract: Contract | None) -> dict[str, str]:
    """What the API serves: `view.field` and what it is."""
    found: dict[str, str] = {}
    for view in contract.views if contract else ():
        for dimension in view.dimensions:
            grain = f" by {dimension.grain.value}" if dimension.grain else ""
            found[f"{view.name}.{dimension.name}"] = f"{dimension.column}{grain}"
        for measure in view.measures:
            assert contract is not None
            scale = contract.measure_scale(measure)
            digits = f", {scale} digits" if scale else ""
            found[f"{view.name}.{measure.name}"] = f"{measure.kind.value} of {measure.expression or 'rows'}{digits}"
    return found


def _rebuild(after: Contract, changes: Sequence[Change], stored: Stored, unknown: str | None) -> Rebuild | None:
    why = tuple(f"{'.'.join(c.path)}: {c.text}" for c in changes if c.needs is Needs.SILVER)
    if stored.days is not None and (unknown or needs_rebuild(changes)):
        why += (f"silver was judged under contract hash {unknown}, which no deployment knows",) if unknown else ()
        return Rebuild(stored.days, stored.rows, stored.bytes, tuple(view.name for view in after.views), why)
    views = tuple(dict.fromkeys(view for change in changes for view in change.views))
    if not views or stored.held is None:
        return None
    sizes = [stored.gold.get(view, (0, 0)) for view in views]
    why = tuple(f"{'.'.join(c.path)}: {c.text}" for c in changes if c.views)
    return Rebuild(None, sum(rows for rows, _ in sizes), sum(size for _, size in sizes), views, why)
