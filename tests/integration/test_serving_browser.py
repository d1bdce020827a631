"""The live page in a real browser: it shows the figures of the API, follows the stream, and says when it cannot."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from websockets.sync.client import connect

from serving_layer.app import make_app
from serving_layer.follower import Follower
from serving_layer.releases import Releases
from tests.fakes.serving_world import SKETCHES, World

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: apt-get install chromium"),
]
LIMIT_S = 30.0
LIVE = "document.body !== null && document.body.dataset.state === 'live'"


def until(condition: Callable[[], Any], what: str) -> Any:
    deadline, pause = time.monotonic() + LIMIT_S, threading.Event()
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        pause.wait(0.05)
    raise AssertionError(f"{what} did not come within {LIMIT_S:.0f} s")


class Page:
    """One tab, driven by the DevTools protocol."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [str(CHROMIUM), "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
             f"--user-data-dir={folder}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        port = until(lambda: self._port(folder), "the browser's port")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as reply:
            tab = next(t for t in json.loads(reply.read()) if t["type"] == "page")
        self._numbers, self._held = itertools.count(1), ExitStack()
        self._socket = self._held.enter_context(connect(tab["webSocketDebuggerUrl"], max_size=None))
        self.errors: list[str] = []
        self.call("Runtime.enable")
        self.call("Log.enable")

    def _port(self, folder: Path) -> str:
        file = folder / "DevToolsActivePort"
        return file.read_text().split("\n")[0] if file.exists() else ""

    def call(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            said = json.loads(self._socket.recv(timeout=LIMIT_S))
            if said.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
                self.errors.append(json.dumps(said["params"])[:300])
            if said.get("id") == number:
                assert "error" not in said, said
                return said["result"]

    def ask(self, script: str) -> Any:
        return self.call("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def open(self, url: str, width: int = 1200, height: int = 1000, there: str = LIVE) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Page.navigate", url=url)
        until(lambda: self.ask(there) is True, f"the page with {there}")

    def picture(self, name: str) -> None:
        """Kept only when a person asks for pictures."""
        folder = os.environ.get("TIDELINE_TEST_PICTURES")
        if folder:
            data = self.call("Page.captureScreenshot", format="png")["data"]
            (Path(folder) / name).write_bytes(base64.b64decode(data))

    def close(self) -> None:
        self._held.close()
        self._process.terminate()
        self._process.wait(20)


class Served:
    """The serving layer on a free loopback port over the fake world."""

    def __init__(self) -> None:
        self.world = World(11)
        self.world.begin()
        self.world.arrive(400)
        self.world.tick_all()
        self.world.publish({p: len(rows) for p, rows in self.world.events.items()})
        self.world.arrive(90)
        self.world.tick_all()
        releases = Releases(self.world.contract, self.world.documents, self.world.tables)
        follower = Follower(self.world.contract, self.world.log, releases, SKETCHES, time.monotonic)
        self.server = uvicorn.Server(
            uvicorn.Config(make_app([follower], SKETCHES), host="127.0.0.1", port=0, log_config=None, access_log=False)
        )
        self._thread = threading.Thread(target=self.server.run, daemon=True)
        self._thread.start()
        until(lambda: self.server.started, "the server")
        self.url = f"http://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}"
        until(lambda: follower.ready, "readiness")

    def lines(self) -> int:
        with urllib.request.urlopen(f"{self.url}/v1/shop/by_country?dimensions=") as reply:
            return int(json.loads(reply.read())["data"][0]["lines"])

    def stop(self) -> None:
        self.server.should_exit = True
        self._thread.join(20)


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    yield made
    made.stop()


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    made = Page(tmp_path)
    yield made
    made.close()


LINES = (
    "[...document.querySelectorAll('#totals div')]"
    ".find(d => d.firstChild.textContent === 'lines')?.lastChild.textContent"
)


def test_the_page_shows_and_follows_the_api_and_says_when_it_lost_it(served: Served, page: Page) -> None:
    page.open(served.url)
    assert page.ask(LINES) == str(served.lines()) == "490"
    assert page.ask("document.querySelectorAll('#rows tbody tr').length") == 6
    assert page.ask("document.querySelectorAll('#bars svg').length") == 2
    page.picture("live.png")
    served.world.arrive(10)
    served.world.tick_all()
    until(lambda: page.ask(LINES) == "500", "the new lines")
    speed = page.ask("[...document.querySelectorAll('rect.speed')].every(r => Number(r.getAttribute('width')) > 0)")
    assert speed is True and page.errors == []
    served.world.fence(0)
    served.world.arrive(4, partition=0)
    served.world.rebase(0, len(served.world.events[0]), "lost")
    until(lambda: "incomplete" in page.ask("document.getElementById('warning').textContent"), "the warning")
    served.stop()
    until(lambda: "No fresh figures" in page.ask("document.getElementById('warning').textContent"), "the error")
    page.picture("error.png")


def test_every_choice_has_a_label_and_the_page_fits_a_phone(served: Served, page: Page) -> None:
    page.open(served.url, width=360, height=740)
    assert page.ask("[...document.querySelectorAll('select')].every(s => s.labels.length === 1)") is True
    assert page.ask("document.documentElement.scrollWidth <= 360") is True
    page.picture("phone.png")


def test_the_api_page_lists_each_view_without_anything_from_elsewhere(served: Served, page: Page) -> None:
    page.open(f"{served.url}/docs")
    assert "GET /v1/shop/by_country" in page.ask("document.body.innerText")
    assert page.ask("[...document.querySelectorAll('th')].some(t => t.textContent === 'meaning')") is True
    assert page.errors == []
    page.picture("docs.png")


def test_what_is_not_built_yet_is_a_page_with_the_steps_that_build_it(served: Served, page: Page) -> None:
    title = "document.querySelector('h1')?.textContent.trim() === 'Not built yet'"
    page.open(f"{served.url}/dbt/", width=360, height=740, there=title)
    assert page.ask("document.querySelectorAll('main ol li').length") == 3
    assert page.ask("document.documentElement.scrollWidth <= 360") is True
    page.picture("not-built.png")
