"""What an operator reads on a DAG's page: what the product promises, what to do when a task is red, where to look."""

from __future__ import annotations

from tideline.listing import Listed
from tideline.settings import settings
from tideline_airflow.groups import Group

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


def contract_doc(contract: Listed) -> str:
    """Markdown for the DAG page of a contract."""
    views = "\n".join(f"- [`{name}`]({_view_url(contract, name)}): {words}" for name, words in contract.views)
    return (
        f"## {contract.id} {contract.version}\n{contract.description}\n\n"
        f"Owner **{contract.owner}**, tier **{contract.tier}**, freshness {contract.freshness:.0f} s, "
        f"{_deadline(contract.deadline)}"
        f"contract hash `{contract.hash}`.\n\n### Views\n{views or 'This contract serves no view.'}\n\n"
        f"[Live page]({settings().serving_url}/) · [API reference]({settings().serving_url}/docs)\n\n"
        + TRIAGE.format(dag_id=contract.id)
    )


def marts_doc(contract: Listed) -> str:
    """Markdown for the DAG page of a contract's star schema."""
    return (
        f"## Star schema of {contract.id}\nRebuilt after each release of `{contract.id}`; owner **{contract.owner}**. "
        "Facts and dimensions live in `marts`; the tests of dbt guard them.\n\n" + TRIAGE.format(dag_id=contract.id)
    )


def group_doc(group: Group) -> str:
    """Markdown for the DAG page of a group."""
    listed = "\n".join(f"- `{member.id}` {member.version}" for member in group.members)
    part = f", part {group.part} of {group.parts}" if group.parts > 1 else ""
    return (
        f"## {len(group.members)} contracts of {group.owner}{part}\nTier **{group.tier}**, schedule `{group.schedule}`"
        f", {_deadline(group.deadline)}each contract at its own pace; the mapped tasks bear its name.\n\n"
        'To run some of them: trigger with `{"contracts": ["domain.product"]}`, with `"restate"` beside it to compute '
        f"their days again.\n\n### Contracts\n{listed}\n\n" + TRIAGE.format(dag_id=group.id)
    )


def api_url(contract: Listed) -> str:
    """Where the serving layer answers for a contract: its first view, or the description of the API."""
    return _view_url(contract, contract.views[0][0]) if contract.views else settings().serving_url + "/docs"


def _view_url(contract: Listed, view: str) -> str:
    return f"{settings().serving_url}/v1/{contract.domain}/{view}"


def _deadline(seconds: float | None) -> str:
    return "" if seconds is None else f"published within {seconds / 60:g} minutes of the end of its interval, "
