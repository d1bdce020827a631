"""Contracts in the formats of other tools: our own renderings, and those of datacontract-cli where it is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tideline.model.contract import Contract, dump_index_entry
from tideline.model.errors import Fatal, Retriable
from tideline.rendering import avro, exact_json, json_schema, spark

PACKAGE = "datacontract-cli==1.2.8"
LIMIT_S = 120
# of datacontract-cli; its own avro, jsonschema and sql are left out for the exact ones here
FOREIGN = (
    "avro-idl", "bigquery", "data-caterer", "dbml", "dbt-models", "dbt-sources", "dbt-staging-sql", "dcs", "dqx", "go",
    "great-expectations", "html", "iceberg", "markdown", "mermaid", "odcs", "protobuf", "pydantic-model", "rdf",
    "sodacl", "spark", "sql-query", "sqlalchemy", "xsd",
)  # fmt: skip


def _json(contract: Contract) -> str:
    return exact_json.dumps({"id": contract.id, "hash": contract.hash, **dump_index_entry(contract)})


def _sql(contract: Contract) -> str:
    columns = ",\n  ".join(column.ddl for column in spark.event_columns(contract))
    name = f"{contract.domain}.{contract.product}"
    return f"CREATE TABLE {name} (\n  {columns}\n) USING DELTA\nCOMMENT {spark.literal(contract.description)};\n"


OWN: dict[str, Callable[[Contract], str]] = {
    "json": _json, "jsonschema": json_schema.render, "avro": avro.render, "sql": _sql,
}  # fmt: skip


def own(contract: Contract, form: str) -> str:
    """The contract in one of our formats."""
    return OWN[form](contract)


def foreign(contract: Contract, source: Path, form: str) -> str:
    """What datacontract-cli makes of the contract's file; raises Fatal when it is absent or refuses.

    It gets a copy in a folder of its own, follows no references and so fetches nothing.
    """
    if contract.family is not None:
        what = f"{contract.id} is a member of the family {contract.family}; datacontract-cli does not know families"
        raise Fatal("TL-EXP-002", what, fix=f"take one of {', '.join(OWN)}")
    program = _program()
    if not source.is_file():
        fix = f"run it where the contracts are (TIDELINE_CONTRACTS), or take one of {', '.join(OWN)}"
        raise Fatal("TL-EXP-004", f"the file of {contract.id} is not there", where=str(source), fix=fix)
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "contract.odcs.yaml", Path(folder) / "made"
        given.write_bytes(source.read_bytes())
        call = [program, "export", form, str(given), "--output", str(made), "--no-inline-references"]
        try:
            done = subprocess.run(call, capture_output=True, text=True, timeout=LIMIT_S, check=False, cwd=folder)
        except subprocess.TimeoutExpired:
            raise Retriable("TL-EXP-003", f"datacontract-cli took more than {LIMIT_S} s", where=str(source)) from None
        if done.returncode != 0 or not made.is_file():
            said = " ".join((done.stderr or done.stdout).split())[-300:]
            fix = "take another --format, or see what datacontract-cli says"
            raise Fatal("TL-EXP-003", f"datacontract-cli made no {form}: {said}", where=str(source), fix=fix)
        return made.read_text(encoding="utf-8")


def _program() -> str:
    """The command of this environment, else of the PATH."""
    beside = Path(sys.executable).with_name("datacontract")
    found = str(beside) if beside.is_file() else shutil.which("datacontract")
    if found is None:
        fix = f"install it where the PATH finds it: uv tool install {PACKAGE}"
        raise Fatal("TL-EXP-001", "this format needs datacontract-cli, which is not installed", fix=fix)
    return found
