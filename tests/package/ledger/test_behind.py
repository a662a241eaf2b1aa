"""Nodes that are behind or know less than they say, as those behind a balancer may."""

from dataclasses import replace

import pytest

from milepost.chain.erc20 import Erc20
from milepost.chain.escrow_contract import EscrowContract
from milepost.chain.events import event_topics
from milepost.chain.rpc import connect
from milepost.cli import ledger as command
from milepost.errors import (
    AnswerInconsistent,
    CallRefused,
    NoContract,
    NodeUnreachable,
    ReorganisationTooDeep,
)
from milepost.ledger import store
from milepost.ledger.reads import Ledger
from milepost.ledger.verify import verify
from milepost.presets import fixed_price
from tests.package.chain.conftest import canned_code
from tests.package.ledger.books import dump, require_laws
from tests.package.ledger.proxy import FaultyNode, Lie, RpcError, Status

pytestmark = [pytest.mark.node, pytest.mark.usefixtures("hasty")]

DEPTH = 16


@pytest.fixture
def through(chain, faulty, ledger_of, path):
    """A ledger that reads through the proxy."""
    return ledger_of(**chain.settings(path, url=faulty.url, depth=DEPTH))


def block_of(params):
    return int(params[0], 16) if params[0].startswith("0x") else -1


# Ranges and blocks that a node does not have yet


def test_a_range_of_a_node_that_is_behind_is_not_taken(chain, faulty, through, expected):
    """Such a node gives the logs that it has, and no error."""
    limit = chain.last - 60
    unknown = Lie(
        lambda found: None,
        method="eth_getBlockByNumber",
        when=lambda p: limit < block_of(p) <= chain.last - DEPTH,
    )
    fewer = Lie(
        lambda found: [log for log in found if int(log["blockNumber"], 16) <= limit],
        method="eth_getLogs",
        when=lambda p: "toBlock" in p[0],
    )
    faulty.faults += [unknown, fewer]
    with pytest.raises(AnswerInconsistent, match="yet"):
        through.sync()
    assert through.position.block <= limit
    faulty.faults.clear()
    through.sync()
    assert dump(through.store) == expected


def test_no_logs_of_an_unknown_block_are_not_taken_for_none(chain, faulty, through, expected):
    """Some nodes have an empty list for a block that they do not know."""
    newest = "0x" + chain.node.block(chain.last).hash.hex()
    of_newest = {"when": lambda p: newest in (p[0] if isinstance(p[0], str) else p[0].values())}
    unknown = Lie(lambda found: None, method="eth_getBlockByHash", times=2, **of_newest)
    nothing = Lie(lambda found: [], method="eth_getLogs", times=2, **of_newest)
    faulty.faults += [unknown, nothing]
    through.sync()
    assert faulty.struck(unknown) == 2
    assert dump(through.store) == expected


def test_a_head_that_goes_back_for_a_moment_takes_nothing_back(chain, faulty, through, expected):
    through.sync()
    faulty.faults.append(
        Lie(
            lambda found: {**found, "hash": "0x" + "11" * 32},
            method="eth_getBlockByNumber",
            times=1,
            when=lambda p: p[0] == "latest",
        )
    )
    through.sync()
    assert (through.rollbacks, through.position.rollbacks) == ([], 0)
    assert dump(through.store) == expected


def test_ended_before_the_newest_blocks_it_knows_time_and_chain(chain, faulty, through):
    faulty.faults.append(Status(401, method="eth_getBlockByHash"))
    with pytest.raises(NodeUnreachable):
        through.sync()
    position = through.position
    assert position.block == chain.last - DEPTH
    assert position.timestamp == chain.node.block(position.block).timestamp
    with through.store.reading() as connection:
        known = dict(row for row in connection.execute(store.blocks.select()))
    assert known[position.block] == chain.node.block(position.block).hash


def test_another_chain_with_fewer_blocks_is_not_taken(chain, through, faulty):
    through.sync()
    before = dump(through.store)
    short = {"number": hex(chain.first + 1), "hash": "0x" + "22" * 32}
    origin = {"hash": "0x" + "33" * 32}
    faulty.faults += [
        Lie(
            lambda f: {**f, **short}, method="eth_getBlockByNumber", when=lambda p: p[0] == "latest"
        ),
        Lie(
            lambda f: {**f, **origin},
            method="eth_getBlockByNumber",
            when=lambda p: block_of(p) == chain.first - 1,
        ),
    ]
    with pytest.raises(ReorganisationTooDeep):
        through.sync()
    assert dump(through.store) == before


def test_finality_moves_without_a_new_block(chain, faulty, ledger_of, path):
    final = [chain.last - 30]
    faulty.faults.append(
        Lie(
            lambda found: {**found, "number": hex(final[0])},
            method="eth_getBlockByNumber",
            when=lambda p: p[0] == "finalized",
        )
    )
    book = ledger_of(**chain.settings(path, url=faulty.url, depth=DEPTH))
    assert book.sync().final_block == chain.last - 30
    final[0] = chain.last - 2
    assert book.sync().final_block == book.position.final_block == chain.last - 2
    final[0] = chain.last - 20
    assert book.sync().final_block == chain.last - 2


def test_a_time_of_zero_is_looked_up(chain, faulty, through, expected):
    """Some nodes give every log the time zero."""
    faulty.faults.append(
        Lie(lambda found: [{**log, "blockTimestamp": "0x0"} for log in found], method="eth_getLogs")
    )
    through.sync()
    assert dump(through.store) == expected


def test_an_event_that_is_left_out_shows_in_what_the_next_ones_moved(chain, faulty, through):
    """The amounts that events carry must follow from those before."""
    claims = "0x" + event_topics()["MilestoneSubmitted"].hex()
    faulty.faults.append(
        Lie(
            lambda found: [log for log in found if log["topics"][0] != claims], method="eth_getLogs"
        )
    )
    with pytest.raises(AnswerInconsistent, match="left out"):
        through.sync()


# What a node says in its own words


def test_words_that_come_with_an_http_error_are_told(chain, faulty, ledger_of, path, expected):
    """A node that does not know "finalized" may answer with HTTP 400."""
    faulty.faults.append(
        RpcError(
            -32602,
            "invalid block tag",
            http_status=400,
            method="eth_getBlockByNumber",
            when=lambda p: p[0] == "finalized",
        )
    )
    book = ledger_of(**chain.settings(path, url=faulty.url, depth=DEPTH))
    book.sync()
    assert book.position.final_block == chain.last - DEPTH


# Tokens that say strange things


def token_text(length, text=b""):
    return (32).to_bytes(32) + length.to_bytes(32) + text


@pytest.mark.parametrize("length", [2**255, 2**64, 2**63 - 1, 2**32])
def test_a_symbol_of_absurd_length_is_refused(ground, length):
    address = "0x" + "77" * 20
    code = canned_code({"symbol()": token_text(length), "decimals()": (6).to_bytes(32)})
    ground.rpc("anvil_setCode", address, "0x" + code.hex())
    assert command._token_facts(ground.node, address) == (address[:8], 0)


def test_a_token_that_is_not_there_yet_is_asked_again_later(
    chain, faulty, through, path, ledger_of
):
    """A node that is behind cannot say whether it is gone or not yet there."""
    through.syncer._token_facts = lambda token: None
    through.sync()
    tokens = {t.address: t for t in Ledger(through.store).tokens()}
    assert all(t.decimals == 0 for t in tokens.values())
    again = ledger_of(**chain.settings(path))
    again.sync()
    tokens = {t.address: t for t in Ledger(again.store).tokens()}
    assert tokens[chain.token.address].symbol == Erc20(chain.node, chain.token.address).symbol()
    assert tokens[chain.token.address].decimals == 6


def test_a_busy_node_does_not_settle_what_a_token_is(chain):
    busy = RpcError(-32005, "rate limit", method="eth_call", times=2)
    with FaultyNode(chain.url, busy) as proxy:
        node = connect(proxy.url).patient()
        assert command._token_facts(node, chain.token.address) == ("USDP", 6)
        assert proxy.struck(busy) == 2
    refused = RpcError(-32000, "header not found", method="eth_call")
    with FaultyNode(chain.url, refused) as proxy, pytest.raises(CallRefused):
        command._token_facts(connect(proxy.url), chain.token.address)


def test_a_token_without_code_is_left_open(chain):
    assert command._token_facts(chain.node, "0x" + "99" * 20) is None
    with pytest.raises(NoContract):
        Erc20(chain.node, "0x" + "99" * 20).symbol()


# Comparing with the contract


def test_verify_waits_for_a_busy_node(chain, faulty, book):
    book.sync()
    busy = Status(503, method="eth_call", times=3)
    faulty.faults.append(busy)
    contract = EscrowContract(connect(faulty.url).patient(), chain.escrow.address)
    assert verify(book.store, contract).differences == ()
    assert faulty.struck(busy) == 3


def test_verify_tells_a_chain_that_moved_from_a_difference(chain, faulty, book):
    book.sync()
    other = Lie(
        lambda found: {**found, "hash": "0x" + "44" * 32},
        method="eth_getBlockByNumber",
        when=lambda p: block_of(p) == chain.last,
    )
    faulty.faults.append(other)
    contract = EscrowContract(connect(faulty.url).patient(), chain.escrow.address)
    with pytest.raises(AnswerInconsistent, match="changed while"):
        verify(book.store, contract)


def test_verify_goes_on_where_a_token_tells_nothing(ground, ledger_of, place):
    terms = fixed_price(ground.people.parties(ground.token.address), [1000])
    ground.send("client", ground.escrow.fund(terms, [0]))
    book = ledger_of(**ground.settings(place))
    book.sync()
    token, contract = ground.token.address, ground.escrow.contract
    assert verify(book.store, contract).surplus == {token: 0}
    own = ground.node.code(token)
    for answers, surplus in (({"balanceOf(address)": (999).to_bytes(32)}, -1), ({}, None)):
        ground.rpc("anvil_setCode", token, "0x" + canned_code(answers).hex())
        found = verify(book.store, contract)
        assert (found.differences, found.surplus) == ((), {token: surplus})
    ground.rpc("anvil_setCode", token, "0x" + own.hex())


# Made anew under another writer


def test_a_writer_notices_that_it_was_made_anew(chain, ledger_of, place):
    """Also where the ledger stands again where it stood."""
    first, second = (ledger_of(**chain.settings(place, depth=DEPTH)) for _ in range(2))
    second.sync()
    first.store.reset(chain.node.chain_id, first.position.escrow, chain.first)
    first.syncer.sync()
    second.sync()
    require_laws(second.store)
    assert Ledger(second.store).tokens()
    assert second.store.require().generation == first.store.require().generation


def test_numbers_that_no_database_counts_to_are_refused(chain, faulty, through):
    for field in ("logIndex", "blockTimestamp"):
        faulty.faults[:] = [
            Lie(lambda f, n=field: [{**log, n: hex(2**63)} for log in f], method="eth_getLogs")
        ]
        with pytest.raises(AnswerInconsistent):
            through.sync()
    newest = {"when": lambda p: p[0] == "latest"}
    faulty.faults[:] = [
        replace(
            Lie(lambda f: {**f, "timestamp": hex(2**63)}), method="eth_getBlockByNumber", **newest
        )
    ]
    with pytest.raises(AnswerInconsistent):
        through.sync()
