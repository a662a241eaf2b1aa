"""Between events and the rows of the tables: which rows a batch of events makes, and back."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from milepost.chain.events import Event, Log, decode_log, decode_terms, from_address
from milepost.ledger import store
from milepost.ledger.replay import Agreement, Milestone, Movement
from milepost.types import Status, Terms, from_set

Row = tuple[Any, ...]
"""A value for every column of a table, in order, as the database takes it."""

_IN_ONE_QUERY = 500  # ids; databases limit how many parameters they take
_HASH = 32


class Entry(NamedTuple):
    """An event, and the log that tells of it."""

    log: Log
    event: Event


def entries_of(logs: Iterable[Log], escrow: str) -> Iterator[Entry]:
    """The events of `logs`. Raises AnswerInconsistent."""
    for log in logs:
        event = decode_log(log, escrow)
        if event is not None:
            yield Entry(log, event)


def milestones_of(event: Event) -> tuple[int, ...]:
    """The zero-based milestones that an event is about."""
    if "milestones" in event.fields:
        return from_set(event["milestones"])
    return (event["milestone"],) if "milestone" in event.fields else ()


def log_rows(entries: Iterable[Entry]) -> list[Row]:
    """A row for each log."""
    return [
        (*log[:5], event.fields.get("agreement"), b"".join(log.topics), log.data)
        for log, event in entries
    ]


def agreement_rows(entries: Iterable[Entry], known: Container[bytes]) -> list[Row]:
    """A row for each agreement that is funded for the first time."""
    rows: dict[bytes, Row] = {}
    for log, event in entries:
        if event.name == "MilestonesFunded":
            agreement, terms = event["agreement"], event["terms"]
            if agreement not in known and agreement not in rows:
                names = (terms.client, terms.freelancer, terms.payee, terms.arbiter, terms.token)
                addresses = map(from_address, names)
                rows[agreement] = (agreement, *addresses, log.block, log.timestamp, log.data, None)
    return list(rows.values())


def milestone_row(key: tuple[bytes, int], terms: Terms, milestone: Milestone) -> Row:
    """The row of a milestone, by its agreement and index."""
    m = milestone
    deadline = m.deadline(terms) or None
    return (*key, int(m.status), m.since, m.claimed, m.disputed, str(m.open), deadline)


def movement_rows(moved: Iterable[tuple[Event, Sequence[Movement]]]) -> list[Row]:
    """A row for each movement of something, once all events of its transaction were played."""
    return [
        (
            event.block,
            event.log_index,
            part,
            event.fields.get("agreement"),
            movement.milestone,
            movement.kind,
            from_address(movement.address),
            from_address(movement.token),
            str(movement.amount),
        )
        for event, movements in moved
        for part, movement in enumerate(movements)
        if movement.amount
    ]


def read_logs(connection: Connection, *conditions: sa.ColumnElement[bool]) -> Iterator[Log]:
    """The logs that are kept, oldest first."""
    logs = store.logs
    query = sa.select(logs).where(*conditions).order_by(logs.c.block, logs.c.log_index)
    for row in connection.execute(query):
        parts = (row.topics[i : i + _HASH] for i in range(0, len(row.topics), _HASH))
        yield Log(
            block=row.block,
            log_index=row.log_index,
            block_hash=row.block_hash,
            transaction=row.transaction,
            timestamp=row.timestamp,
            topics=tuple(parts),
            data=row.data,
        )


def read_agreements(connection: Connection, ids: Iterable[bytes]) -> dict[bytes, Agreement]:
    """The agreements of these ids, with their milestones; an unknown one is left out."""
    found: dict[bytes, Agreement] = {}
    table, parts = store.agreements.c, store.milestones.c
    for some in in_chunks(ids):
        query = sa.select(table.id, table.terms, table.replaced_by).where(table.id.in_(some))
        for agreement, data, replaced_by in connection.execute(query):
            found[agreement] = Agreement(decode_terms(data), replaced_by=replaced_by)
        rows = sa.select(
            parts.agreement,
            parts.milestone,
            parts.status,
            parts.since,
            parts.claimed,
            parts.disputed,
        ).where(parts.agreement.in_(some))
        for agreement, i, status, *clock in connection.execute(rows.order_by(parts.milestone)):
            terms = found[agreement].terms
            milestone = Milestone(terms.amount_of(i), terms.whole, Status(status), *clock)
            found[agreement].milestones[i] = milestone
    return found


def in_chunks(values: Iterable[bytes]) -> Iterator[list[bytes]]:
    """`values` in lists short enough for one query."""
    rest = list(values)
    for i in range(0, len(rest), _IN_ONE_QUERY):
        yield rest[i : i + _IN_ONE_QUERY]
