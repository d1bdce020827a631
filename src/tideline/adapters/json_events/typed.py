"""The quick way: the contract's event as msgspec types, and what is to be done with the cells that they give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw

from tideline.adapters.json_events.scalars import Reader, Readers, bounds
from tideline.model.contract import Contract
from tideline.model.field import EventField, FieldType

_QUICK_INTEGER = 2**53  # beyond it the slow way judges, so that the quick one needs no care about 64 bits
_NEVER = Annotated[int, Meta(ge=1, le=0)]
_PLAIN: dict[FieldType, Any] = {
    FieldType.DECIMAL: Raw, FieldType.TIMESTAMP: str, FieldType.DATE: str, FieldType.BOOLEAN: bool,
}  # fmt: skip


def event_type(contract: Contract) -> type[msgspec.Struct]:
    """The event as a type; retired members are accepted after the fields and not looked at."""
    return _struct("Event", contract.fields, contract.retired)


def _struct(name: str, fields: tuple[EventField, ...], retired: tuple[str, ...] = ()) -> type[msgspec.Struct]:
    """Attributes are numbered, so that no field name can clash with Python."""
    members: list[Any] = []
    for at, field in enumerate(fields):
        kind = _of(field)
        if field.required:
            members.append((f"f{at}", kind))
        else:  # an optional decimal is Raw, so null arrives as text and its reader turns it into None
            members.append((f"f{at}", kind, None))
    names = {f"f{at}": field.name for at, field in enumerate(fields)}
    members += [(f"r{at}", Raw, None) for at in range(len(retired))]
    names |= {f"r{at}": former for at, former in enumerate(retired)}
    return msgspec.defstruct(name, members, rename=names, kw_only=True, forbid_unknown_fields=True, gc=False)


def _of(field: EventField) -> Any:
    """The type of a value, or of it and null when the field is optional."""
    kind = _kind(field)
    return kind if field.required or kind is Raw else kind | None


def _kind(field: EventField) -> Any:
    if field.type is FieldType.OBJECT:
        return _struct("Object", field.fields)
    if field.items is not None:
        return Annotated[list[_of(field.items)], Meta(max_length=field.max_items)]  # type: ignore[misc]
    if field.values is not None:
        return Annotated[dict[str, _of(field.values)], Meta(max_length=field.max_items)]  # type: ignore[misc]
    if field.type is FieldType.STRING:
        return Annotated[str, Meta(min_length=field.min_length or None, max_length=field.max_length)]
    return _integer(field) if field.type is FieldType.INTEGER else _PLAIN[field.type]


def _integer(field: EventField) -> Any:
    least, greatest = bounds(field)
    least, greatest = max(least, -_QUICK_INTEGER), min(greatest, _QUICK_INTEGER)
    return Annotated[int, Meta(ge=least, le=greatest)] if least <= greatest else _NEVER


def conversions(fields: tuple[EventField, ...], readers: Readers, before: str = "") -> tuple[tuple[int, Reader], ...]:
    """(index, what turns the typed value into the cell) of the fields whose typed value is not the cell already."""
    found = [(at, _conversion(field, before + field.name, readers)) for at, field in enumerate(fields)]
    return tuple((at, convert) for at, convert in found if convert is not None)


def _conversion(field: EventField, path: str, readers: Readers) -> Reader | None:
    if field.type is FieldType.OBJECT:
        return _object(conversions(field.fields, readers, f"{path}."))
    if field.items is not None:
        return _array(_conversion(field.items, f"{path}[]", readers))
    if field.values is not None:
        return _map(_conversion(field.values, f"{path}{{}}", readers))
    return readers[path]


def _object(inner: tuple[tuple[int, Reader], ...]) -> Reader:
    as_tuple: Callable[[Any], tuple[Any, ...]] = msgspec.structs.astuple
    if not inner:
        return as_tuple

    def convert(value: msgspec.Struct) -> tuple[Any, ...]:
        cells = list(as_tuple(value))
        for at, read in inner:
            if (cell := cells[at]) is not None:
                cells[at] = read(cell)
        return tuple(cells)

    return convert


def _array(read: Reader | None) -> Reader | None:
    if read is None:
        return None
    return lambda items: [None if item is None else read(item) for item in items]


def _map(read: Reader | None) -> Reader:
    if read is None:
        return lambda held: dict(sorted(held.items()))
    return lambda held: {key: None if held[key] is None else read(held[key]) for key in sorted(held)}
