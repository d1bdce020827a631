"""Chunks of a file: whole lines, nothing left out, nothing twice, wherever the blocks of the reading end."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.functions.chunks import survey
from tideline.model.errors import Fatal

LINES = st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"")), max_size=30)


def blocks(body: bytes, size: int) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)]


@given(lines=LINES, ended=st.booleans(), size=st.integers(1, 40), chunk=st.integers(12, 60))
def test_chunks_are_the_file_cut_at_line_ends(lines: list[bytes], ended: bool, size: int, chunk: int) -> None:
    """Whatever the blocks, chunks join without hole or overlap, end at line ends, and know their first line."""
    body = b"\n".join(lines) + (b"\n" if ended else b"")
    found = survey(blocks(body, size), chunk, 10_000)
    assert found.sha256 == hashlib.sha256(body).hexdigest()
    assert found.size == len(body)
    assert b"".join(body[one.start : one.end] for one in found.chunks) == body
    assert [one.number for one in found.chunks] == list(range(len(found.chunks)))
    for one in found.chunks:
        assert one.start == 0 or body[one.start - 1 : one.start] == b"\n"
        assert one.line == body[: one.start].count(b"\n") + 1
    for one in found.chunks[:-1]:
        assert chunk <= one.end - one.start <= chunk + 13


@given(lines=LINES, size=st.integers(1, 40), other=st.integers(1, 40))
def test_the_same_bytes_give_the_same_chunks(lines: list[bytes], size: int, other: int) -> None:
    """Else a second execution would not know which chunks the first has delivered."""
    body = b"\n".join(lines)
    assert survey(blocks(body, size), 20, 10_000) == survey(blocks(body, other), 20, 10_000)


def test_a_file_that_is_too_long_is_refused() -> None:
    with pytest.raises(Fatal, match="TL-DEL-002"):
        survey([b"x\n" * 600], 100, 1_000)


def test_a_line_that_is_too_long_is_refused() -> None:
    """It would not fit into the memory of whoever delivers it."""
    with pytest.raises(Fatal, match=r"TL-DEL-003.*line 3 or one behind"):
        survey([b"1\n2\n" + b"x" * 50, b"x" * 500], 4, 100_000)


def test_an_empty_file_has_no_chunk() -> None:
    assert survey([], 10, 10).chunks == ()
