"""The reviewed table of permissions: rows of all environments in one CSV, so that a review sees each row once."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from tideline.environments.permissions import Permission

HEAD = ("kind", "subject", "effect", "resource", "actions", "condition", "environments")


def render(rows: Mapping[str, Sequence[Permission]]) -> str:
    """CSV text; `environments` says where a row holds, `all` when everywhere."""
    where: dict[Permission, list[str]] = {}
    for environment in rows:
        for row in rows[environment]:
            where.setdefault(row, []).append(environment)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEAD)
    for row in sorted(where):
        held = "all" if len(where[row]) == len(rows) else " ".join(where[row])
        writer.writerow((row.kind, row.subject, row.effect, row.resource, " ".join(row.actions), row.condition, held))
    return text.getvalue()


def changed(reviewed: str, found: str) -> list[str]:
    """What a person has to look at: each row that is new (+) or gone (-)."""
    before, after = (list(csv.reader(io.StringIO(text))) for text in (reviewed, found))
    gone = [f"- {' | '.join(row)}" for row in before if row not in after]
    return gone + [f"+ {' | '.join(row)}" for row in after if row not in before]
