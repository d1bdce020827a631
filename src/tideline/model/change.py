"""What a change of a contract does: the differences of two versions, whom they break, what the tables need.

`compare` looks at two versions; `judge` at a new one and all that came before it, as the contract's compatibility says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tideline.model import compatibility
from tideline.model.compatibility import BOOK, Change, Code, Level, Needs, Told
from tideline.model.contract import Contract, View
from tideline.model.expression import columns, parse
from tideline.model.part_change import compare_parts


def compare(old: Contract, new: Contract) -> tuple[Change, ...]:
    """Every difference of two versions of a contract, in the order of the contract's parts; none for the same content.

    The version itself, the path of the file and the name of its family are no content.
    """
    return tuple(_change(told, new) for told in compare_parts(old, new))


def needs_rebuild(changes: Sequence[Change]) -> bool:
    """Whether an event that counts might be judged or read otherwise now, so that silver's days need a restate."""
    return any(change.needs is Needs.SILVER for change in changes)


def keeps_verdicts(changes: Sequence[Change]) -> bool:
    """Whether every event already judged, also each one in quarantine, keeps its verdict and its values."""
    return not any(change.backward or change.forward or change.needs is Needs.SILVER for change in changes)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What `judge` found: all changes since the newest earlier version, and those that the mode forbids.

    `older` are breaks with versions before the newest one, each with that version. `version` is what the number in the
    file would have to be at least, None when it fits.
    """

    changes: tuple[Change, ...]
    blocked: tuple[Change, ...]
    older: tuple[tuple[str, Change], ...]
    needed: Level
    version: str | None


def judge(earlier: Sequence[Contract], new: Contract) -> Judgement:
    """Compare with the newest earlier version (the first), and with each older one where the mode is transitive.

    The mode is what the newest earlier version promised, so that no change can lower its own bar. Older versions only
    matter for data: their consumers have moved on. What already broke them before this change is not told again.
    """
    newest, mode = earlier[0], earlier[0].compatibility
    changes = compare(newest, new)
    blocked = tuple(change for change in changes if compatibility.blocks(change, mode))
    older: list[tuple[str, Change]] = []
    backward, forward = compatibility.directions(mode)
    for version in earlier[1:] if compatibility.is_transitive(mode) else ():
        known = {(change.code, change.path) for change in (*compare(version, newest), *changes)}
        known |= {(found.code, found.path) for _, found in older}
        for change in compare(version, new):
            breaks = (backward and change.backward) or (forward and change.forward)
            if breaks and (change.code, change.path) not in known:
                older.append((version.version, change))
    levels = [compatibility.level(change, mode) for change in changes] + [Level.MAJOR for _ in older]
    needed = max(levels, default=Level.NONE)
    got = compatibility.raised(newest.version, new.version)
    fits = needed is Level.NONE or (got is not None and got >= needed)
    return Judgement(changes, blocked, tuple(older), needed, None if fits else next_version(newest.version, needed))


def next_version(version: str, by: Level) -> str:
    """The smallest version that raises the given part."""
    parts = [int(part) for part in version.split(".")]
    at = 3 - by
    return ".".join(map(str, [*parts[:at], parts[at] + 1, *[0] * (2 - at)]))


def _change(told: Told, new: Contract) -> Change:
    rule = BOOK[told.code]
    change = Change(
        told.code, told.path, told.before, told.after,
        rule.backward if told.backward is None else told.backward,
        rule.forward if told.forward is None else told.forward,
        rule.consumers, rule.needs,
    )  # fmt: skip
    if change.backward and not rule.backward:
        change = replace(change, needs=Needs.SILVER)
    return replace(change, views=_views(change, new))


def _views(change: Change, new: Contract) -> tuple[str, ...]:
    """The views of the new contract that have to be built again."""
    if change.needs is Needs.SILVER:
        return tuple(view.name for view in new.views)
    if change.path[0] == "views":
        return (change.path[1],) if change.needs is Needs.GOLD else ()
    if change.code in (Code.WIDENED, Code.MASKING_STRICTER, Code.MASKING_LOOSER):
        return tuple(_reading(new, ".".join(change.path[1:])))
    return ()


def _reading(new: Contract, path: str) -> Iterator[str]:
    return (view.name for view in new.views if reads(view, path))


def reads(view: View, path: str) -> bool:
    """Whether a view reads a column: the field at a dotted path, what it lies in, or something inside it."""
    used = {dimension.column for dimension in view.dimensions}
    for measure in view.measures:
        used |= columns(parse(measure.expression)) if measure.expression else set()
    return any(f"{name}.".startswith(f"{path}.") or f"{path}.".startswith(f"{name}.") for name in used)


__all__ = [
    "Change",
    "Code",
    "Judgement",
    "Level",
    "Needs",
    "compare",
    "judge",
    "keeps_verdicts",
    "needs_rebuild",
    "reads",
]
