"""Decodes the escrow's events. Logs of other contracts and of unknown events are left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from eth_abi.abi import decode
from eth_utils.abi import collapse_if_tuple
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from milepost.artifacts import load_artifact
from milepost.types import Terms, same_address


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
    """The escrow's events among `logs`, in their order."""
    found = []
    for log in logs:
        if same_address(log["address"], escrow) and log["topics"]:
            event = _decode(log)
            if event is not None:
                found.append(event)
    return tuple(found)


def event_topics() -> dict[str, bytes]:
    """The first topic of every event by its name, for log filters."""
    return {item["name"]: topic for topic, item in _events().items()}


def snake(name: str) -> str:
    """A name of the contract as Python has it: `toFreelancer` is `to_freelancer`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _decode(log: Mapping[str, Any]) -> Event | None:
    topics = [bytes(t) for t in log["topics"]]
    item = _events().get(topics[0])
    if item is None:
        return None
    indexed = [i for i in item["inputs"] if i["indexed"]]
    plain = [i for i in item["inputs"] if not i["indexed"]]
    values: dict[str, Any] = {}
    for entry, topic in zip(indexed, topics[1:], strict=True):
        values[entry["name"]] = decode([entry["type"]], topic)[0]
    body = decode([collapse_if_tuple(i) for i in plain], bytes(log["data"]))
    values.update(zip((i["name"] for i in plain), body, strict=True))
    return Event(
        name=item["name"],
        address=to_checksum_address(log["address"]),
        block=log["blockNumber"],
        block_hash=bytes(log["blockHash"]),
        transaction=bytes(log["transactionHash"]),
        log_index=log["logIndex"],
        fields={snake(i["name"]): _value(i, values[i["name"]]) for i in item["inputs"]},
    )


def _value(entry: Mapping[str, Any], value: Any) -> Any:
    if entry["type"] == "address":
        return to_checksum_address(value)
    if entry["type"] == "tuple":
        parts = zip(entry["components"], value, strict=True)
        return Terms(*(_value(component, part) for component, part in parts))
    return value


@cache
def _events() -> dict[bytes, dict[str, Any]]:
    events = {}
    for item in load_artifact("MilestoneEscrow").abi:
        if item["type"] == "event":
            types = ",".join(collapse_if_tuple(i) for i in item["inputs"])
            events[bytes(keccak(text=f"{item['name']}({types})"))] = item
    return events
