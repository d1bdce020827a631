"""The page inside Airflow: what it says of a contract, and what it says when nobody answers."""

from __future__ import annotations

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tideline_airflow.view import ask, card, summary

from tideline.settings import REPOSITORY

STATUS: dict[str, Any] = {
    "release": {"number": 7, "published": "2026-01-02T03:04:05Z"},
    "coverage": {"batch": {"0": 100, "1": 80}, "merged": {"0": 120, "1": 80, "2": 5}},
    "log_end": {"0": 130, "1": 80, "2": 5},
    "lacks": [{"partition": 2, "from": 1, "to": 2}],
    "counters": {"repeats": 3},
    "problems": ["TL-SRV-015 release 8 waits"],
    "last_audit": {"checks": [{"name": "conservation", "passed": False, "detail": "1 lost"}]},
}


def test_a_card_joins_batch_speed_and_log_end_per_partition() -> None:
    found = card("retail.sales", STATUS)
    assert found["partitions"] == [
        {"partition": 0, "batch": 100, "merged": 120, "end": 130},
        {"partition": 1, "batch": 80, "merged": 80, "end": 80},
        {"partition": 2, "batch": 0, "merged": 5, "end": 5},
    ]
    assert (found["release"], found["lag"], found["lacks"]) == (7, 10, STATUS["lacks"])
    assert found["problems"] == ["TL-SRV-015 release 8 waits"]
    assert found["checks"] == [{"name": "conservation", "passed": False, "warning": False, "detail": "1 lost"}]


def test_a_contract_without_a_release_has_a_card() -> None:
    found = card("retail.sales", {"release": None, "coverage": {"batch": {}, "merged": {"0": 3}}, "last_audit": None})
    assert found["release"] is None and found["checks"] == [] and found["lag"] == 0


def test_contracts_are_listed_in_order() -> None:
    names = [c["contract"] for c in summary({"contracts": {"b.b": {}, "a.a": {}}})["contracts"]]
    assert names == ["a.a", "b.b"]


def test_a_serving_layer_that_is_down_is_one_clear_sentence() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    told = summary(ask(url))
    assert told["contracts"] == []
    assert url in told["problem"] and "tideline status" in told["problem"] and "refused" in told["problem"]


@pytest.fixture
def serving() -> Iterator[tuple[str, list[bytes]]]:
    replies: list[bytes] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(replies[0])

        def log_message(self, *_: Any) -> None:
            """Keep the test's output quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", replies
    server.shutdown()
    server.server_close()


def test_what_the_serving_layer_says_is_passed_on(serving: tuple[str, list[bytes]]) -> None:
    url, replies = serving
    replies.append(json.dumps({"contracts": {"retail.sales": STATUS}}).encode())
    assert summary(ask(url))["contracts"][0]["release"] == 7


@pytest.mark.parametrize("reply", [b"<html>", b"[1]", b""])
def test_an_answer_that_is_no_status_is_a_problem_and_no_crash(serving: tuple[str, list[bytes]], reply: bytes) -> None:
    url, replies = serving
    replies.append(reply)
    assert summary(ask(url))["problem"]


@pytest.mark.airflow
def test_the_page_is_open_its_figures_are_for_signed_in_users_and_loading_the_plugin_is_light(tmp_path: Path) -> None:
    pytest.importorskip("airflow", reason="Airflow is not installed here (the speed and serving groups have none)")
    code = """
import json, sys
import tideline_airflow.view as view
light = not {"fastapi", "airflow"} & set(sys.modules)
from fastapi.testclient import TestClient
client = TestClient(view.build_app())
print(json.dumps([light, client.get("/").status_code, client.get("/status").status_code]))
"""
    paths = os.pathsep.join([str(REPOSITORY / "plugins"), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path), "PYTHONPATH": paths}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == [True, 200, 401]
