"""An EMR Serverless application without AWS: what is asked of it is kept, what becomes of it is told beforehand."""

from __future__ import annotations

from typing import Any

LAKE = "s3://tideline-dev-{zone}-111122223333"
ROLE = "arn:aws:iam::111122223333:role/tideline-dev-{stage}-{contract}"
SET = {
    "spark_application": "00f1",
    "spark_region": "eu-central-1",
    "spark_code": "s3://artifacts/jobs/v1",
    "spark_role": ROLE,
    "remote_lake": LAKE,
}


class Emr:
    """An application as EMR keeps it: a token names one job run for ever; `moves` are a run's states, look by look."""

    def __init__(self, *moves: str, details: str = "") -> None:
        self.moves, self.details = moves, details
        self.runs: dict[str, dict[str, Any]] = {}
        self.asked: list[dict[str, Any]] = []
        self.cancelled: list[str] = []
        self.fails: dict[str, list[Exception | None]] = {
            "start": [],
            "start, done": [],
            "look": [],
            "cancel": [],
            "list": [],
        }

    def begun(self, name: str, state: str) -> str:
        """A job run of before."""
        return self._add(f"token-{len(self.runs)}", name, [state])

    def _add(self, token: str, name: str, moves: list[str]) -> str:
        run_id = f"00run{len(self.runs)}"
        self.runs[run_id] = {"token": token, "name": name, "moves": moves}
        return run_id

    def _fail(self, call: str) -> None:
        error = self.fails[call].pop(0) if self.fails[call] else None
        if error is not None:
            raise error

    def start_job_run(self, *, clientToken: str, name: str, **asked: Any) -> dict[str, str]:
        self._fail("start")
        self.asked.append({"clientToken": clientToken, "name": name, **asked})
        known = [run_id for run_id, one in self.runs.items() if one["token"] == clientToken]
        run_id = known[0] if known else self._add(clientToken, name, ["SUBMITTED", *self.moves])
        self._fail("start, done")
        return {"jobRunId": run_id}

    def get_job_run(self, *, applicationId: str, jobRunId: str) -> dict[str, Any]:
        self._fail("look")
        moves = self.runs[jobRunId]["moves"]
        state = moves.pop(0) if len(moves) > 1 else moves[0]
        return {"jobRun": {"state": state, "stateDetails": self.details}}

    def cancel_job_run(self, *, applicationId: str, jobRunId: str) -> None:
        self._fail("cancel")
        self.cancelled.append(jobRunId)
        self.runs[jobRunId]["moves"] = ["CANCELLING", "CANCELLED"]

    def get_paginator(self, _name: str) -> Emr:
        return self

    def paginate(self, *, applicationId: str, states: list[str]) -> list[dict[str, Any]]:
        self._fail("list")
        found = [{"id": i, "name": one["name"], "state": one["moves"][0]} for i, one in self.runs.items()]
        return [{"jobRuns": [one]} for one in found if one["state"] in states]
