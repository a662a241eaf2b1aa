"""The local chain that the command keeps running."""

import pytest

from milepost.chain.local import _free_port
from milepost.chain.rpc import connect


@pytest.mark.node
def test_it_keeps_running_until_it_is_stopped(run):
    port = _free_port()
    started = run("chain", "--port", port)
    assert started.code == 0, started.err
    try:
        url = f"http://127.0.0.1:{port}"
        assert url in started.out
        node = connect(url, chain_id=31337)
        before = node.block().timestamp
        assert "already" in run("chain", "--port", port).out
        moved = run("chain", "--port", port, "--pass-time", "14 days")
        assert moved.code == 0, moved.err
        assert 14 * 86_400 <= node.block().timestamp - before < 14 * 86_400 + 60
        account = node.w3.eth.accounts[0]
        given = ("--rpc-url", url, "--account", account, "--yes", "--json")
        deployed = run("deploy", "--practice-token", *given)
        assert deployed.code == 0, deployed.err
        again = run("deploy", *given)
        assert again.json["escrow"] == deployed.json["escrow"]
    finally:
        stopped = run("chain", "--port", port, "--stop")
    assert "is ended" in stopped.out
    assert run("chain", "--port", port, "--stop").code == 2
    assert run("chain", "--port", port, "--pass-time", "1 day").code == 4


@pytest.mark.node
def test_a_port_that_is_taken(run, local_node):
    outcome = run("chain", "--port", local_node.url.rsplit(":", 1)[1])
    assert outcome.code == 4
    assert "is taken" in outcome.err
