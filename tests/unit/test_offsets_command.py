"""`tideline offsets`: what a person may decide about positions is refused, forced or written down as the text says."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from tests.unit.test_standing import SALES, TOPIC, Setting
from tideline import index, wiring
from tideline.batch.release import live_release
from tideline.cli.offsets import command
from tideline.model.errors import TidelineError
from tideline.model.release import Release, release_name


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Setting:
    """Two releases: the first covers 3 of each partition, the second 5; bronze covers 8 of 10."""
    setting = Setting()
    second = live_release(setting.documents, SALES.id)
    assert second is not None
    for number, at in ((1, 3), (2, 5)):
        said = second.as_json() | {"number": number}
        said["coverage"] = {**said["coverage"], "next": {"0": at, "1": at}}
        setting.documents.texts[release_name(SALES.id, number)] = json.dumps(Release.from_json(said).as_json())
    monkeypatch.setattr(index, "load_contract", lambda *_: SALES)
    monkeypatch.setattr(wiring, "event_log", lambda _settings: setting.log)
    monkeypatch.setattr(wiring, "documents", lambda _settings: setting.documents)
    monkeypatch.setattr(wiring, "tables", lambda _settings: setting.tables)
    return setting


def offsets(*words: str) -> Result:
    return CliRunner().invoke(command, [SALES.id, *words])


def error_of(result: Result) -> TidelineError:
    assert isinstance(result.exception, TidelineError), result.output
    return result.exception


def test_a_rollback_that_the_log_can_serve_goes_through_and_repeats_harmlessly(setting: Setting) -> None:
    setting.log.truncate(TOPIC, 0, 3)
    for _ in range(2):
        assert offsets("--rollback-to", "1").exit_code == 0
        live = live_release(setting.documents, SALES.id)
        assert live is not None and (live.number, live.rollback_of, live.coverage.at(0)) == (3, 2, 3)


def test_one_that_it_cannot_serve_is_refused_with_the_range_unless_forced(setting: Setting) -> None:
    """Refused: nothing is written, exit 66. Forced: the same range on stderr, and the release is there."""
    setting.log.truncate(TOPIC, 1, 4)
    refusal = error_of(offsets("--rollback-to", "1"))
    assert (refusal.code, refusal.exit_code) == ("TL-REL-003", 66) and "partition 1 [3, 4)" in refusal.what
    live = live_release(setting.documents, SALES.id)
    assert live is not None and live.number == 2
    forced = offsets("--rollback-to", "1", "--force")
    assert forced.exit_code == 0 and "partition 1 [3, 4)" in forced.stderr
    live = live_release(setting.documents, SALES.id)
    assert live is not None and (live.number, live.coverage.at(1)) == (3, 3)


def test_a_loss_is_accepted_by_name_for_a_reason(setting: Setting) -> None:
    """Without a reason nothing happens; with one the range is shown, kept, and no contradiction any more."""
    setting.log.truncate(TOPIC, 1, 9)
    assert error_of(offsets("--verify")).exit_code == 66
    lost = ("--accept-loss", "1", "8", "9")
    assert error_of(offsets(*lost)).code == "TL-LOS-004"
    assert error_of(offsets(*lost, "--reason", " ")).code == "TL-LOS-004"
    done = offsets(*lost, "--reason", "retention", "--by", "ada", "--verify")
    assert done.exit_code == 0, done.output
    assert "partition 1 [8, 9) = 1 positions, accepted by ada" in done.stdout and "verified" in done.stdout
    [loss] = json.loads(offsets("--json").stdout)["losses"]
    assert (loss["from"], loss["to"], loss["by"], loss["reason"]) == (8, 9, "ada", "retention")


def test_whoever_is_not_named_is_the_user_of_the_machine(setting: Setting) -> None:
    import os
    import pwd

    setting.log.truncate(TOPIC, 1, 9)
    assert offsets("--accept-loss", "1", "8", "9", "--reason", "retention").exit_code == 0
    [loss] = json.loads(offsets("--json").stdout)["losses"]
    assert loss["by"] == pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--reason", "retention"), "belong to --accept-loss"),
        (("--by", "ada"), "belong to --accept-loss"),
        (("--force",), "--force belongs to --rollback-to"),
        (("--accept-loss", "1", "8", "9", "--rollback-to", "1"), "two decisions"),
    ],
)
def test_a_word_that_decides_nothing_alone_is_refused(words: tuple[str, ...], said: str) -> None:
    """Nobody believes to have accepted a loss or forced a rollback when nothing was done."""
    refused = offsets(*words)
    assert refused.exit_code == 2
    assert said in refused.output


def test_a_user_without_a_name_is_asked_for_one(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container with a user id of its own; nothing is written down for nobody."""
    nobody: dict[int, str] = {}
    monkeypatch.setattr("pwd.getpwuid", nobody.__getitem__)
    error = error_of(offsets("--accept-loss", "1", "8", "9", "--reason", "retention"))
    assert error.code == "TL-LOS-005"
    assert "--by" in (error.fix or "")
