"""What every document store promises."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.fakes.documents import FakeDocuments
from tideline.adapters.documents_local import LocalDocuments
from tideline.model.errors import DataError, Fatal
from tideline.ports import Documents


@pytest.fixture(params=["fake", "local"])
def documents(request: pytest.FixtureRequest, tmp_path: Path) -> Documents:
    return FakeDocuments() if request.param == "fake" else LocalDocuments(tmp_path / "documents")


def test_a_document_is_written_once_and_never_replaced(documents: Documents) -> None:
    assert documents.get("runs/a/cut.json") is None
    assert documents.put_new("runs/a/cut.json", {"x": 1, "name": "é"})
    assert not documents.put_new("runs/a/cut.json", {"x": 2})
    assert documents.get("runs/a/cut.json") == {"x": 1, "name": "é"}


def test_names_are_sorted_and_limited_to_the_prefix(documents: Documents) -> None:
    assert documents.names("releases/") == []
    for name in ("releases/b/2.json", "releases/a/10.json", "releases/a/02.json", "other/1.json"):
        documents.put_new(name, {})
    assert documents.names("releases/") == ["releases/a/02.json", "releases/a/10.json", "releases/b/2.json"]
    assert documents.names("releases/a/1") == ["releases/a/10.json"]


def test_of_many_writers_at_once_exactly_one_wins(documents: Documents) -> None:
    """Two runs that publish the same release number are told apart."""
    won: list[int] = []
    gate = threading.Barrier(8)

    def write(number: int) -> None:
        gate.wait()
        if documents.put_new("releases/7.json", {"by": number}):
            won.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert documents.get("releases/7.json") == {"by": won[0]}


@pytest.mark.parametrize(
    "name", ["../up.json", "/etc/x", "a/../b", "a//b", ".hidden", "a/.pending-1", "", "a\x00b", "a/"]
)
def test_names_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(Fatal, match="TL-DOC-001"):
        LocalDocuments(tmp_path).put_new(name, {})
    assert list(tmp_path.rglob("*")) == []


def test_a_crash_before_the_link_leaves_no_document(tmp_path: Path) -> None:
    """What a killed writer leaves behind is neither listed nor in the way."""
    documents = LocalDocuments(tmp_path)
    (tmp_path / "releases").mkdir()
    (tmp_path / "releases" / ".pending-x").write_text('{"half":')
    assert documents.names("releases/") == []
    assert documents.put_new("releases/1.json", {})
    assert sorted(path.name for path in (tmp_path / "releases").iterdir()) == [".pending-x", "1.json"]


def test_a_damaged_document_is_loud(tmp_path: Path) -> None:
    (tmp_path / "cut.json").write_text("{")
    with pytest.raises(DataError, match="TL-DOC-002"):
        LocalDocuments(tmp_path).get("cut.json")
