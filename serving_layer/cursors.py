"""Cursors pinned to a snapshot: the result is frozen, so that pages of one answer never mix two states."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from serving_layer.answer import Result
from serving_layer.problems import Problem

_ID, _MAC = 16, 16


@dataclass(frozen=True, slots=True)
class _Frozen:
    result: Result
    until: float


class Cursors:
    """A bounded store of frozen results; `clock` is in seconds. One thread uses it: the event loop."""

    def __init__(
        self,
        secret: bytes,
        clock: Callable[[], float],
        *,
        keep_s: float = 300.0,
        results: int = 64,
        rows: int = 2_000_000,
    ) -> None:
        self._secret, self._clock = secret, clock
        self._keep_s, self._results, self._rows = keep_s, results, rows
        self._store: OrderedDict[bytes, _Frozen] = OrderedDict()

    def token(self, result: Result, start: int) -> str:
        """Freeze the result and name the page that begins at row `start`."""
        name = hashlib.sha256(repr((result.text, result.meta)).encode()).digest()[:_ID]
        self._store[name] = _Frozen(result, self._clock() + self._keep_s)
        self._store.move_to_end(name)
        self._trim()
        body = name + start.to_bytes(8, "big")
        return base64.urlsafe_b64encode(body + self._mac(body)).rstrip(b"=").decode()

    def open(self, token: str) -> tuple[Result, int]:
        """(result, first row); Problem TL-API-010 for a token not made here, TL-API-011 for one that expired."""
        body = self._verified(token)
        frozen = self._store.get(body[:_ID])
        if frozen is None or frozen.until < self._clock():
            self._store.pop(body[:_ID], None)
            raise Problem("TL-API-011", "the snapshot of this cursor is gone: start again without a cursor")
        return frozen.result, int.from_bytes(body[_ID:], "big")

    def _verified(self, token: str) -> bytes:
        try:
            raw = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error, ValueError):
            raw = b""
        body, mac = raw[:-_MAC], raw[-_MAC:]
        if len(raw) != _ID + 8 + _MAC or not hmac.compare_digest(mac, self._mac(body)):
            raise Problem(
                "TL-API-010", "this cursor was not made by this server since it started", ("meta.next_cursor",)
            )
        return body

    def _mac(self, body: bytes) -> bytes:
        return hmac.new(self._secret, body, hashlib.sha256).digest()[:_MAC]

    def _trim(self) -> None:
        now = self._clock()
        for name in [name for name, frozen in self._store.items() if frozen.until < now]:
            del self._store[name]
        while len(self._store) > 1 and (
            len(self._store) > self._results or sum(len(f.result.rows) for f in self._store.values()) > self._rows
        ):
            self._store.popitem(last=False)
