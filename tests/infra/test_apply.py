"""Every module that moto can carry is applied, planned again without a difference, destroyed, and leaves nothing.

moto answers whoever asks. These tests prove that the resources' arguments are accepted, read back as written and can be
removed in order. They prove nothing about authorisation, encryption or networks: only a real account shows that, and
tests/infra/test_policies.py reads the policies.
"""

from __future__ import annotations

import pytest

from tests.infra.plans import Difference, differences, service
from tests.infra.rounds import Round, applied, known, roots
from tests.infra.terraform_cli import MOTO_ROOTS

GROUPS = 20


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [pytest.param(one, marks=pytest.mark.xdist_group(f"moto-{one}")) for one in roots()])
def test_a_module_goes_through_its_whole_life(name: str, round_on_moto: Round) -> None:
    """Apply works, the second plan differs only in what known.yaml explains, and destroy leaves an empty account."""
    life, written = round_on_moto, known(MOTO_ROOTS / name)
    types = life.apply(name)
    found = life.again(name)
    left_in_state = life.destroy(name)
    assert sorted(found - written.keys()) == [], "the second plan changes what known.yaml does not explain"
    assert sorted(written.keys() - found) == [], "known.yaml explains what is no longer different: remove it"
    assert left_in_state == []
    assert life.left() == []
    assert types == applied(MOTO_ROOTS / name), f"write to {name}/applied.txt:\n" + "\n".join(types)


@pytest.mark.parametrize("name", roots())
def test_every_known_difference_has_a_reason(name: str) -> None:
    """Whoever reads known.yaml learns why moto differs from AWS there."""
    bare = [difference for difference, why in known(MOTO_ROOTS / name).items() if len(str(why).split()) < 4]
    assert bare == []


def test_at_least_twenty_services_go_through_the_whole_cycle() -> None:
    """applied.txt of each root is compared with what was applied, so their union is what was proved."""
    covered = {service(one) for name in roots() for one in applied(MOTO_ROOTS / name)}
    assert len(covered) >= GROUPS, sorted(covered)


def test_a_difference_is_found_where_there_is_one() -> None:
    """An attribute that differs, one that becomes unknown, and a thing that is gone are three differences."""
    plan = {
        "resource_changes": [
            _change("aws_a.one", ["no-op"], {"x": 1}, {"x": 1}, {}),
            _change('module.m["k"].aws_a.two[0]', ["update"], {"x": 1, "y": 1, "z": 2}, {"x": 2, "z": 2}, {"y": True}),
            _change("aws_a.three", ["create"], None, {"x": 1}, {}),
        ],
        "output_changes": {"url": {"actions": ["update"]}, "same": {"actions": ["no-op"]}},
    }
    assert differences(plan) == {
        Difference("module.m.aws_a.two", "x"),
        Difference("module.m.aws_a.two", "y"),
        Difference("aws_a.three", "*"),
        Difference("output", "url"),
    }


def _change(address: str, actions: list[str], before: object, after: object, unknown: object) -> dict[str, object]:
    change = {"actions": actions, "before": before, "after": after, "after_unknown": unknown}
    return {"mode": "managed", "address": address, "change": change}
