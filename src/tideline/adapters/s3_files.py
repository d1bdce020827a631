"""Files on S3, read by ETag: what was examined is what is delivered, or FileGone."""

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


class S3Files:
    """Implements the Files port. Buckets encrypt by their own default key; a copy is made by S3, up to 5 GB."""

    def __init__(self, client: Any = None) -> None:
        self._s3 = client or boto3.client("s3")

    def blocks(self, file: StoredFile) -> Iterator[bytes]:
        with _answers(file):
            body = self._s3.get_object(Bucket=file.bucket, Key=file.key, IfMatch=file.etag)["Body"]
            while block := body.read(BLOCK):
                yield block

    def read(self, file: StoredFile, start: int, end: int) -> bytes:
        with _answers(file):
            place = {"Bucket": file.bucket, "Key": file.key, "IfMatch": file.etag}
            return bytes(self._s3.get_object(**place, Range=f"bytes={start}-{end - 1}")["Body"].read())

    def put(self, bucket: str, key: str, body: bytes) -> None:
        with translated(f"s3://{bucket}/{key}"):
            self._s3.put_object(Bucket=bucket, Key=key, Body=body)

    def copy(self, file: StoredFile, bucket: str, key: str) -> None:
        source = {"Bucket": file.bucket, "Key": file.key}
        with _answers(file):
            self._s3.copy_object(CopySource=source, CopySourceIfMatch=file.etag, Bucket=bucket, Key=key)

    def remove(self, file: StoredFile) -> None:
        try:
            with _answers(file):
                there = self._s3.head_object(Bucket=file.bucket, Key=file.key)["ETag"]
                if there.strip('"') == file.etag.strip('"'):
                    self._s3.delete_object(Bucket=file.bucket, Key=file.key)
        except FileGone:
            return


@contextmanager
def _answers(file: StoredFile) -> Iterator[None]:
    where = f"s3://{file.bucket}/{file.key}"
    with translated(where):
        try:
            yield
        except ClientError as error:
            if code_of(error) in _GONE:
                raise FileGone("TL-DEL-010", "the file is gone or was replaced", where=where) from error
            raise
