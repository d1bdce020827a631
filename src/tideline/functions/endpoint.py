"""What the push endpoint answers: all of a request's events are taken, or none of them and the reasons why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tideline.functions.events import JSON, LINES, Judge, Refused, values_of
from tideline.functions.sending import send_all
from tideline.model.contract import Contract
from tideline.model.errors import Fatal, Retriable, TidelineError
from tideline.ports import Delivery, LogWriter

MOST_REASONS = 100
RETRY_AFTER_S = 5


@dataclass(frozen=True, slots=True)
class Request:
    """`scopes` are those of the caller's token, or None where IAM has judged the caller already."""

    contract: str
    body: bytes
    kind: str = JSON
    encoding: str = ""
    scopes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """`retry_after_s` is set where the same request may be taken later."""

    status: int
    document: dict[str, Any]
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one request; `patience_s` is how long it waits for the log."""

    max_bytes: int
    max_events: int
    patience_s: float
    scope: str = ""


class Endpoint:
    """Judges a whole request before it sends anything; a contract is read when it is asked for, and kept."""

    def __init__(self, contract: Callable[[str], Contract], writer: Callable[[], LogWriter], limits: Limits) -> None:
        self._contract, self._open, self._limits = contract, writer, limits
        self._judges: dict[str, tuple[Contract, Judge]] = {}
        self._writer: LogWriter | None = None

    def answer(self, request: Request) -> Answer:
        """202 with positions; 4xx when the request has to change; 503 when it may be sent again as it is."""
        try:
            contract, judge = self._judged_by(request)
            values = self._values(request)
            good, bad = judge.all(values)
            return self._refused(request, bad, len(values)) if bad else self._send(contract, good)
        except _Unfit as unfit:
            return Answer(unfit.status, {**unfit.error.as_dict(), "contract": request.contract})
        except Retriable as error:
            return Answer(503, error.as_dict(), RETRY_AFTER_S)

    def _judged_by(self, request: Request) -> tuple[Contract, Judge]:
        self._check_scope(request)
        known = self._judges.get(request.contract)
        if known is None:
            try:
                contract = self._contract(request.contract)
            except Fatal as error:
                if error.code != "TL-IDX-003":
                    raise
                raise _Unfit(
                    404, Fatal("TL-FUN-003", "there is no such contract", fix="name one of the index")
                ) from None
            known = self._judges[request.contract] = (contract, Judge(contract))
        return known

    def _check_scope(self, request: Request) -> None:
        if request.scopes is None:
            return
        domain = request.contract.partition(".")[0]
        wanted = {f"{self._limits.scope}/{request.contract}", f"{self._limits.scope}/{domain}"}
        if not wanted & set(request.scopes):
            told = " or ".join(sorted(wanted))
            raise _Unfit(
                403, Fatal("TL-FUN-004", "the token does not allow this contract", fix=f"ask for the scope {told}")
            )

    def _values(self, request: Request) -> Sequence[bytes]:
        limits = self._limits
        if request.kind not in (JSON, LINES) or request.encoding not in ("", "identity"):
            raise _Unfit(
                415, Fatal("TL-FUN-005", "this kind of body is not read", fix=f"send {JSON} or {LINES}, not compressed")
            )
        if len(request.body) > limits.max_bytes:
            raise _Unfit(
                413, Fatal("TL-FUN-006", f"the body has more than {limits.max_bytes} bytes", fix="send fewer at once")
            )
        try:
            values = values_of(request.body, request.kind)
        except Fatal as error:
            raise _Unfit(400, error) from None
        if not values:
            raise _Unfit(400, Fatal("TL-FUN-007", "there is no event in the body", fix="send at least one"))
        if len(values) > limits.max_events:
            raise _Unfit(
                413, Fatal("TL-FUN-006", f"there are more than {limits.max_events} events", fix="send fewer at once")
            )
        return values

    def _refused(self, request: Request, bad: Sequence[Refused], count: int) -> Answer:
        error = Fatal(
            "TL-FUN-008",
            f"{len(bad)} of {count} events do not fit their contract; none was written",
            fix="mend or leave out those that are listed and send the rest again",
        )
        reasons = [{"event": one.at, "reason": one.reason} for one in bad[:MOST_REASONS]]
        return Answer(422, {**error.as_dict(), "contract": request.contract, "refused": reasons})

    def _send(self, contract: Contract, events: Sequence[Any]) -> Answer:
        if self._writer is None:
            self._writer = self._open()
        outcomes = send_all(self._writer, contract.stream.topic, events, self._limits.patience_s)
        written = [outcome for outcome in outcomes if outcome.position is not None]
        if len(written) == len(outcomes):
            return Answer(
                202, {"contract": contract.id, "accepted": len(outcomes), "events": [_place(one) for one in outcomes]}
            )
        if any(outcome.refused for outcome in outcomes):
            raise Fatal(
                "TL-FUN-009", "the log refuses what the contract allows", where=f"topic {contract.stream.topic}"
            )
        raise Retriable(
            "TL-FUN-010",
            f"the log has acknowledged {len(written)} of {len(outcomes)} events",
            fix="send the whole request again: an event that is there already is known by its id and counts once",
        )


class _Unfit(Exception):
    """The caller's fault: nothing was written, and the same request will never be taken."""

    def __init__(self, status: int, error: TidelineError) -> None:
        super().__init__(str(error))
        self.status, self.error = status, error


def _place(outcome: Delivery) -> dict[str, Any]:
    """A position is text: one of Kinesis has 56 digits, which JSON readers round."""
    return {"partition": outcome.partition, "position": str(outcome.position)}
