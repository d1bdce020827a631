"""A missing or wrong folder is the user's to mend (exit 2); a full disk may be tried again (exit 75)."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from tideline.cli import main
from tideline.cli.os_errors import exit_code, told


def ended(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[object, str]:
    """The exit code and the last line on stderr."""
    with pytest.raises(SystemExit) as ending:
        main(words)
    return ending.value.code, capsys.readouterr().err.splitlines()[-1]


def test_a_missing_folder_is_named_and_wrong_set_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = ended(["contract", "schema", "--output", str(tmp_path / "none" / "schema.json")], capsys)
    assert code == 2
    assert said.startswith("TL-OS-002") and str(tmp_path / "none") in said and "Fix: make it" in said


@pytest.mark.parametrize(
    "words", [["contract", "docs", "--output", "{}/site"], ["contract", "schema", "--output", "{}/x"]]
)
def test_a_file_in_place_of_a_folder_is_wrong_set_up(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    code, said = ended([word.format(tmp_path / "file") for word in words], capsys)
    assert code == 2
    assert said.startswith("TL-OS-020") and "Fix: name a folder" in said


def test_a_full_disk_may_be_tried_again(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = ended(["contract", "schema", "--output", "/dev/full"], capsys)
    assert (code, said) == (
        75,
        "TL-OS-028 No space left on device. Fix: free some disk space, then run the command again",
    )


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.EACCES, 2),
        (errno.EPERM, 2),
        (errno.EROFS, 2),
        (errno.EISDIR, 2),
        (errno.ENAMETOOLONG, 2),
        (errno.EDQUOT, 75),
        (errno.ENOSPC, 75),
        (errno.EMFILE, 75),
        (errno.ECONNREFUSED, 75),
        (errno.ETIMEDOUT, 75),
    ],
)
def test_what_only_a_person_can_mend_is_not_tried_again(number: int, expected: int) -> None:
    error = OSError(number, "what the system says", "/a/path")
    assert exit_code(error) == expected
    assert told(error).startswith(f"TL-OS-{number:03d} /a/path: what the system says. Fix: ")


def test_an_error_without_a_number_may_be_tried_again() -> None:
    """Libraries of stores in the cloud raise such."""
    assert exit_code(OSError("it did not answer")) == 75
    said = "TL-OS-000 it did not answer. Fix: run the command again: this may pass"
    assert told(OSError("it did not answer")) == said
