"""Reads the chain into the ledger, and takes back what the chain takes back.

Blocks that are deep enough are read in ranges. The newest ones, as many as may be reorganised, are
read one by one by their hashes, so that a node which changes its mind half-way is noticed. Rows and
position are written in one transaction each time: end it anywhere, and the next run goes on.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import pairwise

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from milepost.chain.events import Event, Log, from_address, to_address
from milepost.chain.logs import Header, LogReader
from milepost.errors import (
    AnswerInconsistent,
    CallRefused,
    LedgerUnreadable,
    NodePruned,
    NodeUnreachable,
    ReorganisationTooDeep,
)
from milepost.ledger import rows, store
from milepost.ledger.replay import Agreement, Movement, Replay
from milepost.ledger.rows import Entry
from milepost.ledger.store import Position, Store

DEPTH = 128
"""Blocks whose hashes are kept. Chains in use reorganise far fewer, and reading as many one by one
takes seconds."""

PASSING = (
    NodeUnreachable,
    CallRefused,
    AnswerInconsistent,
    NodePruned,
    LedgerUnreadable,
    ReorganisationTooDeep,
)
"""What may pass by itself: a node or a database that is away, or at odds with itself."""

_CHUNK = 32  # blocks of the newest in one transaction
_CACHED = 2_000  # agreements kept in memory between transactions
_ATTEMPTS = 10  # at a chain that changes while it is read
_SYMBOL = 64  # characters of a token's symbol that are kept
_PAUSE = 0.2  # seconds before looking again at what changed

TokenFacts = Callable[[str], tuple[str, int] | None]


@dataclass(frozen=True, slots=True)
class Batch:
    """Blocks that were read and written, with their events in order.

    `head` is the block that reading goes up to, `final_block` what can no longer be taken back.
    """

    first: int
    last: int
    head: int
    final_block: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Rollback:
    """The chain dropped the blocks after `common` up to `last`; these events were taken back.

    Whatever of them the chain has again is read anew, and comes in later batches.
    """

    common: int
    last: int
    entries: tuple[Entry, ...]


class _ChainMovedError(Exception):
    """The chain changed while a batch was prepared."""


class _LedgerMovedError(Exception):
    """Another writer was here while a batch was prepared."""


class Syncer:
    """Brings one ledger up to its node's chain, again and again.

    `token_facts` gives the symbol and the decimals of a token that the ledger meets first; None
    where they cannot be had now, and another syncer is to ask again.
    """

    def __init__(
        self, ledger: Store, reader: LogReader, token_facts: TokenFacts, *, depth: int = DEPTH
    ) -> None:
        self._store = ledger
        self._reader = reader
        self._token_facts = token_facts
        self._depth = depth
        self._position: Position | None = None
        self._cache: dict[bytes, Agreement] = {}
        self._tokens: set[str] = set()
        self._has_begun = self._is_indexed = False

    def sync(
        self,
        on_batch: Callable[[Batch], None] = lambda batch: None,
        on_rollback: Callable[[Rollback], None] = lambda rollback: None,
    ) -> Position:
        """Read up to the node's newest block. Returns where the ledger stands then.

        Raises NodeUnreachable, CallRefused, NodePruned, AnswerInconsistent, ReorganisationTooDeep
        and LedgerUnreadable; what was written before stays.
        """
        changes, words = 0, ""
        while changes < _ATTEMPTS:
            try:
                return self._sync(on_batch, on_rollback)
            except _ChainMovedError as error:
                changes, words = changes + 1, str(error)
            except _LedgerMovedError:
                pass
            self._forget()
            time.sleep(_PAUSE)
        problem = f"its chain changed {changes} times while it was read"
        raise AnswerInconsistent(f"{problem}; at last it said: {words}" if words else problem)

    def _require_history(self, first: int) -> None:
        """See that the node has block `first`.

        Raises NodePruned, NodeUnreachable, CallRefused and AnswerInconsistent.
        """
        if self._reader.header(first) is None:
            newest = self._reader.head().number
            if newest < first:
                raise AnswerInconsistent(f"it has blocks up to {newest}, and had more before")
            raise NodePruned(self._reader.node.label, first, "it has no such block")

    def _sync(
        self, on_batch: Callable[[Batch], None], on_rollback: Callable[[Rollback], None]
    ) -> Position:
        head = self._reader.head()
        if not self._has_begun:
            self._begin()
        rollback = self._rewind(head)
        if rollback is not None:
            on_rollback(rollback)
        position, finalized = self._known_position(), self._reader.finalized()
        # What the chain itself calls final, else what is too deep to be reorganised.
        final = head.number - self._depth if finalized is None else min(finalized, head.number)
        deep = max(position.block, head.number - self._depth)
        if position.block < deep:
            first = position.block + 1
            self._require_history(first)
            with _rare_collections():
                for found in self._reader.ranges(first, deep):
                    on_batch(self._write(first, found.logs, [found.end], head, final))
                    first = found.end.number + 1
        if not self._is_indexed:
            self._store.index()
            self._is_indexed = True
        for first in range(deep + 1, head.number + 1, _CHUNK):
            numbers = range(first, min(first + _CHUNK, head.number + 1))
            headers = [h for h in self._reader.headers(numbers) if h is not None]
            is_chain = all(a.hash == b.parent for a, b in pairwise(headers))
            if len(headers) < len(numbers) or not is_chain:
                raise _ChainMovedError
            try:
                logs = self._reader.logs_of(headers)
            except CallRefused as error:
                # Nodes word it in many ways that they do not know a block.
                raise _ChainMovedError(error.problem) from error
            if logs is None:
                raise _ChainMovedError
            on_batch(self._write(first, logs, headers, head, final))
        return self._move_final(min(final, head.number))

    def _begin(self) -> None:
        """Remember the block before the first one, to know the chain by, and ask for what could not
        be had before.
        """
        with self._store.reading() as connection:
            known = self._store.position(connection)
            unknown = sa.select(store.tokens.c.address).where(store.tokens.c.decimals.is_(None))
            tokens = [to_address(address) for address in connection.scalars(unknown)]
        origin = None
        if known.block < known.start:
            with suppress(NodePruned):
                origin = self._reader.header(max(known.start - 1, 0))
        facts = self._facts_of(tokens)

        def change(connection: Connection, position: Position) -> None:
            if origin is not None:
                row = (origin.number, origin.hash)
                store.upsert(connection, store.blocks, [row])
            store.upsert(connection, store.tokens, facts)

        if origin is not None or facts:
            self._store.write(change)
        self._has_begun = True

    def _move_final(self, final: int) -> Position:
        """What is final may grow without a new block."""
        known = self._known_position()
        if min(final, known.block) <= known.final_block:
            return known

        def change(connection: Connection, position: Position) -> Position:
            self._require_unmoved(position)
            moved = replace(position, final_block=min(final, position.block))
            _set_position(connection, moved)
            return moved

        self._position = self._store.write(change)
        return self._position

    # Back

    def _rewind(self, head: Header) -> Rollback | None:
        """Go back to the last block that the ledger and the node have in common."""
        with self._store.reading() as connection:
            position = self._store.position(connection)
            query = sa.select(store.blocks.c.number, store.blocks.c.hash)
            known = {row.number: row.hash for row in connection.execute(query)}
        if position != self._position:
            self._forget()
            self._position = position
        reachable = sorted(number for number in known if number <= head.number)
        if not reachable or position.block < position.start:
            return None
        last = reachable[-1]
        newest = head if head.number == last else self._reader.header(last)
        if newest is not None and newest.hash == known[last]:
            return None  # a node that is behind the ledger has nothing new
        origin = max(position.start - 1, 0)
        if origin in reachable[:-1] and origin + 1 not in known:
            reachable.remove(origin)  # what lies between is not kept
        headers = [h for h in self._reader.headers(reachable) if h is not None]
        common = max((h for h in headers if h.hash == known[h.number]), default=None, key=_number)
        if common is not None and common.number == last:
            return None  # the node had said otherwise for a moment
        if common is None or common.number < position.final_block:
            first = reachable[0] if common is None else common.number + 1
            raise ReorganisationTooDeep(self._reader.node.label, first, last)
        removed = self._store.write(lambda c, p: self._take_back(c, p, common))
        self._forget()
        self._position = self._read_position()
        return Rollback(common.number, position.block, removed)

    def _take_back(
        self, connection: Connection, position: Position, common: Header
    ) -> tuple[Entry, ...]:
        self._require_unmoved(position)
        logs, milestones = store.logs.c, store.milestones.c
        lost = rows.read_logs(connection, logs.block > common.number)
        removed = tuple(rows.entries_of(lost, self._reader.address))
        for table in (store.logs, store.movements, store.agreements):
            connection.execute(sa.delete(table).where(table.c.block > common.number))
        connection.execute(sa.delete(store.blocks).where(store.blocks.c.number > common.number))
        used = sa.select(store.agreements.c.token)
        connection.execute(sa.delete(store.tokens).where(store.tokens.c.address.not_in(used)))
        touched = {e["agreement"] for _, e in removed if "agreement" in e.fields}
        for some in rows.in_chunks(touched):
            connection.execute(sa.delete(store.milestones).where(milestones.agreement.in_(some)))
            left = rows.read_logs(connection, logs.agreement.in_(some))
            replay = Replay()
            for log, event in rows.entries_of(left, self._reader.address):
                replay.play(event, log.timestamp)
            made = [
                rows.milestone_row((agreement, i), found.terms, milestone)
                for agreement, found in replay.agreements.items()
                for i, milestone in found.milestones.items()
            ]
            store.insert(connection, store.milestones, made)
            _set_replaced(connection, replay.agreements)
        moved = replace(
            position,
            block=common.number,
            timestamp=common.timestamp,
            rollbacks=position.rollbacks + 1,
        )
        _set_position(connection, moved)
        return removed

    # Forth

    def _write(
        self,
        first: int,
        logs: Sequence[Log],
        headers: Sequence[Header],
        head: Header,
        final: int,
    ) -> Batch:
        """Write the blocks from `first` to the last of `headers`, which are all of theirs, or that
        last one alone.
        """
        last = headers[-1].number
        entries = tuple(rows.entries_of(logs, self._reader.address))
        facts = self._facts_of_new_tokens(entries)

        # The database may ask to repeat it: what is played is kept in memory only afterwards.
        def change(
            connection: Connection, position: Position
        ) -> tuple[Position, dict[bytes, Agreement]]:
            self._require_unmoved(position)
            _require_link(connection, headers)
            store.upsert(connection, store.tokens, facts)
            played = self._add(connection, entries)
            _set_blocks(connection, headers, position.start, last - self._depth)
            moved = replace(
                position,
                block=last,
                timestamp=headers[-1].timestamp,
                final_block=max(position.final_block, min(final, last)),
            )
            _set_position(connection, moved)
            return moved, played

        try:
            self._position, played = self._store.write(change)
        except BaseException:
            self._forget()  # what is in memory may be ahead of the database
            raise
        self._cache.update(played)
        while len(self._cache) > _CACHED:
            del self._cache[next(iter(self._cache))]
        self._tokens |= {to_address(row[0]) for row in facts}
        return Batch(first, last, head.number, self._position.final_block, entries)

    def _add(self, connection: Connection, entries: Sequence[Entry]) -> dict[bytes, Agreement]:
        """Write what `entries` tell. Returns the agreements that they are about."""
        replay = Replay()
        replay.agreements = self._agreements_of(connection, entries)
        known = set(replay.agreements)
        moved: list[tuple[Event, list[Movement]]] = []
        funded: dict[tuple[bytes, int], None] = {}
        changed: dict[tuple[bytes, int], None] = {}
        for log, event in entries:
            try:
                moved.append((event, replay.play(event, log.timestamp)))
            except LookupError as error:
                raise AnswerInconsistent(
                    f"{event.name} in block {event.block} is about what was never funded"
                ) from error
            keys = ((event["agreement"], i) for i in rows.milestones_of(event))
            (funded if event.name == "MilestonesFunded" else changed).update(dict.fromkeys(keys))

        def made(keys: Mapping[tuple[bytes, int], None]) -> list[rows.Row]:
            agreements = replay.agreements
            return [
                rows.milestone_row(
                    key, agreements[key[0]].terms, agreements[key[0]].milestones[key[1]]
                )
                for key in keys
            ]

        store.insert(connection, store.logs, rows.log_rows(entries))
        store.insert(connection, store.agreements, rows.agreement_rows(entries, known))
        store.insert(connection, store.milestones, made(funded))
        changed = {key: None for key in changed if key not in funded}
        store.upsert(connection, store.milestones, made(changed))
        amended = {e["agreement"] for _, e in entries if e.name == "AgreementAmended"}
        _set_replaced(connection, {a: replay.agreements[a] for a in amended})
        store.insert(connection, store.movements, rows.movement_rows(moved))
        return replay.agreements

    def _agreements_of(
        self, connection: Connection, entries: Sequence[Entry]
    ) -> dict[bytes, Agreement]:
        wanted = {e["agreement"] for _, e in entries if "agreement" in e.fields}
        found = {a: self._cache.pop(a) for a in wanted & self._cache.keys()}
        return found | rows.read_agreements(connection, wanted - found.keys())

    def _facts_of_new_tokens(self, entries: Sequence[Entry]) -> list[rows.Row]:
        wanted = {e["terms"].token for _, e in entries if e.name == "MilestonesFunded"}
        if wanted - self._tokens:
            with self._store.reading() as connection:
                query = sa.select(store.tokens.c.address)
                self._tokens = {to_address(a) for a in connection.scalars(query)}
        return self._facts_of(sorted(wanted - self._tokens))

    def _facts_of(self, tokens: Sequence[str]) -> list[rows.Row]:
        found = []
        for token in tokens:
            symbol, decimals = self._token_facts(token) or (token[:8], None)
            # Untrusted text, and PostgreSQL takes neither more nor a zero.
            found.append((from_address(token), symbol.replace("\0", "\ufffd")[:_SYMBOL], decimals))
        return found

    # Where it stands

    def _require_unmoved(self, position: Position) -> None:
        if position != self._position:
            raise _LedgerMovedError

    def _known_position(self) -> Position:
        if self._position is None:
            self._position = self._read_position()
        return self._position

    def _read_position(self) -> Position:
        with self._store.reading() as connection:
            return self._store.position(connection)

    def _forget(self) -> None:
        self._position = None
        self._has_begun = self._is_indexed = False  # another may have made the tables anew
        self._cache.clear()
        self._tokens.clear()


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for garbage in cycles less often: so many rows made and dropped leave none behind."""
    usual = gc.get_threshold()
    gc.set_threshold(100_000, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _number(header: Header) -> int:
    return header.number


def _require_link(connection: Connection, headers: Sequence[Header]) -> None:
    """The first new block must follow the one before it, where that is known."""
    before = store.blocks.c.number == headers[0].number - 1
    parent = connection.scalar(sa.select(store.blocks.c.hash).where(before))
    if parent not in (None, headers[0].parent):
        raise _ChainMovedError


def _set_blocks(connection: Connection, headers: Sequence[Header], start: int, oldest: int) -> None:
    """Keep the hashes of the newest blocks, of the one before them, and of the one before all."""
    number = store.blocks.c.number
    store.upsert(connection, store.blocks, [(h.number, h.hash) for h in headers])
    connection.execute(sa.delete(store.blocks).where(number < oldest, number >= max(start, 1)))


def _set_replaced(connection: Connection, agreements: Mapping[bytes, Agreement]) -> None:
    table = store.agreements
    for agreement, found in agreements.items():
        change = sa.update(table).where(table.c.id == agreement)
        connection.execute(change.values(replaced_by=found.replaced_by))


def _set_position(connection: Connection, position: Position) -> None:
    connection.execute(
        sa.update(store.ledger).values(
            block=position.block,
            timestamp=position.timestamp,
            final_block=position.final_block,
            rollbacks=position.rollbacks,
        )
    )
