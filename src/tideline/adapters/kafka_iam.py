"""How a Kafka client signs in to MSK with IAM: a request for `kafka-cluster:Connect`, signed and never sent.

The token has the form of AWS's own signers: a presigned URL (SigV4 by query) of 15 minutes in URL-safe base64 without
padding. botocore signs; the credentials are those of whoever runs this (a function's or task's role).
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tideline.model.errors import Fatal, Retriable

LIFETIME = timedelta(minutes=15)
_SERVICE = "kafka-cluster"


def iam_options(region: str) -> dict[str, Any]:
    """librdkafka's options, for clients of MSK in this region."""
    if not region:
        raise Fatal("TL-KIA-001", "Kafka's tokens are signed for a region, and there is none", fix="set AWS_REGION")
    return {
        "security.protocol": "SASL_SSL",
        "sasl.mechanisms": "OAUTHBEARER",
        "oauth_cb": token_source(region),
    }


def token_source(region: str, credentials: Callable[[], Any] | None = None) -> Callable[[str], tuple[str, float]]:
    """The client calls it for the first token and before each expiry: (token, second of its expiry since the epoch)."""
    found = credentials or _credentials()

    def token(_config: str) -> tuple[str, float]:
        held = found()
        if held is None:
            raise Retriable("TL-KIA-002", "there are no AWS credentials", fix="give the process a role")
        return sign(region, held)

    return token


def sign(region: str, credentials: Any) -> tuple[str, float]:
    """A token for `kafka.<region>` and when it ends."""
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest

    ends = datetime.now(UTC) + LIFETIME
    request = AWSRequest("GET", f"https://kafka.{region}.amazonaws.com/", params={"Action": f"{_SERVICE}:Connect"})
    SigV4QueryAuth(credentials, _SERVICE, region, expires=int(LIFETIME.total_seconds())).add_auth(request)
    url = f"{request.url}&User-Agent=tideline"
    return base64.urlsafe_b64encode(url.encode()).decode().rstrip("="), ends.timestamp()


def _credentials() -> Callable[[], Any]:
    import botocore.session

    session = botocore.session.get_session()

    def frozen() -> Any:
        held = session.get_credentials()
        return None if held is None else held.get_frozen_credentials()

    return frozen
