import pytest

from milepost.chain import local
from milepost.chain.rpc import connect, public_url
from milepost.errors import NoContract, NodeNotStarted, NodeUnreachable, WrongChain


@pytest.mark.parametrize("url", ["http://127.0.0.1:8545", "http://node.example:1"])
def test_without_the_mark_no_test_reaches_a_node(url):
    with pytest.raises(BaseException, match="this test"):
        connect(url, timeout=2)


def test_node_unreachable():
    with pytest.raises(NodeUnreachable) as caught:
        connect("http://127.0.0.1:9/secret-key", timeout=2)
    assert "secret" not in str(caught.value)


def test_public_url_hides_the_key():
    assert public_url("https://user:pw@node.example:8545/v2/key?x=1") == "https://node.example:8545"


@pytest.mark.node
def test_program_that_cannot_run(tmp_path):
    with pytest.raises(NodeNotStarted):
        local.start(tmp_path / "anvil")


@pytest.mark.node
def test_wrong_chain(local_node):
    with pytest.raises(WrongChain) as caught:
        connect(local_node.url, chain_id=1)
    assert (caught.value.expected, caught.value.actual) == (1, 31337)


@pytest.mark.node
def test_no_contract(node):
    with pytest.raises(NoContract):
        node.require_contract("0x" + "99" * 20)


@pytest.mark.node
def test_stopping_twice():
    running = local.start()
    running.stop()
    running.stop()
    with pytest.raises(NodeUnreachable):
        running.connect()
