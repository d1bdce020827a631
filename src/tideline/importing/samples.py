"""Samples of data (CSV, JSON, JSON lines, Parquet) -> Draft; nothing of a value gets out but enums of plain fields."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from tideline.importing.draft import Draft, FieldDraft, refused, too_big, unreadable
from tideline.importing.lookalikes import Lookalikes
from tideline.model.field import EventField, FieldType
from tideline.model.inference import Inferred, Ways, infer
from tideline.model.samples import Samples, parse

MAX_SAMPLE_BYTES = 200_000_000
MAX_ROWS = 100_000
MAX_LINE = 4_000_000
MAX_COLUMNS = 2_000
_JSON_BYTES = 50_000_000
_TYPES = {FieldType.DECIMAL: "number"}
_ASKED = re.compile(r"looks like (.+?), so")
_MARK = b"\xef\xbb\xbf"  # with which Windows begins UTF-8
_NO_OFFSET = "carry no offset"


def _likely(path: Path) -> str:
    """The encoding of a file that is not UTF-8, as iconv calls it: what spreadsheets write, with a mark or without."""
    with path.open("rb") as file:
        return "utf-16" if file.read(2) in (b"\xff\xfe", b"\xfe\xff") else "latin1"


def csv_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Rows of a CSV file with a header; every value stays text, an empty one is null."""
    csv.field_size_limit(MAX_LINE)
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            start = file.read(65_536)
            file.seek(0)
            rows = csv.reader(file, delimiter=_delimiter(start), strict=True)
            header = next(rows, [])
            _check_header(path, header)
            for at, row in enumerate(rows):
                if not row:
                    continue
                if len(row) != len(header):
                    what = f"line {rows.line_num} has {len(row)} values, the header {len(header)}"
                    raise unreadable(str(path), what, "quote values that hold the separator or line breaks")
                if at >= MAX_ROWS:
                    return
                yield {name: value or None for name, value in zip(header, row, strict=True)}
        except UnicodeDecodeError as error:
            raise unreadable(
                str(path), f"it is not UTF-8 ({error.reason})", f"convert it: iconv -f {_likely(path)} -t utf-8"
            ) from None
        except csv.Error as error:
            raise unreadable(str(path), f"it is no CSV ({error})", "see RFC 4180 for quotes and line breaks") from None


def _delimiter(start: str) -> str:
    """The separator that the header holds most often."""
    header = start.partition("\n")[0]
    return max(",;\t|", key=header.count)


def _check_header(path: Path, header: list[str]) -> None:
    if not header or any(not name.strip() for name in header):
        raise unreadable(str(path), "the first line is no header with a name for each column", "write one")
    if len(set(header)) != len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise unreadable(str(path), f"the column {twice!r} stands in the header twice", "rename one of them")
    if len(header) > MAX_COLUMNS:
        raise too_big(str(path), f"it has {len(header)} columns", f"at most {MAX_COLUMNS} are read")


def json_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Objects of a JSON document (one, or an array of them) or of JSON lines; numbers keep their digits."""
    if _has_lines(path):
        yield from _lines(path)
        return
    with path.open("rb") as file:
        if path.stat().st_size > _JSON_BYTES:
            what = f"it is one JSON document of more than {_JSON_BYTES} bytes"
            raise too_big(str(path), what, "write one object per line (JSON lines)")
        document = _parsed(path, file.read(), "")
    for at, row in enumerate(document if isinstance(document, list) else [document]):
        if at >= MAX_ROWS:
            return
        yield _object(path, row, f"item {at}")


def _has_lines(path: Path) -> bool:
    """By its suffix, or because the first line is a whole object and another one follows."""
    if path.suffix in (".jsonl", ".ndjson"):
        return True
    with path.open("rb") as file:
        line = file.readline(MAX_LINE)
    try:
        return isinstance(parse(line.removeprefix(_MARK)), dict)
    except ValueError:
        return False


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for at, line in enumerate(islice(iter(lambda: file.readline(MAX_LINE + 1), b""), MAX_ROWS), 1):
            if len(line) > MAX_LINE:
                raise too_big(str(path), f"line {at} has more than {MAX_LINE} bytes", "one event per line")
            if line.strip():
                yield _object(path, _parsed(path, line, f"line {at}"), f"line {at}")


def _parsed(path: Path, text: bytes, place: str) -> Any:
    try:
        return parse(text.removeprefix(_MARK) if place in ("", "line 1") else text)
    except ValueError as error:
        where = f"{path}: {place}" if place else str(path)
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else "it is no JSON"
        raise unreadable(where, reason, "write one JSON object per event") from None


def _object(path: Path, row: Any, place: str) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise unreadable(str(path), f"{place} is no object", "an event is an object with named members")
    if len(row) > MAX_COLUMNS:
        raise too_big(str(path), f"{place} has {len(row)} members", f"at most {MAX_COLUMNS} are read")
    return row


def draft_of(rows: Iterable[dict[str, Any]], source: str, *, texts_only: bool, enums: bool = True) -> Draft:
    """The draft of what was seen; raises ContractError when there was nothing."""
    columns: dict[str, Samples] = {}
    looks: defaultdict[str, Lookalikes] = defaultdict(Lookalikes)
    count = 0
    for row in rows:
        count += 1
        for name, value in row.items():
            columns.setdefault(name, Samples()).see(value)
            looks[name].see(value)
        if len(columns) > MAX_COLUMNS:
            raise too_big(
                source, f"its events have more than {MAX_COLUMNS} different members", "sample one kind of event"
            )
    if not columns:
        raise refused(source, "the sample is empty", "give a sample with at least one event")
    draft = Draft(source)
    ways = Ways(texts_only=texts_only, enums=enums)
    for name, samples in columns.items():
        field = _field(draft, name, infer(_safe(name), samples, ways, of=count))
        draft.fields.append(field)
        if field.type == "string" and (kind := looks[name].kind):
            draft.notes.append(f"{name}: its values look like {kind}; they stay text, as the events carry them")
    draft.notes.append(f"types are what {count} events of the sample showed; what was always there is required")
    return draft


def _safe(name: str) -> str:
    """Inference takes names that contracts take; others keep their own name in the draft, which leaves it open."""
    return name if re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name) else "unnamed"


def _field(draft: Draft, name: str, found: Inferred) -> FieldDraft:
    asked = {remark.path: match[1] for remark in found.remarks if (match := _ASKED.search(remark.text))}
    local = {remark.path for remark in found.remarks if _NO_OFFSET in remark.text}
    for remark in found.remarks:
        if remark.decided and remark.path not in asked and remark.path not in local:
            draft.notes.append(f"{_path(remark.path, name)}: {remark.text}")
    if found.field is None:
        why = next((remark.text for remark in found.remarks if not remark.decided), "no type reads all its values")
        return FieldDraft(name, open={"logicalType": why}, required=False)
    draft_field = _converted(found.field, found.field.name, asked, local)
    draft_field.name = name
    for remark in found.remarks:
        if not remark.decided:
            _left_out(draft_field, remark.path, remark.text)
    return draft_field


def _path(path: str, name: str) -> str:
    return path.replace("unnamed", name, 1)


def _left_out(field: FieldDraft, path: str, why: str) -> None:
    """A member without a type is written without one, so that lint asks for it."""
    for part in re.split(r"\.|(?=\[\])|(?=\{\})", path)[1:-1]:
        inside = field.inner if part in ("[]", "{}") else next((f for f in field.fields if f.name == part), None)
        if inside is None:
            break
        field = inside
    last = path.rpartition(".")[2]
    if field.type == "object" and all(member.name != last for member in field.fields):
        field.fields.append(FieldDraft(last, open={"logicalType": why}))


def _converted(field: EventField, path: str, asked: dict[str, str], local: set[str]) -> FieldDraft:
    """An inferred field as a draft; `asked` are the places that look personal, and as what."""
    draft = FieldDraft(field.name, _TYPES.get(field.type, field.type.value), required=field.required)
    draft.enum = list(field.enum)
    if field.type is FieldType.STRING and field.max_length != 4_096:
        draft.options["maxLength"] = field.max_length
    if field.type is FieldType.INTEGER and field.bits == 32:
        draft.options["format"] = "i32"
    if field.type is FieldType.DECIMAL:
        draft.decimal = (field.precision, field.scale)
    if path in local:
        draft.open["defaultTimezone"] = "the times carry no offset: name their zone, such as Europe/London or UTC"
    if field.max_items != 1_000:
        draft.options["maxItems"] = field.max_items
    draft.personal = asked.get(path)
    draft.fields = [_converted(inner, f"{path}.{inner.name}", asked, local) for inner in field.fields]
    if field.items is not None:
        draft.inner = _converted(field.items, f"{path}[]", asked, local)
    if field.values is not None:
        draft.inner = _converted(field.values, f"{path}{{}}", asked, local)
    if draft.inner is not None:
        draft.inner.required = True
    return draft
