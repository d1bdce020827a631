"""The fields of an event: scalars, and objects, arrays and maps made of them; what each value may be."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Path = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}(\.[a-z][a-z0-9_]{0,62}){0,7}$")]
MAX_NESTING = 8


class Value(BaseModel):
    """A frozen part of a contract; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FieldType(StrEnum):
    STRING = "string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    TIMESTAMP = "timestamp"
    DATE = "date"
    BOOLEAN = "boolean"
    OBJECT = "object"
    ARRAY = "array"
    MAP = "map"


NESTED = frozenset({FieldType.OBJECT, FieldType.ARRAY, FieldType.MAP})


class Masking(StrEnum):
    """What happens to a personal value beyond silver: gold may count and join by it, or does not see it at all."""

    SILVER_ONLY = "silver-only"
    OMIT = "omit"


class EventField(Value):
    """One field of the event, or one member, item or value inside it.

    `timezone` names the zone of a source timestamp that carries none (UTC in silver). `bits` is of integers. `minimum`
    and `maximum` are inclusive and of integers and decimals; `enum`, `min_length`, `max_length` (characters) and
    `pattern` are of strings. An object has `fields`, an array `items`, a map (its keys are strings) `values`.
    `renamed_from` is the former name, under which events may still carry the value.
    """

    name: Name
    type: FieldType
    description: str
    required: bool = False
    precision: int = Field(default=38, ge=1, le=38)
    scale: int = Field(default=0, ge=0, le=18)
    bits: int = Field(default=64, ge=32, le=64, multiple_of=32)
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    timezone: str | None = None
    pii: bool = False
    masking: Masking | None = None
    classification: str = "internal"
    min_length: int = Field(default=0, ge=0)
    max_length: int = Field(default=4_096, ge=1, le=1_048_576)
    pattern: str | None = None
    enum: tuple[str, ...] = ()
    fields: tuple[EventField, ...] = ()
    items: EventField | None = None
    values: EventField | None = None
    max_items: int = Field(default=1_000, ge=1, le=100_000)
    renamed_from: Name | None = None
    deprecated: bool = False

    @property
    def inner(self) -> tuple[EventField, ...]:
        """The fields directly inside this one."""
        return self.fields + tuple(field for field in (self.items, self.values) if field is not None)

    @model_validator(mode="after")
    def _parts_fit_the_type(self) -> Self:
        for part, of in (("fields", FieldType.OBJECT), ("items", FieldType.ARRAY), ("values", FieldType.MAP)):
            if bool(getattr(self, part)) is not (self.type is of):
                raise ValueError(f"{of.value} fields, and only they, have {part}")
        if self.enum and self.type is not FieldType.STRING:
            raise ValueError("only strings have an enum")
        return self
