"""The supervisor with small real processes: start, order, restart, crash loop, orphans, stop."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.platform import free_ports, fresh_settings
from tideline.local import report
from tideline.local.ports_in_use import holder_of, is_free, require_free_ports
from tideline.local.process import wait_until
from tideline.local.services import Probe, Ready, Service, Step
from tideline.local.supervisor import Supervisor, stop_orphans
from tideline.model.errors import Fatal, Retriable
from tideline.settings import Settings

SERVER = """
import http.server, sys
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


def server(home: Path, name: str, port: int, **more: object) -> Service:
    """A service that answers HTTP as soon as it runs."""
    return Service(
        name=name,
        command=(sys.executable, "-c", SERVER, str(port)),
        log=home / "logs" / f"{name}.log",
        cwd=home,
        ready=(Ready(Probe.HTTP, "127.0.0.1", port),),
        ports={"http": (port, f"TIDELINE_{name.upper()}_PORT")},
        start_limit_s=20,
        **more,  # type: ignore[arg-type]
    )


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    return fresh_settings(tmp_path)


@contextmanager
def supervised(here: Settings, *services: Service) -> Iterator[Callable[[str], dict[str, object]]]:
    """A supervisor in a thread; the value looks one service up in the report, as `tideline status` does."""
    report.run_folder(here).mkdir(parents=True, exist_ok=True)
    supervisor = Supervisor(here, services, dict(os.environ))
    thread = threading.Thread(target=supervisor.run)
    thread.start()

    def look(name: str) -> dict[str, object]:
        document = report.read(here) or {"services": []}
        return next((one for one in document["services"] if one["name"] == name), {"state": ""})

    try:
        yield look
    finally:
        supervisor.stop.set()
        thread.join(30)
        assert not thread.is_alive()


def ready(look: Callable[[str], dict[str, object]], name: str) -> Callable[[], bool]:
    return lambda: look(name)["state"] == "ready"


def test_a_service_starts_after_what_it_depends_on_is_ready_and_all_stop(here: Settings) -> None:
    """The dependent starts later; after the end nothing runs and nobody listens."""
    first, second = free_ports(2)
    leading, following = server(here.home, "one", first), server(here.home, "two", second, depends_on=("one",))
    with supervised(here, following, leading) as look:
        wait_until(ready(look, "two"), 20, "two ready")
        one, two = look("one"), look("two")
        assert one["started"] + one["seconds"] <= two["started"] + 0.2  # type: ignore[operator]
        assert one["ports"] == {"http": first}
    assert is_free("127.0.0.1", first)
    assert is_free("127.0.0.1", second)
    assert {one["state"] for one in (report.read(here) or {})["services"]} == {"stopped"}


def test_a_killed_service_is_ready_again_quickly_and_the_restart_is_counted(here: Settings) -> None:
    """SIGKILL of a service leads to a new process within a second (plus its own start)."""
    (port,) = free_ports(1)
    with supervised(here, server(here.home, "one", port)) as look:
        wait_until(ready(look, "one"), 20, "one ready")
        before = look("one")["pid"]
        os.kill(int(str(before)), signal.SIGKILL)
        wait_until(lambda: look("one")["pid"] not in (before, None), 2, "a new process")
        wait_until(ready(look, "one"), 20, "one ready again")
        assert look("one")["restarts"] == 1


def test_a_service_that_is_not_ready_but_alive_is_not_restarted(here: Settings) -> None:
    """One contract's trouble makes the speed layer not ready; a restart would stop the others and mend nothing."""
    (port,) = free_ports(1)
    never = (Ready(Probe.HTTP, "127.0.0.1", port, "/no-such-page"),)
    with socket.create_server(("127.0.0.1", 0)) as answers:  # from the first moment on, however slow the machine is
        alive = (Ready(Probe.TCP, "127.0.0.1", answers.getsockname()[1]),)
        one = replace(server(here.home, "one", port), ready=never, alive=alive, start_limit_s=0.5)
        with supervised(here, one) as look:
            wait_until(lambda: look("one")["state"] == "unready", 60, "its time is over")
            assert (look("one")["restarts"], look("one")["message"]) == (0, "its readiness check fails")


def test_a_service_that_is_neither_ready_nor_alive_is_restarted(here: Settings) -> None:
    (port,) = free_ports(1)
    never = (Ready(Probe.HTTP, "127.0.0.1", port, "/no-such-page"),)
    with supervised(here, replace(server(here.home, "one", port), ready=never, alive=never, start_limit_s=0.5)) as look:
        wait_until(lambda: look("one").get("restarts"), 60, "a restart")


def test_a_crash_loop_ends_in_a_state_that_says_why(here: Settings) -> None:
    """A service that ends at once again and again is given up, with its exit code and its last words."""
    crash = Service(
        name="one",
        command=(sys.executable, "-c", "import sys; sys.stderr.write('no such topic\\n'); sys.exit(3)"),
        log=here.home / "logs" / "one.log",
        cwd=here.home,
        ready=(Ready(Probe.TCP, "127.0.0.1", free_ports(1)[0]),),
    )
    with supervised(here, crash) as look:
        wait_until(lambda: look("one")["state"] == "failed", 90, "the crash loop noticed")
        assert "exit code 3" in str(look("one")["message"])
        assert "no such topic" in str(look("one")["message"])
        assert look("one")["pid"] is None


def test_left_overs_of_a_killed_supervisor_are_stopped_and_strangers_are_not(here: Settings, tmp_path: Path) -> None:
    """Only the very process that the report names is stopped, never another one that has its pid by now."""
    from tideline.local.process import spawn, stop

    (port,) = free_ports(1)
    service = server(here.home, "one", port)
    service.write_files()
    process = spawn(service, dict(os.environ))
    try:
        report.run_folder(here).mkdir(parents=True, exist_ok=True)
        stranger = report.Condition("one", "", pid=process.pid, born="somebody else")
        report.write(here, os.getpid(), 0.0, [stranger])
        assert stop_orphans(here) == []
        assert process.poll() is None
        ours = report.Condition("one", "", pid=process.pid, born=report.birth(process.pid))
        report.write(here, os.getpid(), 0.0, [ours])
        threading.Thread(target=process.wait, daemon=True).start()
        assert stop_orphans(here) == ["one"]
    finally:
        stop(process, 5)
    assert process.returncode == -signal.SIGTERM


def test_the_lock_of_a_home_is_had_once(here: Settings) -> None:
    """A second supervisor cannot start, and looking does not take the lock away."""
    assert not report.is_running(here)
    held = report.lock(here)
    assert held is not None
    with held:
        assert report.is_running(here)
        assert report.lock(here) is None
    assert not report.is_running(here)


def test_a_taken_port_is_named_with_its_holder_and_the_variable(here: Settings) -> None:
    """One line: port, holder, what to set."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Fatal, match=rf"port {port} \(one\) is in use") as refused:
            require_free_ports([server(here.home, "one", port)], "127.0.0.1")
        assert "TIDELINE_ONE_PORT=PORT" in refused.value.fix
        if Path("/proc/net/tcp").exists():
            assert f"(pid {os.getpid()})" in holder_of(port)
    assert is_free("127.0.0.1", port)


def test_a_one_time_step_that_fails_names_its_log(here: Settings) -> None:
    """Set-up before the start either leaves what it promised or says where to read why."""
    from tideline.local.process import prepare

    (port,) = free_ports(1)
    failing = Step((sys.executable, "-c", "raise SystemExit(4)"), here.home / "made")
    with pytest.raises(Retriable, match="ended with 4") as refused:
        prepare(server(here.home, "one", port, steps=(failing,)), dict(os.environ))
    assert refused.value.where.endswith("one.log")
