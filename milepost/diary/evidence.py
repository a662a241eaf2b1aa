"""The files that are shown of sealed weeks: a whole week, and segments of one with their proofs.

They are JSON. A week's file is what `StandardMerkleTree.load` of OpenZeppelin's JavaScript library
reads, and a proof's segment is what its `verify` takes. What strangers made is checked whole before
any of it is believed; whether a root is the one on chain is for the caller to ask.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from milepost import json_text
from milepost.diary.entries import Kind, Segment
from milepost.diary.errors import EvidenceInvalid
from milepost.diary.merkle import FORMAT, MerkleTree, root_of
from milepost.diary.rules import Rules, is_plain
from milepost.diary.weeks import LEAF_ENCODING, Leaf, Place, Proof, Week
from milepost.presets import UNIT
from milepost.types import MAX_MILESTONES
from milepost.units import WEEK, format_time

WEEK_FILE, PROOF_FILE = "milepost week", "milepost proof"
_LONGEST = 10_000  # characters of a text in a leaf, far above what a diary writes
_KINDS = {kind.value for kind in Kind}
_ADDRESS = re.compile("0x[0-9a-fA-F]{40}")


def week_file(week: Week) -> bytes:
    """The file of a week: the library's dump of the tree, and which claim it is for."""
    places = week.tree.places
    record = {
        "kind": WEEK_FILE,
        **_place_record(week.place),
        "limit": week.limit,
        "format": FORMAT,
        "leafEncoding": list(LEAF_ENCODING),
        "tree": ["0x" + node.hex() for node in week.tree.nodes],
        "values": [
            {"value": list(leaf.values), "treeIndex": place}
            for leaf, place in zip(week.leaves, places, strict=True)
        ],
    }
    return _json(record)


def proof_file(proof: Proof) -> bytes:
    """The file of some segments with their proofs."""
    record = {
        "kind": PROOF_FILE,
        **_place_record(proof.place),
        "root": "0x" + proof.root.hex(),
        "reason": proof.reason,
        "leafEncoding": list(LEAF_ENCODING),
        "segments": [
            {"value": list(leaf.values), "proof": ["0x" + node.hex() for node in path]}
            for leaf, path in zip(proof.leaves, proof.proofs, strict=True)
        ],
    }
    return _json(record)


def read_week(content: bytes, name: str, rules: Rules) -> Week:
    """The week in a file, if every leaf is in its tree, in its week, and once.

    Raises EvidenceInvalid.
    """
    record, place = _record(content, name, WEEK_FILE)
    with _checking(name):
        leaves = tuple(_leaf(v["value"]) for v in record["values"])
        _require_segments([leaf.segment for leaf in leaves], rules, place.week, name)
        tree = MerkleTree.of([leaf.hash for leaf in leaves])
        if record["format"] != FORMAT or record["limit"] != rules.limit:
            raise EvidenceInvalid(name, f"its format or its limit is not {FORMAT}, {rules.limit}")
        if [_bytes32(node) for node in record["tree"]] != list(tree.nodes):
            raise EvidenceInvalid(name, "its leaves do not make its tree")
        indexes = [v["treeIndex"] for v in record["values"]]
        if indexes != list(tree.places) or any(type(i) is not int for i in indexes):
            raise EvidenceInvalid(name, "its leaves do not stand where it says")
        return Week(place, rules.week_start(place.week), rules.limit, leaves, tree)


def read_proof(content: bytes, name: str, rules: Rules) -> Proof:
    """The proof in a file, if each of its segments leads to its root, lies in its week, and is
    there once. Whether the root is the one on chain is the caller's to ask.

    Raises EvidenceInvalid.
    """
    record, place = _record(content, name, PROOF_FILE)
    with _checking(name):
        root = _bytes32(record["root"])
        leaves = tuple(_leaf(s["value"]) for s in record["segments"])
        proofs = tuple(tuple(_bytes32(node) for node in s["proof"]) for s in record["segments"])
        _require_segments([leaf.segment for leaf in leaves], rules, place.week, name)
        for leaf, path in zip(leaves, proofs, strict=True):
            if root_of(leaf.hash, path) != root:
                begin = format_time(leaf.segment.start)
                raise EvidenceInvalid(name, f"the segment of {begin} does not lead to its root")
        if not is_plain(record["reason"]):
            raise EvidenceInvalid(name, "its reason is no line of text")
        start = rules.week_start(place.week)
        return Proof(place, start, root, leaves, proofs, record["reason"])


def kind_of(content: bytes) -> str:
    """Which kind of file this is; empty where it is none of the diary's."""
    try:
        kind = json_text.loads(content)["kind"]
    except (ValueError, KeyError, TypeError):
        return ""
    return kind if kind in (WEEK_FILE, PROOF_FILE) else ""


@contextmanager
def _checking(name: str) -> Iterator[None]:
    """Turns what a stranger's file lacks into EvidenceInvalid."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise EvidenceInvalid(name, "it is not a whole file of its kind") from error


def _json(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, indent=1, ensure_ascii=False).encode() + b"\n"


def _place_record(place: Place) -> dict[str, Any]:
    return {
        "chain_id": place.chain_id,
        "escrow": place.escrow,
        "agreement": "0x" + place.agreement.hex(),
        "week": place.week + 1,
    }


def _record(content: bytes, name: str, kind: str) -> tuple[dict[str, Any], Place]:
    try:
        record = json_text.loads(content)
    except ValueError as error:
        raise EvidenceInvalid(name, "it is not JSON") from error
    if not isinstance(record, dict) or record.get("kind") != kind:
        raise EvidenceInvalid(name, f'it is not a "{kind}"')
    with _checking(name):
        if record["leafEncoding"] != list(LEAF_ENCODING):
            raise EvidenceInvalid(name, "its leaves are encoded in another way")
        week, chain_id = record["week"], record["chain_id"]
        if type(week) is not int or not 1 <= week <= MAX_MILESTONES or type(chain_id) is not int:
            raise EvidenceInvalid(name, "it does not say which week of which chain it is")
        agreement, escrow = _bytes32(record["agreement"]), record["escrow"]
        if not _ADDRESS.fullmatch(escrow):
            raise EvidenceInvalid(name, "it does not say which escrow it is for")
        return record, Place(chain_id, escrow, agreement, week - 1)
    raise AssertionError


def _leaf(values: Sequence[Any]) -> Leaf:
    """Raises ValueError for what no leaf has."""
    if type(values) is not list or not all(type(v) is str for v in values):
        raise ValueError("not a leaf")
    start, zone, kind, source, memo, tags, capture, salt = values
    texts = (zone, source, memo, tags)
    if not (start.isascii() and start.isdecimal() and len(start) <= 12) or kind not in _KINDS:
        raise ValueError("not a segment")
    if not all(len(t) <= _LONGEST and is_plain(t) for t in texts) or str(int(start)) != start:
        raise ValueError("not a segment")
    named = tuple(tags.split(",")) if tags else ()
    segment = Segment(int(start), zone, Kind(kind), source, memo, named, _bytes32(capture))
    return Leaf(segment, _bytes32(salt))


def _bytes32(text: Any) -> bytes:
    """Raises ValueError for anything but 0x and 64 small hexadecimal digits."""
    value = bytes.fromhex(text[2:])
    if len(value) != 32 or text != "0x" + value.hex():
        raise ValueError("not 32 bytes")
    return value


def _require_segments(segments: Sequence[Segment], rules: Rules, week: int, name: str) -> None:
    """Raises EvidenceInvalid for segments that no week can have: outside, twice, out of order."""
    first = rules.week_start(week)
    previous = first - UNIT
    for segment in segments:
        if segment.start % UNIT or not first <= segment.start < first + WEEK:
            begin = format_time(segment.start)
            raise EvidenceInvalid(name, f"{begin} is no segment of week {week + 1}")
        if segment.start <= previous:
            raise EvidenceInvalid(name, f"{format_time(segment.start)} stands twice or too late")
        previous = segment.start
    if not segments:
        raise EvidenceInvalid(name, "it has no segment")
