"""Transfer Family: the day on which a key was imported is a number, not text; a user without POSIX ids has none."""

from __future__ import annotations

from typing import Any

from moto.transfer.types import User

_to_dict = User.to_dict


def to_dict(self: Any) -> dict[str, Any]:
    told = _to_dict(self)
    for key in told["SshPublicKeys"]:
        key["DateImported"] = float(key["DateImported"])
    if told["PosixProfile"]["Uid"] is None:
        del told["PosixProfile"]
    return told


User.to_dict = to_dict  # type: ignore[method-assign]
