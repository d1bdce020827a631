"""`tideline contract lint`: what it looks at, when it fails, and the forms that other tools read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from tideline.adapters.odcs import CODES, examine
from tideline.cli.contract.lint import command
from tideline.index import Claim, clashes

ROOT = Path(__file__).parents[2]
SALES = (ROOT / "contracts" / "retail" / "sales.odcs.yaml").read_text()
WARNS = (
    "        required: true\n        description: Units sold",
    "        unique: true\n        required: true\n        description: Units sold",
)


def lint(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments], standalone_mode=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good contract, one with two mistakes, one with a warning, each in its own folder."""
    texts = {
        "a/good": SALES.replace("sales", "good"),
        "b/wrong, 100%": SALES.replace("sales", "wrong")
        .replace("grain: day", "grain: dya")
        .replace("tier, v", "teir, v"),
        "c/warned": SALES.replace("sales", "warned").replace(*WARNS),
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / f"{name}.odcs.yaml").write_text(text)
    return tmp_path


def test_folders_are_searched_and_every_finding_is_a_line(folder: Path) -> None:
    done = lint(folder)
    lines = done.output.splitlines()
    assert done.return_value == 4 and len(lines) == 4 and lines[-1] == "3 files, 2 errors, 1 warning"
    wrong = folder / "b" / "wrong, 100%.odcs.yaml"
    assert all(line.startswith(f"{wrong}:") for line in lines[:2])
    assert any("did you mean 'day'?" in line for line in lines) and any(
        "did you mean 'tier'?" in line for line in lines
    )


@pytest.mark.parametrize(
    ("name", "fail_on", "code"),
    [("a", "warning", 0), ("c", "error", 0), ("c", "warning", 4), ("b", "error", 4), ("b", "never", 0)],
)
def test_the_exit_code_is_4_from_the_level_asked_for(folder: Path, name: str, fail_on: str, code: int) -> None:
    assert lint(folder / name, "--fail-on", fail_on).return_value == code


def test_json_carries_every_part_of_a_finding(folder: Path) -> None:
    document = json.loads(lint(folder, "--json").output)
    assert document["files"] == 3 and document["counts"] == {"error": 2, "warning": 1, "note": 0}
    first = document["findings"][0]
    assert first.keys() == {"code", "file", "line", "column", "what", "allowed", "suggestion", "severity", "house"}
    assert document == json.loads(lint(folder, "--format", "json").output)


def test_sarif_names_rules_places_and_levels(folder: Path) -> None:
    """What code hosts need of SARIF 2.1.0: rules that results point at, relative or file URIs, lines from 1."""
    document = json.loads(lint(folder, "--format", "sarif").output)
    assert document["version"] == "2.1.0" and document["$schema"].endswith("sarif-2.1.0.json")
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"] == "tideline" and {rule["id"] for rule in rules} >= CODES.keys()
    assert [result["level"] for result in run["results"]] == ["error", "error", "warning"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] and result["message"]["text"]
        (place,) = result["locations"]
        region = place["physicalLocation"]["region"]
        assert region["startLine"] >= 1 and region["startColumn"] >= 1
        uri = place["physicalLocation"]["artifactLocation"]["uri"]
        assert uri.startswith("file:///") and " " not in uri
    assert "%2C%20100%25" in run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]


def test_sarif_has_relative_uris_for_relative_paths(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    document = json.loads(lint("b", "--format", "sarif").output)
    assert document["runs"][0]["artifacts"][0]["location"]["uri"] == "b/wrong%2C%20100%25.odcs.yaml"


def test_junit_has_a_case_per_file_that_fails_for_errors(folder: Path) -> None:
    root = ElementTree.fromstring(lint(folder, "--format", "junit").output)
    (suite,) = root
    assert root.tag == "testsuites" and suite.attrib["tests"] == "3" and suite.attrib["failures"] == "1"
    good, wrong, warned = suite
    assert (
        not list(good) and [child.tag for child in wrong] == ["failure"] and [c.tag for c in warned] == ["system-out"]
    )
    assert wrong[0].attrib["message"] == "2 errors" and "TL-CON-" in str(wrong[0].text)


def test_github_commands_are_escaped_and_name_the_place(folder: Path) -> None:
    lines = lint(folder, "--format", "github").output.splitlines()
    assert lines[0].startswith("::error file=") and "%2C 100%25.odcs.yaml,line=" in lines[0] and ",col=" in lines[0]
    assert lines[2].startswith("::warning ") and ",title=TL-CON-041::" in lines[2]
    assert "%0A" not in lines[0] and lines[-1] == "3 files, 2 errors, 1 warning"


def test_a_finding_whose_text_xml_cannot_hold_is_still_xml(tmp_path: Path) -> None:
    (tmp_path / "x.odcs.yaml").write_bytes(b'kind: "a\\u0001b"\nid: <&>]]>\n')
    ElementTree.fromstring(lint(tmp_path, "--format", "junit").output)


def test_two_files_that_claim_one_name_are_told(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.odcs.yaml").write_text(SALES)
    done = lint(tmp_path)
    assert done.return_value == 4 and "TL-CON-031" in done.output and "retail.sales" in done.output


def test_a_clash_is_told_where_the_name_stands(tmp_path: Path) -> None:
    """Id, topic and view at their own lines; a consumed contract that is not there with the one that may be meant."""
    (tmp_path / "a.odcs.yaml").write_text(SALES)
    (tmp_path / "b.odcs.yaml").write_text(SALES)
    found = [one for one in json.loads(lint(tmp_path, "--json").output)["findings"] if one["code"] == "TL-CON-031"]
    lines = SALES.splitlines()
    told = [lines[one["line"] - 1][one["column"] - 1 :] for one in found]
    assert told[:2] == ["retail.sales", "retail.sales.v1"]
    assert told[2:] == ["name: sales_by_country_and_day", "name: sales_by_product_and_hour"]
    assert all("give one of the two another" in one["suggestion"] for one in found)
    consuming = SALES.replace("retail.sales", "retail.other").replace("sales_by_", "other_by_")
    consuming = consuming.replace("name: sales\n", "name: other\n", 1).rstrip()
    consumes = "\n  - {property: consumes, vendor: tideline, value: [retail.sale]}\n"
    (tmp_path / "b.odcs.yaml").write_text(consuming + consumes)
    folder = Claim.of(examine(tmp_path / "a.odcs.yaml")[0][0], "a.odcs.yaml")
    other = Claim.of(examine(tmp_path / "b.odcs.yaml")[0][0], "b.odcs.yaml")
    (missing,) = clashes([folder, other], tmp_path)
    assert missing.suggestion == "did you mean 'retail.sales'?"
    assert missing.line == len(lines) + 1 and missing.column > 1


def test_a_file_that_is_named_twice_is_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It clashes with nothing, and SARIF lists each artifact once, as its schema demands."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.odcs.yaml").write_text(SALES)
    monkeypatch.chdir(tmp_path)
    done = lint("a", "a/x.odcs.yaml", "./a/../a/x.odcs.yaml", tmp_path, "--format", "sarif")
    run = json.loads(done.output)["runs"][0]
    assert done.return_value == 0 and len(run["artifacts"]) == 1 and run["results"] == []


def test_what_looks_like_a_contract_and_is_not_read_is_told(tmp_path: Path) -> None:
    """Other endings, other cases, files that call themselves contracts are errors; links to folders are warnings."""
    folder, elsewhere = tmp_path / "contracts", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (folder / "good.odcs.yaml").write_text(SALES)
    for name in ("a.odcs.yml", "b.ODCS.YAML", "c.yaml", "d.YML"):
        (folder / name).write_text(SALES)
    (folder / "waivers.yaml").write_text("waivers: []\n")
    (folder / "notes.md").write_text("kind: DataContract\n")
    (folder / "link").symlink_to(elsewhere)
    (folder / "loop").symlink_to(".")
    found = json.loads(lint(folder, "--json").output)["findings"]
    assert {one["code"] for one in found} == {"TL-CON-003"}
    told = {Path(one["file"]).name: (one["severity"], one["suggestion"]) for one in found}
    link = told.pop("link")
    assert link[0] == "warning"
    assert told == {
        "a.odcs.yml": ("error", "call it a.odcs.yaml"),
        "b.ODCS.YAML": ("error", "call it b.odcs.yaml"),
        "c.yaml": ("error", "call it c.odcs.yaml"),
        "d.YML": ("error", "call it d.odcs.yaml"),
    }


def test_a_name_of_a_file_cannot_write_lines_or_colours(tmp_path: Path) -> None:
    (tmp_path / "a\n::error::\x1b[31m.odcs.yaml").write_text("a: 1\n")
    text = lint(tmp_path).output
    assert "\x1b" not in text and all(":1:1: TL-CON-" in line for line in text.splitlines()[:-1])


def test_a_folder_without_contracts_is_wrong_usage(tmp_path: Path) -> None:
    done = lint(tmp_path)
    assert done.exit_code == 1 and "no contract file" in str(done.exception)


def test_what_is_no_readable_file_is_a_finding(tmp_path: Path) -> None:
    """A folder with a contract's name is searched; loops of links, links to nothing and pipes are told."""
    import os

    (tmp_path / "folder.odcs.yaml").mkdir()
    (tmp_path / "folder.odcs.yaml" / "in.odcs.yaml").write_text(SALES)
    (tmp_path / "folder.odcs.yaml" / "loop").symlink_to(tmp_path)
    (tmp_path / "self.odcs.yaml").symlink_to(tmp_path / "self.odcs.yaml")
    (tmp_path / "gone.odcs.yaml").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe.odcs.yaml")
    document = json.loads(lint(tmp_path, "--json").output)
    told = {Path(finding["file"]).name: finding["code"] for finding in document["findings"]}
    assert document["files"] == 4
    assert told == dict.fromkeys(("self.odcs.yaml", "gone.odcs.yaml", "pipe.odcs.yaml"), "TL-CON-001")


def test_a_file_that_may_not_be_read_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.odcs.yaml"
    path.write_text(SALES)

    def denied(self: Path, *_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    done = lint(path)
    assert done.return_value == 4 and "cannot be read: Permission denied" in done.output


def test_every_code_is_documented() -> None:
    document = (ROOT / "docs" / "contract.md").read_text()
    table = document[document.index("## Codes") :]
    for code in CODES:
        number = code.removeprefix("TL-CON-")
        assert number in table, code
