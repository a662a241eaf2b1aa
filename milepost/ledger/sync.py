"""Reads the chain into the ledger, and takes back what the chain takes back.

Blocks that are deep enough are read in ranges. The newest ones, as many as may be reorganised, are
read one by one by their hashes, so that a node which changes its mind half-way is noticed. Rows and
position are written in one transaction each time: end it anywhere, and the next run goes on.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from milepost.chain.events import Event, Log, from_address, to_address
from milepost.chain.logs import Header, LogReader
from milepost.errors import AnswerInconsistent, CallRefused, NodePruned, ReorganisationTooDeep
from milepost.ledger import rows, store
from milepost.ledger.replay import Agreement, Movement, Replay
from milepost.ledger.rows import Entry
from milepost.ledger.store import Position, Store

DEPTH = 128
"""Blocks whose hashes are kept. Chains in use reorganise far fewer, and reading as many one by one
takes seconds."""

_CHUNK = 32  # blocks of the newest in one transaction
_CACHED = 4_000  # agreements kept in memory between transactions
_ATTEMPTS = 10  # at a chain that changes while it is read
_PAUSE = 0.2  # seconds before looking again at what changed

TokenFacts = Callable[[str], tuple[str, int]]


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

    `token_facts` gives the symbol and the decimals of a token that the ledger meets first.
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
        self._is_indexed = False

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

    def _sync(
        self, on_batch: Callable[[Batch], None], on_rollback: Callable[[Rollback], None]
    ) -> Position:
        head = self._reader.head()
        rollback = self._rewind(head)
        if rollback is not None:
            on_rollback(rollback)
        position, finalized = self._known_position(), self._reader.finalized()
        # What the chain itself calls final, else what is too deep to be reorganised.
        final = head.number - self._depth if finalized is None else min(finalized, head.number)
        deep = max(position.block, head.number - self._depth)
        if position.block < deep:
            first = position.block + 1
            if self._reader.header(first) is None:
                raise NodePruned(self._reader.node.label, first, "it has no such block")
            with _rare_collections():
                for found in self._reader.ranges(first, deep):
                    on_batch(self._write(found.first, found.last, found.logs, (), head, final))
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
            on_batch(self._write(first, numbers[-1], logs, headers, head, final))
        return self._known_position()

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
        if not reachable:
            return None
        last = reachable[-1]
        newest = head if head.number == last else self._reader.header(last)
        if newest is not None and newest.hash == known[last]:
            return None  # a node that is behind the ledger has nothing new
        headers = [h for h in self._reader.headers(reachable) if h is not None]
        common = max((h for h in headers if h.hash == known[h.number]), default=None, key=_number)
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
        last: int,
        logs: Sequence[Log],
        headers: Sequence[Header],
        head: Header,
        final: int,
    ) -> Batch:
        entries = tuple(rows.entries_of(logs, self._reader.address))
        facts = self._facts_of_new_tokens(entries)

        # The database may ask to repeat it: what is played is kept in memory only afterwards.
        def change(
            connection: Connection, position: Position
        ) -> tuple[Position, dict[bytes, Agreement]]:
            self._require_unmoved(position)
            _require_link(connection, headers)
            for token, (symbol, decimals) in facts.items():
                row = (from_address(token), symbol, decimals)
                store.insert(connection, store.tokens, [row])
            played = self._add(connection, entries)
            _set_blocks(connection, headers, last - self._depth)
            times = [position.timestamp, *(log.timestamp for log in logs[-1:])]
            moved = replace(
                position,
                block=last,
                timestamp=headers[-1].timestamp if headers else times[-1],
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
        self._tokens |= facts.keys()
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

    def _facts_of_new_tokens(self, entries: Sequence[Entry]) -> dict[str, tuple[str, int]]:
        wanted = {e["terms"].token for _, e in entries if e.name == "MilestonesFunded"}
        if wanted - self._tokens:
            with self._store.reading() as connection:
                query = sa.select(store.tokens.c.address)
                self._tokens = {to_address(a) for a in connection.scalars(query)}
        return {token: self._token_facts(token) for token in wanted - self._tokens}

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
    """The first new block must follow the last one that is known; if none is, its parent becomes
    it.
    """
    if headers and headers[0].number:
        number, parent = headers[0].number - 1, headers[0].parent
        known = sa.select(store.blocks.c.hash).where(store.blocks.c.number == number)
        found = connection.scalar(known)
        if found is None:
            store.insert(connection, store.blocks, [(number, parent)])
        elif found != parent:
            raise _ChainMovedError


def _set_blocks(connection: Connection, headers: Sequence[Header], oldest: int) -> None:
    store.insert(connection, store.blocks, [(h.number, h.hash) for h in headers])
    connection.execute(sa.delete(store.blocks).where(store.blocks.c.number < oldest))


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
