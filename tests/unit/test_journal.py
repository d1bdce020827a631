"""The journal: what was meant, what became of it, and what a crash can do to the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tideline.local.journal import Journal, PlannedEvent, read
from tideline.model.errors import DataError
from tideline.ports import Delivery

EVENTS = [PlannedEvent("sale", 'id "1"', b'{"a": 1}'), PlannedEvent("broken", "id-2", b"\xff\x00")]


def test_lines_are_in_the_published_format(tmp_path: Path) -> None:
    """docs/formats.md: an intent before, an outcome after, values in base64."""
    journal = Journal(tmp_path / "j.jsonl")
    assert journal.intents(EVENTS) == [0, 1]
    assert journal.outcome(0, Delivery(3, 42)) == "ok"
    assert journal.outcome(1, Delivery(-1, None, 'unknown: "gone"')) == "unknown"
    journal.close()
    lines = [json.loads(line) for line in (tmp_path / "j.jsonl").read_text().splitlines()]
    assert lines == [
        {"n": 0, "phase": "intent", "class": "sale", "key": 'id "1"', "value": "eyJhIjogMX0="},
        {"n": 1, "phase": "intent", "class": "broken", "key": "id-2", "value": "/wA="},
        {"n": 0, "phase": "ok", "partition": 3, "position": 42},
        {"n": 1, "phase": "unknown", "error": 'unknown: "gone"'},
    ]


def test_intents_are_on_disk_before_the_call_returns(tmp_path: Path) -> None:
    """A send that happened always has its intent."""
    journal = Journal(tmp_path / "j.jsonl")
    journal.intents(EVENTS)
    assert [sent.event for sent in read(tmp_path / "j.jsonl")] == EVENTS
    journal.close()


def test_reading_gives_each_send_its_last_phase(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    journal.intents(EVENTS)
    journal.outcome(1, Delivery(-1, None, "refused: size", refused=True))
    journal.close()
    assert [(sent.n, sent.phase) for sent in read(tmp_path / "j.jsonl")] == [(0, "intent"), (1, "failed")]


def test_every_cut_of_the_file_can_be_continued(tmp_path: Path) -> None:
    """Whatever byte a crash cuts the file at, the whole lines stay, and numbers are never given twice."""
    path = tmp_path / "j.jsonl"
    journal = Journal(path)
    journal.intents(EVENTS)
    journal.outcome(0, Delivery(0, 1))
    journal.close()
    whole = path.read_bytes()
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        kept = whole[: whole.rfind(b"\n", 0, length) + 1]
        again = Journal(path)
        (n,) = again.intents(EVENTS[:1])
        again.close()
        assert path.read_bytes().startswith(kept)
        numbers = [json.loads(line)["n"] for line in kept.splitlines()]
        assert n == (max(numbers) + 1 if numbers else 0)
        list(read(path))


def test_a_damaged_line_is_loud(tmp_path: Path) -> None:
    (tmp_path / "j.jsonl").write_text('{"n": 0, "phase": "ok", "partition": 0, "position": 1}\n')
    with pytest.raises(DataError, match="TL-JRN-001"):
        read(tmp_path / "j.jsonl")
