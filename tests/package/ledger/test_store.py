"""What a ledger is kept in: what is refused and left as it is, and what a transaction promises."""

import hashlib
import os
import random
import shutil
import socket
import sqlite3
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from milepost.errors import (
    ExtraMissing,
    InputError,
    LedgerError,
    LedgerForeign,
    LedgerMismatch,
    LedgerMissing,
    LedgerOutdated,
    LedgerUnreadable,
)
from milepost.ledger import store
from milepost.ledger.reads import Ledger
from milepost.ledger.store import VERSION, Store
from tests.package.ledger import postgres
from tests.package.ledger.books import Book, dump, processes, require_laws

CHAIN_ID = 31337
ESCROW, OTHER = b"\xaa" * 20, b"\xbb" * 20


def contents(path):
    """Every file beside `path`, hashed; without what SQLite keeps while one is open."""
    return {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest()
        for p in path.parent.iterdir()
        if p.is_file() and not p.name.endswith(("-shm", "-wal"))
    }


def refusals(place, *kinds):
    """Nobody can use what is at `place`: not to write, not to read, not to look."""
    for use in (
        lambda s: s.create(CHAIN_ID, ESCROW, 5),
        lambda s: s.require(),
        lambda s: s.require(CHAIN_ID, ESCROW),
        Ledger,
        lambda s: s.reset(CHAIN_ID, ESCROW, 5),
    ):
        with Store(place) as database, pytest.raises(kinds) as caught:
            use(database)
        yield caught.value


@pytest.fixture
def made(path):
    """The file of an empty ledger."""
    with Store(path) as database:
        database.create(CHAIN_ID, ESCROW, 5)
    return path


# What is no ledger


@pytest.mark.parametrize(
    "text",
    [b"x\n", b"Dear diary\n" * 1000, b"SQLite format 3\x00", b"SQLite format 2\x00" * 100],
    ids=["short", "text", "only the first bytes", "nearly the first bytes"],
)
def test_a_file_that_is_no_database_stays(path, text):
    path.write_bytes(text)
    before = contents(path)
    for error in refusals(path, LedgerUnreadable, LedgerMissing):
        assert str(path) in error.message
    assert contents(path) == before


def test_bytes_that_mean_nothing_stay(path):
    path.write_bytes(os.urandom(50_000))
    before = contents(path)
    assert len(list(refusals(path, LedgerUnreadable))) == 5
    assert contents(path) == before


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
@pytest.mark.parametrize(
    "schema",
    [
        "CREATE TABLE people (name TEXT)",
        "CREATE TABLE tokens (word TEXT); CREATE TABLE logs (line TEXT)",
        "CREATE TABLE ledger (account TEXT, amount REAL)",
        "CREATE TABLE ledger (version INTEGER, account TEXT)",
        "CREATE TABLE ledger (id INTEGER, version TEXT, account TEXT)",
        "CREATE TABLE ledger (version INTEGER); CREATE TABLE blocks (number INTEGER)",
    ],
)
def test_another_applications_database_stays(path, schema, journal):
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA journal_mode = {journal}")
    connection.executescript(schema)
    for (table,) in connection.execute("SELECT name FROM sqlite_master").fetchall():
        columns = len(connection.execute(f"SELECT * FROM {table}").description)
        for k in range(3):
            connection.execute(
                f"INSERT INTO {table} VALUES ({', '.join(['?'] * columns)})", [k] * columns
            )
    connection.commit()
    connection.close()
    before = contents(path)
    for error in refusals(path, LedgerForeign):
        assert "is not a ledger" in error.message
        assert str(path) in error.message
    assert contents(path) == before


def test_a_database_that_another_application_left_open_stays(path):
    """Its last rows are not in the file yet, and its process is gone: nothing of it is lost."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE people (name TEXT)")
    connection.execute("INSERT INTO people VALUES ('Ada')")
    connection.commit()
    copy = path.with_name("copy.db")
    for end in ("", "-wal"):
        shutil.copyfile(f"{path}{end}", f"{copy}{end}")
    connection.close()
    assert len(list(refusals(copy, LedgerForeign))) == 5
    connection = sqlite3.connect(copy)
    assert connection.execute("SELECT name FROM people").fetchall() == [("Ada",)]
    connection.close()


@pytest.mark.node
@pytest.mark.parametrize(
    "schema",
    [
        "CREATE TABLE people (name TEXT)",
        "CREATE TABLE tokens (word TEXT); CREATE TABLE logs (line TEXT)",
        "CREATE TABLE ledger (account TEXT, amount REAL)",
        "CREATE TABLE ledger (version INTEGER, account TEXT); INSERT INTO ledger VALUES (1, 'x')",
        "CREATE TABLE ledger (version TEXT, account TEXT); INSERT INTO ledger VALUES ('1', 'x')",
    ],
)
def test_a_postgres_database_of_others_stays(new_database, schema):
    url = new_database()
    tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(schema)
        before = sorted(connection.execute(tables).fetchall())
        assert len(list(refusals(url, LedgerForeign))) == 5
        assert sorted(connection.execute(tables).fetchall()) == before


# A ledger that is damaged


@pytest.mark.node
def test_half_a_file_is_told_and_stays(chain_file):
    with chain_file.open("r+b") as file:
        file.truncate(chain_file.stat().st_size // 2)
    before = contents(chain_file)
    with Store(chain_file) as database, pytest.raises(LedgerUnreadable):
        require_laws(database)
    assert contents(chain_file) == before


@pytest.mark.node
@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_file_is_told_or_harmless(chain_file, seed):
    """Whole pages are overwritten. What is raised is the package's, and says that it is damaged."""
    chooser = random.Random(seed)
    size = chain_file.stat().st_size
    with chain_file.open("r+b") as file:
        for _ in range(chooser.choice([1, 3])):
            file.seek(4096 * chooser.randrange(size // 4096))
            file.write(chooser.randbytes(4096) if seed % 2 else bytes(4096))
    before = contents(chain_file)
    with Store(chain_file) as database, suppress(LedgerUnreadable):
        database.create(CHAIN_ID, database.require().escrow, 0)
        dump(database)
    assert contents(chain_file) == before


@pytest.fixture(scope="module")
def _chain_file(chain, tmp_path_factory):
    place = tmp_path_factory.mktemp("whole") / "ledger.db"
    book = Book(**chain.settings(place))
    book.sync()
    book.close()
    return place


@pytest.fixture
def chain_file(_chain_file, path):
    """A file with a ledger in it."""
    shutil.copyfile(_chain_file, path)
    return path


# A ledger of something else


@pytest.mark.node
@pytest.mark.parametrize(("chain_id", "escrow"), [(1, ESCROW), (CHAIN_ID, OTHER), (1, OTHER)])
def test_a_ledger_of_another_chain_or_escrow_stays(place, chain_id, escrow):
    with Store(place) as database:
        database.create(CHAIN_ID, ESCROW, 5)
        before = dump(database)
        for use in (database.create, lambda *args: database.require(*args[:2])):
            with pytest.raises(LedgerMismatch) as caught:
                use(chain_id, escrow, 5)
            assert (caught.value.chain_id, caught.value.escrow) == (CHAIN_ID, "0x" + "aa" * 20)
            assert caught.value.expected_chain_id == chain_id
        assert dump(database) == before


@pytest.mark.node
@pytest.mark.parametrize("version", [0, VERSION + 1, 10**9])
def test_a_ledger_of_another_version_is_told(place, version):
    with Store(place) as database:
        database.create(CHAIN_ID, ESCROW, 5)
        with database._engine.begin() as connection:
            connection.execute(sa.update(store.ledger).values(version=version))
        for use in (lambda: database.create(CHAIN_ID, ESCROW, 5), database.require):
            with pytest.raises(LedgerOutdated) as caught:
                use()
            assert (caught.value.version, caught.value.expected) == (version, VERSION)
        database.reset(CHAIN_ID, ESCROW, 7)
        assert database.require(CHAIN_ID, ESCROW).start == 7


def test_another_version_may_have_other_columns(made):
    """It is told by its version, whatever else its tables are like."""
    connection = sqlite3.connect(made)
    connection.execute("ALTER TABLE ledger DROP COLUMN final_block")
    connection.execute("ALTER TABLE ledger ADD COLUMN mood TEXT")
    connection.execute(f"UPDATE ledger SET version = {VERSION + 1}")
    connection.commit()
    connection.close()
    with Store(made) as database:
        with pytest.raises(LedgerOutdated):
            database.require()
        database.reset(CHAIN_ID, ESCROW, 7)
        assert database.require(CHAIN_ID, ESCROW).block == 6


# Places where none can be


def test_nothing_is_there_yet(path):
    with Store(path) as database:
        with pytest.raises(LedgerMissing):
            database.require()
        with pytest.raises(LedgerMissing):
            Ledger(database)
    assert list(path.parent.iterdir()) == []


def test_an_empty_file_becomes_a_ledger(path):
    path.touch()
    with Store(path) as database:
        with pytest.raises(LedgerMissing):
            database.require()
        assert path.stat().st_size == 0
        database.create(CHAIN_ID, ESCROW, 5)
        assert database.require(CHAIN_ID, ESCROW).block == 4


def test_folders_are_made(tmp_path):
    place = tmp_path / "some" / "where" / "ledger.db"
    with Store(place) as database:
        database.create(CHAIN_ID, ESCROW, 5)
    assert place.is_file()


def test_a_folder_is_no_file(tmp_path):
    for error in refusals(tmp_path, LedgerUnreadable):
        assert str(tmp_path) in error.message
    assert list(tmp_path.iterdir()) == []


def test_a_folder_inside_a_file_cannot_be(tmp_path):
    (tmp_path / "file").write_text("text")
    with Store(tmp_path / "file" / "ledger.db") as database:
        with pytest.raises(LedgerUnreadable):
            database.create(CHAIN_ID, ESCROW, 5)
        with pytest.raises((LedgerMissing, LedgerUnreadable)):
            database.require()
    assert (tmp_path / "file").read_text() == "text"


def without_rights(folder, do, answers):
    """Runs `do` as a user who may do nothing in `folder`. The superuser always may."""
    if os.geteuid() == 0:
        os.setegid(65534)
        os.seteuid(65534)
    try:
        do()
    except BaseException as error:
        answers.put(type(error).__name__)
    else:
        answers.put("nothing")


def create(place):
    with Store(place) as database:
        database.create(CHAIN_ID, ESCROW, 5)


def require(place):
    with Store(place) as database:
        database.require()


def look(place):
    with Store(place) as database, database.reading() as connection:
        database.position(connection)


def in_another_life(use, place):
    """What `use` raises in a process without the superuser's rights."""
    answers = processes.SimpleQueue()
    process = processes.Process(target=_use, args=(use, place, answers))
    process.start()
    process.join(30)
    assert process.exitcode == 0
    process.close()
    return answers.get()


def _use(use, place, answers):
    without_rights(Path(place).parent, lambda: use(place), answers)


@pytest.mark.node
@pytest.mark.parametrize("use", [create, require])
@pytest.mark.parametrize("mode", [0o000, 0o500, 0o555])
def test_a_folder_that_cannot_be_written(use, mode):
    # Not in pytest's own folder, which others cannot even enter.
    with tempfile.TemporaryDirectory() as name:
        outer = Path(name)
        outer.chmod(0o755)
        folder = outer / "folder"
        folder.mkdir()
        folder.chmod(mode)
        found = in_another_life(use, folder / "ledger.db")
        deeper = in_another_life(use, folder / "deeper" / "ledger.db")
        folder.chmod(0o755)
        expected = {"LedgerUnreadable"} if use is create else {"LedgerUnreadable", "LedgerMissing"}
        assert {found, deeper} <= expected
        assert list(folder.iterdir()) == []


@pytest.mark.node
def test_a_file_that_cannot_be_read():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        create(folder / "ledger.db")
        (folder / "ledger.db").chmod(0o000)
        for use in (create, require, look):
            assert in_another_life(use, folder / "ledger.db") == "LedgerUnreadable"


@pytest.mark.parametrize(
    "place",
    [
        "mysql://user:secret@host/db",
        "mongodb://host/db",
        "nonsense://host/db",
        "oracle://user:secret@host/db",
        "://",
        "postgresql://user:secret@host:port/db",
        "postgresql://host:port/db?password=secret",
        "mysql:/user:secret@host/db",
    ],
)
def test_a_url_of_nothing_known_is_refused(place):
    with pytest.raises(InputError) as caught:
        Store(place)
    assert "secret" not in caught.value.message


def test_a_driver_that_is_not_installed_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ExtraMissing) as caught:
        Store("postgresql+pg8000://host/db")
    assert "milepost[postgres]" in caught.value.message


@pytest.mark.node
def test_no_database_server_is_there():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        url = f"postgresql://ada:secret@127.0.0.1:{taken.getsockname()[1]}/db"
        with Store(url) as database:
            for use in (database.require, lambda: database.create(CHAIN_ID, ESCROW, 5)):
                with pytest.raises(LedgerUnreadable) as caught:
                    use()
                assert "secret" not in caught.value.message
                assert "ada" in caught.value.place


@pytest.mark.node
def test_a_database_server_that_goes_away_is_told():
    postgres.require()
    with postgres.PostgresServer() as server:
        database = Store(server.create_database())
        database.create(CHAIN_ID, ESCROW, 5)
    for use in (
        database.require,
        lambda: database.write(lambda connection, position: None),
        lambda: database.create(CHAIN_ID, ESCROW, 5),
    ):
        with pytest.raises(LedgerUnreadable):
            use()
    database.close()


def test_passwords_are_not_shown():
    with Store("postgresql://ada:secret@host/db?sslmode=require&password=secret") as database:
        assert database.place == "postgresql+psycopg://ada:***@host/db"


# Transactions


@pytest.mark.node
def test_what_raises_writes_nothing(place):
    with Store(place) as database:
        database.create(CHAIN_ID, ESCROW, 5)
        before = dump(database)

        def change(connection, position):
            connection.execute(sa.update(store.ledger).values(block=77))
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            database.write(change)
        assert dump(database) == before


@pytest.mark.node
def test_a_reader_sees_one_moment(place):
    """What is written while it reads comes after it."""
    with Store(place) as database, Store(place) as other:
        database.create(CHAIN_ID, ESCROW, 5)
        with other.reading() as connection:
            assert other.position(connection).block == 4
            database.write(lambda c, p: c.execute(sa.update(store.ledger).values(block=50)))
            assert other.position(connection).block == 4
        assert other.require().block == 50


@pytest.mark.node
def test_a_writer_waits_for_the_one_before(place):
    with Store(place) as database, Store(place) as other:
        database.create(CHAIN_ID, ESCROW, 5)
        order, is_in, goes_on = [], threading.Event(), threading.Event()

        def first(connection, position):
            is_in.set()
            assert goes_on.wait(10)
            connection.execute(sa.update(store.ledger).values(block=50))
            order.append("first")

        def second(connection, position):
            order.append(position.block)

        threads = [threading.Thread(target=database.write, args=(first,))]
        threads[0].start()
        assert is_in.wait(10)
        threads.append(threading.Thread(target=other.write, args=(second,)))
        threads[1].start()
        threads[1].join(0.3)
        assert order == []
        goes_on.set()
        for thread in threads:
            thread.join()
        assert order == ["first", 50]


@pytest.mark.node
def test_the_largest_amounts_come_back(place):
    amounts = [0, 1, 2**63, 2**128 - 1, 2**256 - 1]
    with Store(place) as database:
        database.create(CHAIN_ID, ESCROW, 5)
        made = [
            (9, 9, k, None, None, "fund", b"\x01" * 20, b"\x02" * 20, str(amount))
            for k, amount in enumerate(amounts)
        ]
        database.write(lambda c, p: store.insert(c, store.movements, made))
        assert [row[-1] for row in dump(database)["movements"]] == amounts


@pytest.mark.node
def test_a_row_that_is_there_already_is_told(place):
    """By the package's error, however the rows are brought in; and nothing is written."""
    with Store(place) as database:
        database.create(CHAIN_ID, ESCROW, 5)
        before = dump(database)
        row = (b"\x02" * 20, "USD", 6)
        with pytest.raises(LedgerUnreadable):
            database.write(lambda c, p: store.insert(c, store.tokens, [row, row]))
        assert dump(database) == before
        database.write(lambda c, p: store.insert(c, store.tokens, [row]))
        assert dump(database)["tokens"] == [row]


@pytest.mark.node
def test_a_database_that_asks_to_repeat_is_asked_again(chain, new_database, ledger_of, expected):
    """As one that is spread over machines may at any commit: the rows are those of one try."""
    url = new_database()
    book = ledger_of(**chain.settings(url))
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        # A sequence counts on even where a transaction is rolled back.
        connection.execute(
            """
            CREATE SEQUENCE tries;
            CREATE FUNCTION repeat() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF nextval('tries') % 2 = 1 THEN
                    RAISE EXCEPTION 'again' USING ERRCODE = '40001';
                END IF;
                RETURN NULL;
            END $$;
            CREATE CONSTRAINT TRIGGER repeat AFTER UPDATE ON ledger
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION repeat();
            """
        )
        book.sync()
        assert connection.execute("SELECT last_value FROM tries").fetchone()[0] > 5
    assert dump(book.store) == expected
    require_laws(book.store)


@pytest.mark.node
def test_a_database_that_asks_to_repeat_for_ever_is_told(new_database):
    with Store(new_database()) as database:
        database.create(CHAIN_ID, ESCROW, 5)
        tries = []

        def change(connection, position):
            tries.append(position)
            connection.exec_driver_sql(
                "DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$"
            )

        with pytest.raises(LedgerUnreadable, match="again"):
            database.write(change)
        assert len(tries) == 5


@pytest.mark.node
def test_a_full_disk_is_told(chain, path, ledger_of, expected):
    """What was written before is whole, and with more room it goes on."""
    book = ledger_of(**chain.settings(path, depth=20))
    pages = [18]

    def limit(connection, record):
        connection.execute(f"PRAGMA max_page_count = {pages[0]}")

    sa.event.listen(book.store._engine, "connect", limit)
    book.close()
    with pytest.raises(LedgerUnreadable, match="full"):
        book.sync()
    assert require_laws(book.store).block < chain.last
    book.close()
    pages[0] = 2**30
    book.sync()
    assert dump(book.store) == expected


def test_a_file_that_another_program_holds_is_told(made, monkeypatch):
    monkeypatch.setattr(store, "LOCK_TIMEOUT", 0.1)
    other = sqlite3.connect(made, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with Store(made) as database:
        assert database.require().block == 4
        with pytest.raises(LedgerUnreadable, match="locked"):
            database.write(lambda connection, position: None)
        other.execute("ROLLBACK")
        database.write(lambda connection, position: None)
    other.close()


# Made, and made anew


def make(place, barrier, k):
    barrier.wait(30)
    with Store(place) as database:
        database.create(CHAIN_ID, ESCROW, 5)
        database.write(lambda c, p: store.insert(c, store.tokens, [(bytes([k]) * 20, f"T{k}", k)]))


@pytest.mark.node
def test_several_make_the_same_ledger_at_once(places):
    for _ in range(4):
        place, barrier = places(), processes.Barrier(3)
        several = [processes.Process(target=make, args=(place, barrier, k)) for k in range(3)]
        for process in several:
            process.start()
        for process in several:
            process.join(30)
        assert [process.exitcode for process in several] == [0, 0, 0]
        with Store(place) as database:
            assert len(dump(database)["tokens"]) == 3
            with database.reading() as connection:
                rows = connection.execute(sa.select(store.ledger)).all()
            assert len(rows) == 1


@pytest.mark.node
def test_made_anew_it_keeps_what_was_delivered(place):
    with Store(place) as database:
        database.create(CHAIN_ID, ESCROW, 5)
        delivery = ("watch", "key", 7, "text")
        token = (b"\x02" * 20, "USD", 6)
        database.write(lambda c, p: store.insert(c, store.deliveries, [delivery]))
        database.write(lambda c, p: store.insert(c, store.tokens, [token]))
        database.reset(CHAIN_ID, ESCROW, 9)
        assert database.require(CHAIN_ID, ESCROW).block == 8
        assert dump(database)["tokens"] == []
        with database.reading() as connection:
            assert [tuple(r) for r in connection.execute(sa.select(store.deliveries))] == [delivery]


@pytest.mark.node
def test_made_anew_under_the_eyes_of_readers(chain, place, ledger_of):
    """While one makes it anew and fills it again, readers see the old one or the new one."""
    book = ledger_of(**chain.settings(place))
    book.sync()
    escrow, stop, failures, seen = book.position.escrow, threading.Event(), [], set()

    def watch():
        with Store(place) as database:
            try:
                while not stop.is_set():
                    seen.add(require_laws(database).block)
            except BaseException as error:
                failures.append(error)

    threads = [threading.Thread(target=watch) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):
            book.store.reset(CHAIN_ID, escrow, chain.first)
            book.sync()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert chain.last in seen
    require_laws(book.store)


def indexes_of(place):
    """The tables, each with its indexes."""
    with Store(place) as database:
        inspector = sa.inspect(database._engine)
        return [(name, inspector.get_indexes(name)) for name in inspector.get_table_names()]


@pytest.mark.node
def test_made_anew_while_another_follows(chain, place, ledger_of, expected):
    """Whoever has it open notices, and fills it again."""
    book, other = (ledger_of(**chain.settings(place)) for _ in range(2))
    book.sync()
    other.sync()
    other.store.reset(CHAIN_ID, book.position.escrow, chain.first)
    book.sync()
    assert dump(book.store) == expected
    other.store.reset(CHAIN_ID, book.position.escrow, chain.first)

    def again(batch):
        if not other.batches:
            other.store.reset(CHAIN_ID, book.position.escrow, chain.first)
            other.batches.append(batch)

    other.batches.clear()
    book.syncer.sync(again)
    assert dump(book.store) == expected
    kept = {index["name"] for _, indexes in indexes_of(place) for index in indexes}
    assert kept == {index.name for index in store._INDEXES}


def test_closed_it_can_be_used_again(made):
    database = Store(made)
    assert database.require().block == 4
    database.close()
    assert database.require().block == 4
    database.close()


def test_every_error_of_a_place_is_of_the_ledger():
    for kind in (LedgerForeign, LedgerMismatch, LedgerMissing, LedgerOutdated, LedgerUnreadable):
        assert issubclass(kind, LedgerError)
