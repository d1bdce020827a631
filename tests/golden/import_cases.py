"""The golden imports: `import/<case>/{given.*, said.json, expect.odcs.yaml}`.

Run as a program it writes every expect.odcs.yaml again; what it changes has to be reviewed by a person.

python -m tests.golden.import_cases
"""

from __future__ import annotations

import json
from pathlib import Path

from tideline.importing.deciding import Said, settle
from tideline.importing.draft import Draft
from tideline.importing.source import kind_of, read
from tideline.importing.writing import Written, write

HERE = Path(__file__).parent / "import"
CASES = sorted(path.name for path in HERE.iterdir())


def made(case: str) -> tuple[Draft, Written]:
    """What an import makes of a case."""
    given = next((HERE / case).glob("given.*"))
    said = HERE / case / "said.json"
    draft = read(str(given), kind_of(str(given)))
    settle(draft, Said(**json.loads(said.read_text())) if said.exists() else Said())
    return draft, write(draft)


def expected(case: str) -> Path:
    return HERE / case / "expect.odcs.yaml"


if __name__ == "__main__":
    for name in CASES:
        expected(name).write_text(made(name)[1].text, encoding="utf-8")
