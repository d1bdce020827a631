"""Files on S3, read by ETag: what was examined is what is delivered, or FileGone.

Whoever may list only some prefixes of a bucket is told "access denied" of a key that is not there, so a denial is
looked into: the key's own prefix may be listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.exceptions import ClientError

from tideline.adapters.aws_answers import code_of, translated
from tideline.model.errors import FileGone
from tideline.ports import StoredFile

BLOCK = 1 << 20
_GONE = {"NoSuchKey", "NoSuchVersion", "PreconditionFailed", "404", "412"}
_DENIED = {"AccessDenied", "403"}


class S3Files:
    """Implements the Files port. Buckets encrypt by their own default key; a copy is made by S3, up to 5 GB."""

    def __init__(self, client: Any = None) -> None:
        self._s3 = client or boto3.client("s3")

    def blocks(self, file: StoredFile) -> Iterator[bytes]:
        with self._answers(file):
            body = self._s3.get_object(Bucket=file.bucket, Key=file.key, IfMatch=_quoted(file.etag))["Body"]
            while block := body.read(BLOCK):
                yield block

    def read(self, file: StoredFile, start: int, end: int) -> bytes:
        with self._answers(file):
            place = {"Bucket": file.bucket, "Key": file.key, "IfMatch": _quoted(file.etag)}
            return bytes(self._s3.get_object(**place, Range=f"bytes={start}-{end - 1}")["Body"].read())

    def put(self, bucket: str, key: str, body: bytes) -> None:
        with translated(f"s3://{bucket}/{key}"):
            self._s3.put_object(Bucket=bucket, Key=key, Body=body)

    def copy(self, file: StoredFile, bucket: str, key: str) -> None:
        source = {"Bucket": file.bucket, "Key": file.key}
        with self._answers(file):
            self._s3.copy_object(
                CopySource=source,
                CopySourceIfMatch=_quoted(file.etag),
                Bucket=bucket,
                Key=key,
                TaggingDirective="REPLACE",  # tags of strangers stay behind, and need no permission
            )

    def remove(self, file: StoredFile) -> None:
        try:
            with self._answers(file):
                there = self._s3.head_object(Bucket=file.bucket, Key=file.key)["ETag"]
                if there == _quoted(file.etag):
                    self._s3.delete_object(Bucket=file.bucket, Key=file.key)
        except FileGone:
            return

    @contextmanager
    def _answers(self, file: StoredFile) -> Iterator[None]:
        where = f"s3://{file.bucket}/{file.key}"
        with translated(where):
            try:
                yield
            except ClientError as error:
                if code_of(error) in _GONE or (code_of(error) in _DENIED and not self._there(file)):
                    raise FileGone("TL-DEL-010", "the file is gone or was replaced", where=where) from error
                raise

    def _there(self, file: StoredFile) -> bool:
        found = self._s3.list_objects_v2(Bucket=file.bucket, Prefix=file.key, MaxKeys=1)
        return any(one["Key"] == file.key for one in found.get("Contents", []))


def _quoted(etag: str) -> str:
    """As S3 writes it in headers; events leave the quotes out."""
    return f'"{etag.strip(chr(34))}"'
