"""`python -m tests.localaws [PORT]`: AWS on loopback until standard input ends, so that it never outlives who began it.

The first line of standard output is the address. Without a port the system chooses a free one. With `--jobs FOLDER` the
job runs of EMR Serverless are processes that leave their files there; `--requests FILE` gets what S3 was asked for.

uvicorn serves moto, not moto's own development server: that one closes every connection after its answer, and Terraform
makes hundreds of them at once. An answer was lost so in CI; how, was not found.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path
from threading import Thread

import uvicorn
from a2wsgi import WSGIMiddleware
from moto.server import DomainDispatcherApplication, create_backend_app

from tests.localaws import extend
from tests.localaws.emrserverless import run_jobs
from tests.localaws.emrserverless_runs import JobRuns
from tests.localaws.s3_requests import Noted

AT_ONCE = 1  # requests answered side by side: moto's backends are not made for threads
KEPT_OPEN = 3600  # seconds an idle connection lives: the client ends it, never the server


def main(port: int, jobs: Path | None, requests: Path | None) -> None:
    listening = socket.create_server(("127.0.0.1", port))
    host, chosen = listening.getsockname()
    os.environ["MOTO_PORT"] = str(chosen)
    extend()
    dispatcher = DomainDispatcherApplication(create_backend_app)
    moto = WSGIMiddleware(Noted(dispatcher, requests) if requests else dispatcher, workers=AT_ONCE)
    settings = uvicorn.Config(moto, lifespan="off", log_level="warning", timeout_keep_alive=KEPT_OPEN)
    server = uvicorn.Server(settings)
    Thread(target=server.run, args=([listening],), daemon=True).start()
    runs = JobRuns(jobs, f"http://{host}:{chosen}") if jobs else None
    if runs:
        run_jobs(runs)
    sys.stdout.write(f"http://{host}:{chosen}\n")
    sys.stdout.flush()
    sys.stdin.read()
    if runs:
        runs.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.localaws", description="AWS on loopback.")
    parser.add_argument("port", type=int, nargs="?", default=0)
    parser.add_argument("--jobs", type=Path)
    parser.add_argument("--requests", type=Path)
    asked = parser.parse_args()
    main(asked.port, asked.jobs, asked.requests)
