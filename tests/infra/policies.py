"""parliament on policy documents: actions that do not exist, conditions that never hold, resources of a wrong kind."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files
from types import ModuleType
from typing import Any

import yaml

from tests.infra.linters import place
from tests.infra.plans import documents
from tests.infra.terraform_cli import TERRAFORM

REVIEWED = TERRAFORM / "reviewed" / "parliament.yaml"


# names of one environment, and the number of a policy that was too long for one, say nothing here
NAMES, PART = re.compile(r"-(dev|staging|prod)\b"), re.compile(r"#\d+")


@dataclass(frozen=True, order=True)
class Finding:
    """What parliament calls it, at `<module>/<type>.<name>["key"]`, and its detail, one action at a time."""

    issue: str
    where: str
    detail: str


@dataclass(frozen=True)
class Reviewed:
    """`issue` is exact, `where` and `detail` are patterns of the whole text; `root` shows what is on nowhere."""

    issue: str
    where: str
    detail: str
    reason: str
    root: str = ""

    def matches(self, one: Finding) -> bool:
        return bool(
            self.issue == one.issue and re.fullmatch(self.where, one.where) and re.fullmatch(self.detail, one.detail)
        )


@contextmanager
def _pkg_resources() -> Iterator[None]:
    """parliament asks setuptools' former pkg_resources for the path of its two files; setuptools 81 dropped it."""
    stand_in = ModuleType("pkg_resources")
    stand_in.__dict__["resource_filename"] = lambda package, name: str(files(package) / name)
    absent = "pkg_resources" not in sys.modules
    sys.modules.setdefault("pkg_resources", stand_in)
    try:
        yield
    finally:
        if absent:
            del sys.modules["pkg_resources"]


@cache
def lint(policy: str) -> tuple[tuple[str, str], ...]:
    """(issue, detail) of everything that parliament says about one document; lists of actions are taken apart."""
    with _pkg_resources():
        parliament = import_module("parliament")
    found = parliament.analyze_policy_string(policy).findings
    return tuple(sorted({(str(one.issue), detail) for one in found for detail in _details(one.detail)}))


def _details(detail: Any) -> list[str]:
    if not isinstance(detail, list):
        return [str(detail)]
    return [f"{one['action']} needs {one['required_format']}" if isinstance(one, dict) else str(one) for one in detail]


def findings(plan: dict[str, Any]) -> set[Finding]:
    """What parliament says about every document in a plan, but for what it cannot know about two kinds of documents."""
    return {
        Finding(issue, _where(address), NAMES.sub("-*", detail))
        for address, attribute, document in documents(plan)
        for issue, detail in lint(json.dumps(document, sort_keys=True))
        if not _of_its_kind(address, attribute, issue, detail)
    }


def _of_its_kind(address: str, attribute: str, issue: str, detail: str) -> bool:
    """A trust policy has no resource; in a key's policy the resource "*" is the key."""
    trust = attribute == "assume_role_policy" and issue == "MALFORMED" and "neither Resource nor NotResource" in detail
    key = ("aws_kms_key." in address or "aws_kms_replica_key." in address) and issue == "RESOURCE_STAR"
    return trust or key


def _where(address: str) -> str:
    """`module.platform.module.iam.aws_iam_policy.this["ci-apply#2"]` is `iam/aws_iam_policy.this["ci-apply"]`."""
    key = address[address.index("[", address.rindex(".aws_")) :] if address.endswith("]") else ""
    return PART.sub("", place("", address) + key)


def reviewed() -> list[Reviewed]:
    """The review: a list of {issue, where, detail, reason}."""
    return [Reviewed(**one) for one in yaml.safe_load(REVIEWED.read_text())]
