"""Every error Tideline raises on purpose, so that a reader, a retry policy and a shell can tell them apart.

The tree (class -> what the caller should do -> exit code):

    TidelineError
    ├── Fatal        the input or the set-up is wrong: mend it, then start again     2
    │   ├── ContractError     a contract breaks a rule (carries file:line:column)    4
    │   └── StaleIndex        the compiled index does not match the contracts        4
    ├── Retriable    something outside was not there: the same call may work later   75
    ├── Skippable    one record is bad: it goes to quarantine, its neighbours go on   0
    ├── DataError    the data contradicts a promise: keep the old release, look      65
    │   ├── PositionLost      the log no longer holds what has to be read            66
    │   └── AuditFailed       a check before publishing failed                       65
    └── Lifecycle    a newer run or worker took over: stop, nothing is lost          76
        └── FileGone          a file that arrived was moved or replaced since        76
"""

from __future__ import annotations


class TidelineError(Exception):
    """Carries the four things a person needs: a greppable code, where, what happened, what to do."""

    exit_code = 1
    retry = False

    def __init__(self, code: str, what: str, *, where: str = "", fix: str = "") -> None:
        self.code, self.what, self.where, self.fix = code, what, where, fix
        super().__init__(str(self))

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        stop = "" if self.what.endswith((".", "!", "?")) else "."
        remedy = f"{stop} Fix: {self.fix}" if self.fix else ""
        return f"{self.code} {place}{self.what}{remedy}"

    def as_dict(self) -> dict[str, str]:
        """The same facts for `--json` and for problem documents."""
        return {"code": self.code, "where": self.where, "what": self.what, "fix": self.fix}


class Fatal(TidelineError):
    exit_code = 2


class ContractError(Fatal):
    exit_code = 4


class StaleIndex(Fatal):
    exit_code = 4


class Retriable(TidelineError):
    exit_code = 75
    retry = True


class Skippable(TidelineError):
    exit_code = 0


class DataError(TidelineError):
    exit_code = 65


class PositionLost(DataError):
    """`partition` and the half-open range `missing` say what is gone, so that one partition can be repaired alone."""

    exit_code = 66
    partition: int | None = None
    missing: tuple[int, int] | None = None

    @classmethod
    def of(cls, topic: str, partition: int, missing: tuple[int, int], fix: str) -> PositionLost:
        error = cls(
            "TL-LOG-066",
            f"partition {partition} no longer holds [{missing[0]}, {missing[1]})",
            where=f"topic {topic}",
            fix=fix,
        )
        error.partition, error.missing = partition, missing
        return error


class AuditFailed(DataError):
    exit_code = 65


class Lifecycle(TidelineError):
    exit_code = 76


class FileGone(Lifecycle):
    """Whoever put another file there has started a delivery of its own for it."""
