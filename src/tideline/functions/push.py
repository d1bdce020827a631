"""The Lambda handler of the push endpoint: an HTTP API's request (payload 2.0) in, its response out."""

from __future__ import annotations

import base64
import binascii
import json
import logging
from collections.abc import Mapping
from functools import cache
from typing import Any

from tideline.functions import wiring
from tideline.functions.endpoint import Answer, Endpoint, Request
from tideline.functions.events import JSON
from tideline.functions.settings import settings
from tideline.model.errors import TidelineError

LOG = logging.getLogger("tideline.push")
PROBLEM = "application/problem+json"


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """One request. What is logged are counts and codes, never an event."""
    try:
        answer = _endpoint().answer(request_of(event))
    except TidelineError as error:
        LOG.error("a push failed", extra={"code": error.code, "what": error.what, "where": error.where})
        answer = Answer(500, {"code": error.code, "what": "the platform cannot take events", "fix": "tell its owners"})
    LOG.info("a push was answered", extra={"status": answer.status, "code": answer.document.get("code")})
    return response_of(answer)


@cache
def _endpoint() -> Endpoint:
    return wiring.endpoint(settings())


def request_of(event: Mapping[str, Any]) -> Request:
    """The gateway's form of a request; it writes header names in small letters."""
    headers, authorizer = event.get("headers") or {}, event["requestContext"].get("authorizer") or {}
    token = authorizer.get("jwt")
    return Request(
        contract=event["pathParameters"]["contract"],
        body=_body(event),
        kind=str(headers.get("content-type", JSON)).partition(";")[0].strip().lower(),
        encoding=str(headers.get("content-encoding", "")).strip().lower(),
        scopes=None if token is None else _scopes(token["claims"]),
    )


def response_of(answer: Answer) -> dict[str, Any]:
    """The gateway's form of an answer; whatever is no success is a problem document (RFC 9457)."""
    headers = {"content-type": JSON if answer.status < 300 else PROBLEM}
    if answer.retry_after_s is not None:
        headers["retry-after"] = str(answer.retry_after_s)
    document = answer.document if answer.status < 300 else {"status": answer.status, **answer.document}
    return {"statusCode": answer.status, "headers": headers, "body": json.dumps(document)}


def _scopes(claims: Mapping[str, str]) -> tuple[str, ...]:
    """`scope` is one text (RFC 8693); some issuers write a list `scp`, which the gateway hands on as `[a b]`."""
    return tuple((claims.get("scope") or claims.get("scp") or "").strip("[]").replace(",", " ").split())


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(text).encode()
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""
