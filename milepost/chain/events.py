"""Decodes the escrow's events. Logs of other contracts and of unknown events are left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, NamedTuple

from eth_utils.abi import collapse_if_tuple
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from milepost.artifacts import load_artifact
from milepost.errors import AnswerInconsistent
from milepost.types import Terms, same_address

_WORD = 32


class Log(NamedTuple):
    """One log as a node has it. `timestamp` is its block's Unix time."""

    block: int
    log_index: int
    block_hash: bytes
    transaction: bytes
    timestamp: int
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the escrow and where it stands on chain.

    `fields` has the event's fields in snake_case: amounts in base units, milestones as the contract
    has them (an index or a set), the terms of a funding as Terms.
    """

    name: str
    address: str
    block: int
    block_hash: bytes
    transaction: bytes
    log_index: int
    fields: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]


def decode_logs(logs: Iterable[Mapping[str, Any]], escrow: str) -> tuple[Event, ...]:
    """The escrow's events among `logs` as web3 gives them, in their order.

    Raises AnswerInconsistent.
    """
    found = []
    for log in logs:
        if same_address(log["address"], escrow):
            topics = tuple(bytes(t) for t in log["topics"])
            place = (log["blockNumber"], log["logIndex"])
            hashes = (bytes(log["blockHash"]), bytes(log["transactionHash"]))
            event = decode_log(Log(*place, *hashes, 0, topics, bytes(log["data"])), escrow)
            if event is not None:
                found.append(event)
    return tuple(found)


def decode_log(log: Log, escrow: str) -> Event | None:
    """The event of a log of the escrow at the checksummed address; None where it is unknown.

    Raises AnswerInconsistent where the log does not have its event's shape.
    """
    shape = _shapes().get(log.topics[0]) if log.topics else None
    if shape is None:
        return None
    try:
        fields = shape.read(log.topics, log.data)
    except (IndexError, ValueError) as error:
        problem = f"log {log.log_index} of block {log.block} is no {shape.name}: {error}"
        raise AnswerInconsistent(problem) from error
    return Event(
        shape.name, escrow, log.block, log.block_hash, log.transaction, log.log_index, fields
    )


def decode_terms(data: bytes) -> Terms:
    """The terms in the data of a funding's log. Raises ValueError and IndexError."""
    shape = _shapes()[event_topics()["MilestonesFunded"]]
    return shape.read_terms(data)


@cache
def event_topics() -> dict[str, bytes]:
    """The first topic of every event by its name, for log filters."""
    return {shape.name: topic for topic, shape in _shapes().items()}


@lru_cache(maxsize=4096)
def to_address(value: bytes) -> str:
    """The checksummed address (EIP-55) of 20 bytes."""
    return str(to_checksum_address(value))


def from_address(value: str) -> bytes:
    """The 20 bytes of an address."""
    return bytes.fromhex(value[2:])


def snake(name: str) -> str:
    """A name of the contract as Python has it: `toFreelancer` is `to_freelancer`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class _Shape:
    """Where the fields of one event stand: each is a topic or a word, and terms begin at an offset.

    The escrow logs nothing else, and a general decoder takes twenty times as long.
    """

    def __init__(self, item: Mapping[str, Any]) -> None:
        self.name: str = item["name"]
        indexed = [i for i in item["inputs"] if i["indexed"]]
        plain = [i for i in item["inputs"] if not i["indexed"]]
        self._topics, self._size = 1 + len(indexed), _WORD * len(plain)
        self._fields: list[tuple[str, bool, int, Callable[[bytes], Any]]] = []
        for entry in item["inputs"]:
            place = (indexed if entry["indexed"] else plain).index(entry)
            reader = _READERS.get(entry["type"], int.from_bytes)
            self._fields.append((snake(entry["name"]), entry["indexed"], place, reader))
        parts = next((i["components"] for i in plain if i["type"] == "tuple"), None)
        self._terms = parts and [_READERS.get(c["type"], int.from_bytes) for c in parts]

    def read(self, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        """Raises ValueError and IndexError for what does not have this shape."""
        has_size = len(data) >= self._size if self._terms else len(data) == self._size
        if len(topics) != self._topics or not has_size:
            raise ValueError(f"{len(topics)} topics and {len(data)} bytes")
        fields = {}
        for name, is_topic, i, reader in self._fields:
            fields[name] = reader(topics[1 + i] if is_topic else data[_WORD * i : _WORD * (i + 1)])
        if self._terms:
            fields["terms"] = self.read_terms(data)
        return fields

    def read_terms(self, data: bytes) -> Terms:
        """Terms are the last field; its word is the byte at which they begin."""
        begin = int.from_bytes(data[self._size - _WORD : self._size])
        return _terms(data, begin, self._terms or ())


def _terms(data: bytes, begin: int, readers: Sequence[Callable[[bytes], Any]]) -> Terms:
    """The terms at byte `begin`: a word for each field, the last one the offset of the amounts."""
    words = range(begin, begin + _WORD * len(readers), _WORD)
    values = [reader(data[i : i + _WORD]) for reader, i in zip(readers, words, strict=True)]
    first = begin + values.pop() + _WORD
    end = first + _WORD * int.from_bytes(data[first - _WORD : first])
    if end != len(data):
        raise ValueError(f"amounts end at byte {end} of {len(data)}")
    amounts = (int.from_bytes(data[i : i + _WORD]) for i in range(first, end, _WORD))
    values.append(tuple(amounts))
    return Terms(*values)


def _address(word: bytes) -> str:
    return to_address(word[12:])


# Any other type is a number, or the offset of what is longer than a word.
_READERS: dict[str, Callable[[bytes], Any]] = {
    "address": _address,
    "bool": any,
    "bytes32": bytes,
}


@cache
def _shapes() -> dict[bytes, _Shape]:
    shapes = {}
    for item in load_artifact("MilestoneEscrow").abi:
        if item["type"] == "event":
            types = ",".join(collapse_if_tuple(i) for i in item["inputs"])
            shapes[bytes(keccak(text=f"{item['name']}({types})"))] = _Shape(item)
    return shapes
