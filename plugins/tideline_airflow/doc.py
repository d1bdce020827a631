"""What an operator reads on a DAG's page: what the product promises, what to do when a task is red, where to look."""

from __future__ import annotations

from tideline.model.contract import Contract, View
from tideline.settings import settings

TRIAGE = """### Triage
A red task says in the last line of its log what happened (`TL-...`), where, and what to do. Clearing a task or a run
is always safe: a stage is a function of the run key and the contract, and running it twice changes nothing.

| state, exit code | meaning | what to do |
|---|---|---|
| up for retry, 75 | broker, Spark server or disk was not there | wait; `tideline status` names what is down |
| failed, 2 or 4 | set-up, contract or compiled index refused | mend the named line, `tideline compile`, clear |
| failed at audit, 65 | a promise is broken, the old release stays live | read the failed check, look at quarantine |
| failed, 66 | the log lost records before they were read | `tideline offsets` names the range; nothing is skipped |
| failed, 76 | a newer run took over | nothing; do not clear it |

Runbook: `docs/airflow.md`, section *When a task is red*. To compute days again:
`airflow backfill create --dag-id {dag_id} --from-date 2011-01-04 --to-date 2011-01-05 --max-active-runs 1`,
or trigger the DAG with `{{"restate": ["2011-01-04", "2011-01-06"]}}` (the second day is exclusive).
"""


def contract_doc(contract: Contract) -> str:
    """Markdown for the DAG page of a contract."""
    views = "\n".join(f"- [`{view.name}`]({api_url(contract, view)}): {view.description}" for view in contract.views)
    return (
        f"## {contract.id} {contract.version}\n{contract.description}\n\n"
        f"Owner **{contract.owner}**, tier **{contract.tier}**, freshness {contract.freshness.total_seconds():.0f} s, "
        f"contract hash `{contract.hash}`.\n\n### Views\n{views or 'This contract serves no view.'}\n\n"
        f"[Live page]({settings().serving_url}/) · [API reference]({settings().serving_url}/docs)\n\n"
        + TRIAGE.format(dag_id=contract.id)
    )


def marts_doc(contract: Contract) -> str:
    """Markdown for the DAG page of a contract's star schema."""
    return (
        f"## Star schema of {contract.id}\nRebuilt after each release of `{contract.id}`; owner **{contract.owner}**. "
        "Facts and dimensions live in `marts`; the tests of dbt guard them.\n\n" + TRIAGE.format(dag_id=contract.id)
    )


def api_url(contract: Contract, view: View) -> str:
    """Where the serving layer answers for a view."""
    return f"{settings().serving_url}/v1/{contract.domain}/{view.name}"
