"""Every environment's plan: tagged, encrypted, closed, no secret in it, permitting what was reviewed and no more."""

from __future__ import annotations

import json
import re

import pytest

from tests.infra.environments import Environments, names
from tests.infra.reviewed import PAGE, PERMISSIONS, environments_page, permissions_table, plans
from tests.infra.terraform_cli import TERRAFORM
from tideline.environments import table
from tideline.environments.accepted import read_accepted
from tideline.environments.plan import Plan
from tideline.environments.review import review

pytestmark = [pytest.mark.xdist_group("environments"), pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def planned(environments: Environments) -> dict[str, Plan]:
    return plans(environments)


def test_every_break_of_a_rule_was_reviewed_and_every_reviewed_one_still_is_there(planned: dict[str, Plan]):
    found = {one for plan in planned.values() for one in review(plan)}
    assert sorted(found) == sorted(read_accepted(TERRAFORM / "reviewed" / "plan.yaml"))


def test_who_may_do_what_where_is_the_reviewed_table(planned: dict[str, Plan]):
    """A role that gains or loses anything is a difference that a person has to read: make tf-review."""
    found = permissions_table(planned)
    assert table.changed(PERMISSIONS.read_text(), found) == []
    assert found == PERMISSIONS.read_text()


def test_the_page_about_the_environments_is_fresh(planned: dict[str, Plan]):
    assert PAGE.read_text() == environments_page(planned), "run: make tf-review"


def _values(plan: Plan, type_: str, key: str) -> set[object]:
    return {one.values.get(key) for one in plan.of(type_)}


def test_nothing_of_prod_that_holds_data_can_be_deleted_in_passing(planned: dict[str, Plan]):
    prod = planned["prod"]
    assert _values(prod, "aws_s3_bucket", "force_destroy") == {False}
    assert _values(prod, "aws_kms_key", "deletion_window_in_days") == {30}
    assert _values(prod, "aws_dynamodb_table", "deletion_protection_enabled") == {True}
    assert _values(prod, "aws_lb", "enable_deletion_protection") == {True}
    assert _values(prod, "aws_ecr_repository", "force_delete") == {False}
    assert list(prod.of("aws_backup_vault_lock_configuration"))
    (lock,) = (one for one in prod.of("aws_s3_bucket_object_lock_configuration") if "replica" not in one.address)
    assert lock.values["rule"][0]["default_retention"][0]["mode"] == "COMPLIANCE"


def test_prod_differs_from_dev_as_meant(planned: dict[str, Plan]):
    dev, prod = planned["dev"], planned["prod"]
    assert len(list(dev.of("aws_nat_gateway"))) == 1
    assert len(list(prod.of("aws_nat_gateway"))) == 3
    assert _values(dev, "aws_s3_bucket", "force_destroy") == {True}
    assert not list(dev.of("aws_s3_bucket_replication_configuration"))
    assert len(list(prod.of("aws_s3_bucket_replication_configuration"))) == 7
    assert max(_values(dev, "aws_cloudwatch_log_group", "retention_in_days")) < min(
        _values(prod, "aws_cloudwatch_log_group", "retention_in_days")
    )
    assert _values(dev, "aws_msk_cluster", "enhanced_monitoring") == {"DEFAULT"}
    assert _values(prod, "aws_msk_cluster", "enhanced_monitoring") == {"PER_BROKER"}


def test_what_one_environment_names_no_other_names(planned: dict[str, Plan]):
    """Buckets, roles and keys of two environments never meet, even in one account."""
    kinds = {"aws_s3_bucket": "bucket", "aws_iam_role": "name", "aws_kms_alias": "name", "aws_iam_policy": "name"}
    seen: dict[str, str] = {}
    for name, plan in planned.items():
        for type_, key in kinds.items():
            for one in plan.of(type_):
                value = one.values[key]
                assert seen.setdefault(value, name) == name
                assert f"tideline-{name}-" in value


@pytest.mark.parametrize("name", names())
def test_no_policy_of_an_environment_names_another(environments: Environments, name: str):
    text = json.dumps(environments.plan(name)["planned_values"])
    others = [other for other in names() if other != name]
    assert not [found for found in re.findall(r"tideline-(dev|staging|prod)\b", text) if found in others]
