"""The database of a ledger: SQLite in a file by default, PostgreSQL by URL. One escrow each.

Logs are kept as the node gave them; everything else follows from them. A transaction that writes
holds the one row of `ledger`, so of two writers one waits; a transaction that reads sees one
moment. A database that is not this ledger, or not readable, is refused and left as it is.
"""

from __future__ import annotations

import re
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from milepost.errors import (
    ExtraMissing,
    InputError,
    LedgerForeign,
    LedgerMismatch,
    LedgerMissing,
    LedgerOutdated,
    LedgerUnreadable,
)

T = TypeVar("T")

VERSION = 1
"""Of the tables. Another version is not migrated: the chain has everything to fill them anew."""

LOCK_TIMEOUT = 60.0
"""Seconds that a writer waits for another."""

# The kinds of databases, and the driver that the package speaks to each with.
_DRIVERS = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "cockroachdb": "cockroachdb+psycopg",
}
# How each calls a transaction that reads as of one moment; SQLite's always do.
_SNAPSHOT = {"postgresql": "REPEATABLE READ", "cockroachdb": "SERIALIZABLE"}
_URL = re.compile(r"[a-z][a-z0-9+]+:/", re.I)
_ATTEMPTS = 5  # of a transaction that a database spread over machines asks to repeat


class Amount(sa.TypeDecorator[int]):
    """Base units, up to 256 bits, as decimal digits: no database has such integers everywhere."""

    impl = sa.String(78)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> int | None:
        return None if value is None else int(value)


metadata = sa.MetaData()


def _table(name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(name, metadata, *columns)


def _number(name: str, **options: Any) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, **{"nullable": False, **options})


def _bytes(name: str, length: int, **options: Any) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(length), **{"nullable": False, **options})


ledger = _table(
    "ledger",
    _number("id", primary_key=True, autoincrement=False),  # always 1
    _number("version"),
    _number("chain_id"),
    _bytes("escrow", 20),
    _number("start"),  # the first block that can hold an event
    _number("block"),  # the last block that was read
    _number("timestamp"),  # of that block
    _number("final_block"),  # what is up to here cannot be reorganised away
    _number("rollbacks"),
    _number("generation"),  # another one whenever everything is read anew
)
_LASTING = {"version", "chain_id", "escrow"}  # columns of `ledger` in every version
blocks = _table(
    "blocks",
    _number("number", primary_key=True, autoincrement=False),
    _bytes("hash", 32),
)
logs = _table(
    "logs",
    _number("block", primary_key=True, autoincrement=False),
    _number("log_index", primary_key=True, autoincrement=False),
    _bytes("block_hash", 32),
    _bytes("transaction", 32),
    _number("timestamp"),
    _bytes("agreement", 32, nullable=True),  # a withdrawal is of no agreement
    _bytes("topics", 128),
    _bytes("data", 8192),
    sa.Index("logs_by_agreement", "agreement", "block", "log_index"),
)
agreements = _table(
    "agreements",
    _bytes("id", 32, primary_key=True),
    _bytes("client", 20, index=True),
    _bytes("freelancer", 20, index=True),
    _bytes("payee", 20, index=True),
    _bytes("arbiter", 20, index=True),
    _bytes("token", 20),
    _number("block"),  # of the first funding
    _number("timestamp"),
    _bytes("terms", 8192),  # the data of the first funding's log
    _bytes("replaced_by", 32, nullable=True, index=True),
)
milestones = _table(
    "milestones",
    _bytes("agreement", 32, primary_key=True),
    _number("milestone", primary_key=True, autoincrement=False),
    _number("status"),
    _number("since"),
    _number("claimed"),
    _number("disputed"),
    sa.Column("open", Amount, nullable=False),
    _number("deadline", nullable=True),  # of a clock that runs
)
_running = milestones.c.deadline.is_not(None)
sa.Index("running", milestones.c.deadline, sqlite_where=_running, postgresql_where=_running)
movements = _table(
    "movements",
    _number("block", primary_key=True, autoincrement=False),
    _number("log_index", primary_key=True, autoincrement=False),
    _number("part", primary_key=True, autoincrement=False),
    _bytes("agreement", 32, nullable=True),
    _number("milestone", nullable=True),  # none where several are paid for at once
    sa.Column("kind", sa.String(12), nullable=False),
    _bytes("address", 20),
    _bytes("token", 20),
    sa.Column("amount", Amount, nullable=False),
    sa.Index("movements_by_address", "address", "block", "log_index", "part"),
)
tokens = _table(
    "tokens",
    _bytes("address", 20, primary_key=True),
    sa.Column("symbol", sa.String(64), nullable=False),
    _number("decimals", nullable=True),  # none where they could not be had yet
)
deliveries = _table(
    "deliveries",
    sa.Column("watch", sa.String(64), primary_key=True),
    sa.Column("key", sa.String(160), primary_key=True),
    _number("block"),  # of the event; the last block read, of a deadline
    sa.Column("text", sa.Text, nullable=False),
)

_INDEXES = tuple(
    index for table in metadata.sorted_tables for index in sorted(table.indexes, key=str)
)

DERIVED = (logs, blocks, agreements, milestones, movements, tokens)
"""What the chain can fill anew. `deliveries` is not among them: what was sent was sent."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far the ledger has read, and of what."""

    chain_id: int
    escrow: bytes
    start: int
    block: int
    timestamp: int
    final_block: int
    rollbacks: int
    generation: int


class Store:
    """An open database. `place` names it without a password."""

    def __init__(self, place: str | Path) -> None:
        self._url = _url_of(place)
        self.place = _shown(self._url)
        self._engine = _engine(self._url)

    def create(self, chain_id: int, escrow: bytes, start: int) -> None:
        """Make the tables where there are none yet; else see that they are of this escrow.

        Raises LedgerForeign, LedgerMismatch, LedgerOutdated and LedgerUnreadable.
        """
        self._make_directory()
        if not self._has_ledger():
            with self._translated():
                self._make(chain_id, escrow, start)
        self.require(chain_id, escrow)

    def require(self, chain_id: int | None = None, escrow: bytes | None = None) -> Position:
        """The position of the ledger that is there, of this chain and escrow where they are given.

        Raises LedgerMissing, LedgerForeign, LedgerMismatch, LedgerOutdated and LedgerUnreadable.
        """
        path = self._path
        try:
            is_there = path is None or path.exists()
        except OSError as error:
            raise LedgerUnreadable(self.place, str(error.strerror)) from error
        if not is_there or not self._has_ledger():
            raise LedgerMissing(self.place)
        with self.reading() as connection:
            lasting = sa.select(ledger.c.version, ledger.c.chain_id, ledger.c.escrow)
            found = connection.execute(lasting).first()
            if found is None:
                raise LedgerMissing(self.place)
            of = (found.chain_id, "0x" + found.escrow.hex())
            if chain_id is not None and escrow is not None:
                meant = (chain_id, "0x" + escrow.hex())
                if of != meant:
                    raise LedgerMismatch(self.place, *of, *meant)
            if found.version != VERSION:
                raise LedgerOutdated(self.place, found.version, VERSION)
            return self.position(connection)

    def position(self, connection: Connection) -> Position:
        """How far the ledger has read, as this transaction sees it."""
        row = connection.execute(sa.select(ledger)).one()._mapping
        return Position(**{name: row[name] for name in Position.__dataclass_fields__})

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction in which everything is read as of one moment. Raises LedgerUnreadable."""
        with self._translated(), self._engine.connect() as connection:
            level = _SNAPSHOT.get(self._engine.dialect.name)
            if level is not None:
                connection = connection.execution_options(isolation_level=level)
            with connection.begin():
                yield connection

    def write(self, change: Callable[[Connection, Position], T]) -> T:
        """Run `change` in a transaction that no other writer shares, and commit it.

        Waits for another writer. Raises LedgerUnreadable, and whatever `change` raises: then
        nothing is written.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with self._translated(), self._engine.connect() as connection:
                    connection = connection.execution_options(milepost_writes=True)
                    with connection.begin():
                        self._limit_waiting(connection)
                        connection.execute(sa.select(ledger.c.id).with_for_update())
                        return change(connection, self.position(connection))
            except LedgerUnreadable as error:
                if not _is_serialization_failure(error.__cause__) or attempt == _ATTEMPTS:
                    raise
        raise AssertionError

    def index(self) -> None:
        """Make the indexes that reads need and filling does not, where they are missing.

        A first sync fills tables several times as fast without them.
        """

        def create(connection: Connection, position: Position) -> None:
            for index in _INDEXES:
                index.create(connection, checkfirst=True)

        self.write(create)

    def reset(self, chain_id: int, escrow: bytes, start: int) -> None:
        """Forget all that the chain can tell anew, in one transaction; keep what was delivered.

        Tables of another version are made anew. Raises LedgerForeign, LedgerMismatch and
        LedgerUnreadable.
        """
        self._make_directory()
        try:
            self.require(chain_id, escrow)
        except LedgerMissing:
            self.create(chain_id, escrow, start)
            return
        except LedgerOutdated:
            is_outdated = True
        else:
            is_outdated = False
        with self._translated(), self._engine.connect() as connection:
            connection = connection.execution_options(milepost_writes=True)
            with connection.begin():
                self._limit_waiting(connection)
                if is_outdated:
                    for table in (ledger, *DERIVED):
                        table.drop(connection, checkfirst=True)
                    _create_tables(connection)
                    connection.execute(sa.insert(ledger), _first_row(chain_id, escrow, start))
                else:
                    connection.execute(sa.update(ledger), _first_row(chain_id, escrow, start))
                    for table in DERIVED:
                        connection.execute(sa.delete(table))

    def close(self) -> None:
        """Give the connections back. The store opens new ones if it is used again."""
        self._engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _path(self) -> Path | None:
        """The file of a SQLite database."""
        return Path(self._url.database) if self._is_sqlite and self._url.database else None

    @property
    def _is_sqlite(self) -> bool:
        return self._url.get_backend_name() == "sqlite"

    def _make_directory(self) -> None:
        path = self._path
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise LedgerUnreadable(self.place, str(error.strerror)) from error

    def _has_ledger(self) -> bool:
        """Whether there is one, of any version. Raises LedgerForeign and LedgerUnreadable."""
        with self._translated():
            inspector = sa.inspect(self._engine)
            found = inspector.get_table_names()
            if not found:
                return False
            if ledger.name not in found:
                raise LedgerForeign(self.place, f"it has the tables {', '.join(sorted(found)[:3])}")
            columns = {column["name"] for column in inspector.get_columns(ledger.name)}
            if not columns >= _LASTING:
                raise LedgerForeign(self.place, "its table `ledger` is of another kind")
            with self._engine.connect() as connection:
                # None is left by who was ended while making the tables, where that takes steps.
                return connection.scalar(sa.select(ledger.c.version)) is not None

    def _limit_waiting(self, connection: Connection) -> None:
        if not self._is_sqlite:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT:.0f}s'")

    def _require_unicode(self) -> None:
        """Symbols of tokens are anybody's text."""
        if self._engine.dialect.name == "postgresql":
            with self._engine.connect() as connection:
                encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
            if encoding != "UTF8":
                raise LedgerUnreadable(
                    self.place, f"its encoding is {encoding}; make a database with UTF8"
                )

    def _make(self, chain_id: int, escrow: bytes, start: int) -> None:
        self._require_unicode()
        if self._is_sqlite:
            with self._engine.connect() as connection:
                _write_ahead(connection)
        try:
            with self._engine.connect() as connection:
                connection = connection.execution_options(milepost_writes=True)
                with connection.begin():
                    _create_tables(connection)
                    if connection.execute(sa.select(ledger.c.id)).first() is None:
                        connection.execute(sa.insert(ledger), _first_row(chain_id, escrow, start))
        except DBAPIError:
            # Another writer made them at the same moment: the database let only one of us.
            if not self._has_ledger():
                raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, self._engine.dialect.loaded_dbapi.Error) as error:
            # The driver's own come where it is spoken to directly.
            cause = error.orig if isinstance(error, DBAPIError) else error
            problem = "; ".join(str(cause).split("\n")).replace("\t", "").strip("; ")
            raise LedgerUnreadable(self.place, problem) from error


def insert(connection: Connection, table: sa.Table, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows, each with a value for every column in order, as the database takes it."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_insertion(table, "?"), list(rows))
    else:
        # Several times as fast as inserting.
        with connection.connection.cursor().copy(f"COPY {table.name} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def upsert(connection: Connection, table: sa.Table, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows, in place of those that have the same keys."""
    if not rows:
        return
    keys = ", ".join(column.name for column in table.primary_key)
    others = (column.name for column in table.columns if not column.primary_key)
    changes = ", ".join(f"{name} = excluded.{name}" for name in others)
    place = "?" if connection.dialect.name == "sqlite" else "%s"
    sql = f"{_insertion(table, place)} ON CONFLICT ({keys}) DO UPDATE SET {changes}"
    connection.exec_driver_sql(sql, list(rows))


def _insertion(table: sa.Table, place: str) -> str:
    return f"INSERT INTO {table.name} VALUES ({', '.join([place] * len(table.columns))})"


def _create_tables(connection: Connection) -> None:
    for table in (ledger, *DERIVED, deliveries):  # by the first one a ledger is known
        connection.execute(sa.schema.CreateTable(table, if_not_exists=True))


def _first_row(chain_id: int, escrow: bytes, start: int) -> dict[str, Any]:
    return {
        "id": 1,
        "version": VERSION,
        "chain_id": chain_id,
        "escrow": escrow,
        "start": start,
        "block": start - 1,
        "timestamp": 0,
        "final_block": start - 1,
        "rollbacks": 0,
        "generation": secrets.randbits(62),
    }


def _url_of(place: str | Path) -> URL:
    """The URL of a path, or of what is one already. Raises InputError."""
    text = str(place)
    if "://" not in text and not _URL.match(text):
        return URL.create("sqlite", database=text)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        kind = text.partition(":")[0]
        raise InputError(f"What follows {kind}: is not the URL of a database.") from error
    kind = url.get_backend_name().lower()
    if kind not in _DRIVERS:
        raise InputError(
            f"A ledger cannot be in {kind}. Name a file, or the URL of a PostgreSQL database."
        )
    return url.set(drivername=_DRIVERS[kind])


def _shown(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return url.database or "memory"
    return url.set(query={}).render_as_string(hide_password=True)


def _engine(url: URL) -> Engine:
    try:
        if url.get_backend_name() != "sqlite":
            options = {"client_encoding": "utf8"}
            return sa.create_engine(url, pool_pre_ping=True, connect_args=options)
        engine = sa.create_engine(url, connect_args={"timeout": LOCK_TIMEOUT})
    except NoSuchModuleError as error:
        raise InputError(f"{url.drivername} is no kind of database that is known here.") from error
    except ModuleNotFoundError as error:
        raise ExtraMissing(f"A ledger in {url.drivername}", "postgres") from error
    sa.event.listen(engine, "connect", _set_up_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # transactions begin where `_begin_sqlite` says
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA cache_size = -32768")  # KiB, as positive numbers would be pages


def _write_ahead(connection: Connection) -> None:
    """Let readers and the writer go on side by side. The file remembers it."""
    end = time.monotonic() + LOCK_TIMEOUT
    while True:
        try:
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            # SQLite does not wait here for another who does the same.
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() >= end:
                raise
            time.sleep(0.02)


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: two that began by reading could not both go on.
    writes = connection.get_execution_options().get("milepost_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _is_serialization_failure(error: BaseException | None) -> bool:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlstate", None) == "40001"
