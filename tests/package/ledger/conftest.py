"""A chain on which much has happened, and ledgers of it in SQLite and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from milepost.chain import local, patience
from milepost.chain.deploy import deploy_escrow, deploy_practice_token
from milepost.chain.events import event_topics
from milepost.chain.rpc import Node
from milepost.chain.transactions import Call
from milepost.escrow import Escrow
from milepost.ledger import sync
from milepost.signing import UnlockedSigner
from tests.package.conftest import People, Token
from tests.package.ledger import postgres
from tests.package.ledger.books import Book, dump, require_laws
from tests.package.ledger.lives import Lives
from tests.package.ledger.proxy import FaultyNode

NEVER_EMITTED = {"EIP712DomainChanged"}  # the domain is fixed


@dataclass(frozen=True)
class Chain:
    """A node of its own, an escrow there, and the blocks in which its events are."""

    url: str
    node: Node
    escrow: Escrow
    token: Token
    people: People
    first: int
    last: int

    def settings(self, place: str | Path, **options: Any) -> dict[str, Any]:
        """What a Book of this chain is made with."""
        options = {"url": self.url, "start": self.first, **options}
        return {"escrow": self.escrow.address, "place": place, **options}


@pytest.fixture(scope="session")
def chain() -> Iterator[Chain]:
    """Nobody changes this chain: everything that can happen has, with a long silence between."""
    with local.start() as running:
        node = running.connect()
        people = People(*(UnlockedSigner(node.w3, a) for a in node.w3.eth.accounts[:4]))
        escrow = Escrow(node, deploy_escrow(node, people.stranger).address)
        first = node.block().number
        token = prepare_token(node, people, escrow)
        lives = Lives(escrow, token, people, seed=22)
        for _ in range(50):
            lives.act()
        lives.mine(300)
        for _ in range(25):
            lives.act()
        yield Chain(running.url, node, escrow, token, people, first, node.block().number)


class Ground:
    """A chain for one test to change, on which an escrow stands and nothing has happened."""

    def __init__(self, url: str, escrow: Escrow, token: Token, people: People) -> None:
        self.url, self.escrow, self.token, self.people = url, escrow, token, people
        self.node = escrow.node
        self.start = self.head
        self.lives = Lives(escrow, token, people, seed=7)
        self._built = 0

    @property
    def head(self) -> int:
        return self.node.block().number

    def settings(self, place: str | Path, **options: Any) -> dict[str, Any]:
        """What a Book of this chain is made with."""
        options = {"url": self.url, "start": self.start, **options}
        return {"escrow": self.escrow.address, "place": place, **options}

    def rpc(self, method: str, *params: Any) -> Any:
        answer = self.node.w3.provider.make_request(method, list(params))
        assert "error" not in answer, answer
        return answer.get("result")

    def send(self, role: str, call: Call) -> None:
        self.lives.send(getattr(self.people, role), call)

    def mine(self, blocks: int = 1) -> None:
        self.lives.mine(blocks)

    def replace_blocks(self, depth: int) -> None:
        """Other blocks, without events, instead of the newest ones."""
        self.lives.reorganise(depth, chance=0)

    def fresh(self, folder: Path) -> dict[str, Any]:
        """The content of a ledger that is built now."""
        self._built += 1
        book = Book(**self.settings(folder / f"fresh-{self._built}.db"))
        book.sync()
        require_laws(book.store)
        content = dump(book.store)
        book.close()
        return content


@pytest.fixture(scope="session")
def _ground() -> Iterator[tuple[str, Escrow, Token, People]]:
    # It would lose states of a chain that is reorganised often if it kept them on the disk.
    with local.start(options=("--prune-history", "100000")) as running:
        node = running.connect()
        people = People(*(UnlockedSigner(node.w3, a) for a in node.w3.eth.accounts[:4]))
        escrow = Escrow(node, deploy_escrow(node, people.stranger).address)
        yield running.url, escrow, prepare_token(node, people, escrow), people


@pytest.fixture
def ground(_ground) -> Iterator[Ground]:
    """The chain is put back afterwards. No test takes blocks back that were there before it."""
    provider = _ground[1].node.w3.provider
    snapshot = provider.make_request("evm_snapshot", [])["result"]
    yield Ground(*_ground)
    provider.make_request("evm_revert", [snapshot])


def prepare_token(node: Node, people: People, escrow: Escrow) -> Token:
    """A practice token of which the client has much and allows the escrow all."""
    token = Token(node, deploy_practice_token(node, people.stranger))
    token.call("mint", people.client.address, 10**15).send(people.client)
    token.call("approve", escrow.address, 2**256 - 1).send(people.client)
    return token


@pytest.fixture(scope="session")
def expected(chain, tmp_path_factory) -> dict[str, Any]:
    """The content of a ledger of `chain`, built in one go. It knows every event there is."""
    book = Book(**chain.settings(tmp_path_factory.mktemp("expected") / "ledger.db"))
    book.sync()
    require_laws(book.store)
    entries = [entry for batch in book.batches for entry in batch.entries]
    assert {event.name for _, event in entries} == set(event_topics()) - NEVER_EMITTED
    content = dump(book.store)
    book.close()
    assert content["position"]["block"] == chain.last
    return content


@pytest.fixture(scope="session")
def _databases() -> Iterator[tuple[postgres.PostgresServer, list[str]]]:
    """A PostgreSQL server, and its databases that are empty again."""
    postgres.require()
    with postgres.PostgresServer() as running:
        yield running, []


@pytest.fixture
def new_database(_databases) -> Iterator[Callable[[], str]]:
    """Gives the URL of an empty PostgreSQL database each time."""
    server, empty = _databases
    used: list[str] = []

    def take() -> str:
        used.append(empty.pop() if empty else server.create_database())
        return used[-1]

    yield take
    for url in used:
        # Cheaper than another database.
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
    empty += used


@pytest.fixture(params=["sqlite", "postgres"])
def places(request, tmp_path) -> Callable[[], str]:
    """Gives a new place for a ledger each time, in each kind of database."""
    if request.param == "postgres":
        return request.getfixturevalue("new_database")
    numbers = count(1)
    return lambda: str(tmp_path / f"{next(numbers)}.db")


@pytest.fixture
def place(places) -> str:
    """A place where no ledger is yet, in each kind of database."""
    return places()


@pytest.fixture
def path(tmp_path) -> Path:
    """A file that does not exist yet."""
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger_of(request) -> Callable[..., Book]:
    """Makes a Book, and closes it in the end."""

    def make(**settings: Any) -> Book:
        book = Book(**settings)
        request.addfinalizer(book.close)
        return book

    return make


@pytest.fixture
def faulty(chain) -> Iterator[FaultyNode]:
    """A proxy before the node of `chain`."""
    with FaultyNode(chain.url) as proxy:
        yield proxy


@pytest.fixture
def hasty(monkeypatch) -> float:
    """The first pause before asking the node again, made short, as is the one before looking again
    at a chain or a ledger that changed.
    """
    monkeypatch.setattr(patience, "FIRST_PAUSE", 0.004)
    monkeypatch.setattr(sync, "_PAUSE", 0.01)
    return 0.004


@pytest.fixture
def book(chain, ledger_of, path) -> Book:
    """A ledger of `chain` in a new file, for tests that need only one kind of database."""
    return ledger_of(**chain.settings(path))
