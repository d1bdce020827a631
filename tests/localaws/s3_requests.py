"""Who asked S3 for what, as IAM would have judged it: one line of JSON for each permission that a request needs.

{"who": access key id, "action": "s3:GetObject", "bucket", "key" (null: the bucket), "prefix" and "delimiter" of lists,
"status", "if_none_match", "encryption"}. An object that is not there needs the permission to list too: without it S3
answers 403, and a client that expects "not there" fails. What is not known here is written as an action that nobody is
given.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, unquote

import xmltodict

_SIGNED = re.compile(r"Credential=([^,]+)/\d{8}/[^/,]+/s3/aws4_request")
# Query words by which a request is another action; those of _PLAIN change nothing.
_BUCKET = {"location": "GetBucketLocation", "uploads": "ListBucketMultipartUploads", "versions": "ListBucketVersions"}
_OBJECT = {
    ("GET", "uploadId"): "ListMultipartUploadParts",
    ("GET", "versionId"): "GetObjectVersion",
    ("HEAD", "versionId"): "GetObjectVersion",
    ("PUT", "uploadId"): "PutObject",
    ("POST", "uploads"): "PutObject",
    ("POST", "uploadId"): "PutObject",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("DELETE", "versionId"): "DeleteObjectVersion",
}
_DEFAULT = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
_PLAIN = {"list-type", "prefix", "delimiter", "max-keys", "continuation-token", "start-after", "encoding-type"}
_PLAIN |= {"fetch-owner", "marker", "partNumber", "x-id", "max-parts", "part-number-marker", "max-uploads"}

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Noted:
    """A WSGI application that writes down the requests to S3 of the one that it wraps."""

    def __init__(self, application: Application, file: Path) -> None:
        self._application, self._file, self._lock = application, file, Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        signed = _SIGNED.search(environ.get("HTTP_AUTHORIZATION", ""))
        if signed is None:
            return self._application(environ, start_response)
        body = _body(environ)

        def answered(status: str, *rest: Any) -> Any:
            lines = [{"who": signed[1], **one} for one in needed(environ, int(status[:3]), body)]
            with self._lock, self._file.open("a") as file:
                file.write("".join(json.dumps(line) + "\n" for line in lines))
            return start_response(status, *rest)

        return self._application(environ, answered)


def _body(environ: dict[str, Any]) -> bytes:
    """The body of a deletion of many, which alone says what is deleted; it can still be read by who comes after."""
    if environ["REQUEST_METHOD"] != "POST" or "delete" not in environ.get("QUERY_STRING", ""):
        return b""
    body: bytes = environ["wsgi.input"].read()
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def needed(environ: dict[str, Any], status: int, body: bytes = b"") -> Iterator[dict[str, Any]]:
    """The permissions for one request in path style, answered with this status."""
    method = environ["REQUEST_METHOD"]
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    bucket, _, key = environ["PATH_INFO"].lstrip("/").partition("/")
    said = {
        "delimiter": query.get("delimiter"),
        "status": status,
        "if_none_match": environ.get("HTTP_IF_NONE_MATCH"),
        "encryption": environ.get("HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION"),
    }

    def one(action: str, key: str | None, prefix: str | None = None, bucket: str = bucket) -> dict[str, Any]:
        return {"action": f"s3:{action}", "bucket": bucket, "key": key, "prefix": prefix, **said}

    if not key:
        yield from _on_bucket(method, query, body, one)
        return
    special = [word for word in query if word not in _PLAIN]
    if len(special) > 1 or (special and (method, special[0]) not in _OBJECT) or method not in (*_DEFAULT, "POST"):
        yield one(f"Unknown {method} {' '.join(special)}", key)
        return
    yield one(_OBJECT[method, special[0]] if special else _DEFAULT.get(method, f"Unknown {method}"), key)
    if method in ("GET", "HEAD") and status == 404:
        yield one("ListBucket", None)
    if source := environ.get("HTTP_X_AMZ_COPY_SOURCE"):
        from_bucket, _, from_key = unquote(source).lstrip("/").partition("/")
        yield one("GetObject", from_key, bucket=from_bucket)
    for header, action in (("HTTP_X_AMZ_TAGGING", "PutObjectTagging"), ("HTTP_X_AMZ_ACL", "PutObjectAcl")):
        if environ.get(header):
            yield one(action, key)


def _on_bucket(method: str, query: dict[str, str], body: bytes, one: Callable[..., dict[str, Any]]) -> Iterator[Any]:
    special = [word for word in query if word not in _PLAIN]
    if method == "POST" and special == ["delete"]:
        objects = xmltodict.parse(body, strip_whitespace=False, force_list=("Object",))["Delete"]["Object"]
        yield from (one("DeleteObject", each["Key"]) for each in objects)
    elif method in ("GET", "HEAD") and not special:
        yield one("ListBucket", None, query.get("prefix"))
    elif method == "GET" and len(special) == 1 and special[0] in _BUCKET:
        yield one(_BUCKET[special[0]], None, query.get("prefix"))
    else:
        yield one(f"Unknown {method} {' '.join(special)}", None)
