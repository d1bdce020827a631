"""`tideline run` gives each stage what the settings say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.contract_index import small_contract
from tideline.batch import audit
from tideline.batch.stages import Run
from tideline.batch.stages import audit as audit_stage
from tideline.planning import Request
from tideline.settings import Settings


def test_the_audit_gets_the_limits_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TIDELINE_QUARANTINE_PERCENT and TIDELINE_QUARANTINE_ROWS reach the breaker that they describe."""
    asked: list[audit.Limits] = []

    def audited(*words: Any) -> audit.Audit:
        asked.append(words[-1])
        raise KeyError  # the outcome is another test's business

    monkeypatch.setattr(audit, "audit_run", audited)
    own = Settings(home=tmp_path, quarantine_percent=7, quarantine_rows=70)
    with pytest.raises(KeyError):
        audit_stage(Run(small_contract(), Request(), "r1", own, print))
    assert asked == [audit.Limits(7, 70)]
