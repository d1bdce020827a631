"""The golden folder of generated dbt files: `rendering_dbt/given.json` is a contract, `expect/` what it renders to.

python tests/golden/rendering.py writes the expectation again; what it changes has to be reviewed by a person.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tideline.model.contract import Contract
from tideline.rendering.dbt import FOLDER, render

PLACE = Path(__file__).parent / "rendering_dbt"
EXPECT = PLACE / "expect"


def rendered() -> dict[str, str]:
    """What the given contract renders to now, by file name."""
    contract = Contract.model_validate_json((PLACE / "given.json").read_text(encoding="utf-8"))
    start = f"{FOLDER}/{contract.domain}/{contract.product}/"
    return {name.removeprefix(start): text for name, text in render({contract.id: contract}).items()}


def expected() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in EXPECT.iterdir()}


def write() -> None:
    files = rendered()
    shutil.rmtree(EXPECT, ignore_errors=True)
    EXPECT.mkdir()
    for name, text in files.items():
        (EXPECT / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
