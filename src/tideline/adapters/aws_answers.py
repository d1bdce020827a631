"""What AWS's SDK raises, as Tideline's errors: tried again, or mended by a person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from tideline.model.errors import Fatal, Retriable

_BUSY = {
    "InternalError", "InternalFailure", "InternalServerError", "KMSThrottlingException", "LimitExceededException",
    "ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestTimeout", "ServiceUnavailable",
    "SlowDown", "Throttling", "ThrottlingException", "TransactionInProgressException",
}  # fmt: skip


def code_of(error: ClientError) -> str:
    """AWS's own word for what went wrong."""
    return str(error.response.get("Error", {}).get("Code", "unknown"))


@contextmanager
def translated(where: str) -> Iterator[None]:
    """A busy or absent service is Retriable, a refusal (no such thing, no permission) Fatal; its text stays here."""
    try:
        yield
    except ClientError as error:
        code, status = code_of(error), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _BUSY or status >= 500:
            raise Retriable("TL-AWS-001", f"the service answers {code}", where=where) from error
        fix = "look whether it exists and whether the role may use it"
        raise Fatal("TL-AWS-002", f"the service refuses: {code}", where=where, fix=fix) from error
    except BotoCoreError as error:
        raise Retriable("TL-AWS-003", f"no answer: {type(error).__name__}", where=where) from error
