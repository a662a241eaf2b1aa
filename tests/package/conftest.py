"""A local chain for the tests marked `node`, and the people who deal on it. No other test opens a
socket.

Every account is one of Anvil's published development accounts, unlocked in the node itself.
"""

import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

with warnings.catch_warnings():
    # web3 7 imports a deprecated part of websockets.
    warnings.simplefilter("ignore", DeprecationWarning)
    import web3  # noqa: F401

from milepost.chain import local
from milepost.chain.deploy import deploy_escrow, deploy_practice_token
from milepost.chain.rpc import Node
from milepost.chain.transactions import Call
from milepost.escrow import Escrow
from milepost.presets import Parties
from milepost.signing import UnlockedSigner
from milepost.types import ZERO_ADDRESS


class SocketOpened(BaseException):
    """A test without the mark `node` went to the network. No `except Exception` hides it."""


LOOPBACK = "127.0.0.1"
# Where no node answers: refused at once, without asking the machine.
ABSENT_PORTS = (1, 9)


def _connect(opened, address):
    if address[0] != LOOPBACK or address[1] not in ABSENT_PORTS:
        opened.close()
        raise SocketOpened(f"this test connects to {address}: mark it `node`")
    raise ConnectionRefusedError


def _look_up(host, *args, _ask=socket.getaddrinfo, **kwargs):
    if host != LOOPBACK:
        raise SocketOpened(f"this test looks up {host}")
    return _ask(host, *args, **kwargs)


@contextmanager
def _sockets_of(item):
    with pytest.MonkeyPatch.context() as patch:
        if item.get_closest_marker("node") is None:
            patch.setattr(socket.socket, "connect", _connect)
            patch.setattr(socket.socket, "connect_ex", _connect)
            patch.setattr(socket, "getaddrinfo", _look_up)
        yield


# Not for the teardown: it may end the local chain that other tests began.
@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    with _sockets_of(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    with _sockets_of(item):
        return (yield)


@dataclass(frozen=True)
class People:
    client: UnlockedSigner
    freelancer: UnlockedSigner
    arbiter: UnlockedSigner
    stranger: UnlockedSigner

    def parties(self, token: str = ZERO_ADDRESS) -> Parties:
        return Parties(self.client.address, self.freelancer.address, token, self.arbiter.address)


@dataclass(frozen=True)
class Token:
    node: Node
    address: str

    def contract(self):
        from milepost.artifacts import load_artifact

        return self.node.w3.eth.contract(self.address, abi=load_artifact("PracticeToken").abi)

    def call(self, name, *args) -> Call:
        data = self.contract().encode_abi(name, args=list(args))
        return Call(self.node, name, self.address, bytes.fromhex(data[2:]), token=self.address)

    def balance(self, owner: str) -> int:
        return self.contract().functions.balanceOf(owner).call()


@pytest.fixture(scope="session")
def local_node() -> Iterator[local.LocalNode]:
    with local.start() as running:
        yield running


@pytest.fixture(scope="session")
def _session_node(local_node) -> Node:
    return local_node.connect()


@pytest.fixture(scope="session")
def people(_session_node) -> People:
    accounts = _session_node.w3.eth.accounts
    return People(*(UnlockedSigner(_session_node.w3, a) for a in accounts[:4]))


@pytest.fixture(scope="session")
def deployment(_session_node, people):
    return deploy_escrow(_session_node, people.stranger)


@pytest.fixture(scope="session")
def _token_address(_session_node, people) -> str:
    return deploy_practice_token(_session_node, people.stranger)


@pytest.fixture
def node(_session_node, deployment, _token_address) -> Iterator[Node]:
    """The chain, put back afterwards to what it was."""
    provider = _session_node.w3.provider
    snapshot = provider.make_request("evm_snapshot", [])["result"]
    yield _session_node
    provider.make_request("evm_revert", [snapshot])


@pytest.fixture
def escrow(node, deployment) -> Escrow:
    return Escrow(node, deployment.address)


@pytest.fixture
def token(node, _token_address, people, escrow) -> Token:
    """The practice token; the client has 100,000 of it and allows the escrow all."""
    token = Token(node, _token_address)
    token.call("mint", people.client.address, 100_000_000_000).send(people.client)
    token.call("approve", escrow.address, 2**256 - 1).send(people.client)
    return token


@pytest.fixture
def pass_time(node):
    """Moves the chain's clock by seconds and mines a block."""

    def move(seconds: int) -> None:
        node.w3.provider.make_request("evm_increaseTime", [seconds])
        node.w3.provider.make_request("evm_mine", [])

    return move
