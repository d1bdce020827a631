"""After a changed rule the audit lets nothing through before every day that silver retains was judged by it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from tests.unit.test_audit_publish import FIRST, STREAM
from tests.unit.test_audit_publish import World as Lake
from tideline.batch.commits import StageCommit
from tideline.batch.cut import Cut, cut_name
from tideline.batch.model import model_name
from tideline.batch.publish import publish
from tideline.model.contract import Contract, RowRule
from tideline.model.errors import AuditFailed
from tideline.model.position import Coverage
from tideline.planning import Request

TODAY = datetime(2026, 11, 21, tzinfo=UTC)


class Days(Lake):
    """A lake whose three events happened on the 2nd, 3rd and 4th of November 2026."""

    def _silver(self) -> Any:
        days = [datetime(2026, 11, 2 + number, 12, tzinfo=UTC) for number in range(len(self.rows))]
        return super()._silver().append_column("at", pa.array(days, pa.timestamp("us", "UTC")))

    def change_the_rule(self, **also: Any) -> None:
        before, rules = self.contract, (RowRule(name="price_not_negative", expression="price > 0"),)
        self.contract = Contract.model_validate({**before.model_dump(), "rules": rules, **also})
        assert self.contract.hash != before.hash

    def restate(self, key: str, *days: tuple[int, int]) -> None:
        """One restate commit per range of November's days, a cut, and gold from the last of them."""
        coverage = Coverage(STREAM, {0: len(self.rows)})
        today = TODAY.isoformat().replace("+00:00", "Z")
        cut = Cut("shop.sales", self.contract.hash, key, Request(), today, coverage, coverage, {0: 0})
        self.documents.put_new(cut_name("shop.sales", key), cut.as_json())
        for first, end in days:
            named = (f"2026-11-{first:02d}", f"2026-11-{end:02d}")
            said = StageCommit("restate", key, "shop.sales", self.contract.hash, 9, coverage, {0: 3}, 0, days=named)
            silver = self.tables.commit("silver/shop/sales", self._silver(), json.loads(said.as_metadata())["tideline"])
        gold = self._commit("gold/by_land", self._gold("0"), "model", key, coverage, 3, {}, silver)
        self.documents.put_new(model_name("shop.sales", key), {"silver_version": silver, "views": {"by_land": gold}})

    def refusal(self, key: str) -> str:
        with pytest.raises(AuditFailed) as caught:
            self.audit(key)
        assert caught.value.exit_code == 65
        return str(caught.value)


@pytest.fixture
def lake() -> Days:
    lake = Days()
    lake.write("r1", FIRST)
    lake.audit("r1")
    lake.publish("r1")
    return lake


def test_some_days_restated_are_not_enough(lake: Days) -> None:
    """The audit fails with exactly the days that are still judged by the old rule; the old release stays live."""
    lake.change_the_rule()
    lake.restate("r2", (3, 4))
    assert "restate the days [2026-11-02, 2026-11-03), [2026-11-04, 2026-11-05)" in lake.refusal("r2")
    with pytest.raises(AuditFailed):
        publish(lake.contract, "r2", lake.documents, lambda: TODAY)
    lake.restate("r3", (2, 3))
    assert "restate the days [2026-11-04, 2026-11-05)" in lake.refusal("r3")
    lake.restate("r4", (4, 9))
    assert lake.audit("r4").passed
    assert publish(lake.contract, "r4", lake.documents, lambda: TODAY).contract_hash == lake.contract.hash


def test_days_out_of_retention_are_let_be(lake: Days) -> None:
    """18 days are kept: on the 21st of November the 2nd is gone, the 3rd has to be judged again."""
    lake.change_the_rule(retention=timedelta(days=18))
    lake.restate("r2", (4, 5))
    assert "restate the days [2026-11-03, 2026-11-04)" in lake.refusal("r2")
    lake.restate("r3", (3, 4))
    assert lake.audit("r3").passed
