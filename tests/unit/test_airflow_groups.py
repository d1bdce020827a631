"""Which contracts share a DAG: each exactly one, by what they have in common, and a new one moves nobody."""

from __future__ import annotations

import pytest

pytest.importorskip("airflow", reason="Airflow is not installed here (the speed and serving groups have none)")

from tideline_airflow.groups import PREFIX, Group, grouped

from tideline.listing import Listed


def listed(product: str, **changes: object) -> Listed:
    members: dict[str, object] = {
        "id": f"retail.{product}", "version": "1.0.0", "hash": "0" * 16, "owner": "retail-data", "tier": "gold",
        "description": "A product.", "tags": (), "schedule": "0 0 * * *", "freshness": 60.0, "deadline": None,
        "views": (),
    }  # fmt: skip
    return Listed(**{**members, **changes})  # type: ignore[arg-type]


def place(groups: tuple[Group, ...]) -> dict[str, str]:
    found = [(member.id, group.id) for group in groups for member in group.members]
    assert len(found) == len(dict(found)), "a contract is in one group"
    return dict(found)


def test_only_contracts_with_the_same_schedule_owner_tier_and_deadline_share_a_dag() -> None:
    alike = [listed("a"), listed("b", tags=("x",), description="Another.")]
    others = [
        listed("c", schedule="0 * * * *"), listed("d", owner="someone"), listed("e", tier="bronze"),
        listed("f", deadline=60.0), listed("g", schedule="*/5 0 * * *"), listed("h", schedule="0-5 0 * * *"),
    ]  # fmt: skip
    groups = grouped([*alike, *others], 100)
    assert len(groups) == 1 + len(others) and len({group.id for group in groups}) == len(groups)
    assert place(groups)["retail.a"] == place(groups)["retail.b"]
    for group in groups:
        assert group.id.startswith(PREFIX) and len(group.id) < 200
        assert all(character.isalnum() or character in "._-" for character in group.id)


def test_a_group_is_split_and_a_new_contract_moves_none_of_the_others() -> None:
    many = [listed(f"p{n}") for n in range(950)]
    before = place(grouped(many, 100))
    assert len(set(before.values())) == 10
    sizes = [len(group.members) for group in grouped(many, 100)]
    assert max(sizes) < 150, sizes
    after = place(grouped([listed("new"), *reversed(many)], 100))
    assert {id_: after[id_] for id_ in before} == before


def test_owners_that_look_alike_stay_apart() -> None:
    groups = grouped([listed("a", owner="Team A"), listed("b", owner="team-a"), listed("c", owner="数")], 100)
    assert len({group.id for group in groups}) == 3
