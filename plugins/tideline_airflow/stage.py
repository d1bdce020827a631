"""The operators: a task is a stage of a plan, run by the `tideline` command and judged by its exit code.

In a DAG of many contracts a first task says for whom the run is.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import Asset, AssetAlias, BaseOperator, BaseOperatorLink
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from tideline import crash
from tideline.listing import read_listed, read_listing
from tideline.model.errors import TidelineError
from tideline.planning import marts, plan
from tideline.settings import settings
from tideline_airflow import process
from tideline_airflow.doc import api_url
from tideline_airflow.groups import grouped
from tideline_airflow.marts import with_marts
from tideline_airflow.request import NothingToDo, arguments, request, run_key
from tideline_airflow.verdict import verdict

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import TaskInstanceKey


class StageFailed(AirflowException):  # type: ignore[misc]
    """The stage may succeed when it runs again; Airflow's retries decide when."""


class ApiLink(BaseOperatorLink):  # type: ignore[misc]  # Airflow ships no types to mypy here
    """From a task to what the API answers for the contract."""

    name = "Live answer (API)"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        try:
            return api_url(read_listed(settings().index, str(getattr(operator, "contract_id", ""))))
        except TidelineError:  # the index is being written: a task does not fail for want of a link
            return settings().serving_url + "/docs"


class LivePageLink(BaseOperatorLink):  # type: ignore[misc]
    """From a task to the page that shows batch and speed parts moving."""

    name = "Live page"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        return settings().serving_url + "/"


class StageTask(BaseOperator):  # type: ignore[misc]
    """Runs `tideline run CONTRACT STAGE` for this DAG run.

    Output is streamed to the task log. Exit code 0 is success; what the error tree calls retriable, a signal or an
    unexpected code raises StageFailed (retried with back-off); everything else fails the task at once.
    """

    ui_color = "#e3f2f4"
    operator_extra_links = (ApiLink(), LivePageLink())
    template_fields: ClassVar[Sequence[str]] = ("contract_id",)  # in a group it is known when the run is

    def __init__(self, *, contract_id: str, stage: str, why: str, **settings_of_task: Any) -> None:
        super().__init__(**settings_of_task)
        self.contract_id, self.stage, self.why = contract_id, stage, why
        self._process: process.StageProcess | None = None

    def execute(self, context: Context) -> None:
        if self.stage == "marts" and self.contract_id not in with_marts(settings().dbt_project):
            raise AirflowSkipException(f"{self.contract_id} has no models in marts")
        words = self._words(context)
        self.log.info("%s: %s", self.stage, self.why)
        self.log.info("$ tideline %s", shlex.join(words))
        self._process = process.StageProcess([process.program(), *words])
        outcome = self._process.run(lambda line: self.log.info("%s", line))
        if outcome.exit_code == 0:
            crash.point(f"{self.stage}.task_after_commit")
            self._tell_assets(context)
            self.log.info("%s: done", self.stage)
            return
        judged = verdict(outcome.exit_code)
        told = f"{outcome.error or self.stage + ' gave no reason'} (exit code {outcome.exit_code}; {judged.advice})"
        raise StageFailed(told) if judged.retry else AirflowFailException(told)

    def on_kill(self) -> None:
        """Airflow ends this task (cleared, marked, timed out): end everything that the stage started."""
        if self._process is not None:
            self._process.stop()

    def _tell_assets(self, context: Context) -> None:
        """In a group: what was written, through the alias of the stage; alone, Airflow knows it from the outlets."""
        aliases = [outlet for outlet in self.outlets if isinstance(outlet, AssetAlias)]
        if not aliases:
            return
        listed = read_listed(settings().index, self.contract_id)
        stage = next(one for one in (*plan(listed).stages, marts(listed)) if one.name == self.stage)
        for name in stage.writes:
            context["outlet_events"][aliases[0]].add(asset(name))

    def _words(self, context: Context) -> tuple[str, ...]:
        run = context["dag_run"]
        interval = (context.get("data_interval_start"), context.get("data_interval_end"))
        try:
            asked = request(str(getattr(run.run_type, "value", run.run_type)), interval, run.conf or {})
        except NothingToDo as reason:
            raise AirflowSkipException(str(reason)) from reason
        except ValueError as error:
            raise AirflowFailException(f"TL-AIR-001 run {run.run_id}: {error}") from error
        return arguments(self.contract_id, self.stage, run_key(run.run_id), asked)


class ChooseTask(BaseOperator):  # type: ignore[misc]
    """The first task of a group: returns the contracts of this run, so that a contract that comes or goes meanwhile
    changes nobody's place in it. `{"contracts": [...]}` in the run's conf chooses some of them.
    """

    ui_color = "#f3f0e2"

    def __init__(self, *, group_id: str, **settings_of_task: Any) -> None:
        super().__init__(**settings_of_task)
        self.group_of_contracts = group_id

    def execute(self, context: Context) -> list[str]:
        groups = grouped(read_listing(settings().index).contracts.values(), settings().group_size)
        members = [m.id for group in groups if group.id == self.group_of_contracts for m in group.members]
        asked = (context["dag_run"].conf or {}).get("contracts", members)
        wrong = not isinstance(asked, list) or not asked or [one for one in asked if one not in members]
        if wrong:
            told = f'conf "contracts" has to be a list of members, not {asked!r}' if members else "the group is gone"
            raise AirflowFailException(f"TL-AIR-001 {self.group_of_contracts}: {told}")
        self.log.info("%d contracts: %s", len(asked), ", ".join(asked))
        return list(asked)


def asset(name: str) -> Asset:
    """The Airflow asset of a platform asset such as `silver/retail/sales`.

    `x-` marks a private scheme: for any other one Airflow imports every provider (and boto3) to look for its handler.
    """
    return Asset(name=name, uri=f"x-tideline://{name}")


def alias_of(stage: str) -> str:
    """The alias through which the tasks of a group tell what they wrote."""
    return f"tideline-{stage}"
