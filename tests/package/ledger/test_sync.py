"""Reading a chain into a ledger: in which questions, and what of the answers is believed."""

import shutil
from dataclasses import replace
from itertools import pairwise

import pytest

from milepost.chain import logs
from milepost.chain.logs import IN_FLIGHT, LogReader
from milepost.chain.rpc import connect
from milepost.errors import AnswerInconsistent, CallRefused, NodeUnreachable
from milepost.ledger import store
from milepost.types import ZERO_ADDRESS
from tests.package.ledger import books
from tests.package.ledger.books import Book, dump, require_laws, until
from tests.package.ledger.proxy import (
    WORDINGS,
    Delay,
    FaultyNode,
    Lie,
    Reorder,
    RpcError,
    Status,
    TooMany,
)

pytestmark = [pytest.mark.node, pytest.mark.usefixtures("hasty")]

DEPTH = 16


def ranges_asked(proxy):
    """The ranges of blocks whose logs were asked for, in the order of asking."""
    return [
        (int(question["fromBlock"], 16), int(question["toBlock"], 16))
        for (question,) in proxy.asked("eth_getLogs")
        if "fromBlock" in question
    ]


def hashes_asked(proxy):
    return [q["blockHash"] for (q,) in proxy.asked("eth_getLogs") if "blockHash" in q]


def of_range(params):
    return "fromBlock" in params[0]


def of_one_block(params):
    return "blockHash" in params[0]


@pytest.fixture
def through(chain, faulty, ledger_of, path):
    """A ledger of the chain behind the proxy, with a short tail of blocks read one by one."""
    return ledger_of(**chain.settings(path, url=faulty.url, depth=DEPTH))


def test_every_database_holds_the_same(chain, ledger_of, place, expected):
    book = ledger_of(**chain.settings(place))
    book.sync()
    assert dump(book.store) == expected
    require_laws(book.store)


def test_what_the_ledger_holds_is_what_the_contract_says(chain, book):
    book.sync()
    escrow, node, ledger = chain.escrow, chain.node, book.ledger
    jobs = ledger.jobs()
    for job in jobs:
        view = escrow.agreement_at(job.terms, chain.last)
        assert view.agreement == job.agreement
        funded = {i: m for i, m in enumerate(view.milestones) if m.status}
        assert dict(job.milestones) == funded
    owners = {address for job in jobs for address in (job.terms.payee, job.terms.client)}
    owners.add(chain.people.arbiter.address)
    for token in (ZERO_ADDRESS, chain.token.address):
        credited = sum(escrow.credits(token, owner, chain.last) for owner in owners)
        held = sum(job.open for job in jobs if job.terms.token == token)
        is_coin = token == ZERO_ADDRESS
        balance = node.balance(escrow.address) if is_coin else chain.token.balance(escrow.address)
        assert balance == held + credited
        shown = [m for owner in owners for m in ledger.money(owner) if m.token.address == token]
        assert sum(m.credits for m in shown) == credited


# In which questions


def test_deep_blocks_are_read_in_closed_ranges_and_the_newest_by_hash(
    chain, faulty, through, expected
):
    through.sync()
    assert dump(through.store) == expected
    ranges = sorted(ranges_asked(faulty))
    assert ranges[0][0] == chain.first
    assert ranges[-1][1] == chain.last - DEPTH
    assert all(before[1] + 1 == after[0] for before, after in pairwise(ranges))
    newest = range(chain.last - DEPTH + 1, chain.last + 1)
    hashes = ["0x" + chain.node.block(n).hash.hex() for n in newest]
    assert sorted(hashes_asked(faulty)) == sorted(hashes)


def test_several_ranges_are_in_flight_and_no_more_than_four(faulty, through, expected):
    faulty.faults.append(TooMany(limit_blocks=100))
    faulty.faults.append(Delay(0.02, method="eth_getLogs"))
    through.sync()
    assert 2 < faulty.most_in_flight <= IN_FLIGHT == 4
    assert dump(through.store) == expected


def test_a_second_sync_asks_for_no_logs(faulty, through):
    through.sync()
    asked, batches = len(faulty.asked("eth_getLogs")), len(through.batches)
    assert through.sync() == through.position
    assert len(faulty.asked("eth_getLogs")) == asked
    assert len(through.batches) == batches


def test_batches_follow_each_other_and_hold_every_event_once(chain, through, expected):
    through.sync()
    assert through.batches[0].first == chain.first
    assert through.batches[-1].last == chain.last
    assert all(a.last + 1 == b.first for a, b in pairwise(through.batches))
    assert {b.head for b in through.batches} == {chain.last}
    told = [(log.block, log.log_index) for b in through.batches for log, _ in b.entries]
    assert told == [row[:2] for row in expected["logs"]]
    for batch in through.batches:
        assert all(batch.first <= log.block <= batch.last for log, _ in batch.entries)


def test_rows_and_position_come_together(through, chain, ledger_of, expected):
    """Whoever looks between two batches finds all of the blocks that are read, and no more."""
    seen = []

    def look(batch):
        content = dump(through.store)
        block = content["position"]["block"]
        assert block == batch.last
        assert until(content, block) == until(expected, block)
        assert until(content, chain.last) == until(content, block)
        require_laws(through.store)
        seen.append(block)

    through.syncer.sync(look)
    assert len(seen) > 2


def test_each_token_is_asked_once(chain, through):
    through.sync()
    assert sorted(through.tokens_asked) == sorted([ZERO_ADDRESS, chain.token.address])


@pytest.mark.parametrize("symbol", ["", "X" * 10_000, "A\0B", "\U0001f600 € \u202e", "a\nb"])
def test_a_token_may_call_itself_anything(chain, ledger_of, place, monkeypatch, symbol):
    """What a stranger's token says does not end the reading, in any database."""
    monkeypatch.setattr(books, "facts_of", lambda node, token: (symbol, 255))
    book = ledger_of(**chain.settings(place, depth=DEPTH))
    book.sync()
    (kept,) = {token.symbol for token in book.ledger.tokens()}
    assert len(kept) <= 64
    assert kept.startswith(symbol[:1])
    assert {token.decimals for token in book.ledger.tokens()} == {255}


def test_a_node_behind_the_start_has_nothing_yet(chain, ledger_of, path):
    book = ledger_of(**chain.settings(path, start=chain.last + 10))
    assert book.sync().block == chain.last + 9
    assert book.batches == []


def test_a_ledger_may_start_with_the_last_block(chain, ledger_of, path, expected):
    book = ledger_of(**chain.settings(path, start=chain.last + 1))
    assert book.sync().block == chain.last
    assert dump(book.store)["logs"] == []


@pytest.mark.parametrize("depth", [1, 2, 31, 32, 33, 64, 65])
def test_the_number_of_blocks_read_one_by_one_changes_nothing(
    chain, ledger_of, path, expected, depth
):
    book = ledger_of(**chain.settings(path, depth=depth))
    book.sync()
    assert dump(book.store) == expected
    require_laws(book.store)


# How large the ranges are


def all_logs(chain, url):
    reader = LogReader(connect(url), chain.escrow.address)
    found = list(reader.ranges(chain.first, chain.last))
    assert found[0].first == chain.first
    assert found[-1].last == chain.last
    assert all(a.last + 1 == b.first for a, b in pairwise(found))
    return [log for part in found for log in part.logs]


@pytest.fixture(scope="module")
def all_of_it(chain):
    return all_logs(chain, chain.url)


@pytest.mark.parametrize("wording", WORDINGS)
def test_ranges_shrink_to_the_blocks_that_a_provider_allows(chain, faulty, all_of_it, wording):
    limit = TooMany(limit_blocks=60, wording=wording)
    faulty.faults.append(limit)
    assert all_logs(chain, faulty.url) == all_of_it
    least = (chain.last - chain.first + 1) / 60
    assert len(ranges_asked(faulty)) <= 2.5 * least
    assert faulty.struck(limit) <= least


@pytest.mark.parametrize("wording", WORDINGS)
def test_ranges_shrink_to_the_results_that_a_provider_allows(chain, faulty, all_of_it, wording):
    # A block has more events than this nowhere.
    limit = TooMany(limit_results=12, wording=wording)
    faulty.faults.append(limit)
    assert all_logs(chain, faulty.url) == all_of_it
    assert faulty.struck(limit) > 0


def test_ranges_shrink_where_an_answer_does_not_come_in_time(chain, faulty, all_of_it):
    def is_wide(params):
        question = params[0]
        return int(question["toBlock"], 16) - int(question["fromBlock"], 16) > 300

    faulty.faults.append(Delay(0.6, method="eth_getLogs", when=is_wide))
    reader = LogReader(connect(faulty.url, timeout=0.3), chain.escrow.address)
    found = [log for part in reader.ranges(chain.first, chain.last) for log in part.logs]
    assert found == all_of_it


def test_ranges_grow_back(chain, faulty, all_of_it):
    faulty.faults.append(TooMany(limit_blocks=5, times=12))
    assert all_logs(chain, faulty.url) == all_of_it
    sizes = [last - first + 1 for first, last in ranges_asked(faulty)]
    smallest = sizes.index(min(sizes))
    assert min(sizes) < 5
    assert max(sizes[smallest:]) > 4 * 5


def test_ranges_follow_how_dense_the_logs_are(chain, faulty, monkeypatch, all_of_it):
    monkeypatch.setattr(logs, "LOGS_AIMED_AT", 15)
    reader = LogReader(connect(faulty.url), chain.escrow.address)
    reader._sizer.size = 10
    found = list(reader.ranges(chain.first, chain.last))
    assert [log for part in found for log in part.logs] == all_of_it
    silent = [r.last - r.first + 1 for r in found if not r.logs]
    assert max(silent) > 50
    assert max(len(r.logs) for r in found) < 45


def test_one_block_with_too_many_results_is_told(chain, faulty, path, ledger_of):
    faulty.faults.append(TooMany(limit_results=0))
    book = ledger_of(**chain.settings(path, url=faulty.url, depth=DEPTH))
    with pytest.raises(CallRefused, match="query returned more than 0 results"):
        book.sync()
    require_laws(book.store)


# What is believed


def changed(**fields):
    """Every log, with other fields."""
    return lambda found: [{**log, **fields} for log in found]


def swapped(found):
    return [*found[:-2], *found[:-3:-1]]


def shifted(name, by):
    return lambda found: [{**log, name: hex(int(log[name], 16) + by)} for log in found]


def of_two_blocks(found):
    """The last log says that it is of another block of the same number."""
    for i, (before, log) in enumerate(pairwise(found)):
        if before["blockNumber"] == log["blockNumber"]:
            return [*found[: i + 1], {**log, "blockHash": "0x" + "11" * 32}, *found[i + 2 :]]
    return found


def without(name):
    return lambda found: [{k: v for k, v in log.items() if k != name} for log in found]


LIES = {
    "of another contract": changed(address="0x" + "11" * 20),
    "removed": changed(removed=True),
    "the first one twice": lambda found: [found[0], *found],
    "the last one twice": lambda found: [*found, found[-1]],
    "in another order": Reorder().change,
    "the last two swapped": swapped,
    "of a block below zero": shifted("blockNumber", -1_000),
    "of a later block": shifted("blockNumber", 100_000),
    "of no block yet": changed(blockNumber=None),
    "no list": lambda found: {"logs": found},
    "an empty object": lambda found: {},
    "a text": lambda found: "0x",
    "texts": lambda found: ["0x"] * 3,
    "no numbers": changed(blockNumber="last"),
    "numbers that are not hexadecimal text": changed(logIndex=3),
    "no topics": without("topics"),
    "no address": without("address"),
    "topics that are none": changed(topics="none"),
    "data that is none": changed(data="0xno"),
    "data that is too short": changed(data="0x00"),
    "a short hash": changed(blockHash="0x12"),
    "a short transaction": changed(transactionHash="0x12"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_lie_about_a_range_is_refused(faulty, through, name):
    lie = Lie(lambda found: LIES[name](found) if found else found, method="eth_getLogs")
    faulty.faults.append(lie)
    before = dump(through.store)
    with pytest.raises(AnswerInconsistent):
        through.sync()
    assert faulty.struck(lie) > 0
    assert dump(through.store) == before


@pytest.mark.parametrize("by", [-1, 1])
def test_blocks_just_outside_of_a_range_are_refused(chain, faulty, expected, by):
    """One before the first, or one after the last."""
    block = expected["logs"][0][0]
    faulty.faults.append(Lie(shifted("blockNumber", by), method="eth_getLogs"))
    reader = LogReader(connect(faulty.url), chain.escrow.address)
    with pytest.raises(AnswerInconsistent, match=f"given for the blocks {block} to {block}"):
        list(reader.ranges(block, block))


def test_two_blocks_of_one_number_are_refused(faulty, through):
    faulty.faults.append(Lie(of_two_blocks, method="eth_getLogs", when=of_range))
    before = dump(through.store)
    with pytest.raises(AnswerInconsistent, match="two blocks have the number"):
        through.sync()
    assert dump(through.store) == before


@pytest.fixture(scope="module")
def deep_blocks(chain, tmp_path_factory):
    """The file of a ledger that has read all but the newest blocks."""
    place = tmp_path_factory.mktemp("deep") / "ledger.db"
    refusal = RpcError(-32000, "later", method="eth_getLogs", when=of_one_block)
    with FaultyNode(chain.url, refusal) as proxy, pytest.MonkeyPatch.context() as patch:
        patch.setattr("milepost.ledger.sync._ATTEMPTS", 1)
        book = Book(**chain.settings(place, url=proxy.url, depth=DEPTH))
        with pytest.raises((AnswerInconsistent, CallRefused)):
            book.sync()
        book.close()
    return place


@pytest.fixture
def nearly(chain, faulty, ledger_of, deep_blocks, path):
    """A ledger that has read all but the newest blocks."""
    shutil.copyfile(deep_blocks, path)
    book = ledger_of(**chain.settings(path, url=faulty.url, depth=DEPTH))
    assert book.position.block == chain.last - DEPTH
    return book


@pytest.mark.parametrize("name", [*LIES, "of another block"])
def test_a_lie_about_one_block_is_refused(faulty, nearly, name):
    change = {**LIES, "of another block": changed(blockHash="0x" + "11" * 32)}[name]
    lie = Lie(lambda found: change(found) if len(found) > 1 else found, method="eth_getLogs")
    faulty.faults.append(lie)
    before = dump(nearly.store)
    with pytest.raises(AnswerInconsistent):
        nearly.sync()
    assert faulty.struck(lie) > 0
    assert dump(nearly.store) == before


HEADER_LIES = {
    "of another number": lambda found: {**found, "number": "0x1"},
    "nothing": lambda found: None,
    "of another parent": lambda found: {**found, "parentHash": "0x" + "11" * 32},
    "another hash": lambda found: {**found, "hash": "0x" + "11" * 32},
    "no hash": lambda found: {**found, "hash": None},
    "no time": lambda found: {k: v for k, v in found.items() if k != "timestamp"},
    "a text": lambda found: "0x1",
    "a list": lambda found: [],
}


@pytest.mark.parametrize("name", HEADER_LIES)
def test_a_lie_about_a_header_is_refused(faulty, nearly, chain, name):
    number = hex(chain.last - 3)
    lie = Lie(HEADER_LIES[name], method="eth_getBlockByNumber", when=lambda p: p[0] == number)
    faulty.faults.append(lie)
    before = dump(nearly.store)
    with pytest.raises(AnswerInconsistent):
        nearly.sync()
    assert dump(nearly.store) == before


@pytest.mark.parametrize("name", ["nothing", "no hash", "no time", "a text", "a list"])
def test_a_lie_about_the_newest_block_is_refused(faulty, through, name):
    lie = Lie(HEADER_LIES[name], method="eth_getBlockByNumber", when=lambda p: p[0] == "latest")
    faulty.faults.append(lie)
    before = dump(through.store)
    with pytest.raises(AnswerInconsistent):
        through.sync()
    assert dump(through.store) == before


def test_logs_without_the_funding_are_refused(faulty, through, expected):
    funding = expected["logs"][0]
    first_topic = "0x" + funding[6][:32].hex()

    def leave_out(found):
        return [log for log in found if log["topics"][0] != first_topic]

    faulty.faults.append(Lie(leave_out, method="eth_getLogs"))
    before = dump(through.store)
    with pytest.raises(AnswerInconsistent, match="never funded"):
        through.sync()
    assert dump(through.store) == before


def test_milestones_that_the_terms_do_not_have_are_refused(faulty, through, expected):
    first_topic = "0x" + expected["logs"][0][6][:32].hex()

    def of_all_milestones(log):
        data = log["data"]
        return {**log, "data": "0x" + "0" * 48 + "f" * 16 + data[66:]}

    def lie(found):
        return [of_all_milestones(x) if x["topics"][0] == first_topic else x for x in found]

    faulty.faults.append(Lie(lie, method="eth_getLogs"))
    before = dump(through.store)
    with pytest.raises(AnswerInconsistent):
        through.sync()
    assert dump(through.store) == before


@pytest.mark.parametrize("depth", [1, 40])
@pytest.mark.parametrize("value", ["missing", None])
def test_logs_need_not_tell_their_time(chain, faulty, ledger_of, path, expected, value, depth):
    lie = without("blockTimestamp") if value == "missing" else changed(blockTimestamp=None)
    faulty.faults.append(Lie(lie, method="eth_getLogs"))
    book = ledger_of(**chain.settings(path, url=faulty.url, depth=depth))
    book.sync()
    assert dump(book.store) == expected


def test_a_time_of_another_block_is_refused(chain, faulty, through, expected):
    """Where a log's time is asked for, its block is the one that the log names."""
    block = hex(expected["logs"][5][0])
    other = {"hash": "0x" + "11" * 32, "timestamp": "0x1"}
    faulty.faults.append(Lie(without("blockTimestamp"), method="eth_getLogs"))
    faulty.faults.append(
        Lie(
            lambda found: {**found, **other},
            method="eth_getBlockByNumber",
            when=lambda p: p[0] == block,
        )
    )
    before = dump(through.store)
    with pytest.raises(AnswerInconsistent, match="another than that of its logs"):
        through.sync()
    assert dump(through.store) == before


def test_logs_of_unknown_events_are_left_out(faulty, through, expected):
    def add(found):
        unknown = {"topics": ["0x" + "77" * 32], "data": "0x1234"}
        return [
            entry
            for log in found
            for entry in (
                {**log, "logIndex": hex(2 * int(log["logIndex"], 16))},
                {**log, "logIndex": hex(2 * int(log["logIndex"], 16) + 1), **unknown},
                {**log, "logIndex": hex(2 * int(log["logIndex"], 16) + 1), "topics": []},
            )[:2]
        ]

    faulty.faults.append(Lie(add, method="eth_getLogs"))
    through.sync()
    content = dump(through.store)
    assert len(content["logs"]) == len(expected["logs"])
    assert content["milestones"] == expected["milestones"]


# What is final


def test_the_node_tells_what_is_final(chain, through):
    finalized = chain.node.block("finalized").number
    assert chain.first < finalized < chain.last - DEPTH
    assert through.sync().final_block == finalized


@pytest.mark.parametrize("fault", [Lie(lambda found: None), RpcError(-39001, "Unknown block")])
def test_where_the_node_does_not_tell_what_is_deep_is_final(chain, faulty, through, fault):
    final = {"method": "eth_getBlockByNumber", "when": lambda p: p[0] == "finalized"}
    faulty.faults.append(replace(fault, **final))
    assert through.sync().final_block == chain.last - DEPTH


def test_nothing_that_is_not_read_is_final(chain, faulty, through):
    faulty.faults.append(
        Lie(
            lambda found: {**found, "number": hex(chain.last + 1_000)},
            method="eth_getBlockByNumber",
            when=lambda p: p[0] == "finalized",
        )
    )
    assert through.sync().final_block == chain.last
    finals = [(batch.last, batch.final_block) for batch in through.batches]
    assert all(last == final for last, final in finals)


def test_happenings_know_whether_they_are_final(through):
    final = through.sync().final_block
    ledger = through.ledger
    happenings = [h for job in ledger.jobs() for h in ledger.job(job.agreement.hex()).happenings]
    assert {h.is_final for h in happenings} == {True, False}
    assert all(h.is_final == (h.event.block <= final) for h in happenings)


def test_the_position_is_that_of_the_last_block(chain, through):
    position = through.sync()
    block = chain.node.block(chain.last)
    assert (position.block, position.timestamp) == (block.number, block.timestamp)
    assert position == through.position
    with through.store.reading() as connection:
        known = {row.number: row.hash for row in connection.execute(store.blocks.select())}
    assert known[chain.last] == block.hash


# Again, and not again


def test_an_error_leaves_what_was_read_before(chain, faulty, through, expected):
    last_range = chain.last - DEPTH
    faulty.faults.append(
        Status(404, method="eth_getLogs", when=lambda p: p[0].get("toBlock") == hex(last_range))
    )
    faulty.faults.append(TooMany(limit_blocks=300))
    with pytest.raises(NodeUnreachable):
        through.sync()
    content = dump(through.store)
    block = content["position"]["block"]
    assert chain.first < block < last_range
    assert until(content, chain.last) == until(expected, block)
    faulty.faults.clear()
    through.sync()
    assert dump(through.store) == expected
