"""The rules that keep the house tidy; a rule that is broken names the file and the line."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = ("src", "speed_layer", "serving_layer", "spark_jobs", "plugins", "dags", "tests", "bench", "scripts")
LIMIT, DAG_LIMIT, CONFTEST_LIMIT, DBT_LIMIT = 400, 60, 80, 80
WEAK_NAMES = {"util", "utils", "helper", "helpers", "common", "misc", "base", "manager"}
# built from pieces, so that this file keeps its own rules
REGISTRIES = (
    "py" + "pi.org",
    "pythonhos" + "ted.org",
    "registry.npm" + "js",
    "repo1.ma" + "ven",
    "repo.ma" + "ven.apache",
)
PRIVATE_PLACES = ("/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/[a-z]", "/Us" + "ers/[a-z]")
UNFINISHED = ("TO" + "DO", "FIX" + "ME", "XX" + "X:")
EXCEPTION = re.compile(r"#\s*(?:noqa|type:\s*ignore)(?P<rest>.*)$")
# a noqa says which rule and why; a type: ignore names its error, which says what the types cannot express
REASON = re.compile(r"^(?::\s*[A-Z0-9, ]+\s*-\s*\S+|\[[\w, -]+\])")


def tracked() -> list[Path]:
    """Every file that git knows of or would take in."""
    listed = subprocess.run(
        ("git", "ls-files", "--cached", "--others", "--exclude-standard"),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout, so there is no list of our own files")
    return [REPOSITORY / name for name in listed.stdout.splitlines() if (REPOSITORY / name).is_file()]


def texts() -> Iterator[tuple[Path, str]]:
    for path in tracked():
        content = path.read_bytes()
        if b"\0" not in content[:8000]:
            yield path, content.decode(errors="replace")


def python_files() -> Iterator[tuple[Path, list[str]]]:
    for path, text in texts():
        if path.suffix == ".py" and path.relative_to(REPOSITORY).parts[0] in SOURCES:
            yield path, text.splitlines()


def found(pattern: str, *, skip: tuple[str, ...] = ()) -> list[str]:
    """`file:line` of every match in a file of ours."""
    search = re.compile(pattern)
    return [
        f"{path.relative_to(REPOSITORY)}:{number}"
        for path, text in texts()
        if path.name not in skip
        for number, line in enumerate(text.splitlines(), 1)
        if search.search(line)
    ]


def too_long(paths: Iterator[tuple[Path, list[str]]], limit: int) -> list[str]:
    return [
        f"{path.relative_to(REPOSITORY)}: {len(lines)} lines, {limit} allowed"
        for path, lines in paths
        if len(lines) > limit and not any("# JUSTIFIED:" in line for line in lines)
    ]


def test_no_python_file_is_too_long() -> None:
    """Up to 400 lines, or a line `# JUSTIFIED: why`."""
    assert too_long(python_files(), LIMIT) == []


def test_dag_files_and_conftests_are_tables_of_contents() -> None:
    """A DAG file has up to 60 lines, a conftest up to 80."""
    dags = [(path, lines) for path, lines in python_files() if path.parent == REPOSITORY / "dags"]
    conftests = [(path, lines) for path, lines in python_files() if path.name == "conftest.py"]
    assert too_long(iter(dags), DAG_LIMIT) + too_long(iter(conftests), CONFTEST_LIMIT) == []


def test_dbt_models_are_short() -> None:
    """A dbt model has up to 80 lines."""
    models = [
        (path, text.splitlines())
        for path, text in texts()
        if path.suffix == ".sql" and "models" in path.parts and "_generated" not in path.parts
    ]
    assert too_long(iter(models), DBT_LIMIT) == []


def test_files_are_named_by_what_they_are_about() -> None:
    """No util, helper, common, misc, base or manager."""
    assert [str(path) for path in tracked() if path.suffix in (".py", ".sql") and path.stem.lower() in WEAK_NAMES] == []


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is the user's choice, so no file of ours decides it."""
    assert found("|".join(map(re.escape, REGISTRIES))) == []


def test_no_file_holds_a_path_of_somebodys_machine() -> None:
    """A checkout works wherever it lies."""
    assert found("|".join(PRIVATE_PLACES)) == []


def test_nothing_is_left_unfinished() -> None:
    """Work that remains is an issue, not a remark in a file."""
    assert found("|".join(rf"\b{re.escape(word)}" for word in UNFINISHED), skip=("requirements.txt", "LICENSE")) == []


def test_every_exception_from_a_linter_gives_its_reason() -> None:
    """`# noqa: S310 - why` and `# type: ignore[error]`."""
    bare = [
        f"{path.relative_to(REPOSITORY)}:{number}"
        for path, lines in python_files()
        for number, line in enumerate(lines, 1)
        if (exception := EXCEPTION.search(line)) and not REASON.match(exception["rest"])
    ]
    assert [place for place in bare if not place.startswith("tests/unit/test_house_rules.py")] == []


def test_links_in_documents_lead_somewhere() -> None:
    dead = [
        f"{path}: {link}"
        for path, text in texts()
        if path.suffix == ".md"
        for link in re.findall(r"\]\(([^)#:]+)\)", text)
        if not (path.parent / link).exists()
    ]
    assert dead == []


def names_of(path: Path) -> set[str]:
    """What a module has at its top, however it came there; what its functions and classes have inside is theirs."""
    held: set[str] = set()
    left: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while left:
        node = left.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            held.add(node.name)
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            held |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            held.add(node.id)
        left += ast.iter_child_nodes(node)
    return held


def unknown_names(path: Path) -> list[str]:
    """`file:line: name` of what a test takes from a test module that does not have it."""
    missing = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests."):
            place = REPOSITORY / str(node.module).replace(".", "/")
            held = {one.stem for one in place.glob("*.py")}
            for source in (place.with_suffix(".py"), place / "__init__.py"):
                held |= names_of(source) if source.is_file() else set()
            missing += [f"{path}:{node.lineno}: {one.name}" for one in node.names if one.name not in held]
    return missing


def test_what_tests_take_from_each_other_is_there() -> None:
    """A name that was moved is found here in a second, not when the whole suite is collected."""
    tests = [path for path, _ in python_files() if path.relative_to(REPOSITORY).parts[0] in ("tests", "bench")]
    assert [line for path in tests for line in unknown_names(path)] == []


def test_a_name_that_is_not_there_is_found(tmp_path: Path) -> None:
    (given := tmp_path / "given.py").write_text("from tests.unit.test_house_rules import REPOSITORY, held, Nothing\n")
    assert unknown_names(given) == [f"{given}:1: held", f"{given}:1: Nothing"], "held is a function's own"


def test_spark_and_delta_are_pinned_as_the_proved_pair() -> None:
    """Unpinned, a newer Spark resolves silently with an old Delta."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    batch = project["dependency-groups"]["batch"]
    assert {"pyspark[connect]==4.0.2", "delta-spark==4.0.0", "pandas>=2.2,<3"} <= set(batch)
    assert any(pin.startswith("dbt-core") and "<1.12" in pin for pin in batch)


def test_the_rule_for_reasons_can_fail() -> None:
    """A bare exception is caught and one with a reason is not."""
    bare, reasoned = EXCEPTION.search("x  # no" + "qa: S310"), EXCEPTION.search("x  # no" + "qa: S310 - own URL")
    assert bare and not REASON.match(bare["rest"])
    assert reasoned and REASON.match(reasoned["rest"])
