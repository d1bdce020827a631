"""JSON text whose numbers keep all their digits: the standard library would make floats of Decimals."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any


def dumps(value: Any) -> str:
    """The value as JSON, indented by two, with a line break at its end."""
    return _text(value, "\n") + "\n"


def _text(value: Any, line: str) -> str:
    inner = line + "  "
    if isinstance(value, dict) and value:
        members = (f"{json.dumps(key)}: {_text(item, inner)}" for key, item in value.items())
        return "{" + inner + f",{inner}".join(members) + line + "}"
    if isinstance(value, (list, tuple)) and any(isinstance(item, (dict, list, tuple)) for item in value):
        return "[" + inner + f",{inner}".join(_text(item, inner) for item in value) + line + "]"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_text(item, inner) for item in value) + "]"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return json.dumps(value, ensure_ascii=False)
