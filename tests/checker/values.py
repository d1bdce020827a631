"""What a field of the contract allows: the ledger's own reading of values, nested ones too, from the YAML's words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo


class Bad(Exception):
    """Something that the contract does not allow; the message is the reason."""


class Fields:
    """The members of the event, or of an object in it; `path` stands before their names in reasons."""

    def __init__(
        self, listed: list[dict[str, Any]], own: dict[str, Any], retired: Iterable[str] = (), path: str = ""
    ) -> None:
        self._path, self._retired, self._own = path, tuple(retired), own
        self._evolves = own.get("drift", {}).get("newFields") == "evolve"
        self._listed = {field["name"]: _Value(field, own, path + field["name"]) for field in listed}

    def blank(self) -> dict[str, Any]:
        return {name: value.blank() for name, value in self._listed.items()}

    def read(self, members: dict[str, Any]) -> dict[str, Any]:
        """The typed members; raises Bad for the first trouble: fields in their order, then what is not known."""
        names, rest = {}, dict(members)
        for name, field in self._listed.items():
            names[name] = rest.pop(name, None) if name in rest or field.former is None else rest.pop(field.former, None)
        for name in self._retired:
            rest.pop(name, None)
        row = {name: field.read(names[name]) for name, field in self._listed.items()}
        for name in () if self._evolves else rest:
            shown = name if re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name) else "?"
            raise Bad(f"unknown_field:{self._path}{shown}")
        return row


class _Blank(dict[str, Any]):
    """A map that holds the same under every key."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self._value = value

    def get(self, key: str, default: Any = None) -> Any:
        return self._value


class _Value:
    """One field, one item of an array, or one value of a map."""

    def __init__(self, field: dict[str, Any], own: dict[str, Any], path: str) -> None:
        self._kind, self._path, self._required = field["logicalType"], path, field.get("required", False)
        self._options = field.get("logicalTypeOptions", {})
        self._enum = [entry["value"] for entry in field.get("enum", ())]
        self.former = {e["property"]: e["value"] for e in field.get("customProperties", ())}.get("renamedFrom")
        found = re.fullmatch(r"decimal\((\d+),\s*(\d+)\)", field.get("physicalType", ""))
        self._digits = (int(found[1]), int(found[2])) if found else (38, 0)
        self._members = Fields(field["properties"], own, (), f"{path}.") if self._kind == "object" else None
        inner = {"array": field.get("items"), "map": field.get("map", {}).get("value")}.get(self._kind)
        self._inner = _Value(inner, own, path + ("[]" if self._kind == "array" else "{}")) if inner else None

    def blank(self) -> Any:
        """A zero of the field's scale, in its place."""
        if self._members is not None:
            return self._members.blank()
        if self._inner is not None:
            return [] if self._kind == "array" else _Blank(self._inner.blank())
        return Decimal(0).scaleb(-self._digits[1]) if self._kind == "number" else 0

    def read(self, value: Any) -> Any:
        if value is None:
            self._need(not self._required, "missing_field")
            return None
        if self._members is not None:
            self._need(isinstance(value, dict), "wrong_type")
            return self._members.read(value)
        if self._inner is not None:
            self._need(isinstance(value, list if self._kind == "array" else dict), "wrong_type")
            self._need(len(value) <= self._options.get("maxItems", 1_000), "out_of_range")
            if self._kind == "array":
                return [self._inner.read(item) for item in value]
            return {key: self._inner.read(value[key]) for key in sorted(value)}
        return self._scalar(value)

    def _need(self, holds: bool, reason: str) -> None:
        if not holds:
            raise Bad(f"{reason}:{self._path}")

    def _scalar(self, value: Any) -> Any:
        match self._kind:
            case "number":
                return self._number(value)
            case "integer":
                self._need(type(value) is int, "wrong_type")
                half = 2 ** (31 if self._options.get("format") == "i32" else 63)
                self._need(-half <= value < half, "out_of_range")
                return self._limited(value)
            case "boolean":
                self._need(type(value) is bool, "wrong_type")
                return value
        self._need(isinstance(value, str), "wrong_type")
        if self._kind in ("timestamp", "date"):
            return self._instant(value) if self._kind == "timestamp" else self._day(value)
        length = self._options.get("minLength", 0), self._options.get("maxLength", 4_096)
        self._need(length[0] <= len(value) <= length[1], "out_of_range")
        pattern = self._options.get("pattern")
        self._need(pattern is None or re.fullmatch(pattern, value, re.ASCII) is not None, "pattern")
        self._need(not self._enum or value in self._enum, "not_in_enum")
        return value

    def _limited(self, value: Any) -> Any:
        least, most = (Decimal(str(self._options.get(name, value))) for name in ("minimum", "maximum"))
        self._need(least <= value <= most, "out_of_range")
        return value

    def _number(self, value: Any) -> Decimal:
        text = value if isinstance(value, str) else str(value) if type(value) in (int, Decimal) else ""
        self._need(re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", text, re.ASCII) is not None, "wrong_type")
        precision, scale = self._digits
        try:
            exact = Decimal(text)
            fitted = exact.quantize(Decimal(1).scaleb(-scale))
        except InvalidOperation:
            raise Bad(f"out_of_range:{self._path}") from None
        self._need(fitted == exact and abs(fitted) < Decimal(10) ** (precision - scale), "out_of_range")
        return Decimal(self._limited(fitted + 0))

    def _day(self, text: str) -> date:
        self._need(re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) is not None, "wrong_type")
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise Bad(f"out_of_range:{self._path}") from None

    def _instant(self, text: str) -> datetime:
        """UTC; a local time that the zone's clock skipped is refused, of one shown twice the first is meant."""
        pattern = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?"
        parts, local = re.fullmatch(pattern, text, re.ASCII), self._options.get("timezone") is False
        self._need(parts is not None and (parts[3] is None) == local, "wrong_type")
        assert parts is not None
        microseconds = Decimal(parts[2] or 0) * 10**6
        try:
            self._need(microseconds == int(microseconds), "out_of_range")
            read = datetime.fromisoformat(parts[1] + (parts[3] or "")) + timedelta(microseconds=int(microseconds))
            if not local:
                return read.astimezone(UTC)
            zone = ZoneInfo(self._options.get("defaultTimezone", "UTC"))
            instant = read.replace(tzinfo=zone).astimezone(UTC)
            self._need(instant.astimezone(zone).replace(tzinfo=None) == read, "nonexistent_local_time")
        except (ValueError, OverflowError):
            raise Bad(f"out_of_range:{self._path}") from None
        return instant
