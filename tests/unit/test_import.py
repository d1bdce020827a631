"""Imports: what a source says stands in the file, what it leaves open is refused by lint, nothing is dropped."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tests.golden.import_cases import CASES, expected, made
from tideline.adapters.odcs import examine
from tideline.adapters.odcs.layout import lay_out
from tideline.adapters.odcs.source import parse
from tideline.cli.contract.import_ import command
from tideline.importing.deciding import Said, settle
from tideline.importing.draft import Draft, FieldDraft
from tideline.importing.source import kind_of, read
from tideline.importing.writing import plain, scalar, write
from tideline.model.errors import TidelineError

COMPLETE = """
dataset: shop.events
owner: shop-data
description: Events of the shop.
sla: {retention: 2y, freshness: 15m}
schema:
  - {name: id, type: string, description: Identity., tests: [not_null, unique]}
  - {name: at, type: timestamp, description: When., tests: [not_null]}
  - {name: amount, type: "decimal(10,2)", description: How much.}
  - {name: mail, type: string, description: To whom., pii: true}
"""


def imported(text: str, folder: Path, name: str = "given.yaml", **said: Any) -> tuple[Draft, Any]:
    path = folder / name
    path.write_text(text)
    draft = read(str(path), kind_of(str(path)))
    settle(draft, Said(**said))
    return draft, write(draft)


def findings(text: str, folder: Path) -> list[Any]:
    path = folder / "made.odcs.yaml"
    path.write_text(text)
    return list(examine(path)[1])


@pytest.mark.parametrize("case", CASES)
def test_an_import_gives_the_file_that_a_person_reviewed(case: str) -> None:
    """Golden folders: given and expect."""
    assert made(case)[1].text == expected(case).read_text()


@pytest.mark.parametrize("case", CASES)
def test_open_decisions_stand_where_the_message_says(case: str) -> None:
    """Each line that is told carries the mark, and no other line does."""
    written = made(case)[1]
    marked = [at for at, line in enumerate(written.text.splitlines(), 1) if "# DECIDE:" in line]
    assert [decision.line for decision in written.open] == marked


@pytest.mark.parametrize("case", CASES)
def test_a_file_passes_lint_exactly_when_nothing_is_open(case: str, tmp_path: Path) -> None:
    """Complete means lint-clean, open means refused."""
    written = made(case)[1]
    found = findings(written.text, tmp_path)
    assert bool(found) is bool(written.open), [str(finding) for finding in found]


@pytest.mark.parametrize("case", CASES)
def test_a_file_lies_in_the_one_layout_already(case: str) -> None:
    """`contract fmt` has nothing to do."""
    text = made(case)[1].text
    assert lay_out(text.encode(), case) == text


def reopened(change: Callable[[Draft], None], folder: Path) -> list[Any]:
    """The findings of a file in which exactly one decision was opened again."""
    draft, _ = imported(COMPLETE, folder)
    change(draft)
    written = write(draft)
    assert len(written.open) == 1, written.open
    return findings(written.text, folder)


REOPENED: dict[str, Callable[[Draft], None]] = {
    "owner": lambda draft: setattr(draft, "owner", ""),
    "key": lambda draft: setattr(draft, "key", ""),
    "event time": lambda draft: setattr(draft, "event_time", ""),
    "retention": lambda draft: setattr(draft, "sla", draft.sla[1:]),
    "description": lambda draft: setattr(draft.fields[0], "description", ""),
    "purpose": lambda draft: setattr(draft, "purpose", ""),
    "digits": lambda draft: setattr(draft.fields[2], "decimal", None),
    "type": lambda draft: setattr(draft.fields[2], "type", ""),
    "zone": lambda draft: draft.fields[1].open.update(defaultTimezone="which?"),
    "classification": lambda draft: setattr(draft.fields[3], "classification", ""),
    "personal": lambda draft: setattr(draft.fields[2], "personal", "a name"),
    "members": lambda draft: draft.fields.append(FieldDraft("o", "object", description="An object.")),
    "items": lambda draft: draft.fields.append(FieldDraft("o", "array", description="A list.")),
}


@pytest.mark.parametrize("what", REOPENED)
def test_each_open_decision_alone_is_refused(what: str, tmp_path: Path) -> None:
    """Fail closed: no single forgotten decision slips through."""
    assert reopened(REOPENED[what], tmp_path)


def test_a_complete_short_form_is_complete(tmp_path: Path) -> None:
    """Nothing is asked when everything is said."""
    _, written = imported(COMPLETE, tmp_path)
    assert written.open == [] and findings(written.text, tmp_path) == []


def test_an_unknown_check_alone_is_refused_and_shown(tmp_path: Path) -> None:
    """It is told, not dropped."""
    _, written = imported(COMPLETE + "quality: [median(amount) < 3]\n", tmp_path)
    assert len(written.open) == 1 and "median(amount) < 3" in written.open[0].what
    assert [finding.line for finding in findings(written.text, tmp_path)] == [written.open[0].line]


@pytest.mark.parametrize(
    ("check", "entry"),
    [
        ("row_count > 0", {"metric": "rowCount", "mustBeGreaterThan": 0, "unit": "rows"}),
        ("row_count between 1 and 5", {"metric": "rowCount", "mustBeBetween": [1, 5]}),
        ("null_percentage(mail) < 1%", {"metric": "nullValues", "mustBeLessThan": 1, "unit": "percent"}),
        ("null_ratio(mail) <= 0.05", {"metric": "nullValues", "mustBeLessOrEqualTo": 5, "unit": "percent"}),
        ("null_count(mail) = 0", {"metric": "nullValues", "mustBe": 0, "unit": "rows"}),
        ("duplicate_count(id, at) == 0", {"metric": "duplicateValues", "arguments": {"properties": ["id", "at"]}}),
        ("amount > 0", {"implementation": "amount > 0"}),
    ],
)
def test_checks_of_the_table_become_gates_and_rules(check: str, entry: dict[str, Any], tmp_path: Path) -> None:
    """Each usual spelling, and lint takes what was made of it."""
    draft, written = imported(COMPLETE + f"quality: [{json.dumps(check)}]\n", tmp_path)
    made_of_it = draft.quality[-1]
    assert {key: made_of_it[key] for key in entry} == entry
    assert findings(written.text, tmp_path) == []


@pytest.mark.parametrize(
    ("check", "says"),
    [
        ("null_percentage(nobody) < 1", "there is no field 'nobody'"),
        ("row_count(id) > 1", "takes no field"),
        ("null_count < 1", "takes a field in brackets"),
        ("row_count > 5%", "not a percentage"),
        ("min_valu(amount) > 1", "did you mean min_value?"),
        ("nobody > 1", "there is no field 'nobody'"),
    ],
)
def test_a_check_that_makes_no_sense_says_why(check: str, says: str, tmp_path: Path) -> None:
    """The reason stands beside it."""
    _, written = imported(COMPLETE + f"quality: [{json.dumps(check)}]\n", tmp_path)
    assert [says in decision.what for decision in written.open] == [True]


@pytest.mark.parametrize(
    ("check", "says"),
    [
        ("min_value('x')", "it takes one number"),
        ("min_length(1.5)", "it takes a whole number"),
        ("not_null(3)", "it takes no argument"),
        ("range(1)", "it takes two numbers"),
        ("allowed_values()", "there is at least one"),
        ("pattern('a', 'b')", "a pattern is one text"),
        ("allowed_values('a' 'b')", "cannot be read"),
        ("e_mail", "is not known"),
    ],
)
def test_a_check_of_a_field_that_makes_no_sense_says_why(check: str, says: str, tmp_path: Path) -> None:
    """Argument errors are told as precisely as unknown words."""
    kind = "string" if check.split("(")[0] in ("min_length", "allowed_values", "pattern") else "integer"
    field = f"  - {{name: n, type: {kind}, description: Some., checks: [{json.dumps(check)}]}}\n"
    _, written = imported(COMPLETE + field, tmp_path)
    assert [says in decision.what for decision in written.open] == [True], written.open


def test_the_stricter_reading_of_a_percentage_is_told(tmp_path: Path) -> None:
    """0.01 may be a fraction; the file says 0.01 percent and the message how to say the other."""
    draft, _ = imported(COMPLETE + "quality: [null_percentage(mail) < 0.01]\n", tmp_path)
    assert any("read as 0.01 percent" in note and "write it as 1" in note for note in draft.notes)


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("dataset: a\nownr: b\n", "TL-IMP-003", "did you mean 'owner'?"),
        ("dataset: a\nowner: b\nteam: c\n", "TL-IMP-003", "says owner a second time"),
        ("dataset: a\nsla: {freshnes: 3m}\n", "TL-IMP-003", "did you mean freshness?"),
        ("dataset: a\nsla: {freshness: soon}\n", "TL-IMP-003", "a length of time such as 15m"),
        ("dataset: a\nsla: {availability: high}\n", "TL-IMP-003", "a percentage such as 99.9%"),
        ("dataset: a\nschema: []\n", "TL-IMP-003", "it names no field"),
        ("dataset: a\nschema: [{type: string}]\n", "TL-IMP-003", "the field has no name"),
        ("dataset: a\nschema: [{name: a, typ: string}]\n", "TL-IMP-003", "did you mean 'type'?"),
        ("dataset: a\nschema: [{name: a, type: 'array<'}]\n", "TL-IMP-003", "it ends too early"),
        ("dataset: a\nschema: [{name: a, type: 'struct<a int>'}]\n", "TL-IMP-003", "cannot be read"),
        ("dataset: a\nschema: [{name: a, type: string, pii: maybe}]\n", "TL-IMP-003", "write true or false"),
        ("dataset: a\nversion: new\n", "TL-IMP-003", "write it as 1.0.0"),
        ("apiVersion: v3.2.0\nkind: DataContract\n", "TL-IMP-003", "a whole contract already"),
        ("- a\n", "TL-IMP-003", "a short form is a mapping"),
        ("a: [\n", "TL-IMP-001", "plain YAML"),
        ("a: &x 1\nb: *x\n", "TL-IMP-001", "plain YAML"),
    ],
)
def test_a_short_form_that_is_wrong_is_refused_with_what_to_do(text: str, code: str, says: str, tmp_path: Path) -> None:
    """Strict: an unknown key is never dropped."""
    with pytest.raises(TidelineError) as error:
        imported(text, tmp_path)
    assert error.value.code == code and says in str(error.value)


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"key": "amount"}, "the key is a text"),
        ({"key": "idd"}, "did you mean 'id'?"),
        ({"event_time": "id"}, "choose a timestamp"),
        ({"domain": "Shop"}, "is no name"),
        ({"topic": "a b"}, "is no topic"),
        ({"retention": "long"}, "is no length of time"),
        ({"timezone": "Mars"}, "is no zone"),
    ],
)
def test_an_option_that_does_not_fit_is_told(said: dict[str, str], says: str, tmp_path: Path) -> None:
    """TL-IMP-004 names the option and what it may be."""
    with pytest.raises(TidelineError) as error:
        imported(COMPLETE, tmp_path, **said)
    assert error.value.code == "TL-IMP-004" and says in str(error.value)


def test_names_that_no_contract_takes_are_open_until_they_are_renamed(tmp_path: Path) -> None:
    """Lint refuses the source's name; --rename decides."""
    text = COMPLETE.replace("name: amount", "name: orderAmount")
    _, written = imported(text, tmp_path)
    assert len(written.open) == 1 and findings(written.text, tmp_path)
    draft, written = imported(text, tmp_path, rename=True)
    assert draft.fields[2].name == "order_amount" and written.open == []


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=60))
def test_every_text_survives_the_file(text: str) -> None:
    """Quotes, colons, emoji: what is written is what is read, in a line and in braces."""
    written = f"a: {plain(text)}\nb: {{c: {scalar(text)}, d: [{scalar(text)}]}}\n"
    assert parse(written.encode(), "text").data == {"a": text, "b": {"c": text, "d": [text]}}


def test_the_command_writes_the_file_and_says_what_is_open(tmp_path: Path) -> None:
    """Exit code 4 and the file: nobody has to start anew."""
    given_file, out = tmp_path / "given.yaml", tmp_path / "new" / "events.odcs.yaml"
    given_file.write_text(COMPLETE.replace("owner: shop-data", ""))
    result = CliRunner().invoke(command, [str(given_file), "--output", str(out)], standalone_mode=False)
    assert result.return_value == 4 and out.exists()
    assert re.search(rf"{re.escape(str(out))}:\d+: DECIDE name: which team", result.output)
    again = CliRunner().invoke(command, [str(given_file), "--output", str(out), "--owner", "x"], standalone_mode=False)
    assert isinstance(again.exception, TidelineError) and again.exception.code == "TL-IMP-007"
    options = [str(given_file), "--output", str(out), "--owner", "x", "--force", "--json"]
    done = CliRunner().invoke(command, options, standalone_mode=False)
    assert done.return_value == 0 and json.loads(done.output)["open"] == []
    assert examine(out)[1] == []


def test_the_command_can_print(tmp_path: Path) -> None:
    """The contract on standard output, what a person has to know on standard error."""
    given_file = tmp_path / "given.yaml"
    given_file.write_text(COMPLETE)
    result = CliRunner().invoke(command, [str(given_file), "--output", "-"], standalone_mode=False)
    assert result.stdout.startswith("# Imported from given.yaml") and "complete" in result.stderr
