"""One AWS provider for all validations and mocked tests of a session, as a provider's developers attach theirs.

Terraform begins a provider anew for each `run` of a test, only to ask for its schema: more than half of the CPU of a
module's tests. A kept one keeps what it was configured with as well, so it is for what configures none: `validate`, and
`test` under mock_provider. Plans and applies begin their own.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

from tests.ending import ended

ATTACH = "TF_REATTACH_PROVIDERS"
START_LIMIT = 120.0


@contextmanager
def kept_provider(program: Path, folder: Path) -> Iterator[dict[str, str]]:
    """The variable that attaches Terraform to the provider `program` while this is open; `folder` gets its log.

    Raises AssertionError with what it said when it does not say where it listens within START_LIMIT seconds.
    """
    log = folder / "provider.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            (str(program), "-debug"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))},
        )
        assert process.stdout is not None
        too_slow = Timer(START_LIMIT, process.kill)
        too_slow.start()
        try:
            said = next((line for line in process.stdout if f"{ATTACH}=" in line), "")
            too_slow.cancel()
            assert said, f"{program.name} did not say where it listens: {log.read_text()[-2000:]}"
            yield {ATTACH: _value(said)}
        finally:
            too_slow.cancel()
            process.terminate()
            ended(process)


def _value(line: str) -> str:
    """What stands behind `TF_REATTACH_PROVIDERS=`, quoted for a shell; it has to be JSON."""
    value = shlex.split(line)[0].partition("=")[2]
    json.loads(value)
    return value
