"""Ledgers for tests: made, compared, checked against what must always hold, and brought up by
other processes, which can be killed at any point.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import warnings
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from milepost.chain.erc20 import Erc20
from milepost.chain.events import Event, Log, from_address, to_address
from milepost.chain.logs import LogReader
from milepost.chain.rpc import Node, connect
from milepost.ledger import rows, store, sync
from milepost.ledger.reads import Ledger
from milepost.ledger.replay import Milestone, Movement, Replay
from milepost.ledger.store import Position, Store
from milepost.ledger.sync import DEPTH, Batch, Rollback, Syncer
from milepost.types import ZERO_ADDRESS, Terms

# A new process every time, and without importing everything every time.
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["__main__", __name__])


class Book:
    """A ledger, what brings it up, and all that a sync reported."""

    def __init__(
        self,
        url: str,
        escrow: str,
        place: str | Path,
        *,
        start: int = 0,
        depth: int = DEPTH,
        timeout: float = 10.0,
    ) -> None:
        self.node = connect(url, timeout=timeout)
        self.pauses: list[tuple[str, float]] = []
        self.batches: list[Batch] = []
        self.rollbacks: list[Rollback] = []
        self.tokens_asked: list[str] = []
        self.store = Store(place)
        self.store.create(self.node.chain_id, from_address(escrow), start)
        self.reader = LogReader(
            self.node, escrow, lambda reason, seconds: self.pauses.append((reason, seconds))
        )
        self.syncer = Syncer(self.store, self.reader, self._facts, depth=depth)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.store)

    @property
    def position(self) -> Position:
        return self.store.require()

    def sync(self) -> Position:
        return self.syncer.sync(self.batches.append, self.rollbacks.append)

    def close(self) -> None:
        self.store.close()

    def _facts(self, token: str) -> tuple[str, int]:
        self.tokens_asked.append(token)
        return facts_of(self.node, token)


def facts_of(node: Node, token: str) -> tuple[str, int]:
    """The symbol and the decimals of a token."""
    if token == ZERO_ADDRESS:
        return "ETH", 18
    return Erc20(node, token).symbol(), Erc20(node, token).decimals()


# Comparing

CONTENT = (store.logs, store.agreements, store.milestones, store.movements, store.tokens)


def dump(database: Store | Connection) -> dict[str, Any]:
    """All that the ledger holds, the same from every database that read the same chain.

    Without the hashes that are kept to notice a reorganisation, and without how many there were.
    """
    if isinstance(database, Store):
        with database.reading() as connection:
            return dump(connection)
    content: dict[str, Any] = {
        table.name: [
            tuple(row)
            for row in database.execute(sa.select(table).order_by(*table.primary_key.columns))
        ]
        for table in CONTENT
    }
    position = dict(database.execute(sa.select(store.ledger)).one()._mapping)
    del position["rollbacks"], position["generation"]
    return {**content, "position": position}


def until(content: dict[str, Any], block: int) -> dict[str, Any]:
    """What cannot change any more once `block` is read: the rows that only come."""
    begun = [row[:9] for row in content["agreements"] if row[6] <= block]
    rest = {
        name: [row for row in content[name] if row[0] <= block] for name in ("logs", "movements")
    }
    return {**rest, "agreements": begun}


# What always holds


def require_laws(database: Store | Connection) -> Position:
    """Everything agrees with the logs, and the money adds up, as of one moment."""
    if isinstance(database, Store):
        with database.reading() as connection:
            return require_laws(connection)
    found = database.execute(sa.select(store.ledger)).one()._mapping
    position = Position(**{name: found[name] for name in Position.__dataclass_fields__})
    content = dump(database)
    logs = list(rows.read_logs(database))
    assert all(position.start <= log.block <= position.block for log in logs)
    _require_hashes(database, logs, position)
    entries = list(rows.entries_of(logs, to_address(position.escrow)))
    assert len(entries) == len(logs)
    replay = Replay()
    moved = [(event, replay.play(event, log.timestamp)) for log, event in entries]
    assert content["movements"] == [
        _movement(event, part, movement)
        for event, movements in moved
        for part, movement in enumerate(movements)
        if movement.amount
    ]
    agreements = replay.agreements.items()
    assert content["milestones"] == [
        _milestone(agreement, i, played.terms, played.milestones[i])
        for agreement, played in sorted(agreements, key=lambda pair: pair[0])
        for i in sorted(played.milestones)
    ]
    begun: dict[bytes, tuple[Log, Event]] = {}
    for log, event in entries:
        if event.name == "MilestonesFunded":
            begun.setdefault(event["agreement"], (log, event))
    assert content["agreements"] == [
        _agreement(*begun[agreement], played.replaced_by)
        for agreement, played in sorted(agreements, key=lambda pair: pair[0])
    ]
    tokens = {from_address(played.terms.token) for _, played in agreements}
    assert {row[0] for row in content["tokens"]} == tokens
    _require_sums(replay, moved)
    return position


def _movement(event: Event, part: int, movement: Movement) -> tuple[Any, ...]:
    whose = (from_address(movement.address), from_address(movement.token), movement.amount)
    of = (event.fields.get("agreement"), movement.milestone, movement.kind)
    return (event.block, event.log_index, part, *of, *whose)


def _milestone(agreement: bytes, i: int, terms: Terms, milestone: Milestone) -> tuple[Any, ...]:
    view = milestone.view(terms, 0)
    clock = (milestone.since, milestone.claimed, milestone.disputed)
    return (agreement, i, int(view.status), *clock, view.open, view.deadline or None)


def _agreement(log: Log, event: Event, replaced_by: bytes | None) -> tuple[Any, ...]:
    terms = event["terms"]
    who = (terms.client, terms.freelancer, terms.payee, terms.arbiter, terms.token)
    addresses = (from_address(address) for address in who)
    return (event["agreement"], *addresses, log.block, log.timestamp, log.data, replaced_by)


def _require_hashes(connection: Connection, logs: list[Any], position: Position) -> None:
    known = {row.number: row.hash for row in connection.execute(sa.select(store.blocks))}
    assert all(number <= position.block for number in known)
    assert all(known.get(log.block, log.block_hash) == log.block_hash for log in logs)


def _require_sums(replay: Replay, moved: list[Any]) -> None:
    """What came in and did not go out is open or credited, in each token."""
    held: dict[str, int] = defaultdict(int)
    credited: dict[tuple[str, str], int] = defaultdict(int)
    for movement in (m for _, movements in moved for m in movements):
        is_in = movement.kind in ("fund", "credit")
        held[movement.token] += movement.amount if is_in else -movement.amount
        if movement.kind in ("credit", "withdrawal"):
            credited[movement.token, movement.address] += movement.amount if is_in else 0
            credited[movement.token, movement.address] -= 0 if is_in else movement.amount
    assert all(amount >= 0 for amount in credited.values())
    for (token, _), amount in credited.items():
        held[token] -= amount
    for agreement in replay.agreements.values():
        held[agreement.terms.token] -= sum(m.open for m in agreement.milestones.values())
    assert not any(held.values())


# Elsewhere


def on_points(database: Store, do: Callable[[], None]) -> None:
    """Runs `do` before and after every statement, before every commit and after every transaction
    of `database`.
    """
    engine = database._engine
    for name in ("before_cursor_execute", "after_cursor_execute", "commit", "checkin"):
        sa.event.listen(engine, name, lambda *_: do())


def bring_up(
    settings: dict[str, Any],
    *,
    kill_at: int = 0,
    kill_early: bool = False,
    chunk: int = 0,
    start: Any = None,
    stop: Any = None,
) -> None:
    """Syncs the Book of `settings`: in another process.

    It kills itself at the point `kill_at`, as `on_points` counts them from where the tables are
    there, or with `kill_early` from where they are not. It begins when the barrier `start` lets it,
    and goes on until the event `stop` is set.
    """
    warnings.simplefilter("error")
    if chunk:
        sync._CHUNK = chunk
    if start is not None:
        start.wait(30)
    points = 0

    def count() -> None:
        nonlocal points
        points += 1
        if points == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    if kill_early:
        made = Store.__init__

        def make(self: Store, place: str | Path) -> None:
            made(self, place)
            on_points(self, count)

        Store.__init__ = make  # type: ignore[method-assign]
    book = Book(**settings)
    if kill_at and not kill_early:
        on_points(book.store, count)
    book.sync()
    while stop is not None and not stop.is_set():
        book.sync()
    if stop is not None:
        book.sync()
    book.close()


def in_process(**options: Any) -> Any:
    """A process that runs `bring_up`, started."""
    settings = options.pop("settings")
    process = processes.Process(target=bring_up, args=(settings,), kwargs=options)
    process.start()
    return process
