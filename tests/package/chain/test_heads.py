"""Being told of new blocks, or looking for them."""

import time

import pytest

from milepost.chain import heads
from milepost.chain.heads import Heads
from milepost.chain.local import _free_port

pytestmark = pytest.mark.node


def mine(node):
    node.w3.provider.make_request("evm_mine", [])


def test_a_node_with_websockets_tells(local_node, node):
    with Heads(local_node.url, poll=60) as found:
        found.wait()
        assert found.is_told
        mine(node)
        began = time.monotonic()
        found.wait()
        assert time.monotonic() - began < 5
        for _ in range(3):
            mine(node)
        found.wait()
    assert not found.is_told


def test_without_news_it_looks_nevertheless(local_node, node, monkeypatch):
    monkeypatch.setattr(heads, "_QUIET", 0.05)
    with Heads(local_node.url, poll=60) as found:
        found.wait()
        found.wait()
        assert found.is_told


def test_a_node_without_websockets_is_looked_at(node):
    with Heads(f"http://127.0.0.1:{_free_port()}", poll=0.01) as found:
        found.wait()
        assert not found.is_told
        began = time.monotonic()
        found.wait()
        assert 0.01 <= time.monotonic() - began < 5


def test_a_lost_subscription_is_made_again(local_node, node, monkeypatch):
    monkeypatch.setattr(heads, "_RETRY", 0.0)
    with Heads(local_node.url, poll=0.01) as found:
        found.wait()
        found._socket.close()
        found.wait()
        assert not found.is_told
        found.wait()
        assert found.is_told
