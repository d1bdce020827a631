"""What changed in the fields of an event, members of objects, items of arrays and values of maps included."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tideline.model.compatibility import Code, Told
from tideline.model.field import EventField, FieldType, Masking

Path = tuple[str, ...]
_CLOSED = {None: 0, Masking.SILVER_ONLY: 1, Masking.OMIT: 2}


@dataclass(frozen=True, slots=True)
class Names:
    """What decides about names that one of the versions does not describe, in one object.

    `retired_before` and `retired` are names that events may carry and nobody keeps (in the old and the new version);
    `open_before` and `open` say whether unknown members pass.
    """

    retired_before: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    open_before: bool = False
    open: bool = False

    @property
    def inside(self) -> Names:
        """The same inside an object, where no names are retired."""
        return Names(open_before=self.open_before, open=self.open)


def pairs(
    old: Sequence[EventField], new: Sequence[EventField]
) -> Iterator[tuple[EventField | None, EventField | None]]:
    """Each field of both versions once, with what it was or becomes: by name, else by `renamed_from`."""
    before, now = {field.name: field for field in old}, {field.name for field in new}
    taken: set[str] = set()
    for field in new:
        former = before.get(field.name)
        if former is None and field.renamed_from not in now:
            former = before.get(field.renamed_from or "")
        if former is not None and former.name in taken:
            former = None
        if former is not None:
            taken.add(former.name)
        yield former, field
    yield from ((field, None) for field in old if field.name not in taken)


def renames(old: Sequence[EventField], new: Sequence[EventField], before: str = "", now: str = "") -> dict[str, str]:
    """Dotted path in the old contract -> in the new one, of every field that is in both under another path."""
    found: dict[str, str] = {}
    for was, is_ in pairs(old, new):
        if was is not None and is_ is not None:
            source, target = before + was.name, now + is_.name
            if source != target:
                found[source] = target
            found |= renames(was.fields, is_.fields, f"{source}.", f"{target}.")
    return found


def compare_fields(old: Sequence[EventField], new: Sequence[EventField], path: Path, names: Names) -> Iterator[Told]:
    """The differences of two lists of fields, in the order of the new list; what is gone comes last."""
    known = {field.name for field in old} | set(names.retired_before)
    for was, is_ in pairs(old, new):
        if is_ is None:
            assert was is not None
            yield _gone(was, path, names)
        elif was is None:
            yield from _added(is_, path, names, known)
        else:
            yield from _names(was, is_, (*path, is_.name), known - {was.name})
            yield from compare_field(was, is_, (*path, is_.name), names)
    both = [(was.name, is_.name) for was, is_ in pairs(old, new) if was and is_]
    if [pair[0] for pair in both] != [field.name for field in old if field.name in dict(both)]:
        yield Told(Code.ORDER, path)


def _added(field: EventField, path: Path, names: Names, known: set[str]) -> Iterator[Told]:
    place, shown = (*path, field.name), shape(field)
    if field.name in names.retired_before:
        yield Told(Code.NAME_REUSED, place, None, shown)
    else:
        code = Code.FIELD_ADDED_REQUIRED if field.required else Code.FIELD_ADDED
        yield Told(code, place, None, shown, forward=not names.open_before)
    if field.renamed_from is not None:
        reused = field.renamed_from in known
        yield Told(Code.FORMER_NAME_ADDED, place, None, field.renamed_from, backward=reused)


def _gone(field: EventField, path: Path, names: Names) -> Told:
    place, shown = (*path, field.name), shape(field)
    if field.name not in names.retired:
        return Told(Code.FIELD_REMOVED, place, shown, forward=field.required or names.open)
    return Told(Code.FIELD_RETIRED if field.deprecated else Code.FIELD_RETIRED_UNANNOUNCED, place, shown)


def _names(was: EventField, now: EventField, path: Path, known: set[str]) -> Iterator[Told]:
    """A field that is in both: under which names it is read. `known` are other names that old events may carry."""
    if was.name != now.name:
        yield Told(Code.FIELD_RENAMED, path, was.name, now.name)
    before, after = {was.name, was.renamed_from} - {None}, {now.name, now.renamed_from} - {None}
    for name in sorted(str(name) for name in before - after):
        yield Told(Code.FORMER_NAME_DROPPED, path, name)
    for name in sorted(str(name) for name in after - before):
        if name != now.name:
            yield Told(Code.FORMER_NAME_ADDED, path, None, name, backward=name in known)


def compare_field(was: EventField, now: EventField, path: Path, names: Names) -> Iterator[Told]:
    """The differences of one field but for its name."""
    if was.required != now.required:
        yield Told(Code.REQUIRED if now.required else Code.OPTIONAL, path, _needed(was), _needed(now))
    if was.type is not now.type or was.timezone != now.timezone:
        yield Told(Code.RETYPED, path, shape(was), shape(now))
    else:
        yield from _VALUES.get(was.type, _same)(was, now, path)
        yield from compare_fields(was.fields, now.fields, path, names.inside)
        for part in ("items", "values"):
            before, after = getattr(was, part), getattr(now, part)
            if before is not None and after is not None:
                yield from compare_field(before, after, (*path, part), names.inside)
    yield from _handling(was, now, path)


def _handling(was: EventField, now: EventField, path: Path) -> Iterator[Told]:
    """Who may see it, whether it will go, what it says about itself."""
    before, after = _masking(was), _masking(now)
    if before is not after:
        code = Code.MASKING_STRICTER if _CLOSED[after] > _CLOSED[before] else Code.MASKING_LOOSER
        yield Told(code, path, _shown(before), _shown(after))
    elif (was.pii, was.masking) != (now.pii, now.masking):
        yield Told(Code.CLASSIFICATION, path, _personal(was), _personal(now))
    if was.classification != now.classification:
        yield Told(Code.CLASSIFICATION, path, was.classification, now.classification)
    if was.deprecated != now.deprecated:
        yield Told(Code.DEPRECATED, path, str(was.deprecated).lower(), str(now.deprecated).lower())
    if was.description != now.description:
        yield Told(Code.PROSE, path, was.description, now.description)


def _masking(field: EventField) -> Masking | None:
    """How the field is kept from gold; personal data stays in silver where nothing stricter is said."""
    return field.masking or (Masking.SILVER_ONLY if field.pii else None)


def _personal(field: EventField) -> str:
    return f"{'personal' if field.pii else 'not personal'}, masking {_shown(field.masking)}"


def _shown(masking: Masking | None) -> str:
    return "none" if masking is None else masking.value


def _needed(field: EventField) -> str:
    return "required" if field.required else "optional"


def shape(field: EventField) -> str:
    """The type in a few words, such as `decimal(12,3)`, `integer i32`, `timestamp of Europe/London`."""
    if field.type is FieldType.DECIMAL:
        return f"decimal({field.precision},{field.scale})"
    if field.type is FieldType.INTEGER:
        return f"integer i{field.bits}"
    return f"timestamp of {field.timezone}" if field.timezone else field.type.value


def _same(_was: EventField, _now: EventField, _path: Path) -> Iterator[Told]:
    yield from ()


def _limit(was: Any, now: Any, path: Path, name: str, *, upper: bool) -> Iterator[Told]:
    """One limit, None for no limit; `upper` when a higher one allows more."""
    if was == now:
        return
    looser = now is None or (was is not None and (now > was) is upper)
    before, after = (f"{name} {'none' if limit is None else limit}" for limit in (was, now))
    yield Told(Code.LIMIT_LOOSER if looser else Code.LIMIT_TIGHTER, path, before, after)


def _numbers(was: EventField, now: EventField, path: Path) -> Iterator[Told]:
    if was.type is FieldType.INTEGER:
        before, after = (was.bits,), (now.bits,)
    else:
        before, after = (was.precision - was.scale, was.scale), (now.precision - now.scale, now.scale)  # type: ignore[assignment]
    if before != after:
        wider = all(b <= a for b, a in zip(before, after, strict=True))
        narrower = all(b >= a for b, a in zip(before, after, strict=True))
        if wider:
            yield Told(Code.WIDENED, path, shape(was), shape(now))
        else:
            yield Told(Code.NARROWED, path, shape(was), shape(now), forward=not narrower)
    yield from _limit(was.minimum, now.minimum, path, "minimum", upper=False)
    yield from _limit(was.maximum, now.maximum, path, "maximum", upper=True)


def _strings(was: EventField, now: EventField, path: Path) -> Iterator[Told]:
    yield from _limit(was.min_length, now.min_length, path, "minLength", upper=False)
    yield from _limit(was.max_length, now.max_length, path, "maxLength", upper=True)
    if was.pattern != now.pattern:
        yield Told(Code.PATTERN_CHANGED if now.pattern else Code.PATTERN_DROPPED, path, was.pattern, now.pattern,
                   forward=was.pattern is not None)  # fmt: skip
    before, after = set(was.enum), set(now.enum)
    if before == after:
        if was.enum != now.enum:
            yield Told(Code.ORDER, path)
        return
    kept = not after or (bool(before) and before <= after)
    more = not before or (bool(after) and after <= before)
    code = Code.ENUM_WIDENED if kept else Code.ENUM_NARROWED
    yield Told(code, path, _listed(was.enum), _listed(now.enum), forward=not more)


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(values) or "any text"


def _many(was: EventField, now: EventField, path: Path) -> Iterator[Told]:
    yield from _limit(was.max_items, now.max_items, path, "maxItems", upper=True)


_VALUES: dict[FieldType, Callable[[EventField, EventField, Path], Iterator[Told]]] = {
    FieldType.INTEGER: _numbers,
    FieldType.DECIMAL: _numbers,
    FieldType.STRING: _strings,
    FieldType.ARRAY: _many,
    FieldType.MAP: _many,
}
