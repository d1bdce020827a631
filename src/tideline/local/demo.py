"""The main job: real events through both layers, two DAG runs, and every answer compared with an independent ledger.

1. start everything  2. a burst of events: live answers from speed alone  3. the contract's DAG runs while more events
arrive  4. again  5. everything is sent: the merged answer, the ledger and the log end must be equal.
With `crash`, the speed layer, the Spark server (between data files and commit) and an Airflow task (after its commit)
are killed on the way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tideline.batch.release import live_release
from tideline.local import report
from tideline.local.airflow_api import FINISHED, AirflowApi
from tideline.local.airflow_home import USER, password_file
from tideline.local.demo_crash import Crashes
from tideline.local.feed import Feed
from tideline.local.generator import events as generated
from tideline.local.journal import Journal, PlannedEvent
from tideline.local.ledger import Ledger
from tideline.local.mishaps import Mix, disturb
from tideline.local.online_retail import events as real_lines
from tideline.local.probes import Probes, ask
from tideline.local.steps import Steps
from tideline.local.supervisor import start_daemon
from tideline.model.contract import Contract
from tideline.model.errors import DataError, Fatal, Retriable
from tideline.settings import REPOSITORY, Settings
from tideline.wiring import documents, event_log

LIVE_LIMIT_S, START_LIMIT_S, RUN_LIMIT_S, QUIET_LIMIT_S = 90.0, 240.0, 600.0, 120.0
PROBE_S = 1.0
FIRST_SHARE, SECOND_SHARE = 0.5, 0.8  # of the events: sent before the first run, and before the second


@dataclass(frozen=True, slots=True)
class Options:
    """What the user may choose; `rate` is events per second while runs are going on."""

    source: Path | None = None
    seed: int = 7
    count: int = 20_000
    rate: float = 100.0
    crash: bool = False


class Demo:
    """One run of the main job on one home. Raises DataError when any answer differs from the ledger."""

    def __init__(self, settings: Settings, contract: Contract, path: Path, options: Options, steps: Steps) -> None:
        self.settings, self.contract, self.options, self.steps = settings, contract, options, steps
        self.airflow = AirflowApi(settings.airflow_url, password_file(settings))
        self.crashes = Crashes(settings, steps) if options.crash else None
        self._contract_path = path
        self._first_live: float | None = None

    def run(self) -> dict[str, Any]:
        self._start()
        journal = self.settings.home / "journal" / "demo.jsonl"
        feed = Feed(self.contract, event_log(self.settings), Journal(journal), self._events())
        ledger = Ledger(REPOSITORY, self._contract_path, journal, self.settings.logs / "ledger.log")
        probes = Probes(self._urls(), ledger, feed.known, PROBE_S)
        try:
            self._live(feed, probes)
            with self.steps.step("Airflow and Spark are ready"):
                self._await_ready(("spark", "airflow-api", "airflow-scheduler", "airflow-dags"), START_LIMIT_S)
            self._batch(feed, "first")
            self.airflow.unpause(f"{self.contract.id}.marts")  # the second release will start it
            self._send_until(feed, SECOND_SHARE)
            self._batch(feed, "second")
            self._finish(feed)
            probes.stop()
            return self._summary(feed, ledger, probes)
        finally:
            feed.close()
            ledger.close()

    def _start(self) -> None:
        start_daemon(self.settings if self.crashes is None else self.crashes.armed_settings(), ())
        with self.steps.step("the broker, the speed layer and the serving layer are ready"):
            self._await_ready(("kafka", "speed", "serving"), LIVE_LIMIT_S)

    def _events(self) -> Iterator[PlannedEvent]:
        options = self.options
        events = real_lines(options.source) if options.source else generated(self.contract, options.seed, options.count)
        return disturb(events, self.contract, Mix(), options.seed)

    def _total(self) -> int:
        return self.options.count if self.options.source is None else sum(1 for _ in real_lines(self.options.source))

    def _urls(self) -> list[str]:
        """Asked all the time: the whole of the first view and a page of each other one."""
        first, *others = (f"{self._base}/{view.name}" for view in self.contract.views)
        return [f"{first}?limit=10000", *(f"{other}?limit=100" for other in others)]

    def _totals(self) -> list[str]:
        """Asked at the end: one row over everything, for each view."""
        return [f"{self._base}/{view.name}?dimensions=" for view in self.contract.views]

    @property
    def _base(self) -> str:
        return f"{self.settings.serving_url}/v1/{self.contract.domain}"

    def _live(self, feed: Feed, probes: Probes) -> None:
        with self.steps.step("the first live answer, from the speed layer alone"):
            feed.burst(500)
            self._await("a live answer", LIVE_LIMIT_S, lambda: ask(self._urls()[0])["meta"]["parts"]["speed_rows"] > 0)
        self._first_live = self.steps.elapsed
        probes.start()
        if self.crashes:
            feed.trickle(2_000)
            self.crashes.kill_speed()
            feed.rest()
        self._send_until(feed, FIRST_SHARE)

    def _send_until(self, feed: Feed, share: float) -> None:
        self._total_events = getattr(self, "_total_events", None) or self._total()
        missing = int(self._total_events * share) - feed.sent
        if missing > 0:
            with self.steps.step(f"{missing:,} events are sent"):
                feed.burst(missing)

    def _batch(self, feed: Feed, name: str) -> None:
        """One DAG run while events trickle in."""
        with self.steps.step(f"the {name} run: cut, ingest, refine, model, audit, publish"):
            self._await("the DAG", 60, lambda: self.airflow.has_dag(self.contract.id))
            feed.trickle(self.options.rate)
            run_id = self._begin(name)
            state = self._watch_run(run_id)
            feed.rest()
            if state != "success":
                failed = [t["task_id"] for t in self.airflow.tasks(self.contract.id, run_id) if t["state"] == "failed"]
                raise DataError(
                    "TL-DEMO-004",
                    f"the {name} run failed at {', '.join(failed) or 'an unknown task'}",
                    where=f"{self.settings.airflow_url}/dags/{self.contract.id}/runs/{run_id}",
                    fix=f"read the task log there, or in {self.settings.logs / 'airflow'}",
                )

    def _begin(self, name: str) -> str:
        """The first run is the one that the scheduler makes when the DAG is switched on; the others are triggered."""
        if name != "first":
            self.airflow.trigger(self.contract.id, f"demo-{name}")
            return f"demo-{name}"
        self.airflow.unpause(self.contract.id)
        self._await("the scheduled run", 60, lambda: bool(self.airflow.runs(self.contract.id)))
        return str(self.airflow.runs(self.contract.id)[0]["dag_run_id"])

    def _watch_run(self, run_id: str) -> str:
        deadline, shown = time.monotonic() + RUN_LIMIT_S, set[str]()
        while time.monotonic() < deadline:
            if self.crashes:
                self.crashes.look()
            try:
                tasks = self.airflow.tasks(self.contract.id, run_id)
                state = self.airflow.run_state(self.contract.id, run_id)
            except Retriable:
                time.sleep(0.5)
                continue
            for task in tasks:
                if task["state"] == "success" and task["task_id"] not in shown:
                    shown.add(task["task_id"])
                    self.steps.say(f"    {task['task_id']}: {task['duration'] or 0:.1f} s")
            running = [task["task_id"] for task in tasks if task["state"] == "running"]
            self.steps.progress(f"{', '.join(running) or 'waiting'} ({len(shown)} of {len(tasks)} stages are done)")
            if state in FINISHED:
                return state
            time.sleep(0.3)
        raise Retriable("TL-DEMO-005", f"run {run_id} did not end within {RUN_LIMIT_S:.0f} s", where="Airflow")

    def _finish(self, feed: Feed) -> None:
        with self.steps.step("the rest is sent, and serving has seen all of it"):
            feed.burst(None)
            known = feed.known()
            for url in self._urls():
                self._await("the last event", QUIET_LIMIT_S, partial(_has_merged, url, known))
            live = live_release(documents(self.settings), self.contract.id)
            assert live is not None  # both runs have published, or were refused above
            for url in self._urls():
                self._await(f"release {live.number}", QUIET_LIMIT_S, partial(_has_release, url, live.number))
        self.airflow.unpause(
            f"{self.contract.id}.marts"
        )  # its asset event waits: star schema and dbt docs are built now

    def _await_ready(self, names: tuple[str, ...], limit_s: float) -> None:
        def ready() -> bool:
            document = report.read(self.settings) or {}
            states = {service["name"]: service for service in document.get("services", [])}
            for service in states.values():
                if service["state"] == report.State.FAILED:
                    raise Fatal("TL-DEMO-006", f"{service['name']} {service['message']}", where=service["log"])
            waiting = [name for name in names if states.get(name, {}).get("state") != report.State.READY]
            self.steps.progress(f"waiting for {', '.join(waiting)}")
            return not waiting

        self._await(", ".join(names), limit_s, ready)

    def _await(self, what: str, limit_s: float, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + limit_s
        last = ""
        while time.monotonic() < deadline:
            try:
                if condition():
                    return
            except Retriable as error:
                last = f": {error}"
            time.sleep(0.1)
        raise Retriable("TL-DEMO-007", f"{what} did not come within {limit_s:.0f} s{last}", fix="tideline status")

    def _summary(self, feed: Feed, ledger: Ledger, probes: Probes) -> dict[str, Any]:
        vector = {str(p): n for p, n in feed.known().items()}
        answers = {url: ask(url) for url in self._urls() + self._totals()}
        for url, body in answers.items():
            ledger.compare({"url": url, "body": body, "client": "final"})
        status = ask(f"{self.settings.serving_url}/v1/status")
        verdicts = ledger.verdicts
        facts = {
            "sent": feed.sent,
            "sent_by_class": dict(feed.kinds),
            "ledger": ledger.totals(vector),
            "coverage": answers[self._urls()[0]]["meta"]["coverage"]["batch"],
            "log_end": vector,
            "total": answers[self._totals()[0]]["data"][0],
            "parts": answers[self._urls()[0]]["meta"]["parts"],
            "release": answers[self._urls()[0]]["meta"]["release"],
            "wrong": sum(verdicts.violations.values()),
            "holes": status["contracts"][self.contract.id]["counters"]["hole"],
            "overlaps": status["contracts"][self.contract.id]["counters"]["overlap"],
            "answers": {
                "compared": verdicts.compared,
                "violations": dict(verdicts.violations),
                "with_speed_part": probes.speed_answers,
                "with_batch_part": probes.batch_answers,
                "incomplete": probes.incomplete,
                "unanswered": probes.unanswered,
            },
            "first_live_s": round(self._first_live or 0, 1),
            "seconds": round(self.steps.elapsed, 1),
            "steps": self.steps.seconds,
            "user": USER,
            "password_file": str(password_file(self.settings)),
        }
        if not verdicts.clean:
            raise DataError(
                "TL-DEMO-008",
                f"{sum(verdicts.violations.values())} violations in {verdicts.compared} answers: {verdicts.first}",
                where=str(self.settings.logs / "ledger.log"),
            )
        return facts


def _has_release(url: str, number: int) -> bool:
    return bool(ask(url)["meta"]["release"] == number)


def _has_merged(url: str, known: Mapping[int, int]) -> bool:
    merged = ask(url)["meta"]["coverage"]["merged"]
    return {int(partition): position for partition, position in merged.items() if position} == dict(known)
