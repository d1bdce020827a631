"""What a person sees who mistypes: one line with what was meant, never a trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.platform import fresh_settings
from tideline.cli import main
from tideline.local.java import Java
from tideline.local.platform import services
from tideline.local.ports_in_use import require_free_ports
from tideline.model.errors import Fatal


def _said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "meant"), [(("statsu",), "status"), (("contract", "lnt"), "lint"), (("dwon",), "down")]
)
def test_a_mistyped_command_is_recognised(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], meant: str
) -> None:
    assert f"No such command {words[-1]!r}. Did you mean {meant!r}?" in _said(capsys, *words)


def test_nothing_is_guessed_of_a_word_that_is_like_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert _said(capsys, "xyzzy").rstrip().endswith("No such command 'xyzzy'.")


def test_an_unknown_service_is_told_which_there_are_once(capsys: pytest.CaptureFixture[str]) -> None:
    """`tideline logs` has no terminal full of braces."""
    said = _said(capsys, "logs", "zookeeper")
    assert said.count("airflow-scheduler") == 1
    assert "'SERVICE'" in said


def test_two_services_on_one_port_are_refused_before_anything_starts(tmp_path: Path) -> None:
    """Otherwise one of them would wait for the port of the other until `up` gives up."""
    here = fresh_settings(tmp_path)
    here = here.model_copy(update={"kafka_port": here.serving_port})
    with pytest.raises(Fatal) as refused:
        require_free_ports(services(here, Java(Path("/java"), 17, full=True)), here.host)
    assert refused.value.code == "TL-PRT-003"
    assert "TIDELINE_KAFKA_PORT, TIDELINE_SERVING_PORT" in str(refused.value)


@pytest.mark.parametrize("what", ["the disk is full", "the disk is full."])
def test_what_happened_and_what_to_do_are_two_sentences(what: str) -> None:
    assert str(Fatal("TL-X-001", what, fix="free some")) == "TL-X-001 the disk is full. Fix: free some"
