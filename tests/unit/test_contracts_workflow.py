"""The workflow for contract pull requests: its commands exist, its rights are few, its actions are pinned."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from tideline.cli import app

REPOSITORY = Path(__file__).parents[2]
WORKFLOW = yaml.safe_load((REPOSITORY / ".github" / "workflows" / "contracts.yml").read_text())
COMMAND = re.compile(r"\.venv/bin/tideline ([^|>\n]+)")
NARROW = ("decimal(12,3)", "decimal(10,3)")


def steps(job: str | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, facts in WORKFLOW["jobs"].items():
        if job in (None, name):
            yield from ((name, step) for step in facts["steps"])


def runs(job: str | None = None) -> list[str]:
    return [step["run"] for _, step in steps(job) if "run" in step]


def invocations() -> list[list[str]]:
    """The words behind each `tideline`, with variables as any text."""
    texts = [found for run in runs() for found in COMMAND.findall(run)]
    return [shlex.split(text.replace("$contract", "retail.sales").replace("$BASE", "HEAD")) for text in texts]


@pytest.mark.parametrize("words", invocations(), ids=" ".join)
def test_each_command_takes_the_words_that_the_workflow_gives(words: list[str]) -> None:
    """Parsed by the command itself, to the last option; nothing is run."""
    group: click.Command = app
    context = click.Context(app, info_name="tideline")
    while isinstance(group, click.Group):
        found = group.get_command(context, words[0])
        assert found is not None, words
        group, words = found, words[1:]
        context = click.Context(group, parent=context, info_name=group.name)
    group.make_context(group.name, list(words), parent=context.parent)


def test_every_program_is_called_by_the_workflow_as_it_is_here() -> None:
    """lint, breaking, plan, compile, up, replay, run and down: whoever renames one has to look here."""
    assert {words[0] if words[0] != "contract" else words[1] for words in invocations()} == {
        "lint", "breaking", "plan", "compile", "up", "replay", "run", "down",
    }  # fmt: skip
    targets = {word for run in runs() for word in re.findall(r"^make (\S+)", run)}
    makefile = (REPOSITORY / "Makefile").read_text().replace("$(VENV)", ".venv")
    assert all(re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE) for target in targets)


def test_rights_are_few_and_never_beside_code_of_the_pull_request() -> None:
    """Only the jobs that check nothing out may write, and each only one thing."""
    assert WORKFLOW["permissions"] == {}
    writing = {
        name: {right for right, level in job["permissions"].items() if level == "write"}
        for name, job in WORKFLOW["jobs"].items()
    }
    assert writing == {"check": set(), "dbt": set(), "scanning": {"security-events"}, "comment": {"pull-requests"}}
    checked_out = {name for name, step in steps() if "checkout" in step.get("uses", "")}
    assert not [name for name in checked_out if writing[name]]
    assert all(
        step["with"]["persist-credentials"] is False for _, step in steps() if "checkout" in step.get("uses", "")
    )
    assert not [run for run in runs() if "${{" in run], "text of a pull request reaches a shell as a variable only"


def test_a_step_whose_pipe_fails_fails() -> None:
    """GitHub gives `pipefail` only to a shell that is named, and the tests below run the steps with it."""
    assert WORKFLOW["defaults"] == {"run": {"shell": "bash"}}
    assert not [step for _, step in steps() if "shell" in step]


def test_actions_are_pinned_by_commit() -> None:
    uses = [step["uses"] for _, step in steps() if "uses" in step]
    assert uses and all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", used) for used in uses)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A small repository with the contracts and the installed command under the path that the workflow uses."""
    root = tmp_path / "clone"
    for folder in ("contracts", "dbt_project"):
        ignored = shutil.ignore_patterns("target", "logs")
        shutil.copytree(REPOSITORY / folder, root / folder, ignore=ignored)
    (root / ".venv" / "bin").mkdir(parents=True)
    program = f'#!/bin/sh\nexec {sys.executable} -c "from tideline.cli import main; main()" "$@"\n'
    (root / ".venv" / "bin" / "tideline").write_text(program)
    (root / ".venv" / "bin" / "tideline").chmod(0o755)
    for words in (("init", "-q", "-b", "main"), ("add", "contracts", "dbt_project"),
                  ("-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-q", "-m", "a")):  # fmt: skip
        subprocess.run(("git", *words), cwd=root, check=True)
    return root


def in_ci(clone: Path, run: str) -> subprocess.CompletedProcess[str]:
    """One step as the runner runs it: bash -eo pipefail, the job's environment."""
    ours = {
        "BASE": "main", "GITHUB_STEP_SUMMARY": str(clone / "summary.md"), "GITHUB_OUTPUT": str(clone / "output"),
        "TIDELINE_CONTRACTS": str(clone / "contracts"), "TIDELINE_DBT_PROJECT": str(clone / "dbt_project"),
        "TIDELINE_HOME": str(clone / ".tideline"), "PYTHONPATH": str(REPOSITORY / "src"),
    }  # fmt: skip
    command = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", run)
    return subprocess.run(command, cwd=clone, env={**os.environ, **ours}, capture_output=True, text=True, check=False)


JUDGING = ("Plan", "What breaks, for the comment", "Breaking changes")


def test_an_earlier_version_that_cannot_be_read_stops_the_job_until_it_is_waived(clone: Path) -> None:
    """The plan says that there is none, and leaves the verdict to the step that knows waivers."""
    contract = clone / "contracts" / "retail" / "sales.odcs.yaml"
    good = contract.read_text()
    contract.write_text(good.replace("logicalType: integer", "logicalType: intege"))
    subprocess.run(
        ("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-aqm", "b"), cwd=clone, check=True
    )
    contract.write_text(good.replace("version: 1.0.0", "version: 1.0.1"))
    (clone / "reports").mkdir()
    run = {step["name"]: step["run"] for _, step in steps("check") if step.get("name") in JUDGING}
    assert [in_ci(clone, run[name]).returncode for name in JUDGING] == [0, 0, 4]
    assert "No plan" in (clone / "reports" / "plan.md").read_text()
    (path,) = set(re.findall(r"earlier\.[0-9a-f]{10}", (clone / "reports" / "breaking.md").read_text()))
    waiver = f"contract: retail.sales, code: TL-CHG-007, path: {path}, owner: retail-data, expires: 9999-12-31"
    (clone / "contracts" / "waivers.yaml").write_text(f"waivers:\n  - {{{waiver}, reason: Never was in force.}}\n")
    assert [in_ci(clone, run[name]).returncode for name in JUDGING] == [0, 0, 0]


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed; GitHub's runners have it")
def test_the_checking_job_stops_a_break_and_leaves_its_reports(clone: Path) -> None:
    """The steps of the job, really run on a pull request that narrows a price."""
    contract = clone / "contracts" / "retail" / "sales.odcs.yaml"
    contract.write_text(contract.read_text().replace(*NARROW))
    results = {
        step["name"]: in_ci(clone, step["run"])
        for _, step in steps("check")
        if "run" in step and step["name"] not in ("Set up", "Generated files are those of the contracts")
    }
    codes = {name: done.returncode for name, done in results.items()}
    assert codes.pop("Breaking changes") == 4
    assert set(codes.values()) == {0}, {name: done.stderr for name, done in results.items() if done.returncode}
    assert (clone / "output").read_text() == "changed=retail.sales\n"
    assert "::error file=contracts/retail/sales.odcs.yaml" in results["Breaking changes"].stdout
    assert '"version": "2.1.0"' in (clone / "reports" / "contracts.sarif").read_text()
    summary = (clone / "summary.md").read_text()
    assert "TL-CHG-022" in summary and "Tideline plan" in summary


@pytest.mark.parametrize("lines", [3, 3_000])
def test_a_comment_that_is_cut_says_so(clone: Path, lines: int) -> None:
    """Many contracts: a reader must not take the part that fits for all there is."""
    (comment,) = [step["run"] for _, step in steps("comment") if "run" in step]
    program = clone / "bin" / "gh"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nwhile [ "$1" != --body-file ]; do shift; done\ncp "$2" said.md\n')
    program.chmod(0o755)
    (clone / "breaking.md").write_text("".join(f"| BLOCKED | {at} | größer \u2192 kleiner |\n" for at in range(lines)))
    (clone / "plan.md").write_text("the plan\n")
    done = in_ci(clone, f"export PATH=$PWD/bin:$PATH NUMBER=1 RUN=https://example.org/run/7\n{comment}")
    assert done.returncode == 0, done.stderr
    said = (clone / "said.md").read_text(encoding="utf-8")  # no letter was cut in two
    whole = lines == 3
    assert said.endswith("the plan\n") == whole and ("**Cut here.**" in said) != whole
    assert ("https://example.org/run/7" in said) != whole and len(said) < 65_536
    assert all(row.endswith("kleiner |") for row in said.splitlines() if row.startswith("| BLOCKED"))
