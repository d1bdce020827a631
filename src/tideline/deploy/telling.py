"""A rollout for people (text, markdown for a pull request) and for programs (JSON); all three say the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tideline.deploy.rollout import STAGES, Action, ContractPlan, Item, Rebuild, Rollout

_MARK = {Action.CREATE: "+", Action.CHANGE: "~", Action.DEPRECATE: "!", Action.REMOVE: "-", Action.KEEP: "="}


def as_json(rollout: Rollout, against: str) -> dict[str, Any]:
    return {
        "against": against,
        "breaking": rollout.breaking,
        "stages": list(STAGES),
        "contracts": [_contract(one) for one in rollout.contracts],
    }


def as_text(rollout: Rollout, against: str) -> str:
    """For a terminal, one contract after the other, in the order of the stages."""
    if not rollout.contracts:
        return f"compared with {against}: nothing to do"
    return "\n".join([f"compared with {against}:", *(line for one in rollout.contracts for line in _lines(one))])


def as_markdown(rollout: Rollout, against: str) -> str:
    """For a comment on a pull request."""
    head = f"### Tideline plan\n\nCompared with {against}: "
    if not rollout.contracts:
        return head + "nothing to do.\n"
    verdict = "**breaking**" if rollout.breaking else "nothing breaks"
    count = len(rollout.contracts)
    parts = [f"{head}{count} contract{'s' if count > 1 else ''}, {verdict}.\n"]
    for one in rollout.contracts:
        parts.append(f"\n<details open><summary><b>{one.id}</b> {_title(one)}</summary>\n")
        rows = [(item.stage, item.kind, item.action.value, f"`{item.name}`", item.detail) for item in one.items]
        if rows:
            parts.append("| stage | what | action | name | |\n|---|---|---|---|---|")
            parts += ["| " + " | ".join(_cell(text) for text in row) + " |" for row in rows]
        parts += [f"\n- {_cell(text)}" for text in _facts(one)]
        parts.append("\n</details>")
    return "\n".join(parts) + "\n"


def _lines(one: ContractPlan) -> Iterator[str]:
    yield f"\n{one.id}: {_title(one)}"
    for stage in STAGES:
        items = [item for item in one.items if item.stage == stage]
        if items:
            yield f"  {stage}"
            yield from (f"    {_MARK[item.action]} {_shown(item)}" for item in items)
    yield from (f"  {text}" for text in _facts(one))


def _title(one: ContractPlan) -> str:
    old, new = one.version
    version = f"{old} -> {new}" if old and new and old != new else (new or old or "")
    return f"{one.action.value} {version}" + (", BREAKING" if one.blocked else "")


def _shown(item: Item) -> str:
    return f"{item.kind} {item.name}" + (f": {item.detail}" if item.detail else "")


def _facts(one: ContractPlan) -> Iterator[str]:
    for change in one.blocked:
        yield f"breaks {', '.join(change.breaks)}: {'.'.join(change.path)} {change.text} ({change.code.value})"
    if one.returns:
        yield "a former deployment had it so: apply lets it pass without a waiver or a new version"
    if one.needs_version:
        yield f"the version has to be at least {one.needs_version}"
    if one.rebuild is not None:
        yield _rebuild(one, one.rebuild)
    if one.may_count:
        run = f"tideline run {one.id} --restate FROM TO"
        yield f"{one.may_count} quarantined records may count under the new contract: {run}"
    if one.unknown and not one.rebuild:
        yield f"silver was judged under contract hash {one.unknown}, which no deployment knows"


def _rebuild(one: ContractPlan, rebuild: Rebuild) -> str:
    size = f"{rebuild.rows:,} rows, {rebuild.bytes:,} bytes"
    if rebuild.days is None:
        return f"the next run builds {', '.join(rebuild.views)} again ({size} now), because {'; '.join(rebuild.why)}"
    first, end = rebuild.days
    count = (end - first).days
    days = f"{count} day{'s' if count > 1 else ''} [{first}, {end}) of silver ({size})"
    return f"rebuild {days}: tideline run {one.id} --restate {first} {end}, because {'; '.join(rebuild.why)}"


def _contract(one: ContractPlan) -> dict[str, Any]:
    return {
        "id": one.id,
        "action": one.action.value,
        "version": {"before": one.version[0], "after": one.version[1]},
        "breaking": [
            {"code": c.code.value, "path": ".".join(c.path), "text": c.text, "breaks": list(c.breaks)}
            for c in one.blocked
        ],
        "items": [
            {"stage": i.stage, "kind": i.kind, "action": i.action.value, "name": i.name, "detail": i.detail}
            for i in one.items
        ],
        "needs_version": one.needs_version,
        "held_before": one.returns,
        "rebuild": None if one.rebuild is None else _rebuild_json(one.rebuild),
        "quarantined_that_may_count": one.may_count,
        "unknown_hash": one.unknown,
    }


def _rebuild_json(rebuild: Rebuild) -> dict[str, Any]:
    return {
        "days": None if rebuild.days is None else [day.isoformat() for day in rebuild.days],
        "rows": rebuild.rows,
        "bytes": rebuild.bytes,
        "views": list(rebuild.views),
        "why": list(rebuild.why),
    }


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
