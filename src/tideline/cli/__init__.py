"""The `tideline` command: one file per command, imported only when it is called.

Exit codes: 0 done · 1 unexpected (a bug: a log is named) · 2 wrong usage or set-up · 4 contract or index refused ·
65 data contradicts a promise · 66 the log lost what has to be read · 75 try again later · 76 a newer run took over ·
130 interrupted.
"""

from __future__ import annotations

import json
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from tideline import __version__
from tideline.cli.lazy import LazyGroup
from tideline.cli.os_errors import exit_code, told
from tideline.model.errors import TidelineError

COMMANDS = {
    "doctor": "Check what this machine has and say what to do about what it lacks.",
    "demo": "Run the main job end to end and compare every answer with an independent ledger.",
    "up": "Start the platform: broker, Spark, Airflow, speed layer, serving layer.",
    "down": "Stop the platform.",
    "status": "Show what runs, where, and how healthy it is.",
    "logs": "Print or follow the log of a service.",
    "replay": "Play events into a topic and keep a journal of every send.",
    "contract": "Read, check and explain contracts.",
    "compile": "Compile the contracts into the index and the generated files.",
    "plan": "Show what applying the contracts would change, or the stages that a run would go through.",
    "apply": "Carry out what plan shows: tables, generated files, the record of what is deployed.",
    "topics": "Make the topics that contracts need, on a Kafka that Tideline does not run itself.",
    "env": "Prepare, show and review environments on AWS.",
    "cost": "Estimate what an environment costs a month.",
    "run": "Run one stage, or a whole run without Airflow.",
    "offsets": "Show or verify coverage, release and log positions; roll back, or accept what the log lost.",
    "query": "Ask the serving layer from the shell.",
}


_EPILOG = (
    "Exit codes: 0 done, 1 unexpected (a log is named), 2 wrong usage or set-up, 4 contract or index refused, "
    "65 data contradicts a promise, 66 the log lost what has to be read, 75 try again later, 76 a newer run took over, "
    "130 interrupted."
)


@click.group(
    cls=LazyGroup,
    package=__name__,
    table=COMMANDS,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="tideline")
def app() -> None:
    """Tideline: where the stream meets the lake. Every command takes --json where it prints facts."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; every failure is one line that says what to do, and an exit code from the list above."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        result = app.main(args=words, prog_name="tideline", standalone_mode=False)
        sys.exit(result if isinstance(result, int) else 0)
    except click.exceptions.Abort:
        sys.exit(130)
    except KeyboardInterrupt:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except TidelineError as error:
        _tell(error, as_json="--json" in words)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(0)
    except OSError as error:
        click.echo(told(error), err=True)
        sys.exit(exit_code(error))
    except Exception as error:  # noqa: BLE001 - the last door: a user gets one line, the log the trace
        click.echo(f"TL-BUG-001 unexpected {type(error).__name__}; the trace is in {_keep_trace()}", err=True)
        sys.exit(1)


def _tell(error: TidelineError, *, as_json: bool) -> None:
    click.echo(json.dumps({"error": error.as_dict()}) if as_json else str(error), err=True)


def _keep_trace() -> str:
    from tideline.settings import settings

    try:
        folder = settings().logs
        folder.mkdir(parents=True, exist_ok=True)
    except (TidelineError, OSError):
        folder = Path(tempfile.gettempdir())
    path = folder / "tideline-cli.log"
    with path.open("a") as log:
        log.write(traceback.format_exc())
    return str(path)
