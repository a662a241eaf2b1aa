"""A writer that is killed anywhere, and writers that get in each other's way."""

import os
import random
import shutil
import signal
import sqlite3
import time

import psycopg
import pytest

from milepost.errors import LedgerUnreadable
from milepost.ledger import store
from tests.package.ledger.books import (
    Book,
    dump,
    in_process,
    on_points,
    processes,
    require_laws,
    until,
)

pytestmark = [pytest.mark.node, pytest.mark.usefixtures("hasty"), pytest.mark.long]

ROUNDS = int(os.environ.get("MILEPOST_LEDGER_ROUNDS", "1"))
"""How many times as much is tried."""

DEPTH = 16
KILLED = -signal.SIGKILL


def finish(process):
    process.join(60)
    assert process.exitcode is not None
    code = process.exitcode
    process.close()
    return code


def require_beginning(settings, expected):
    """What a killed writer left is right, as far as it goes."""
    database = store.Store(settings["place"])
    try:
        content = dump(database)
        block = content["position"]["block"]
        assert until(content, 2**62) == until(expected, block)
        require_laws(database)
        return block
    finally:
        database.close()


def require_whole(settings, expected):
    book = Book(**settings)
    try:
        book.sync()
        assert dump(book.store) == expected
        require_laws(book.store)
    finally:
        book.close()


# Killed


def test_killed_at_any_statement_it_goes_on(chain, places, expected):
    """One run after another is killed before or after a statement, until one is not."""
    chooser = random.Random(1)
    for _ in range(ROUNDS):
        settings = chain.settings(places(), depth=DEPTH)
        Book(**settings).close()
        code, kills, blocks = KILLED, 0, set()
        while code == KILLED and kills < 12:
            # Each run may come further than the one before.
            kill_at = chooser.randint(1, 50 * (kills + 1))
            code = finish(in_process(settings=settings, kill_at=kill_at, chunk=3))
            kills += code == KILLED
            blocks.add(require_beginning(settings, expected))
        assert code in (0, KILLED)
        assert kills > 2
        assert len(blocks) > 1
        require_whole(settings, expected)


def test_killed_at_any_moment_it_goes_on(chain, places, expected):
    """Killed from outside, with a commit for every block, so that many are killed in one."""
    chooser = random.Random(2)
    for _ in range(ROUNDS):
        settings = chain.settings(places(), depth=200)
        Book(**settings).close()
        code, kills = KILLED, 0
        while code == KILLED and kills < 6:
            block = require_beginning(settings, expected)
            process = in_process(settings=settings, chunk=1)
            wait_for(settings, process, block + chooser.randint(1, 50))
            time.sleep(chooser.uniform(0, 0.005))
            process.kill()
            code = finish(process)
            kills += code == KILLED
        require_beginning(settings, expected)
        assert code in (0, KILLED)
        assert kills > 2
        require_whole(settings, expected)


def wait_for(settings, process, block):
    """Waits until a process has read `block`, or has ended."""
    database = store.Store(settings["place"])
    try:
        while process.is_alive() and database.require().block < block:
            time.sleep(0.001)
    finally:
        database.close()


def test_killed_while_it_makes_the_tables(chain, places, expected):
    for kill_at in (2, 5, 8, 13, 21):
        settings = chain.settings(places(), depth=DEPTH)
        process = in_process(settings=settings, kill_at=kill_at, kill_early=True)
        assert finish(process) == KILLED
        book = Book(**settings)
        assert book.position.block == chain.first - 1
        book.close()
    require_whole(settings, expected)


def test_killed_in_the_middle_of_a_write_to_the_file(chain, tmp_path, expected):
    """What SQLite writes before a commit is cut off at every kind of place."""
    path, cut = tmp_path / "ledger.db", tmp_path / "cut.db"
    settings = chain.settings(path, depth=DEPTH)
    Book(**settings).close()
    total = 150
    process = in_process(settings=settings, kill_at=total, chunk=4)
    assert finish(process) == KILLED
    wal = path.with_name("ledger.db-wal")
    size = wal.stat().st_size
    assert size > 50_000
    chooser, blocks = random.Random(3), set()
    for end in [0, 1, 31, 32, size, *(chooser.randrange(size) for _ in range(12 * ROUNDS))]:
        shutil.copyfile(path, cut)
        cut.with_name("cut.db-shm").unlink(missing_ok=True)
        cut.with_name("cut.db-wal").write_bytes(wal.read_bytes()[:end])
        blocks.add(require_beginning({"place": cut}, expected))
    assert len(blocks) > 3
    require_whole({**settings, "place": cut}, expected)


def test_killed_while_it_goes_back(ground, places, tmp_path):
    """In the middle of taking blocks back: all of it is taken back, or nothing."""
    for _ in range(10):
        ground.lives.act()
    settings = ground.settings(places(), depth=DEPTH)
    book = Book(**settings)
    book.sync()
    before = dump(book.store)
    book.close()
    ground.lives.reorganise(6, chance=0.4)
    for kill_at in range(14, 80, 11):
        code = finish(in_process(settings=settings, kill_at=kill_at))
        database = store.Store(settings["place"])
        require_laws(database)
        found = dump(database)
        database.close()
        if found["position"]["block"] == before["position"]["block"]:
            assert found == before or code == 0
        if code == 0:
            break
        assert code == KILLED
    require_whole(settings, ground.fresh(tmp_path))


def test_a_server_that_ends_the_connection(chain, new_database, ledger_of, expected):
    """In the middle of writing, as when it is restarted; the same process goes on later."""
    url = new_database()
    book = ledger_of(**chain.settings(url, depth=DEPTH))
    points = [0]

    def end_it():
        points[0] += 1
        if points[0] in (20, 60, 90):
            with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )

    on_points(book.store, end_it)
    failures = 0
    for _ in range(4):
        try:
            book.sync()
        except LedgerUnreadable:
            failures += 1
        require_beginning({"place": url}, expected)
    assert failures == 3
    assert dump(book.store) == expected


# Two at once


def test_two_writers_at_once_both_finish(chain, places, expected):
    """From no database at all, in two processes that begin together."""
    for _ in range(2 * ROUNDS):
        settings = chain.settings(places(), depth=DEPTH)
        barrier = processes.Barrier(2)
        both = [in_process(settings=settings, start=barrier, chunk=2) for _ in range(2)]
        assert [finish(process) for process in both] == [0, 0]
        require_whole(settings, expected)


def test_a_writer_waits_for_another(chain, place, ledger_of, expected):
    """While one holds the ledger, another process waits, and then goes on."""
    book = ledger_of(**chain.settings(place, depth=DEPTH))
    waited = []

    def hold(connection, position):
        process = in_process(settings=chain.settings(place, depth=DEPTH))
        process.join(1.0)
        waited.append(process)
        assert process.is_alive()
        assert dump(book.store)["position"]["block"] == position.block

    book.store.write(hold)
    assert finish(waited[0]) == 0
    assert dump(book.store) == expected


def test_two_that_follow_a_chain_get_in_nobodys_way(ground, places, tmp_path):
    """Two processes follow a chain that grows and is reorganised."""
    settings, stop = ground.settings(places(), depth=DEPTH), processes.Event()
    Book(**settings).close()
    both = [in_process(settings=settings, stop=stop) for _ in range(2)]
    reader = store.Store(settings["place"])
    try:
        for k in range(20):
            ground.lives.act()
            if k % 6 == 5:
                ground.lives.reorganise(4)
            require_laws(reader)
    finally:
        stop.set()
        codes = [finish(process) for process in both]
        reader.close()
    assert codes == [0, 0]
    require_whole(settings, ground.fresh(tmp_path))


def test_a_file_that_a_killed_writer_left_is_whole(chain, tmp_path):
    """SQLite itself finds nothing wrong in it."""
    settings = chain.settings(tmp_path / "ledger.db", depth=DEPTH)
    assert finish(in_process(settings=settings, kill_at=90)) == KILLED
    connection = sqlite3.connect(tmp_path / "ledger.db")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
