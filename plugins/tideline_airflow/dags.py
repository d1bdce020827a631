"""From a contract to its DAGs: the plan's stages in order, joined by assets. Reads the compiled index, nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, Asset, CronDataIntervalTimetable, chain

from tideline.index import load_index
from tideline.model.contract import Contract
from tideline.planning import Engine, Stage, plan
from tideline.settings import settings
from tideline_airflow.doc import api_url, contract_doc, marts_doc
from tideline_airflow.stage import StageTask

FIRST_DAY = datetime(2010, 12, 1, tzinfo=UTC)  # before the oldest event, so that every day of it can be restated
_WEIGHT = {"gold": 100, "silver": 10, "bronze": 1}


def contracts() -> tuple[Contract, ...]:
    """Every contract of the compiled index, by id. Raises StaleIndex when there is no index."""
    return tuple(contract for _, contract in sorted(load_index(settings().index).items()))


def contract_dag(contract: Contract) -> DAG:
    """The batch layer of one contract: cut, ingest, refine, model, audit, publish, one run at a time."""
    return _dag(
        contract,
        contract.id,
        plan(contract).stages,
        schedule=CronDataIntervalTimetable(contract.schedule, "UTC"),
        doc_md=contract_doc(contract),
    )


def marts_dag(contract: Contract) -> DAG:
    """The star schema of one contract, rebuilt whenever a release was published."""
    place = f"{contract.domain}/{contract.product}"
    stage = Stage(
        "marts",
        Engine.DBT,
        "build facts, dimensions and key figures from the published release",
        (f"release/{place}",),
        (f"marts/{place}",),
    )
    return _dag(
        contract, f"{contract.id}.marts", (stage,), schedule=[asset(stage.reads[0])], doc_md=marts_doc(contract)
    )


def asset(name: str) -> Asset:
    """The Airflow asset of a platform asset such as `silver/retail/sales`.

    `x-` marks a private scheme: for any other one Airflow imports every provider (and boto3) to look for its handler.
    """
    return Asset(name=name, uri=f"x-tideline://{name}")


def _dag(contract: Contract, dag_id: str, stages: tuple[Stage, ...], **of_dag: Any) -> DAG:
    limit = sum((stage.time_limit for stage in stages), timedelta())
    with DAG(
        dag_id,
        description=contract.description,
        start_date=FIRST_DAY,
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=2 * limit,
        default_args={"owner": contract.owner},
        tags=sorted({*contract.tags, contract.domain, contract.product, f"tier:{contract.tier}", contract.owner}),
        **of_dag,
    ) as dag:
        chain(*(stage_task(contract, stage) for stage in stages))
    return dag


def stage_task(contract: Contract, stage: Stage) -> StageTask:
    """One stage as a task; retries back off from five seconds to five minutes."""
    return StageTask(
        task_id=stage.name,
        contract_id=contract.id,
        stage=stage.name,
        why=stage.why,
        api_url=api_url(contract, contract.views[0]) if contract.views else settings().serving_url + "/docs",
        doc_md=f"{stage.why}.\n\nRun it by hand: `tideline run {contract.id} {stage.name} --run-key KEY`",
        inlets=[asset(name) for name in stage.reads],
        outlets=[asset(name) for name in stage.writes],
        execution_timeout=stage.time_limit,
        retries=stage.retries,
        retry_delay=timedelta(seconds=5),
        retry_exponential_backoff=2.0,
        max_retry_delay=timedelta(minutes=5),
        max_active_tis_per_dag=1,
        priority_weight=_WEIGHT[contract.tier],
        weight_rule="absolute",
    )
