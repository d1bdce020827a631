"""How a file of the landing zone gets into the log, although every step may be killed and done again.

The protocol; the workflow (modules/ingest/delivery.asl.json) calls one step at a time and repeats what failed:

1. examine    read the file once: its digest and its chunks; the same content under the same name is delivered once
2. claim      one execution has the file, until it is done or has said nothing for LEASE_S
3. deliver    per chunk: lines that are no events to quarantine, the others to the log, then the chunk's record
4. finish     copy the file to delivered/, write the record `delivered`, remove it from the inbox, give the claim back
5. refuse     instead of 3 and 4: copy the file to quarantine, remove it from the inbox, give the claim back

A chunk whose record is there is never sent again. What was sent without a record (killed in step 3) is sent again:
its events have the ids of the first, so they count once. Records name a file by bucket, key and SHA-256 of its content
and not by its ETag, since under KMS each upload of the same bytes has another.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tideline.functions.chunks import Chunk, Survey, survey
from tideline.functions.events import JSON, LINES, Event, Judge, values_of
from tideline.functions.sending import send_all
from tideline.model.contract import Contract
from tideline.model.errors import DataError, Fatal, FileGone, Lifecycle, Retriable
from tideline.ports import Files, LogWriter, Memory, StoredFile

INBOX, DELIVERED, QUARANTINED = "inbox", "delivered", "_deliveries"
KINDS = {"ndjson": LINES, "jsonl": LINES, "json": JSON}
LEASE_S = 1800


@dataclass(frozen=True, slots=True)
class Rules:
    """`patience_s`: how long a chunk waits for the log; `remember_s`: how long records are kept. Sizes are bytes."""

    quarantine_bucket: str
    chunk_bytes: int
    max_file_bytes: int
    patience_s: float
    remember_s: int


class Deliveries:
    """The steps. Files of all contracts lie under inbox/<domain>/<product>/; times are seconds since the epoch."""

    def __init__(
        self,
        contract: Callable[[str], Contract],
        files: Files,
        memory: Memory,
        writer: Callable[[], LogWriter],
        rules: Rules,
        now: Callable[[], float],
    ) -> None:
        self._contract, self._files, self._memory = contract, files, memory
        self._open, self._rules, self._now = writer, rules, now
        self._writer: LogWriter | None = None

    def examine(self, file: StoredFile, execution: str) -> dict[str, Any]:
        """`{"verdict": "deliver", "file", "chunks"}`, or nothing_to_do, or refused with code and what."""
        try:
            contract, kind = self._meant_for(file.key)
            found = self._survey(file, kind)
        except FileGone as gone:
            return {"verdict": "nothing_to_do", "what": gone.what}
        except Fatal as error:
            return {"verdict": "refused", "code": error.code, "what": error.what}
        content = f"{_name(file)}#{found.sha256}"
        if self._memory.get(content, "delivered") is not None:
            self._files.remove(file)
            return {"verdict": "nothing_to_do", "what": "the same content was delivered under this name before"}
        if not self._claim(file, execution):
            return {"verdict": "nothing_to_do", "what": "another execution delivers this very file"}
        told = {
            "bucket": file.bucket, "key": file.key, "etag": file.etag, "execution": execution, "contract": contract.id,
            "kind": kind, "sha256": found.sha256, "chunks": len(found.chunks),
        }  # fmt: skip
        return {"verdict": "deliver", "file": told, "chunks": [chunk.plain() for chunk in found.chunks]}

    def deliver(self, told: Mapping[str, Any], chunk: Chunk) -> dict[str, Any]:
        """The chunk's record: `{"sent", "refused", "line"}`. Retriable unless the log acknowledges everything."""
        file, part = _stored(told), f"chunk#{chunk.number:06d}"
        content = f"{_name(file)}#{told['sha256']}"
        before = self._memory.get(content, part)
        if before is not None:
            return dict(before)
        self._renew(file, told["execution"])
        contract = self._contract(told["contract"])
        good, bad = _judged(Judge(contract), self._files.read(file, chunk.start, chunk.end), told["kind"], chunk.line)
        if bad:
            lines = b"".join(json.dumps(one).encode() + b"\n" for one in bad)
            self._files.put(
                self._rules.quarantine_bucket,
                f"{_kept(file.key, told['sha256'])}/lines-{chunk.number:06d}.ndjson",
                lines,
            )
        self._send(contract, good)
        record = {"sent": len(good), "refused": len(bad), "line": chunk.line, "expires": self._expires()}
        self._memory.put_new(content, part, record)
        return record

    def finish(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """What became of the file: `{"sent", "refused"}`. DataError when none of its lines is an event."""
        file = _stored(told)
        content = f"{_name(file)}#{told['sha256']}"
        parts = self._memory.parts(content, "chunk#")
        if len(parts) != told["chunks"]:
            raise Fatal("TL-DEL-006", f"{len(parts)} of {told['chunks']} chunks are delivered", where=_name(file))
        sent, refused = (sum(int(part[what]) for part in parts) for what in ("sent", "refused"))
        if refused and not sent:
            raise DataError(
                "TL-DEL-007", f"none of {refused} lines is an event of {told['contract']}", where=_name(file)
            )
        try:
            self._files.copy(file, file.bucket, f"{DELIVERED}/{_below(file.key, told['sha256'])}")
        except FileGone:
            if self._memory.get(content, "delivered") is None:
                raise
        record = {"sent": sent, "refused": refused, "expires": self._expires()}
        self._memory.put_new(content, "delivered", record)
        self._files.remove(file)
        self._release(file, told["execution"])
        return {"sent": sent, "refused": refused}

    def refuse(self, file: StoredFile, execution: str) -> dict[str, Any]:
        """Where the whole file is kept; None when it is gone, or another execution has it."""
        claim = self._memory.get(_name(file), "claim")
        if claim is not None and claim["execution"] != execution and claim["until"] > self._now():
            return {"kept": None}
        kept = _kept(file.key, file.etag)
        try:
            self._files.copy(file, self._rules.quarantine_bucket, kept)
        except FileGone:
            return {"kept": None}
        self._files.remove(file)
        self._release(file, execution)
        return {"kept": f"{self._rules.quarantine_bucket}/{kept}"}

    def _meant_for(self, key: str) -> tuple[Contract, str]:
        parts = key.split("/")
        if len(parts) < 4 or parts[0] != INBOX:
            raise Fatal("TL-DEL-001", f"files lie under {INBOX}/<domain>/<product>/", where=key)
        kind = KINDS.get(parts[-1].rpartition(".")[2].lower())
        if kind is None:
            raise Fatal("TL-DEL-001", f"the name of a file ends with one of {', '.join(KINDS)}", where=key)
        return self._contract(f"{parts[1]}.{parts[2]}"), kind

    def _survey(self, file: StoredFile, kind: str) -> Survey:
        """A JSON document is read whole, so it has to fit into one chunk."""
        most = self._rules.max_file_bytes if kind == LINES else self._rules.chunk_bytes
        return survey(self._files.blocks(file), self._rules.chunk_bytes, most)

    def _send(self, contract: Contract, events: list[Event]) -> None:
        if self._writer is None:
            self._writer = self._open()
        outcomes = send_all(self._writer, contract.stream.topic, events, self._rules.patience_s)
        missing = [outcome for outcome in outcomes if outcome.position is None]
        if missing:
            what = f"the log has not acknowledged {len(missing)} of {len(outcomes)} events: {missing[0].error}"
            raise Retriable("TL-DEL-008", what, where=f"topic {contract.stream.topic}")

    def _claim(self, file: StoredFile, execution: str) -> bool:
        """False: another execution has this very file. Retriable: another one has an earlier file of this name."""
        name, before = _name(file), self._memory.get(_name(file), "claim")
        mine = self._claimed(file, execution)
        if before is None:
            taken = self._memory.put_new(name, "claim", mine)
        elif before["execution"] == execution or before["until"] <= self._now():
            taken = self._memory.replace(name, "claim", mine, before)
        elif before["etag"] == file.etag:
            return False
        else:
            taken = False
        if not taken:
            raise Retriable("TL-DEL-004", "another execution delivers an earlier file of this name", where=name)
        return True

    def _claimed(self, file: StoredFile, execution: str) -> dict[str, Any]:
        until = int(self._now()) + LEASE_S
        return {"execution": execution, "etag": file.etag, "until": until, "expires": self._expires()}

    def _renew(self, file: StoredFile, execution: str) -> None:
        before = self._memory.get(_name(file), "claim")
        ours = before is not None and before["execution"] == execution
        if before is None or not ours:
            raise Lifecycle("TL-DEL-005", "another execution took this file over", where=_name(file))
        self._memory.replace(_name(file), "claim", self._claimed(file, execution), before)

    def _release(self, file: StoredFile, execution: str) -> None:
        before = self._memory.get(_name(file), "claim")
        if before is not None and before["execution"] == execution:
            self._memory.replace(_name(file), "claim", {**before, "until": 0}, before)

    def _expires(self) -> int:
        return int(self._now()) + self._rules.remember_s


def _judged(judge: Judge, body: bytes, kind: str, first: int) -> tuple[list[Event], list[dict[str, Any]]]:
    """Events in their order, and what is none: its line, why, and its bytes in base64 (they may be anything)."""
    good: list[Event] = []
    bad: list[dict[str, Any]] = []
    for line, value in _numbered(body, kind, first):
        verdict = judge.judge(value)
        if isinstance(verdict, Event):
            good.append(verdict)
        else:
            bad.append({"line": line, "reason": verdict, "raw": base64.b64encode(value).decode()})
    return good, bad


def _numbered(body: bytes, kind: str, first: int) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, by number; events of a JSON document count from 1; a broken document is one line."""
    if kind == LINES:
        for number, line in enumerate(body.split(b"\n"), first):
            if line.strip():
                yield number, line.strip()
        return
    try:
        yield from enumerate(values_of(body, kind), 1)
    except Fatal:
        yield 1, body


def _stored(told: Mapping[str, Any]) -> StoredFile:
    return StoredFile(told["bucket"], told["key"], told["etag"])


def _name(file: StoredFile) -> str:
    return f"{file.bucket}/{file.key}"


def _below(key: str, version: str) -> str:
    """`inbox/retail/sales/a/b.ndjson` -> `retail/sales/<version>/a/b.ndjson`; what lies elsewhere keeps its name."""
    parts = key.split("/")
    short = version.strip('"')[:12]
    if len(parts) < 4 or parts[0] != INBOX:
        return f"_elsewhere/{short}/{key}"
    return "/".join([*parts[1:3], short, *parts[3:]])


def _kept(key: str, version: str) -> str:
    return f"{QUARANTINED}/{_below(key, version)}"
