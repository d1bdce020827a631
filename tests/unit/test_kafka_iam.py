"""The token by which a Kafka client signs in to MSK: a presigned request of the right service and life time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from botocore.credentials import ReadOnlyCredentials

from tideline.adapters.kafka_confluent import ConfluentLog
from tideline.adapters.kafka_iam import iam_options, sign, token_source
from tideline.model.errors import Fatal, Retriable, TidelineError

SECRET = "not-a-secret/only-for-this-test"
HELD = ReadOnlyCredentials("AKIDEXAMPLE", SECRET, "session-token")


def opened(token: str) -> tuple[str, str, dict[str, str]]:
    url = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    parts = urlsplit(url)
    return parts.netloc, parts.query, dict(parse_qsl(parts.query))


def test_the_token_is_a_presigned_request_to_connect() -> None:
    """What AWS's signers write: action, algorithm, scope, 900 seconds, session token, and no padding."""
    token, ends = sign("eu-central-1", HELD)
    host, _, asked = opened(token)
    day = asked["X-Amz-Date"][:8]
    assert "=" not in token
    assert host == "kafka.eu-central-1.amazonaws.com"
    assert asked["Action"] == "kafka-cluster:Connect"
    assert asked["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert asked["X-Amz-Credential"] == f"AKIDEXAMPLE/{day}/eu-central-1/kafka-cluster/aws4_request"
    assert (asked["X-Amz-Expires"], asked["X-Amz-Security-Token"]) == ("900", "session-token")
    assert 890 < ends - time.time() < 905
    assert SECRET not in token


def test_the_signature_is_that_of_the_specification() -> None:
    """Computed here a second time, from AWS's description of Signature Version 4."""
    token, _ = sign("eu-central-1", HELD)
    host, query, asked = opened(token)
    signed = {name: value for name, value in asked.items() if name not in ("X-Amz-Signature", "User-Agent")}
    canonical = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(signed.items()))
    request = f"GET\n/\n{canonical}\nhost:{host}\n\nhost\n{hashlib.sha256(b'').hexdigest()}"
    scope = asked["X-Amz-Credential"].partition("/")[2]
    text = f"AWS4-HMAC-SHA256\n{asked['X-Amz-Date']}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    assert asked["X-Amz-Signature"] == hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    assert query.endswith("&User-Agent=tideline")


def test_a_client_takes_the_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """librdkafka knows each of them; encryption and tokens are on."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    options = iam_options("eu-central-1")
    assert (options["security.protocol"], options["sasl.mechanisms"]) == ("SASL_SSL", "OAUTHBEARER")
    token, _ = options["oauth_cb"]("")
    assert opened(token)[2]["X-Amz-Credential"].startswith("AKIDEXAMPLE/")
    log = ConfluentLog("localhost:1", request_timeout_s=0.2, options=options)
    with pytest.raises(Retriable, match="TL-LOG"):
        log.stream("retail.sales.v1")


def test_a_client_without_credentials_says_so_at_once() -> None:
    """librdkafka waits for the first token; what comes out is one of our errors."""

    def nothing(_config: str) -> tuple[str, float]:
        raise Retriable("TL-KIA-002", "there are no AWS credentials")

    options = {"security.protocol": "SASL_SSL", "sasl.mechanisms": "OAUTHBEARER", "oauth_cb": nothing}
    with pytest.raises(TidelineError, match="TL-"):
        ConfluentLog("localhost:1", options=options)


def test_without_region_or_credentials_it_says_so() -> None:
    with pytest.raises(Fatal, match="TL-KIA-001"):
        iam_options("")
    nobody: Any = lambda: None  # noqa: E731 - a source of credentials that has none
    with pytest.raises(Retriable, match="TL-KIA-002"):
        token_source("eu-central-1", nobody)("")
