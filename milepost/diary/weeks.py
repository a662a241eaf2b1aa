"""Sealed weeks, and single segments of them that can be shown without the rest.

A sealed week is a Merkle tree in OpenZeppelin's standard format with one leaf for a segment, whose
root goes on chain as the claim's deliverable. Each leaf has a salt of its own, derived from a
secret of the week, so whoever is shown some leaves cannot guess the others. Weeks are counted from
zero.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from milepost.diary.diary import Diary
from milepost.diary.entries import Segment, in_hours, with_captures
from milepost.diary.errors import EvidenceInvalid, WeekRefused
from milepost.diary.merkle import MerkleTree, leaf_hash
from milepost.diary.rules import reason_of
from milepost.diary.state import Seal
from milepost.units import format_time

LEAF_ENCODING = (
    "uint64", "string", "string", "string", "string", "string", "bytes32", "bytes32",
)  # fmt: skip
"""Start, zone, kind, source, memo, tags with commas between, hash of a picture, salt."""

_WORD = 32


@dataclass(frozen=True, slots=True)
class Place:
    """Which claim a week is for: chain, escrow, agreement (32 bytes) and week, from zero."""

    chain_id: int
    escrow: str
    agreement: bytes
    week: int


@dataclass(frozen=True, slots=True)
class Leaf:
    """A segment with its salt, as it is hashed into a tree."""

    segment: Segment
    salt: bytes

    @property
    def values(self) -> tuple[str, ...]:
        """What the leaf has, as texts that JavaScript takes: a number in digits, bytes with 0x."""
        s = self.segment
        texts = (s.zone, s.kind.value, s.source, s.memo, ",".join(s.tags))
        return (str(s.start), *texts, "0x" + s.capture.hex(), "0x" + self.salt.hex())

    @property
    def hash(self) -> bytes:
        """Its hash in the tree."""
        s = self.segment
        texts = [t.encode() for t in (s.zone, s.kind.value, s.source, s.memo, ",".join(s.tags))]
        return leaf_hash(_encoded(s.start, texts, s.capture, self.salt))


@dataclass(frozen=True, slots=True)
class Week:
    """A sealed week as its parties see it."""

    place: Place
    start: int
    limit: int
    leaves: tuple[Leaf, ...]
    tree: MerkleTree

    @property
    def root(self) -> bytes:
        """What stands on chain for it."""
        return self.tree.root

    @property
    def segments(self) -> list[Segment]:
        """Its segments, in order."""
        return [leaf.segment for leaf in self.leaves]


@dataclass(frozen=True, slots=True)
class Proof:
    """Some segments of a week, each with what leads it to the root.

    A `reason` is why the client contests them.
    """

    place: Place
    start: int
    root: bytes
    leaves: tuple[Leaf, ...]
    proofs: tuple[tuple[bytes, ...], ...]
    reason: str = ""

    @property
    def segments(self) -> list[Segment]:
        """The segments that it shows, in order."""
        return [leaf.segment for leaf in self.leaves]


def seal(
    diary: Diary,
    now: int,
    week: int,
    captures: Mapping[int, bytes],
    *,
    is_up_to_limit: bool = False,
) -> Seal:
    """Close a week of the diary, all of it or its first hours up to the limit.

    `captures` are hashes of pictures by segment. Raises WeekRefused: not over, sealed, empty, or
    above the limit.
    """
    diary.require_sealable(now, week)
    segments = diary.week(week)
    limit = diary.rules.limit
    if not segments:
        raise WeekRefused(week + 1, "nothing was worked in it")
    if len(segments) > limit and not is_up_to_limit:
        first = format_time(segments[limit].start)
        raise WeekRefused(
            week + 1,
            f"{in_hours(len(segments))} are in the diary and the limit is {in_hours(limit)}. What "
            f"was worked from {first} on is not protected; --up-to-limit leaves it out, and the "
            "client may raise the limit by an amendment",
        )
    chosen = segments[:limit]
    secret = os.urandom(32)
    taken = {s.start: captures[s.start] for s in chosen if s.start in captures}
    leaves = _salted(with_captures(chosen, taken), secret)
    root = MerkleTree.of([leaf.hash for leaf in leaves]).root
    return diary.seal(
        now, week, root, len(chosen), secret, taken, is_up_to_limit=len(segments) > limit
    )


def week_of(diary: Diary, seal: Seal, place: Place) -> Week:
    """The sealed week, made again from the records that it was made of.

    Raises EvidenceInvalid where they do not lead to its root.
    """
    leaves = _salted(diary.sealed_segments(seal), seal.secret)
    name = f"The diary's week {seal.week + 1}"
    if not leaves:
        raise EvidenceInvalid(name, "the records that it was sealed with are missing")
    tree = MerkleTree.of([leaf.hash for leaf in leaves])
    if (tree.root, len(leaves)) != (seal.root, seal.units):
        raise EvidenceInvalid(
            name,
            f"its records lead to {len(leaves)} segments under 0x{tree.root.hex()}, and it was "
            f"sealed with {seal.units} under 0x{seal.root.hex()}",
        )
    start = diary.rules.week_start(seal.week)
    return Week(place, start, diary.rules.limit, tuple(leaves), tree)


def prove(week: Week, starts: Iterable[int], reason: str = "") -> Proof:
    """The segments of a week that begin at `starts`, with their proofs.

    Raises WeekRefused, and InputError for a reason that is not a line.
    """
    places = {leaf.segment.start: i for i, leaf in enumerate(week.leaves)}
    asked = sorted(set(starts))
    if not asked:
        raise WeekRefused(week.place.week + 1, "nothing of it was chosen")
    for start in asked:
        if start not in places:
            raise WeekRefused(week.place.week + 1, f"no segment begins at {format_time(start)}")
    chosen = [places[start] for start in asked]
    return Proof(
        week.place,
        week.start,
        week.root,
        tuple(week.leaves[i] for i in chosen),
        tuple(week.tree.proof(i) for i in chosen),
        reason_of(reason) if reason else "",
    )


def _salted(segments: Sequence[Segment], secret: bytes) -> list[Leaf]:
    return [Leaf(s, hmac.digest(secret, s.start.to_bytes(8, "big"), sha256)) for s in segments]


def _encoded(start: int, texts: Sequence[bytes], capture: bytes, salt: bytes) -> bytes:
    """The values of a leaf as the contract ABI encodes them: words, then texts at their offsets."""
    offset = len(LEAF_ENCODING) * _WORD
    head, tail = [start.to_bytes(_WORD, "big")], []
    for text in texts:
        head.append(offset.to_bytes(_WORD, "big"))
        padded = text + bytes(-len(text) % _WORD)
        tail.append(len(text).to_bytes(_WORD, "big") + padded)
        offset += _WORD + len(padded)
    return b"".join([*head, capture, salt, *tail])
