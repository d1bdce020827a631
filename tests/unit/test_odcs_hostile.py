"""No input makes the reader crash or hang: a file gives a contract or findings with places, in bounded time."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.corpus import hostile, yaml_test_suite
from tideline.adapters.odcs import CODES, Finding, examine, examine_bytes, source
from tideline.adapters.odcs.finding import Refused
from tideline.adapters.odcs.source import MAX_BYTES, parse
from tideline.model.severity import Severity
from tideline.settings import settings as platform

CPU_SECONDS = 8.0  # the worst case (2,000 fields, 1,200 wrong rules) takes about 1.5 on a quiet core
HOSTILE = hostile.cases()
LENIENT = {
    *("9C9N-0", "9JBA-0", "CVW2-0", "DK95-1", "G5U8-0", "MUS6-0"),
    *("QB6E-0", "S98Z-0", "SU5Z-0", "X4QW-0", "Y79Y-3", "YJV2-0"),
}
DIFFERENT = {"652Z-0", "HM87-1", "L24T-1"}


def judged(raw: bytes) -> list[Finding]:
    """The findings of an input; fails when they are not what a person can use."""
    started = time.process_time()
    contracts, found = examine_bytes(raw, "x.odcs.yaml")
    assert time.process_time() - started < CPU_SECONDS
    assert bool(contracts) is not any(finding.severity is Severity.ERROR for finding in found)
    lines = raw.count(b"\n") + raw.count(b"\r") + 1 + len(raw.decode(errors="ignore").splitlines())
    for finding in found:
        assert finding.code in CODES and 1 <= finding.line <= lines and finding.column >= 1
        assert "\n" not in str(finding) and len(str(finding)) < 60_000
        json.dumps(str(finding)).encode()
        str(finding).encode()
    assert len(found) <= 400
    return found


@pytest.mark.parametrize("raw", [raw for _, raw in HOSTILE], ids=[name for name, _ in HOSTILE])
def test_a_hostile_input_is_refused_with_a_place_and_in_bounded_time(raw: bytes) -> None:
    assert any(finding.severity is Severity.ERROR for finding in judged(raw))


def test_the_corpus_is_not_small_and_its_base_is_a_contract() -> None:
    assert len(HOSTILE) >= 150 and len({name for name, _ in HOSTILE}) == len(HOSTILE)
    assert not judged(hostile.GOOD)


def test_a_byte_order_mark_and_windows_lines_are_no_mistake() -> None:
    assert not judged(b"\xef\xbb\xbf" + hostile.GOOD) and not judged(hostile.GOOD.replace(b"\n", b"\r\n"))


def test_a_file_that_is_too_large_is_not_read_whole(tmp_path: Path) -> None:
    """A sparse file of 100 GB would not fit the memory."""
    path = tmp_path / "x.odcs.yaml"
    with path.open("wb") as file:
        file.truncate(100_000_000_000)
    started = time.process_time()
    _, (finding,) = examine(path)
    assert finding.code == "TL-CON-001" and f"{MAX_BYTES} bytes" in str(finding)
    assert time.process_time() - started < 1


def test_a_device_without_end_is_not_read() -> None:
    _, (finding,) = examine(Path("/dev/zero"))
    assert finding.code == "TL-CON-001"


@pytest.fixture(scope="module")
def suite() -> list[yaml_test_suite.Case]:
    try:
        return yaml_test_suite.cases(platform().cache / "test")
    except yaml_test_suite.Unavailable as reason:
        pytest.skip(f"the YAML test suite cannot be fetched: {reason}")


def test_the_yaml_test_suite_gives_data_or_a_finding(suite: list[yaml_test_suite.Case]) -> None:
    """402 cases: what is no YAML is refused, what is read is what the suite says; the exceptions are libyaml's."""
    wrong = {}
    for case in suite:
        raw = case.text.encode(errors="surrogatepass")
        judged(raw)
        try:
            read = parse(raw, case.name).data
        except Refused:
            continue
        if case.fails:
            wrong[case.name] = "accepted"
        elif case.json and json.loads(json.dumps(read, default=float)) != json.loads(case.json):
            wrong[case.name] = "different"
    assert len(suite) > 400
    assert wrong == dict.fromkeys(LENIENT, "accepted") | dict.fromkeys(DIFFERENT, "different")


def test_without_libyaml_the_same_is_read(suite: list[yaml_test_suite.Case], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PyYAML has no C parser, its own reads good contracts to the same data at the same places."""
    good = sorted((Path(__file__).parents[1] / "corpus" / "good").glob("*.yaml"))
    quick = [parse(path.read_bytes(), "x") for path in good]
    monkeypatch.setattr(source, "LOADER", yaml.SafeLoader)
    assert [parse(path.read_bytes(), "x") for path in good] == quick
    for case in suite:
        judged(case.text.encode(errors="surrogatepass"))


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_random_bytes_are_told_to_be_no_contract(raw: bytes) -> None:
    assert judged(raw)


@given(st.text(alphabet="abc:-?[]{}|>&*!%@`'\"#,\n \t~0.1", max_size=200))
@settings(max_examples=300, deadline=None)
def test_random_yaml_is_told_to_be_no_contract(text: str) -> None:
    assert judged(text.encode())


@given(st.integers(0, 2**32), st.integers(1, 6))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_mutated_contract_is_a_contract_or_told_why_not(seed: int, changes: int) -> None:
    """Bytes and lines removed, doubled, swapped and replaced: the reader gives a contract or errors, never both."""
    chance, raw = random.Random(seed), bytearray(hostile.GOOD)
    for _ in range(changes):
        start = chance.randrange(len(raw))
        end = min(len(raw), start + chance.randrange(1, 40))
        raw[start:end] = chance.choice(
            (
                b"",
                bytes(raw[start:end]) * 2,
                bytes(chance.randbytes(3)),
                b"{}",
                b"[]",
                b": ",
                b"\n",
                b"null",
                b"'",
                b"-1",
                b"1e9",
            )
        )
    judged(bytes(raw))
