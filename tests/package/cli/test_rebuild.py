"""What `milepost ledger rebuild` keeps until it can be replaced, and a dropped block's ledger."""

import pytest

from milepost.ledger.store import Store
from tests.package.ledger.proxy import FaultyNode, RpcError

pytestmark = pytest.mark.node


@pytest.fixture
def ledger(run, escrow, tmp_path):
    """Runs a command of the group on a ledger in a folder that does not exist yet."""

    def call(command, url):
        place = ("--ledger", tmp_path / "new" / "ledger.db")
        return run(
            "ledger", command, *place, "--rpc-url", url, "--escrow", escrow.address, "--json"
        )

    return call


def test_it_may_come_first(ledger, funded, local_node, tmp_path):
    assert ledger("rebuild", local_node.url).json["events"] == 1
    path = tmp_path / "new" / "ledger.db"
    with Store(path) as store, store.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_a_node_without_the_old_logs_takes_nothing_away(ledger, funded, local_node):
    assert ledger("sync", local_node.url).json["events"] == 1
    pruned = RpcError(4444, "pruned history unavailable", method="eth_getLogs")
    with FaultyNode(local_node.url, pruned) as node:
        outcome = ledger("rebuild", node.url)
    assert outcome.code == 4
    assert "no history" in outcome.err
    assert ledger("sync", local_node.url).json["events"] == 1


def test_another_escrows_ledger_of_another_version_stays(ledger, funded, local_node, tmp_path):
    path = tmp_path / "new" / "ledger.db"
    with Store(path) as store:
        store.create(31337, b"\x01" * 20, 0)
        store.write(lambda c, _: c.exec_driver_sql("UPDATE ledger SET version = 0"))
    before = path.read_bytes()
    outcome = ledger("rebuild", local_node.url)
    assert outcome.code == 8
    assert "0x0101" in outcome.err
    assert path.read_bytes() == before


def test_its_own_ledger_of_another_version_is_made_anew(ledger, funded, local_node, tmp_path):
    ledger("sync", local_node.url)
    with Store(tmp_path / "new" / "ledger.db") as store:
        store.write(lambda c, _: c.exec_driver_sql("UPDATE ledger SET version = 0"))
    assert ledger("sync", local_node.url).code == 8
    assert ledger("rebuild", local_node.url).json["events"] == 1


def test_status_does_not_ask_a_ledger_of_a_dropped_block(
    ledger, milepost, funded, local_node, node, tmp_path
):
    ledger("sync", local_node.url)
    node.w3.provider.make_request("anvil_reorg", [1, []])
    place = ("--ledger", tmp_path / "new" / "ledger.db")
    told = milepost("status", funded, "--json", *place)
    assert {m["status"] for m in told.json["milestones"]} != {"active"}
