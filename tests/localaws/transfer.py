"""Transfer Family: what moto writes in another form than AWS.

The day on which a key was imported is a number, a user without POSIX ids has none, and what is not found is
ResourceNotFoundException, by which clients know that it is deleted.
"""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.transfer.exceptions import TransferError
from moto.transfer.types import User

_to_dict = User.to_dict


def to_dict(self: Any) -> dict[str, Any]:
    told = _to_dict(self)
    for key in told["SshPublicKeys"]:
        key["DateImported"] = float(key["DateImported"])
    if told["PosixProfile"]["Uid"] is None:
        del told["PosixProfile"]
    return told


def told_apart(self: Any, error_type: str, message: str) -> None:
    JsonRESTError.__init__(
        self, "ResourceNotFoundException" if error_type.endswith("NotFound") else error_type, message
    )


TransferError.__init__ = told_apart  # type: ignore[method-assign]
User.to_dict = to_dict  # type: ignore[method-assign]
