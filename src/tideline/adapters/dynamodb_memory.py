"""Records of deliveries in one DynamoDB table: key `file` and `part`, the rest of a record as one JSON text.

JSON as text, so that a record comes back exactly as it was written and can be compared as a whole; `expires` stands
beside it, since the table forgets by it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from tideline.adapters.aws_answers import code_of, translated


class DynamoMemory:
    """Implements the Memory port; reads are consistent."""

    def __init__(self, table: str, client: Any = None) -> None:
        self._table, self._dynamo = table, client or boto3.client("dynamodb")

    def get(self, file: str, part: str) -> Mapping[str, Any] | None:
        with translated(f"table {self._table}"):
            found = self._dynamo.get_item(TableName=self._table, Key=_key(file, part), ConsistentRead=True)
        return _record(found["Item"]) if "Item" in found else None

    def put_new(self, file: str, part: str, record: Mapping[str, Any]) -> bool:
        return self._put(file, part, record, ConditionExpression="attribute_not_exists(said)")

    def replace(self, file: str, part: str, record: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
        return self._put(
            file,
            part,
            record,
            ConditionExpression="said = :before",
            ExpressionAttributeValues={":before": {"S": _text(before)}},
        )

    def parts(self, file: str, prefix: str) -> list[Mapping[str, Any]]:
        asked = {
            "TableName": self._table,
            "ConsistentRead": True,
            "KeyConditionExpression": "#file = :file and begins_with(#part, :prefix)",
            "ExpressionAttributeNames": {"#file": "file", "#part": "part"},
            "ExpressionAttributeValues": {":file": {"S": file}, ":prefix": {"S": prefix}},
        }
        with translated(f"table {self._table}"):
            pages = self._dynamo.get_paginator("query").paginate(**asked)
            return [_record(item) for page in pages for item in page["Items"]]

    def _put(self, file: str, part: str, record: Mapping[str, Any], **condition: Any) -> bool:
        item = {**_key(file, part), "said": {"S": _text(record)}, "expires": {"N": str(record["expires"])}}
        with translated(f"table {self._table}"):
            try:
                self._dynamo.put_item(TableName=self._table, Item=item, **condition)
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True


def _key(file: str, part: str) -> dict[str, Any]:
    return {"file": {"S": file}, "part": {"S": part}}


def _record(item: Mapping[str, Any]) -> Mapping[str, Any]:
    found: dict[str, Any] = json.loads(item["said"]["S"])
    return found


def _text(record: Mapping[str, Any]) -> str:
    return json.dumps(record, sort_keys=True, separators=(",", ":"))
