"""Documents in a bucket: S3 itself takes the first writer of a name and refuses the others (If-None-Match)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from tideline.adapters.aws_answers import code_of, translated
from tideline.model.document import checked_name, parsed, text_of
from tideline.model.errors import Retriable

_TAKEN, _RACING = "PreconditionFailed", "ConditionalRequestConflict"
_ABSENT, _DENIED = frozenset({"NoSuchKey", "404"}), frozenset({"AccessDenied", "403"})
_ROUNDS = 5


class S3Documents:
    """Documents port over one bucket; `client` is boto3's for S3. A name is a key."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def put_new(self, name: str, document: Mapping[str, Any]) -> bool:
        """False when the name is taken. S3 answers 409 while another write of it is under way: it is asked again.

        Where the client had to ask twice and this very text is there, the first answer was lost: this was the writer.
        """
        text = text_of(document).encode()
        key = checked_name(name)
        for _ in range(_ROUNDS):
            refused = self._put(key, text)
            if refused is None:
                return True
            if code_of(refused) == _TAKEN:
                again = refused.response.get("ResponseMetadata", {}).get("RetryAttempts", 0) > 0
                return bool(again and self.get(name) == json.loads(text))
        raise Retriable("TL-DOC-003", "others write the document all the time", where=self._where(key))

    def get(self, name: str) -> dict[str, Any] | None:
        key = checked_name(name)
        with translated(self._where(key)):
            try:
                body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            except ClientError as error:
                if code_of(error) in _ABSENT or (code_of(error) in _DENIED and key not in self.names(key)):
                    return None  # who may not list the whole bucket is "denied" what is not there
                raise
        return parsed(body, self._where(key))

    def names(self, prefix: str) -> list[str]:
        with translated(self._where(prefix)):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            return sorted(item["Key"] for page in pages for item in page.get("Contents", []))

    def _put(self, key: str, text: bytes) -> ClientError | None:
        with translated(self._where(key)):
            try:
                self._client.put_object(
                    Bucket=self._bucket, Key=key, Body=text, ContentType="application/json", IfNoneMatch="*"
                )
            except ClientError as error:
                if code_of(error) in (_TAKEN, _RACING):
                    return error
                raise
        return None

    def _where(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"
