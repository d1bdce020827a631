"""Delta tables by delta-rs: whose commit is read, which version, and that damage is loud."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path

import deltalake
import pyarrow as pa
import pytest

from tideline.adapters.delta_tables import DeltaTables
from tideline.model.errors import DataError
from tideline.model.lake import Lake


def write(path: Path, value: int, said: object = None) -> None:
    text = {} if said is None else {"userMetadata": json.dumps(said)}
    properties = deltalake.CommitProperties(custom_metadata=text)
    deltalake.write_deltalake(str(path), pa.table({"a": [value]}), mode="append", commit_properties=properties)


def test_the_newest_commit_of_tideline_is_found_behind_any_others(tmp_path: Path) -> None:
    """Compaction and other people's commits carry no Coverage; more than one page of them may lie on top."""
    write(tmp_path / "t", 1, {"tideline": {"batch": 1}})
    write(tmp_path / "t", 2, {"tideline": {"batch": 2}})
    for n in range(20):
        write(tmp_path / "t", n, None if n % 2 else {"other": 1})
    found = DeltaTables(Lake(str(tmp_path))).last_commit("t")
    assert found is not None
    assert (found.version, found.metadata) == (1, {"batch": 2})


def test_a_pinned_version_is_read_as_it_was(tmp_path: Path) -> None:
    write(tmp_path / "t", 1)
    write(tmp_path / "t", 2)
    tables = DeltaTables(Lake(str(tmp_path)))
    assert tables.version("t") == 1
    assert tables.read("t", 0).to_pydict() == {"a": [1]}
    assert sorted(tables.read("t", 1, ["a"]).to_pydict()["a"]) == [1, 2]


def test_no_table_is_none(tmp_path: Path) -> None:
    tables = DeltaTables(Lake(str(tmp_path)))
    assert (tables.version("t"), tables.last_commit("t")) == (None, None)


def test_damage_is_loud(tmp_path: Path) -> None:
    """A log that is gone, a version that is gone, a data file that is gone: never an empty table."""
    tables = DeltaTables(Lake(str(tmp_path)))
    write(tmp_path / "t", 1)
    with pytest.raises(DataError, match="TL-TAB-001"):
        tables.read("t", 7)
    for file in (tmp_path / "t").glob("*.parquet"):
        file.unlink()
    with pytest.raises(DataError, match="TL-TAB-001"):
        tables.read("t", 0)
    write(tmp_path / "u", 1)
    for file in (tmp_path / "u" / "_delta_log").iterdir():
        file.unlink()
    with pytest.raises(DataError, match="TL-TAB-001"):
        tables.version("u")


EVOLVED = Path(__file__).parent / "tables"  # written by Spark; columns were widened, renamed, added and dropped


def test_an_evolved_table_is_read_by_its_present_names_and_types() -> None:
    """Old files have other names and narrower types, also inside objects, arrays and maps: no value is lost."""
    rows = DeltaTables(Lake(str(EVOLVED))).read("evolved", 13).sort_by("at").to_pylist()
    assert list(rows[0]) == ["at", "price", "quantity", "title", "raw", "place", "items", "marks"]
    old, empty, new = ({name: row[name] for name in ("price", "title", "place", "items", "marks")} for row in rows)
    assert old == {
        "price": Decimal("1.250"), "title": "old", "place": {"town": "Paris", "floor": 2, "zip": None},
        "items": [
            {"code": "a", "number": 1, "colour": None}, {"code": "b", "number": None, "colour": None},
            {"code": None, "number": None, "colour": None},
        ],
        "marks": [("k", 1)],
    }  # fmt: skip
    assert empty["price"] is empty["title"] is empty["items"] is empty["marks"] is None
    assert new["items"] == [{"code": "c", "number": 9, "colour": "red"}]
    assert (rows[0]["at"].microsecond, rows[2]["quantity"], new["marks"]) == (123456, 5_000_000_000, [("m", 5 * 10**9)])


def test_every_earlier_version_of_an_evolved_table_stays_readable() -> None:
    """A pinned version has the names of its time: before the rename, and before the drop."""
    tables = DeltaTables(Lake(str(EVOLVED)))
    assert tables.read("evolved", 1, ["name"]).sort_by("name").to_pydict() == {"name": ["old", None]}
    assert tables.read("evolved", 5, ["name"]).sort_by("name").to_pydict() == {"name": ["old", None]}
    assert tables.read("evolved", 12, ["extra", "title"]).sort_by("title").to_pydict() == {
        "extra": ["more", None, None], "title": ["new", "old", None],
    }  # fmt: skip
    with pytest.raises(DataError, match="TL-TAB-001"):
        tables.read("evolved", 13, ["extra"])


def test_what_only_spark_can_read_is_refused() -> None:
    """Rows that a deletion vector hides must never be seen as rows."""
    with pytest.raises(DataError, match="TL-TAB-00"):
        DeltaTables(Lake(str(EVOLVED))).read("deleted", 2)


def test_an_evolved_table_with_an_unknown_feature_is_refused(tmp_path: Path) -> None:
    """The own reader takes over where delta-rs gives up, so it has to refuse what it does not know itself."""
    shutil.copytree(EVOLVED / "evolved", tmp_path / "t")
    log = tmp_path / "t" / "_delta_log" / "00000000000000000014.json"
    features = ["typeWidening", "columnMapping", "deletionVectors"]
    protocol = {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": features, "writerFeatures": features}
    log.write_text(json.dumps({"protocol": protocol}) + "\n")
    with pytest.raises(DataError, match=r"TL-TAB-002 .*deletionVectors"):
        DeltaTables(Lake(str(tmp_path))).read("t", 14)


def test_files_tell_rows_bytes_and_the_range_of_each_column_by_its_present_name() -> None:
    files = DeltaTables(Lake(str(EVOLVED))).files("evolved", 13)
    assert sorted((file.rows, file.bytes > 1_000) for file in files) == [(1, True), (2, True)]
    oldest = min(files, key=lambda file: file.low["at"])
    assert (oldest.low["title"], oldest.high["price"]) == ("old", Decimal("1.250"))
    assert (oldest.low["at"].isoformat(), oldest.high["at"].day) == ("2026-01-02T10:00:00.123000+00:00", 3)


def test_the_schema_is_as_the_log_says_it() -> None:
    tables = DeltaTables(Lake(str(EVOLVED)))
    schema = tables.schema("evolved")
    assert schema is not None
    assert {field["name"]: field["type"] for field in schema["fields"]}["price"] == "decimal(14,3)"
    assert tables.schema("nothing") is None
