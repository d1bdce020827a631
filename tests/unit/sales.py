"""The sales contract as the tests of this folder see it: read from its file, as everybody does."""

from __future__ import annotations

from pathlib import Path

from tideline.adapters.odcs import read_contract

SALES = read_contract(Path(__file__).parents[2] / "contracts" / "retail" / "sales.odcs.yaml")
