"""What a watch has sent to one target: the table `deliveries` of the ledger's database.

A row for each event and each deadline that was sent, and one that is the mark: the block up to
which everything was sent and is final, so that no rows are needed for it. A rebuilt ledger keeps
them. Rows have the text of messages, and of where they went only a digest, with a salt that is a
row of its own under the watch's name.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from milepost.ledger.deadlines.news import Message
from milepost.ledger.store import Store, deliveries

_MARK, _SALT = "mark", "salt"
_DIGITS = 7  # of a target's digest; with the name before it, it has to fit its column
_IN_ONE_QUERY = 500  # keys; databases limit how many parameters they take


@dataclass(frozen=True, slots=True)
class Mark:
    """The block up to which nothing is news, and of whom: an address, or "all"."""

    block: int
    party: str


@dataclass(frozen=True, slots=True)
class Sent:
    """An event that was sent: the block that it stood in, and what it said."""

    key: str
    block: int
    text: str


def names(database: Store, watch: str, identities: Sequence[str]) -> list[str]:
    """The names under which a watch remembers its targets; they tell nothing of what these are.

    Raises LedgerUnreadable.
    """
    own = Memory(database, watch)
    key = bytes.fromhex(own.salt())
    digests = (hmac.digest(key, i.encode("utf-8", "surrogateescape"), "sha256") for i in identities)
    return [f"{watch}#{base64.b32encode(d).decode().lower()[:_DIGITS]}" for d in digests]


class Memory:
    """The rows of one watch and target. Every method raises LedgerUnreadable."""

    def __init__(self, database: Store, watch: str) -> None:
        self._store = database
        self._watch = watch
        self._own = deliveries.c.watch == watch
        self._events = self._own & deliveries.c.key.startswith("event:")

    def mark(self) -> Mark | None:
        """None before the watch began."""
        query = sa.select(deliveries).where(self._own, deliveries.c.key == _MARK)
        with self._store.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else Mark(row.block, row.text)

    def salt(self) -> str:
        """Digits that nobody can guess, the same ones from the first time on."""
        query = sa.select(deliveries.c.text).where(self._own, deliveries.c.key == _SALT)
        with self._store.reading() as connection:
            found = connection.scalar(query)
        if found is None:
            found = secrets.token_hex(16)
            made = found
            self._write(lambda c: self._put(c, _SALT, 0, made))
        return found

    def last(self) -> int:
        """The last block that anything which was sent stood in, or the mark."""
        query = sa.select(sa.func.max(deliveries.c.block)).where(self._own)
        with self._store.reading() as connection:
            return connection.scalar(query) or 0

    def events(self) -> list[Sent]:
        """The events after the mark that were sent, the newest block first."""
        query = sa.select(deliveries).where(self._events)
        with self._store.reading() as connection:
            found = connection.execute(query.order_by(deliveries.c.block.desc(), deliveries.c.key))
            return [Sent(row.key, row.block, row.text) for row in found]

    def sent(self, keys: Iterable[str]) -> set[str]:
        """Those of `keys` that were sent."""
        asked, found = list(keys), set()
        with self._store.reading() as connection:
            for i in range(0, len(asked), _IN_ONE_QUERY):
                some = deliveries.c.key.in_(asked[i : i + _IN_ONE_QUERY])
                found |= set(connection.scalars(sa.select(deliveries.c.key).where(self._own, some)))
        return found

    def begin(self, mark: Mark, known: Sequence[Message]) -> None:
        """Set the first mark. `known` are the events after it that are no news either."""

        def change(connection: Connection) -> None:
            self._put(connection, _MARK, mark.block, mark.party)
            for message in known:
                self._put(connection, message.key, message.block, message.text)

        self._write(change)

    def remember(self, message: Message) -> None:
        """It was sent."""
        self._write(lambda c: self._put(c, message.key, message.block, message.text))

    def forget(self, key: str) -> None:
        """It is to be sent again, should it be there again."""
        self._write(lambda c: self._remove(c, deliveries.c.key == key))

    def move(self, blocks: Mapping[str, int]) -> None:
        """Events that were sent stand in other blocks now, by their keys."""

        def change(connection: Connection) -> None:
            for key, block in blocks.items():
                table = sa.update(deliveries).where(self._own, deliveries.c.key == key)
                connection.execute(table.values(block=block))

        self._write(change)

    def advance(self, mark: Mark) -> None:
        """Move the mark, and drop the rows of the events that it stands for."""

        def change(connection: Connection) -> None:
            self._remove(connection, self._events & (deliveries.c.block <= mark.block))
            self._put(connection, _MARK, mark.block, mark.party)

        self._write(change)

    def _put(self, connection: Connection, key: str, block: int, text: str) -> None:
        self._remove(connection, deliveries.c.key == key)
        row = {"watch": self._watch, "key": key, "block": block, "text": text}
        connection.execute(sa.insert(deliveries), row)

    def _remove(self, connection: Connection, condition: sa.ColumnElement[bool]) -> None:
        connection.execute(sa.delete(deliveries).where(self._own, condition))

    def _write(self, change: Callable[[Connection], None]) -> None:
        self._store.write(lambda connection, _: change(connection))
