"""What of the log was accepted as lost: one document per range, written once and never overwritten.

The documents are `runs/CONTRACT/lost-PARTITION-FROM.json`; they hold for one incarnation of the topic.
"""

from __future__ import annotations

from tideline.model.errors import DataError
from tideline.model.loss import Loss
from tideline.model.position import Partition, Position, StreamId
from tideline.ports import Documents


def loss_name(contract_id: str, partition: Partition, start: Position) -> str:
    return f"{_prefix(contract_id)}{partition:05d}-{start:020d}.json"


def accepted_losses(documents: Documents, contract_id: str, stream: StreamId) -> list[Loss]:
    """What was accepted for this incarnation of the stream, by partition and position."""
    found = []
    for name in documents.names(_prefix(contract_id)):
        document = documents.get(name)
        if document is not None and (loss := Loss.from_json(document)).stream == stream:
            found.append(loss)
    return sorted(found, key=lambda loss: (loss.partition, loss.missing))


def no_loss(contract_id: str, loss: Loss, log_start: Position) -> DataError:
    """Nothing that can be read is passed over: whoever brought the records back decides that they are read."""
    name = loss_name(contract_id, loss.partition, loss.missing.start)
    return DataError(
        "TL-LOS-006",
        f"{loss.by} accepted the loss of {loss.missing} on {loss.accepted[:10]}, the log begins at {log_start} again",
        where=f"contract {contract_id}, partition {loss.partition}",
        fix=f"while no run goes on, move {name} out of the state: no run used it, and the next one reads what is there",
    )


def _prefix(contract_id: str) -> str:
    return f"runs/{contract_id}/lost-"
