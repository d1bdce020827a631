"""What Airflow does after a stage ended: derived from the error tree, so that a new error class needs nothing here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tideline.model import errors


@dataclass(frozen=True, slots=True)
class Verdict:
    """Try again or give up, and the sentence a person reads in the task log."""

    retry: bool
    advice: str


_ADVICE: dict[type[errors.TidelineError], str] = {
    errors.Fatal: "the input or the set-up is wrong: mend what the line above names, then clear this task",
    errors.ContractError: "the contract or the compiled index was refused: run `tideline contract lint` and "
    "`tideline compile`, then clear this task",
    errors.Retriable: "something outside was not there: Airflow tries again later",
    errors.DataError: "the data contradicts a promise of the contract: the old release stays live; look at the line "
    "above and at quarantine before clearing this task",
    errors.PositionLost: "the log no longer holds what has to be read: nothing is skipped silently; see "
    "`tideline offsets` for the exact range",
    errors.Lifecycle: "a newer run took over: nothing is lost, this run ends here and must not be cleared",
}


def verdict(exit_code: int) -> Verdict:
    """The verdict for an exit code other than 0. Unknown codes and signals are tried again: a stage may run twice."""
    kind = _by_exit_code().get(exit_code)
    if kind is None:
        how = f"signal {-exit_code}" if exit_code < 0 else f"unexpected exit code {exit_code}"
        return Verdict(
            True, f"the stage was ended by {how}: Airflow tries again, running a stage twice changes nothing"
        )
    advice = next(_ADVICE[c] for c in kind.__mro__ if c in _ADVICE)
    return Verdict(kind.retry, advice)


def _by_exit_code() -> dict[int, type[errors.TidelineError]]:
    """The most general class of each exit code that means failure."""
    found: dict[int, type[errors.TidelineError]] = {}
    for kind in _tree(errors.TidelineError):
        if kind.exit_code not in (0, errors.TidelineError.exit_code):
            found.setdefault(kind.exit_code, kind)
    return found


def _tree(root: type[errors.TidelineError]) -> Iterator[type[errors.TidelineError]]:
    for kind in root.__subclasses__():
        yield kind
        yield from _tree(kind)
