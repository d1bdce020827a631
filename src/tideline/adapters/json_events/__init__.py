"""The one decoder of both layers: raw bytes of a message become a typed row or the reason for quarantine.

Spark runs it through mapInArrow, the speed layer in its loop, so that both judge an event the same. There are two ways
through it: the quick one is a typed msgspec decode (`typed`); whatever that refuses is read again member by member
(`members`), which finds the precise reason, or the row where the quick way is too narrow. Of a member repeated in one
object the last counts.
"""

from tideline.adapters.json_events.arrow import arrow_schema
from tideline.adapters.json_events.decoder import EventDecoder, Rejection, Row, payload_hash

__all__ = ["EventDecoder", "Rejection", "Row", "arrow_schema", "payload_hash"]
