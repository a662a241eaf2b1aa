"""The bench's chain has what it says, and the bench reads all of it."""

import pytest

from tools import bench, bench_chain


@pytest.mark.node
def test_as_many_events_are_read_as_the_chain_has(tmp_path):
    with bench_chain.running() as node:
        chain = bench_chain.make_chain(node, events=300)
        read = bench.sync_into(bench_chain.url_of(node), chain.escrow, str(tmp_path / "ledger.db"))
    assert read["events"] == chain.events >= 300
    assert 10 < chain.agreements < chain.events
