"""parliament reads every policy of every plan: a policy that cannot mean what it says is a finding.

Whether a policy grants no more than is meant is another question: the reviewed table of permissions answers it. And
moto asks no policy at all, so that only a real account shows that what is granted is enough.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from tests.infra import environments as envs
from tests.infra import policies
from tests.infra.environments import Environments
from tests.infra.policies import Finding, Reviewed
from tests.infra.rounds import Round, roots


def not_reviewed(found: set[Finding]) -> list[Finding]:
    review = policies.reviewed()
    return sorted(one for one in found if not any(entry.matches(one) for entry in review))


@pytest.mark.xdist_group("environments")
@pytest.mark.timeout(600)
def test_parliament_finds_in_the_environments_only_what_was_reviewed(environments: Environments, rounds: Round) -> None:
    """Every policy of dev, staging, prod and the bootstrap; an entry of the review that matches nothing fails too.

    An entry about a part that no environment has on names the moto root in which it is seen.
    """
    shown = ["bootstrap", *sorted({entry.root for entry in policies.reviewed() if entry.root})]
    plans = [environments.plan(name) for name in envs.names()] + [rounds.plan(name) for name in shown]
    found = set().union(*(policies.findings(plan) for plan in plans))
    assert not_reviewed(found) == []
    assert [entry for entry in policies.reviewed() if not any(entry.matches(one) for one in found)] == []


@pytest.mark.parametrize("name", [pytest.param(one, marks=pytest.mark.xdist_group(f"moto-{one}")) for one in roots()])
def test_parliament_finds_in_a_module_only_what_was_reviewed(name: str, rounds: Round) -> None:
    """Parts that no environment switches on are read here."""
    assert not_reviewed(policies.findings(rounds.plan(name))) == []


@pytest.mark.parametrize(
    ("statement", "issue"),
    [
        ({"Action": "s3:GetObjekt", "Resource": "arn:aws:s3:::b/*"}, "UNKNOWN_ACTION"),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::b"}, "RESOURCE_MISMATCH"),
        ({"Action": "kms:Decrypt", "Resource": "*"}, "RESOURCE_STAR"),
        (
            {
                "Action": "sqs:SendMessage",
                "Resource": "arn:aws:sqs:*:*:b",
                "Condition": {"StringEquals": {"s3:prefix": "b"}},
            },
            "UNKNOWN_CONDITION_FOR_ACTION",
        ),
    ],
)
def test_parliament_finds_what_cannot_be_meant(statement: Mapping[str, object], issue: str) -> None:
    """An action that does not exist, a resource of the wrong kind, every key, a condition that never holds."""
    found = policies.findings(_plan("aws_iam_policy.a", "policy", {"Effect": "Allow", **statement}))
    assert issue in {one.issue for one in found}


def test_two_kinds_of_documents_are_read_as_what_they_are() -> None:
    """A trust policy needs no resource, and "*" in a key's policy is the key; elsewhere both are findings."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    assert policies.findings(_plan("aws_iam_role.a", "assume_role_policy", trust)) == set()
    assert {one.issue for one in policies.findings(_plan("aws_iam_role.a", "policy", {**trust, "Principal": None}))}
    own = {
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Resource": "*",
    }
    assert policies.findings(_plan("aws_kms_key.a", "policy", own)) == set()
    assert {one.issue for one in policies.findings(_plan("aws_iam_policy.a", "policy", own))} == {"RESOURCE_STAR"}


def test_a_place_keeps_its_key_and_loses_its_part() -> None:
    """A policy that was split for its length is one."""
    plan = _plan(
        'module.platform.module.iam.aws_iam_policy.this["ci#2"]',
        "policy",
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"},
    )
    assert {one.where for one in policies.findings(plan)} == {'iam/aws_iam_policy.this["ci"]'}


def test_an_entry_of_the_review_matches_whole_texts_only() -> None:
    """`a` is not `ab`, and a pattern is one."""
    entry = Reviewed("RESOURCE_STAR", "iam/.*", "kms:(Decrypt|Encrypt)", "a reason")
    assert entry.matches(Finding("RESOURCE_STAR", "iam/aws_iam_policy.a", "kms:Decrypt"))
    assert not entry.matches(Finding("RESOURCE_STAR", "iam/aws_iam_policy.a", "kms:DecryptAll"))
    assert not entry.matches(Finding("MALFORMED", "iam/aws_iam_policy.a", "kms:Decrypt"))


def test_every_entry_of_the_review_has_a_reason() -> None:
    """Whoever reads the review learns why it is so."""
    assert [entry for entry in policies.reviewed() if len(entry.reason.split()) < 6] == []


def _plan(address: str, attribute: str, statement: Mapping[str, object]) -> dict[str, object]:
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return {"resource_changes": [{"mode": "managed", "address": address, "change": {"after": {attribute: document}}}]}
