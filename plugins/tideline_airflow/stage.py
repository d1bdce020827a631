"""The one operator: a task is a stage of a plan, run by the `tideline` command and judged by its exit code."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, BaseOperatorLink
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from tideline import crash
from tideline.settings import settings
from tideline_airflow import process
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
        return str(getattr(operator, "api_url", ""))


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

    def __init__(self, *, contract_id: str, stage: str, why: str, api_url: str = "", **settings_of_task: Any) -> None:
        super().__init__(**settings_of_task)
        self.contract_id, self.stage, self.why, self.api_url = contract_id, stage, why, api_url
        self._process: process.StageProcess | None = None

    def execute(self, context: Context) -> None:
        words = self._words(context)
        self.log.info("%s: %s", self.stage, self.why)
        self.log.info("$ tideline %s", shlex.join(words))
        self._process = process.StageProcess([process.program(), *words])
        outcome = self._process.run(lambda line: self.log.info("%s", line))
        if outcome.exit_code == 0:
            crash.point(f"{self.stage}.task_after_commit")
            self.log.info("%s: done", self.stage)
            return
        judged = verdict(outcome.exit_code)
        told = f"{outcome.error or self.stage + ' gave no reason'} (exit code {outcome.exit_code}; {judged.advice})"
        raise StageFailed(told) if judged.retry else AirflowFailException(told)

    def on_kill(self) -> None:
        """Airflow ends this task (cleared, marked, timed out): end everything that the stage started."""
        if self._process is not None:
            self._process.stop()

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
