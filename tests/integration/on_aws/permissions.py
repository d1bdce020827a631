"""Whether the policies that Terraform plans allow what the job runs asked S3 for; IAM's rules, as far as S3 needs them.

An allow of the role's own policies and one of its boundary, and a denial of neither. A condition that is not known here
is an error, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.localaws import ACCOUNT, REGION
from tideline.environments.permissions import Policy

Statement = Mapping[str, Any]


@dataclass(frozen=True)
class Roles:
    """Statements of each role, by its name; `boundary` is that of all."""

    own: Mapping[str, Sequence[Statement]]
    boundary: Sequence[Statement]

    @classmethod
    def of(cls, policies: Iterable[Policy]) -> Roles:
        own: dict[str, list[Statement]] = {}
        boundary: list[Statement] = []
        for policy in policies:
            if policy.kind in ("identity", "boundary"):
                kept = boundary if policy.kind == "boundary" else own.setdefault(policy.subject, [])
                kept.extend(_list(policy.document["Statement"]))
        return cls(own, boundary)

    def refused(self, requests: Iterable[Mapping[str, Any]]) -> list[str]:
        """(role, action, object) of everything that is not allowed, each once."""
        found = {
            f"{one['who']} may not {one['action']} {_resource(one)}{_below(one)}"
            for one in requests
            if not self.allow(one)
        }
        return sorted(found)

    def allow(self, request: Mapping[str, Any]) -> bool:
        own = self.own.get(request["who"], ())
        effects = [{each["Effect"] for each in part if _speaks_of(each, request)} for part in (own, self.boundary)]
        return all("Allow" in found and "Deny" not in found for found in effects)


def _speaks_of(statement: Statement, request: Mapping[str, Any]) -> bool:
    return (
        _named(statement, "Action", request["action"], re.IGNORECASE)
        and _named(statement, "Resource", _resource(request), 0)
        and all(_holds(how, keys, request) for how, keys in statement.get("Condition", {}).items())
    )


def _named(statement: Statement, word: str, asked: str, flags: int) -> bool:
    """Whether Action or Resource names it, or NotAction or NotResource does not."""
    if f"Not{word}" in statement:
        return not _any(statement[f"Not{word}"], asked, flags)
    return _any(statement[word], asked, flags)


def _any(patterns: Any, asked: str, flags: int) -> bool:
    return any(_pattern(pattern, flags).fullmatch(asked) for pattern in _list(patterns))


@cache
def _pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """`*` and `?` as IAM means them: they match slashes too."""
    return re.compile(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."), flags | re.DOTALL)


def _holds(how: str, keys: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
    known = {
        "aws:RequestedRegion": REGION,
        "aws:ResourceAccount": ACCOUNT,
        "s3:prefix": request["prefix"],
        "s3:delimiter": request["delimiter"],
    }
    if how not in _CONDITIONS or set(keys) - set(known):
        raise NotImplementedError(f"condition {how} {', '.join(keys)} on {request['action']}")
    return all(_CONDITIONS[how](known[key], _list(wanted)) for key, wanted in keys.items())


_CONDITIONS: dict[str, Callable[[str | None, list[str]], bool]] = {
    "StringEquals": lambda value, wanted: value in wanted,
    "StringNotEquals": lambda value, wanted: value not in wanted,
    "StringLike": lambda value, wanted: value is not None and _any(wanted, value, 0),
    "StringLikeIfExists": lambda value, wanted: value is None or _any(wanted, value, 0),
}


def _resource(request: Mapping[str, Any]) -> str:
    key = "" if request["key"] is None else f"/{request['key']}"
    return f"arn:aws:s3:::{request['bucket']}{key}"


def _below(request: Mapping[str, Any]) -> str:
    return "" if request["prefix"] is None else f" below {request['prefix']!r}"


def _list(given: Any) -> list[Any]:
    return list(given) if isinstance(given, list | tuple) else [given]
