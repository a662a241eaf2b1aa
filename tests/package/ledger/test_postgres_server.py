from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text

from tests.package.ledger import postgres

pytestmark = pytest.mark.node


@pytest.fixture(scope="module")
def server():
    postgres.require()
    with postgres.PostgresServer() as running:
        yield running


def run(url, statement):
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            return result.scalar() if result.returns_rows else None
    finally:
        engine.dispose()


def test_a_database_answers(server):
    assert run(server.create_database(), "SELECT 1") == 1
    assert run(server.url, "SELECT 1") == 1


def test_every_database_is_new(server):
    one, other = server.create_database(), server.create_database()
    run(one, "CREATE TABLE kept (id integer)")
    tables = "SELECT count(*) FROM information_schema.tables WHERE table_name = 'kept'"
    assert (run(one, tables), run(other, tables)) == (1, 0)


def test_it_listens_on_this_machine_alone(server):
    assert make_url(server.url).host == "127.0.0.1"
    assert run(server.url, "SHOW listen_addresses") == "127.0.0.1"


def test_its_socket_in_the_file_system_lets_nobody_in(server):
    folder = run(server.url, "SHOW unix_socket_directories")
    port = make_url(server.url).port
    with pytest.raises(psycopg.OperationalError, match="pg_hba"):
        psycopg.connect(host=folder, port=port, user="postgres", dbname="postgres")


def test_it_ends_with_whoever_is_still_connected():
    postgres.require()
    with postgres.PostgresServer() as running:
        folder = run(running.url, "SHOW unix_socket_directories")
        port = make_url(running.url).port
        connection = psycopg.connect(host="127.0.0.1", port=port, user="postgres")
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    connection.close()
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(host="127.0.0.1", port=port, user="postgres")
    assert not Path(folder).exists()


def test_it_takes_another_port_where_one_is_taken(monkeypatch, server):
    taken = make_url(server.url).port
    free = postgres._free_port
    offers = iter([taken])
    monkeypatch.setattr(postgres, "_free_port", lambda: next(offers, None) or free())
    with postgres.PostgresServer() as other:
        assert make_url(other.url).port != taken
        assert run(other.create_database(), "SELECT 1") == 1


def test_where_it_is_missing_ci_fails_and_a_desk_skips(monkeypatch):
    monkeypatch.setattr(postgres, "_programs", lambda: None)
    assert "apt-get install postgresql" in postgres.missing()
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="not installed"):
        postgres.require()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="not installed"):
        postgres.require()
