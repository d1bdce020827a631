"""The push endpoint: the verdict of both layers, all or nothing, and answers that say what to do."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.fakes.event_log import FakeEventLog
from tests.golden.cases import cases, contract
from tests.unit.sales import SALES
from tideline.adapters.json_events import EventDecoder, Rejection
from tideline.functions.endpoint import Answer, Endpoint, Limits, Request
from tideline.functions.events import LINES, Event, Judge, values_of
from tideline.functions.push import handler, request_of, response_of
from tideline.model.contract import Contract
from tideline.model.errors import Fatal

SALE: dict[str, Any] = {
    "event_id": "e-1", "invoice_no": "536365", "stock_code": "85123A", "quantity": 6,
    "invoice_ts": "2011-07-01T10:00:00", "unit_price": "2.55", "country": "France", "customer_id": "17850",
}  # fmt: skip
TOPIC = SALES.stream.topic


def contracts(id_: str) -> Contract:
    if id_ != SALES.id:
        raise Fatal("TL-IDX-003", f"there is no contract {id_!r} among 1", fix="take one of: retail.sales")
    return SALES


@pytest.fixture
def log() -> FakeEventLog:
    fake = FakeEventLog()
    fake.create(TOPIC, 4)
    return fake


@pytest.fixture
def endpoint(log: FakeEventLog) -> Endpoint:
    return Endpoint(contracts, log.writer, Limits(2_000, 5, 1.0, "tideline"))


def sales(*ids: str, **changes: Any) -> bytes:
    return json.dumps([{**SALE, "event_id": id_, **changes} for id_ in ids]).encode()


def push(endpoint: Endpoint, body: bytes, **more: Any) -> Answer:
    return endpoint.answer(Request(**{"contract": SALES.id, "body": body, **more}))


def written(log: FakeEventLog) -> list[bytes | None]:
    return [record.key for part in log.topics[TOPIC].partitions.values() for record in part.records]


@pytest.mark.parametrize("case", cases(), ids=str)
def test_the_verdict_on_an_event_is_that_of_both_layers(case: Any) -> None:
    """What push refuses, batch and speed would quarantine, for the same reason; a key is taken from the event."""
    product = contract(case.product)
    judge, decoder = Judge(product), EventDecoder(product)
    for record in case.records:
        if record.value is None:
            continue
        there = decoder.decode(record.key, record.value)
        here = judge.judge(record.value)
        if there == Rejection("key_is_not_id"):
            assert isinstance(here, Event) and here.key != record.key
        else:
            assert here == (there.reason if isinstance(there, Rejection) else Event(record.key or b"", record.value))


def test_events_are_written_byte_for_byte_under_their_ids(endpoint: Endpoint, log: FakeEventLog) -> None:
    """Exact decimals survive: what is written is what was sent, not what a parser made of it."""
    first = json.dumps(SALE).replace('"2.55"', "2.5500000").encode()
    answer = push(endpoint, b"[" + first + b", " + sales("e-2")[1:-1] + b"]")
    assert answer.status == 202
    assert answer.document["accepted"] == 2
    records = {record.key: record for part in log.topics[TOPIC].partitions.values() for record in part.records}
    assert records[b"e-1"].value == first
    assert answer.document["events"][0] == {
        "partition": records[b"e-1"].partition, "position": str(records[b"e-1"].position),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (json.dumps(SALE).encode(), "application/json"),
        (sales("e-1"), "application/json"),
        (json.dumps(SALE).encode() + b"\r\n\n", LINES),
    ],
)
def test_one_event_an_array_and_lines_are_read(endpoint: Endpoint, log: FakeEventLog, body: bytes, kind: str) -> None:
    assert push(endpoint, body, kind=kind).status == 202
    assert written(log) == [b"e-1"]


def test_one_bad_event_keeps_all_out_and_its_reason_holds_no_value(endpoint: Endpoint, log: FakeEventLog) -> None:
    """The producer mends the request and sends it again; personal data stands in no answer."""
    body = b"[" + sales("e-1")[1:-1] + b"," + sales("e-2", customer_id="Jane Doe, 4 High Street")[1:-1] + b",7]"
    answer = push(endpoint, body)
    assert (answer.status, answer.document["code"]) == (422, "TL-FUN-008")
    assert answer.document["refused"] == [
        {"event": 1, "reason": "out_of_range:customer_id"}, {"event": 2, "reason": "not_an_object"},
    ]  # fmt: skip
    assert "Jane" not in json.dumps(answer.document)
    assert written(log) == []


@pytest.mark.parametrize(
    ("body", "more", "status", "code"),
    [
        (b"{}", {"contract": "retail.nothing"}, 404, "TL-FUN-003"),
        (b"{}", {"kind": "text/csv"}, 415, "TL-FUN-005"),
        (b"{}", {"encoding": "gzip"}, 415, "TL-FUN-005"),
        (b" " * 2_001, {}, 413, "TL-FUN-006"),
        (b"[1,2,3,4,5,6]", {}, 413, "TL-FUN-006"),
        (b"[1,2", {}, 400, "TL-FUN-002"),
        (b"[" * 3_000, {}, 413, "TL-FUN-006"),
        (b"[" * 1_500, {}, 400, "TL-FUN-002"),
        (b"", {}, 400, "TL-FUN-002"),
        (b"[]", {}, 400, "TL-FUN-007"),
        (b"\n\n", {"kind": LINES}, 400, "TL-FUN-007"),
        (b"{}", {"scopes": ()}, 403, "TL-FUN-004"),
        (b"{}", {"scopes": ("tideline/bank", "other/retail.sales")}, 403, "TL-FUN-004"),
    ],
)
def test_what_is_unfit_is_refused_and_told_what_to_do(
    endpoint: Endpoint, log: FakeEventLog, body: bytes, more: dict[str, Any], status: int, code: str
) -> None:
    answer = push(endpoint, body, **more)
    assert (answer.status, answer.document["code"]) == (status, code)
    assert answer.document["fix"]
    assert written(log) == []


@pytest.mark.parametrize("scope", ["tideline/retail.sales", "tideline/retail"])
def test_a_token_opens_a_contract_or_a_domain(endpoint: Endpoint, scope: str) -> None:
    assert push(endpoint, sales("e-1"), scopes=("openid", scope)).status == 202


def test_a_log_that_does_not_answer_is_503_and_sending_again_is_right(endpoint: Endpoint, log: FakeEventLog) -> None:
    """One of the two was written: the second request brings it again under its id."""
    log.lose_acks(1)
    answer = push(endpoint, sales("e-1", "e-2"))
    assert (answer.status, answer.document["code"], answer.retry_after_s) == (503, "TL-FUN-010", 5)
    assert push(endpoint, sales("e-1", "e-2")).status == 202
    assert sorted(written(log)) == [b"e-1", b"e-1", b"e-2", b"e-2"]


def test_a_log_that_cannot_be_reached_is_503(log: FakeEventLog) -> None:
    def unreachable() -> Any:
        log.online = False
        return log.stream(TOPIC)

    answer = Endpoint(contracts, unreachable, Limits(2_000, 5, 1.0)).answer(Request(SALES.id, sales("e-1")))
    assert (answer.status, answer.retry_after_s) == (503, 5)


def test_a_log_that_refuses_is_the_platforms_fault(endpoint: Endpoint, log: FakeEventLog) -> None:
    log.refuse(1)
    with pytest.raises(Fatal, match="TL-FUN-009"):
        push(endpoint, sales("e-1"))


def test_numbers_keep_their_digits_in_an_array() -> None:
    assert values_of(b' [ {"a":1.10} , 12345678901234567890.0 ]', "application/json") == [
        b'{"a":1.10}', b"12345678901234567890.0",
    ]  # fmt: skip


def gateway(body: str, **more: Any) -> dict[str, Any]:
    """An HTTP API's event (payload 2.0), as far as it is read."""
    return {
        "version": "2.0", "routeKey": "POST /v1/events/{contract}", "pathParameters": {"contract": SALES.id},
        "headers": {"content-type": "application/x-ndjson; charset=utf-8", "content-encoding": "Identity"},
        "requestContext": {"http": {"method": "POST"}, "authorizer": {"iam": {"userArn": "arn:aws:iam::1:role/p"}}},
        "body": body, "isBase64Encoded": False, **more,
    }  # fmt: skip


def test_the_gateways_request_is_read() -> None:
    """IAM has judged its callers already; bodies of unknown kinds come in base64."""
    assert request_of(gateway("{}")) == Request(SALES.id, b"{}", LINES, "identity", None)
    wrapped = gateway(base64.b64encode(b"\xff{}").decode(), isBase64Encoded=True)
    assert request_of(wrapped).body == b"\xff{}"


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [({"scope": "openid tideline/retail"}, ("openid", "tideline/retail")), ({"scp": "[a b]"}, ("a", "b")), ({}, ())],
)
def test_scopes_are_read_from_the_tokens_claims(claims: dict[str, str], scopes: tuple[str, ...]) -> None:
    event = gateway("{}", requestContext={"authorizer": {"jwt": {"claims": claims, "scopes": None}}})
    assert request_of(event).scopes == scopes


def test_the_answer_is_a_problem_document_unless_all_is_well() -> None:
    good, bad = response_of(Answer(202, {"accepted": 1})), response_of(Answer(503, {"code": "X"}, 5))
    assert good["headers"] == {"content-type": "application/json"}
    assert bad["headers"] == {"content-type": "application/problem+json", "retry-after": "5"}
    assert json.loads(bad["body"]) == {"status": 503, "code": "X"}


def test_a_fault_of_the_platform_tells_the_caller_nothing_of_its_inside(
    monkeypatch: pytest.MonkeyPatch, log: FakeEventLog
) -> None:
    def broken() -> Any:
        raise Fatal("TL-FUN-001", "TIDELINE_INDEX: no such place", where="/var/task")

    monkeypatch.setattr("tideline.functions.push._endpoint", broken)
    answer = handler(gateway("{}"), None)
    assert answer["statusCode"] == 500
    assert json.loads(answer["body"])["code"] == "TL-FUN-001"
    assert "/var/task" not in answer["body"] and "INDEX" not in answer["body"]
