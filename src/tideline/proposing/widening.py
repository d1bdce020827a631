"""A limit that values outgrew, and the type with a wider one; limits that somebody stated on purpose stay."""

from __future__ import annotations

from tideline.model.field import EventField, FieldType
from tideline.model.samples import Samples

_MAX_DIGITS, _MAX_SCALE, _MAX_TEXT, _MAX_ITEMS = 38, 18, 1_048_576, 100_000


def widened(field: EventField, samples: Samples) -> EventField | str:
    """The same field, wide enough for every sample; a reason when no compatible change makes it so."""
    if field.minimum is not None or field.maximum is not None:
        return "its minimum and maximum are stated; whether they are wrong or the values are, only its owner knows"
    if field.type is FieldType.INTEGER:
        if field.bits == 32 and samples.numbers.bits <= 64:
            return field.model_copy(update={"bits": 64})
        return "its values need more than 64 bits"
    if field.type is FieldType.DECIMAL:
        return _decimal(field, samples)
    if field.type is FieldType.STRING and samples.texts.longest > field.max_length:
        if samples.texts.longest > _MAX_TEXT:
            return f"its texts have up to {samples.texts.longest} characters, {_MAX_TEXT} fit"
        return field.model_copy(update={"max_length": 1 << (samples.texts.longest - 1).bit_length()})
    if field.type is FieldType.ARRAY and _MAX_ITEMS >= samples.longest > field.max_items:
        return field.model_copy(update={"max_items": min(_MAX_ITEMS, 1 << (samples.longest - 1).bit_length())})
    return f"its values do not exist as {field.type.value}, or no limit of the field can be made to hold them"


def _decimal(field: EventField, samples: Samples) -> EventField | str:
    numbers = samples.numbers
    whole = max(field.precision - field.scale, numbers.whole, samples.texts.numbers.whole)
    scale = max(field.scale, numbers.scale, samples.texts.numbers.scale)
    if whole + scale > _MAX_DIGITS or scale > _MAX_SCALE:
        return f"its values need {whole} digits before and {scale} after the point; 38 in all, 18 after fit"
    return field.model_copy(update={"precision": whole + scale, "scale": scale})
