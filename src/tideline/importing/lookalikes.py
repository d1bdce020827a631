"""Texts of a sample that a person reads as numbers, dates or truth values and the decoder does not."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_KINDS = {  # what each text has to be, and what one of them at least has to hold
    "numbers with a decimal comma": (r"[-+]?[0-9][0-9.' ]*(,[0-9]+)?", r","),
    "amounts with their sign": (r"[-+]?[$€£¥]? ?[0-9][0-9.,' ]* ?[$€£¥%]?", r"[$€£¥%]"),
    "dates that are not written as 2024-12-31": (
        r"([0-9]{1,2}([./-])[0-9]{1,2}\2([0-9]{2}|[0-9]{4})|[0-9]{4}([./])[0-9]{1,2}\4[0-9]{1,2})( [0-9:]+)?",
        r".",
    ),
    "truth values that are not written as true and false": (r"true|false|yes|no|y|n", r"(?-i:[A-Z])|[yn]"),
}
_WHOLE = {kind: re.compile(whole, re.IGNORECASE | re.ASCII) for kind, (whole, _) in _KINDS.items()}
_SIGN = {kind: re.compile(sign, re.IGNORECASE) for kind, (_, sign) in _KINDS.items()}
_LONGEST = 40  # characters


@dataclass(slots=True)
class Lookalikes:
    """What the values of one field may be taken for: kinds that fit all texts so far, and those that are told apart."""

    fitting: set[str] = field(default_factory=lambda: set(_KINDS))
    told: set[str] = field(default_factory=set)

    def see(self, value: object) -> None:
        if not self.fitting or value is None:
            return
        text = value if type(value) is str and len(value) <= _LONGEST else "?"
        self.fitting = {kind for kind in self.fitting if _WHOLE[kind].fullmatch(text)}
        self.told |= {kind for kind in self.fitting if _SIGN[kind].search(text)}

    @property
    def kind(self) -> str:
        """What all values look like, or nothing."""
        return next((kind for kind in _KINDS if kind in self.fitting & self.told), "")
