"""From the list of contracts to DAGs: one per contract, or in groups. Reads `index.json`, nothing else.

When a task starts, Airflow parses the DAG file again and says for which DAG: then that one is built, and of a contract
only its own file is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, AssetAlias, CronDataIntervalTimetable, chain, get_parsing_context, task_group

from tideline.listing import Listed, read_listed, read_listing
from tideline.planning import Stage, marts, plan
from tideline.settings import settings
from tideline_airflow.deadline import alert
from tideline_airflow.doc import contract_doc, group_doc, marts_doc
from tideline_airflow.groups import PREFIX, Group, grouped
from tideline_airflow.marts import with_marts
from tideline_airflow.stage import ChooseTask, StageTask, alias_of, asset

LONGEST_TAG = 100  # Airflow refuses a longer one, and with it every DAG of the file
FIRST_DAY = datetime(2010, 12, 1, tzinfo=UTC)  # before the oldest event, so that every day of it can be restated
MARTS = ".marts"
_WEIGHT = {"gold": 100, "silver": 10, "bronze": 1}


def declare_batch() -> list[DAG]:
    """The DAGs that publish, or the one that a task belongs to. Raises StaleIndex when there is no index."""
    asked = get_parsing_context().dag_id
    if asked is not None and asked.startswith(PREFIX):
        return [group_dag(group) for group in _groups() if group.id == asked]
    if asked is not None:
        return [] if asked.endswith(MARTS) else [contract_dag(read_listed(settings().index, asked))]
    if settings().dags == "grouped":
        return [group_dag(group) for group in _groups()]
    return [contract_dag(contract) for contract in _contracts()]


def declare_marts() -> list[DAG]:
    """The DAGs of star schemas; in groups they are the last stage of each contract instead."""
    asked = get_parsing_context().dag_id
    if asked is not None:
        id_ = asked.removesuffix(MARTS)
        return [] if id_ == asked or asked.startswith(PREFIX) else [marts_dag(read_listed(settings().index, id_))]
    listed, wanted = _contracts(), with_marts(settings().dbt_project)
    return [] if settings().dags == "grouped" else [marts_dag(contract) for contract in listed if contract.id in wanted]


def _contracts() -> Iterable[Listed]:
    return read_listing(settings().index).contracts.values()


def _groups() -> tuple[Group, ...]:
    return grouped(_contracts(), settings().group_size)


def contract_dag(contract: Listed) -> DAG:
    """The batch layer of one contract: cut, ingest, refine, model, audit, publish, one run at a time."""
    stages = plan(contract).stages
    with _dag(
        contract.id,
        contract,
        schedule=_cron(contract.schedule),
        description=contract.description,
        doc_md=contract_doc(contract),
        dagrun_timeout=2 * _limit(stages),
        deadline=alert(contract.deadline, contract.owner, contract.tier),
        tags=_tags(contract, {*contract.tags, contract.domain, contract.product}),
    ) as dag:
        chain(*(_stage_task(stage, contract.id, contract.tier, assets=True) for stage in stages))
    return dag


def marts_dag(contract: Listed) -> DAG:
    """The star schema of one contract, rebuilt whenever a release was published."""
    stage = marts(contract)
    with _dag(
        contract.id + MARTS,
        contract,
        schedule=[asset(stage.reads[0])],
        description=contract.description,
        doc_md=marts_doc(contract),
        dagrun_timeout=2 * _limit((stage,)),
        tags=_tags(contract, {*contract.tags, contract.domain, contract.product}),
    ) as dag:
        _stage_task(stage, contract.id, contract.tier, assets=True)
    return dag


def group_dag(group: Group) -> DAG:
    """The batch layers of many contracts: the run notes whom it is for, then each goes its own way through the stages.

    A contract's refine waits for its own ingest only, and a contract that fails stops nobody else.
    """
    any_of_them = group.members[0]
    stages = plan(any_of_them).stages
    if not with_marts(settings().dbt_project).isdisjoint(member.id for member in group.members):
        stages += (marts(any_of_them),)
    with _dag(
        group.id,
        group,
        schedule=_cron(group.schedule),
        description=f"{len(group.members)} contracts of {group.owner}, tier {group.tier}, {group.schedule}",
        doc_md=group_doc(group),
        dagrun_timeout=2 * _limit(stages) * len(group.members),
        deadline=alert(group.deadline, group.owner, group.tier),
        tags=_tags(group, {"grouped", *(member.domain for member in group.members)}),
    ) as dag:
        chosen = ChooseTask(task_id="choose", group_id=group.id, retries=3, priority_weight=_WEIGHT[group.tier])

        @task_group(group_id="contract", prefix_group_id=False)  # type: ignore[untyped-decorator]
        def contract(contract_id: str) -> None:
            chain(*(_stage_task(stage, contract_id, group.tier, assets=False) for stage in stages))

        contract.expand(contract_id=chosen.output)
    return dag


def _dag(dag_id: str, of: Listed | Group, **told: Any) -> DAG:
    return DAG(
        dag_id,
        start_date=FIRST_DAY,
        catchup=False,
        max_active_runs=1,
        default_args={"owner": of.owner},
        **told,
    )


def _cron(schedule: str) -> CronDataIntervalTimetable:
    return CronDataIntervalTimetable(schedule, "UTC")


def _tags(of: Listed | Group, words: set[str]) -> list[str]:
    return sorted({word[:LONGEST_TAG] for word in {*words, f"tier:{of.tier}", of.owner}})


def _limit(stages: Iterable[Stage]) -> timedelta:
    return sum((stage.time_limit for stage in stages), timedelta())


def _stage_task(stage: Stage, contract_id: str, tier: str, *, assets: bool) -> StageTask:
    """One stage as a task; retries back off from five seconds to five minutes.

    In a group the contract is known when the run is, so what it writes is told through an alias.
    """
    sides: dict[str, Any] = {
        "inlets": [asset(name) for name in stage.reads],
        "outlets": [asset(name) for name in stage.writes],
    }
    mapped: dict[str, Any] = {
        "outlets": [AssetAlias(alias_of(stage.name))] if stage.writes else [],
        "map_index_template": "{{ task.contract_id }}",
    }
    return StageTask(
        task_id=stage.name,
        contract_id=contract_id,
        stage=stage.name,
        why=stage.why,
        doc_md=f"{stage.why}.\n\nRun it by hand: `tideline run CONTRACT {stage.name} --run-key KEY`",
        execution_timeout=stage.time_limit,
        retries=stage.retries,
        retry_delay=timedelta(seconds=5),
        retry_exponential_backoff=2.0,
        max_retry_delay=timedelta(minutes=5),
        max_active_tis_per_dag=1 if assets else None,
        pool=stage.engine.value,
        priority_weight=_WEIGHT[tier],
        weight_rule="absolute",
        **(sides if assets else mapped),
    )
