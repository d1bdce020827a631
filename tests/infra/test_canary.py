"""No secret in state, plan, variables, output or log: canaries lie where secrets come near Terraform; none is found.

They are the credentials of who applies, a secret that a task is given by name, and a parameter beside it. Everything
that Terraform says and every file that it leaves is searched, archives and base64 included.
"""

from __future__ import annotations

import base64
import io
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.infra.environments import Environments, names
from tests.infra.rounds import NO_REFRESH, Round
from tests.infra.terraform_cli import NEVER_COPIED, REPOSITORY

ROOT = Path("tests/infra/canary")
PROVIDER = """\
provider "aws" {
  region                      = "eu-central-1"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  max_retries                 = 6
}
"""
CANARIES = {
    "AWS_ACCESS_KEY_ID": "AKIACANARY0000000001",
    "AWS_SECRET_ACCESS_KEY": "canary-secret-key-0123456789abcdefghijkl",
    "AWS_SESSION_TOKEN": "canary-session-token-0123456789",
    "secret": "canary-of-the-upstream-password",
    "parameter": "canary-of-the-parameter",
}
SAID = "canary-that-terraform-is-told"
# What the provider calls sensitive and the plans do say: each with the reason why it is no secret.
REVIEWED = {
    ("aws_mwaa_environment", "airflow_configuration_options"): (
        "Airflow's settings as modules/airflow writes them; they may hold passwords, ours hold limits and switches, "
        "and the rule SECRET reads each of them."
    ),
    ("aws_redshiftserverless_namespace", "admin_username"): (
        "A name that is the same everywhere; Redshift makes the password and keeps it in Secrets Manager."
    ),
}


@dataclass
class Traces:
    """All that Terraform said, by command, and the folder in which it worked."""

    folder: Path
    said: dict[str, str] = field(default_factory=dict)

    def found(self, canary: str) -> list[str]:
        """Where a canary is: the command whose output has it, or the file."""
        wanted = (canary.encode(), base64.b64encode(canary.encode()).rstrip(b"="))
        texts = [(command, text.encode()) for command, text in self.said.items()]
        return sorted({place for place, text in [*texts, *self._left()] if any(each in text for each in wanted)})

    def _left(self) -> Iterator[tuple[str, bytes]]:
        """Every file but the provider itself; a plan is an archive of its parts."""
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and "providers" not in path.parts:
                content, name = path.read_bytes(), path.relative_to(self.folder).as_posix()
                yield name, content
                if zipfile.is_zipfile(io.BytesIO(content)):
                    with zipfile.ZipFile(io.BytesIO(content)) as archive:
                        yield from ((f"{name}:{part}", archive.read(part)) for part in archive.namelist())


@pytest.fixture(scope="module")
def life(rounds: Round) -> Iterator[Round]:
    """An account with a secret and a parameter, each holding its canary."""
    rounds.aws.reset()
    rounds.client("secretsmanager").create_secret(Name="tideline-dev/services/up", SecretString=CANARIES["secret"])
    rounds.client("ssm").put_parameter(Name="/tideline/dev/up", Value=CANARIES["parameter"], Type="SecureString")
    yield rounds
    rounds.aws.reset()


def _traces(life: Round, name: str, *, said: str | None = None) -> tuple[Traces, dict[str, str]]:
    """A copy of the root where Terraform is initialised and has planned; and the variables to go on with."""
    folder = life.tree / ROOT.with_name(name)
    shutil.copytree(REPOSITORY / ROOT, folder, ignore=NEVER_COPIED)
    (folder / "provider.tf").write_text(PROVIDER)
    secret = life.client("secretsmanager").describe_secret(SecretId="tideline-dev/services/up")["ARN"]
    given = {"AWS_ENDPOINT_URL": life.aws.url, "TF_LOG": "INFO", "TF_LOG_PATH": str(folder / "log")}
    given |= {key: value for key, value in CANARIES.items() if key.startswith("AWS_")} | {"TF_VAR_secret": secret}
    given |= {"TF_VAR_said": said} if said else {}
    traces = Traces(folder)
    for command in (("init",), ("plan", "-out=p.tfplan"), ("show", "p.tfplan"), ("show", "-json", "p.tfplan")):
        traces.said[" ".join(command)] = life.terraform.run(folder, *command, "-no-color", set_to=given)
    return traces, given


def _leaked(traces: Traces) -> dict[str, list[str]]:
    return {name: places for name, canary in CANARIES.items() if (places := traces.found(canary))}


@pytest.mark.timeout(400)
@pytest.mark.xdist_group("canary")
def test_no_secret_is_in_what_terraform_says_and_leaves(life: Round) -> None:
    """From the plan to the destroyed environment, with the log of normal level; the secret's name is all it knows."""
    traces, given = _traces(life, "canary")
    for command in (
        ("apply", "-auto-approve", "p.tfplan"),
        ("show", "-json"),
        ("output", "-json"),
        ("state", "pull"),
        ("plan", "-detailed-exitcode"),
    ):
        more = () if command[0] in ("output", "state") else ("-no-color",)
        traces.said[" ".join(command)] = life.terraform.run(traces.folder, *command, *more, set_to=given)
    assert _leaked(traces) == {}
    by_name = traces.found(":secret:tideline-dev/services/up-")
    assert {"terraform.tfstate", "show -json", "p.tfplan:tfplan"} <= set(by_name)
    assert (traces.folder / "log").stat().st_size > 0
    traces.said["destroy"] = life.terraform.run(
        traces.folder, "destroy", "-auto-approve", "-no-color", NO_REFRESH, set_to=given
    )
    assert _leaked(traces) == {}


@pytest.mark.timeout(400)
@pytest.mark.xdist_group("canary")
def test_a_secret_that_terraform_is_told_is_found_everywhere(life: Round) -> None:
    """The search can fail: a value in a variable is in the plan, in what is shown of it, in state and output."""
    traces, given = _traces(life, "canary-told", said=SAID)
    assert {"show -json p.tfplan", "p.tfplan:tfplan"} <= set(traces.found(SAID))
    (traces.folder / "main.tf").write_text(TOLD)
    traces.said["apply"] = life.terraform.run(traces.folder, "apply", "-auto-approve", "-no-color", set_to=given)
    traces.said["output"] = life.terraform.run(traces.folder, "output", "-json", set_to=given)
    assert {"apply", "output", "terraform.tfstate"} <= set(traces.found(SAID))


TOLD = """
variable "said" {
  type = string
}
variable "secret" {
  type = string
}
resource "terraform_data" "told" {
  input = { plain = var.said, encoded = base64encode(var.said) }
}
output "told" {
  value = terraform_data.told.output
}
"""


def _marked(marks: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths that `after_sensitive` marks."""
    if marks is True:
        yield path
    inner = marks.items() if isinstance(marks, dict) else enumerate(marks) if isinstance(marks, list) else ()
    for key, value in inner:
        yield from _marked(value, (*path, key))


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    """What stands at a path; None where it ends before. True (all of it is unknown) holds for everything inside."""
    for key in path:
        if value is True:
            return True
        if not isinstance(value, dict | list) or (isinstance(value, dict) and key not in value):
            return None
        value = value[key] if isinstance(value, dict) else value[int(key)] if int(key) < len(value) else None
    return value


def _sensitive(plan: dict[str, Any]) -> set[tuple[str, str]]:
    """(type, attribute) that is marked sensitive and that this plan says, or that applying would bring to light."""
    found = set()
    for one in plan["resource_changes"]:
        change = one["change"]
        for path in _marked(change.get("after_sensitive")):
            if _at(change["after"], path) or _at(change.get("after_unknown"), path):
                found.add((one["type"], ".".join(str(key) for key in path if isinstance(key, str))))
    outputs = plan.get("output_changes", {}).items()
    return found | {("output", name) for name, change in outputs if change.get("after_sensitive")}


@pytest.mark.timeout(600)
@pytest.mark.xdist_group("environments")
def test_what_the_provider_calls_sensitive_is_absent_but_for_what_was_reviewed(environments: Environments) -> None:
    """A password, host key or token that a plan began to say would be in the state for ever."""
    found = {each for name in names() for each in _sensitive(environments.plan(name))}
    assert sorted(found) == sorted(REVIEWED)


def test_a_sensitive_value_is_found_known_or_not() -> None:
    """Said, deep inside, or known after apply; but not what is null, and not what is only marked."""
    marked = {"a": True, "b": [{"c": True}], "d": True, "e": True, "f": [{"g": True}]}
    change = {
        "after": {"a": "x", "b": [{"c": "y"}], "d": None},
        "after_unknown": {"e": True, "b": [{}], "f": True},
        "after_sensitive": marked,
    }
    plan = {
        "resource_changes": [{"type": "aws_x", "change": change}],
        "output_changes": {"o": {"after_sensitive": True}, "p": {"after_sensitive": False}},
    }
    assert _sensitive(plan) == {("aws_x", "a"), ("aws_x", "b.c"), ("aws_x", "e"), ("aws_x", "f.g"), ("output", "o")}
