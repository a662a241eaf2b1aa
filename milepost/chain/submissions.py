"""Claims and disputes as they were submitted: the logs that show their units and what proves them.

The contract keeps no deliverable and no evidence, so its logs are the only witness. A claim's log
can be handed on, as a node gives it, and read again without one; whoever does so trusts who handed
it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from web3.exceptions import TransactionIndexingInProgress, TransactionNotFound

from milepost import json_text
from milepost.chain.events import Event, Log, decode_log, decode_logs, event_topics
from milepost.chain.logs import LogReader
from milepost.chain.reverts import translated
from milepost.chain.rpc import Node
from milepost.errors import InputError
from milepost.types import AgreementId, same_address

_SUBMITTED, _DISPUTED = "MilestoneSubmitted", "MilestoneDisputed"
_MOST = 2**63  # of the numbers of blocks and logs
_HASH_SIZE = 32  # bytes


def submissions(
    node: Node, escrow: str, agreement: AgreementId, milestone: int, first: int = 0
) -> list[Event]:
    """Every submission of a milestone from block `first` on, the newest last.

    Raises as reading logs does.
    """
    return _logged(_SUBMITTED, node, escrow, agreement, milestone, first)


def submissions_in(
    transaction: bytes, node: Node, escrow: str, agreement: AgreementId, milestone: int
) -> list[Event]:
    """The submissions of a milestone in one transaction; none where the node has no such one.

    Raises NodeUnreachable, CallRefused and AnswerInconsistent.
    """
    name: Any = "0x" + transaction.hex()  # which web3 takes, though its types do not say so
    with translated(node.label):
        try:
            receipt = node.w3.eth.get_transaction_receipt(name)
        except (TransactionNotFound, TransactionIndexingInProgress):
            return []
    return _chosen(_SUBMITTED, decode_logs(receipt["logs"], escrow), agreement, milestone)


def disputes(
    node: Node, escrow: str, agreement: AgreementId, milestone: int, first: int = 0
) -> list[Event]:
    """Every dispute of a milestone from block `first` on, the newest last.

    Raises as reading logs does.
    """
    return _logged(_DISPUTED, node, escrow, agreement, milestone, first)


def first_block_since(node: Node, timestamp: int) -> int:
    """The first block that is not older than a Unix time; the next one where all are older."""
    low, high = 0, node.block().number + 1
    while low < high:
        middle = (low + high) // 2
        if node.block(middle).timestamp < timestamp:
            low = middle + 1
        else:
            high = middle
    return low


def answer(events: Iterable[Event], escrow: str) -> bytes:
    """Submissions as a file of logs that `read_answer` takes, each as a node gives it."""
    return json.dumps([_as_log(e, escrow) for e in events], indent=1).encode() + b"\n"


def read_answer(
    content: bytes, name: str, escrow: str, agreement: AgreementId, milestone: int
) -> list[Event]:
    """The submissions of a milestone in what a node answered: logs, a receipt, or either as the
    result of JSON-RPC.

    Raises InputError, and AnswerInconsistent for a log of another shape.
    """
    try:
        found = json_text.loads(content)
        if isinstance(found, dict) and "result" in found:
            found = found["result"]
        if isinstance(found, dict):
            found = found["logs"]
        logs = [_log(entry) for entry in found if same_address(entry["address"], escrow)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{name} is no answer of a node: a list of logs or a receipt, as JSON."
        ) from error
    logs.sort(key=lambda log: log[:2])
    return _of(_SUBMITTED, logs, escrow, agreement, milestone)


def _logged(
    name: str, node: Node, escrow: str, agreement: AgreementId, milestone: int, first: int
) -> list[Event]:
    topics = [event_topics()[name], agreement, milestone.to_bytes(32, "big")]
    reader = LogReader(node, escrow, topics=topics)
    logs = (log for part in reader.ranges(first, reader.head().number) for log in part.logs)
    return _of(name, logs, escrow, agreement, milestone)


def _of(
    name: str, logs: Iterable[Log], escrow: str, agreement: AgreementId, milestone: int
) -> list[Event]:
    return _chosen(name, (decode_log(log, escrow) for log in logs), agreement, milestone)


def _chosen(
    name: str, events: Iterable[Event | None], agreement: AgreementId, milestone: int
) -> list[Event]:
    return [
        e
        for e in events
        if e is not None
        and e.name == name
        and (e["agreement"], e["milestone"]) == (agreement, milestone)
    ]


def _log(entry: Mapping[str, Any]) -> Log:
    return Log(
        _number(entry["blockNumber"]),
        _number(entry["logIndex"]),
        _hash(entry["blockHash"]),
        _hash(entry["transactionHash"]),
        0,
        tuple(bytes.fromhex(topic[2:]) for topic in entry["topics"]),
        bytes.fromhex(entry["data"][2:]),
    )


def _number(text: str) -> int:
    """Raises ValueError for what no node counts to."""
    number = int(text, 16)
    if not 0 <= number < _MOST:
        raise ValueError("no number of a block or a log")
    return number


def _hash(text: str) -> bytes:
    """Raises ValueError for anything but 32 bytes."""
    value = bytes.fromhex(text[2:])
    if len(value) != _HASH_SIZE:
        raise ValueError("no hash")
    return value


def _as_log(event: Event, escrow: str) -> dict[str, Any]:
    units = event["units"].to_bytes(32, "big")
    topics = (
        event_topics()[_SUBMITTED],
        event["agreement"],
        event["milestone"].to_bytes(32, "big"),
    )
    return {
        "address": escrow,
        "topics": ["0x" + topic.hex() for topic in topics],
        "data": "0x" + (units + event["deliverable"]).hex(),
        "blockNumber": hex(event.block),
        "blockHash": "0x" + event.block_hash.hex(),
        "transactionHash": "0x" + event.transaction.hex(),
        "logIndex": hex(event.log_index),
    }
