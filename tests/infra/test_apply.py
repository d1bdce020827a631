"""Every module that moto can carry is applied, planned again without a difference, destroyed, and leaves nothing.

moto answers whoever asks. These tests prove that the resources' arguments are accepted, read back as written and can be
removed in order. They prove nothing about authorisation, encryption or networks: only a real account shows that, and
tests/infra/test_policies.py reads the policies.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.infra.plans import Difference, differences, service
from tests.infra.rounds import Life, Round, applied, known, roots
from tests.infra.terraform_cli import MOTO_ROOTS, Terraform, TerraformFailed

GROUPS = 20


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [pytest.param(one, marks=pytest.mark.xdist_group(f"moto-{one}")) for one in roots()])
def test_a_module_goes_through_its_whole_life(name: str, round_on_moto: Round) -> None:
    """Apply works, the second plan differs only in what known.yaml explains, and destroy leaves an empty account."""
    life, written = round_on_moto.life(name), known(MOTO_ROOTS / name)
    assert sorted(life.differences - written.keys()) == [], "the second plan changes what known.yaml does not explain"
    assert sorted(written.keys() - life.differences) == [], "known.yaml explains what is no longer different: remove it"
    assert life.in_state == []
    assert life.in_account == []
    assert life.types == applied(MOTO_ROOTS / name), f"write to {name}/applied.txt:\n" + "\n".join(life.types)


@pytest.mark.parametrize("failures", [1, 2])
def test_a_life_in_which_terraform_fails_is_begun_again_once(failures: int, tmp_path: Path) -> None:
    """From an empty account and without the state of the first; what fails again is a failure."""
    account = Account()
    life = Failing(Terraform("terraform", tmp_path), account, tmp_path, {"one": {}}, failures=failures)  # type: ignore[arg-type]
    life.root("one").mkdir(parents=True)
    (life.root("one") / "terraform.tfstate").touch()
    with pytest.warns(UserWarning, match="one is begun again"):
        if failures > 1:
            with pytest.raises(TerraformFailed):
                life.life("one")
        else:
            assert life.life("one").types == ["aws_a"]
    assert account.resets == 1
    assert list(life.root("one").iterdir()) == []
    assert life.plans == {}


class Account:
    """Counts how often it was emptied."""

    resets = 0

    def reset(self) -> None:
        self.resets += 1


@dataclass
class Failing(Round):
    """Fails so many times, then works."""

    failures: int = 0

    def _once(self, name: str) -> Life:
        self.failures -= 1
        if self.failures >= 0:
            raise TerraformFailed("an answer was lost")
        return Life(["aws_a"], set(), [], [])


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
