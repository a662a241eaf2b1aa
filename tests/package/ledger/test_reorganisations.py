"""The chain takes blocks back, between syncs and during one; the ledger follows, all at once."""

import threading
import time
from dataclasses import replace

import pytest
import sqlalchemy as sa

from milepost.errors import AnswerInconsistent, LedgerError, ReorganisationTooDeep
from milepost.ledger import store, sync
from milepost.presets import fixed_price
from milepost.types import Amendment, Division, Status, to_set
from milepost.units import DAY
from tests.package.ledger.books import dump, on_points, require_laws
from tests.package.ledger.conftest import prepare_token
from tests.package.ledger.proxy import FaultyNode, Lie

pytestmark = [pytest.mark.node, pytest.mark.usefixtures("hasty")]

DEPTH = 12


@pytest.fixture
def people(ground):
    return ground.people


@pytest.fixture
def terms(ground):
    return fixed_price(ground.people.parties(ground.token.address), [1000, 2000, 3000])


@pytest.fixture
def busy(ground, terms):
    """A chain on which a job is under way; the next three blocks are about to go."""
    ground.send("client", ground.escrow.fund(terms, [0, 1, 2]))
    ground.send("freelancer", ground.escrow.accept(terms, [0, 1, 2]))
    ground.mine(DEPTH)
    ground.send("freelancer", ground.escrow.submit(terms, 0))
    ground.send("client", ground.escrow.approve(terms, [1]))
    ground.send("stranger", ground.escrow.release(terms, [1]))
    return ground


@pytest.fixture
def read(busy, ledger_of, place):
    """A ledger of the busy chain."""
    book = ledger_of(**busy.settings(place, depth=DEPTH))
    book.sync()
    return book


# Between two syncs


def test_it_goes_back_to_the_last_common_block(busy, read, tmp_path):
    head, before = busy.head, dump(read.store)
    busy.replace_blocks(3)
    position = read.sync()
    assert (position.block, position.rollbacks) == (head, 1)
    content = dump(read.store)
    assert content == busy.fresh(tmp_path)
    assert content["logs"] == [row for row in before["logs"] if row[0] <= head - 3]
    assert [row[2] for row in content["milestones"]] == [Status.ACTIVE] * 3
    require_laws(read.store)


def test_a_rollback_tells_what_was_taken_back(busy, read, terms):
    head = busy.head
    known = [entry for batch in read.batches for entry in batch.entries]
    busy.replace_blocks(3)
    read.sync()
    (rollback,) = read.rollbacks
    assert (rollback.common, rollback.last) == (head - 3, head)
    assert list(rollback.entries) == known[-3:]
    names = [event.name for _, event in rollback.entries]
    assert names == ["MilestoneSubmitted", "MilestonesApproved", "MilestonesReleased"]


def test_what_comes_again_is_told_again(busy, read, terms, tmp_path):
    """The same transaction in another block: taken back first, then read anew."""
    head = busy.head
    known = [entry for batch in read.batches for entry in batch.entries]
    block = busy.rpc("eth_getBlockByNumber", hex(head - 2), True)
    (found,) = block["transactions"]
    sent = {"from": found["from"], "to": found["to"], "data": found["input"], "gas": "0x3d0900"}
    busy.rpc("anvil_reorg", 3, [[sent, 2]])
    told = len(read.batches)
    read.sync()
    assert list(read.rollbacks[0].entries) == known[-3:]
    again = [entry for batch in read.batches[told:] for entry in batch.entries]
    assert [(event.name, log.block) for log, event in again] == [("MilestoneSubmitted", head)]
    assert dump(read.store) == busy.fresh(tmp_path)


def test_an_agreement_that_never_was_is_gone_with_its_token(busy, read, people, tmp_path):
    before = dump(read.store)
    other = prepare_token(busy.node, people, busy.escrow)
    read.sync()
    terms = fixed_price(people.parties(other.address), [5])
    busy.send("client", busy.escrow.fund(terms, [0]))
    read.sync()
    assert len(read.ledger.tokens()) == 2
    assert len(read.ledger.jobs()) == 2
    busy.replace_blocks(1)
    read.sync()
    content = dump(read.store)
    assert content == busy.fresh(tmp_path)
    assert content["agreements"] == before["agreements"]
    assert content["tokens"] == before["tokens"]
    assert len(read.ledger.tokens()) == 1


def test_a_token_may_be_another_one_after_a_reorganisation(busy, read, people, tmp_path):
    """At the same address, by another name: it is asked again."""
    other = prepare_token(busy.node, people, busy.escrow)
    terms = fixed_price(people.parties(other.address), [5])
    busy.send("client", busy.escrow.fund(terms, [0]))
    read.sync()
    asked = len(read.tokens_asked)
    busy.replace_blocks(1)
    busy.send("client", busy.escrow.fund(terms, [0]))
    read.sync()
    assert read.tokens_asked[asked:] == [other.address]
    assert dump(read.store) == busy.fresh(tmp_path)


def test_an_amendment_is_taken_back(busy, read, terms, people, tmp_path):
    replacement = fixed_price(people.parties(busy.token.address), [500, 700])
    expires_at = busy.node.block().timestamp + DAY
    amendment = Amendment((Division(2, 0, 3000),), to_set([0, 1]), expires_at)
    signed = busy.escrow.sign_amendment(people.freelancer, terms, replacement, amendment)
    busy.send("client", busy.escrow.amend(terms, replacement, signed))
    read.sync()
    old, new = busy.escrow.agreement_id(terms), busy.escrow.agreement_id(replacement)
    assert read.ledger.job(old.hex()).job.replaced_by == new
    assert read.ledger.job(new.hex()).replaces == old
    busy.replace_blocks(1)
    read.sync()
    assert read.ledger.job(old.hex()).job.replaced_by is None
    assert [job.agreement for job in read.ledger.jobs()] == [old]
    assert dump(read.store) == busy.fresh(tmp_path)


def test_an_older_amendment_stands_again(busy, read, terms, people, tmp_path):
    """An agreement amended twice is replaced by the first again."""
    first, second = (fixed_price(people.parties(busy.token.address), [n]) for n in (1, 2))
    expires_at = busy.node.block().timestamp + DAY
    for replacement in (first, second):
        amendment = Amendment((), to_set([0]), expires_at)
        signed = busy.escrow.sign_amendment(people.freelancer, terms, replacement, amendment)
        busy.send("client", busy.escrow.amend(terms, replacement, signed))
    read.sync()
    old = busy.escrow.agreement_id(terms)
    assert read.ledger.job(old.hex()).job.replaced_by == busy.escrow.agreement_id(second)
    busy.replace_blocks(1)
    read.sync()
    assert read.ledger.job(old.hex()).job.replaced_by == busy.escrow.agreement_id(first)
    assert dump(read.store) == busy.fresh(tmp_path)


def test_a_credit_is_taken_back(busy, read, terms, people, tmp_path):
    freelancer = people.freelancer
    busy.send("stranger", busy.token.call("setDenied", freelancer.address, True))
    busy.send("client", busy.escrow.approve(terms, [0]))
    read.sync()
    busy.send("stranger", busy.escrow.release(terms, [0]))
    read.sync()
    (money,) = read.ledger.money(freelancer.address)
    assert (money.received, money.credits) == (2000, 1000)
    busy.replace_blocks(1)
    read.sync()
    (money,) = read.ledger.money(freelancer.address)
    assert (money.received, money.credits) == (2000, 0)
    assert dump(read.store) == busy.fresh(tmp_path)


@pytest.mark.parametrize("depth", [1, 2, DEPTH - 1, DEPTH])
def test_as_many_blocks_as_are_kept_may_go(busy, read, tmp_path, depth):
    head = busy.head
    busy.replace_blocks(depth)
    assert read.sync().block == head
    assert [(r.common, r.last) for r in read.rollbacks] == [(head - depth, head)]
    assert dump(read.store) == busy.fresh(tmp_path)


def test_one_reorganisation_after_another(busy, read, tmp_path):
    for k, depth in enumerate((2, 5, 1, 7)):
        busy.lives.reorganise(depth)
        busy.mine(k)
        read.sync()
        require_laws(read.store)
        assert dump(read.store) == busy.fresh(tmp_path)
    assert len(read.rollbacks) == read.position.rollbacks == 4


def test_a_reorganisation_with_other_events(busy, read, terms, tmp_path):
    """The chain goes back and grows to other events, longer or shorter than before."""
    snapshot = busy.rpc("evm_snapshot")
    busy.send("client", busy.escrow.request_refund(terms, 2))
    busy.mine(2)
    read.sync()
    busy.rpc("evm_revert", snapshot)
    busy.send("freelancer", busy.escrow.submit(terms, 2, 1))
    read.sync()
    assert dump(read.store) == busy.fresh(tmp_path)
    busy.mine(3)
    read.sync()
    assert dump(read.store) == busy.fresh(tmp_path)


def test_a_shorter_chain_that_is_another_is_followed(busy, read, tmp_path):
    snapshot = busy.rpc("evm_snapshot")
    busy.mine(5)
    read.sync()
    busy.rpc("evm_revert", snapshot)
    busy.replace_blocks(2)
    position = read.sync()
    assert position.block == busy.head
    assert dump(read.store) == busy.fresh(tmp_path)


def test_no_more_hashes_are_kept_than_it_takes(busy, read):
    for k in range(5):
        busy.mine(k)
        busy.replace_blocks(1)
        read.sync()
        with read.store.reading() as connection:
            kept = sorted(connection.scalars(sa.select(store.blocks.c.number)))
        # The newest, the one before them, and the one before the first.
        assert kept[-DEPTH - 1 :] == list(range(busy.head - DEPTH, busy.head + 1))
        assert kept[: -DEPTH - 1] in ([], [busy.start - 1])


# A node that is behind


def test_a_node_that_is_behind_changes_nothing(busy, read):
    snapshot = busy.rpc("evm_snapshot")
    busy.mine(3)
    read.sync()
    before = dump(read.store)
    told = len(read.batches)
    busy.rpc("evm_revert", snapshot)
    assert read.sync() == read.position
    assert dump(read.store) == before
    assert (read.rollbacks, read.batches[told:]) == ([], [])


def test_a_node_that_is_far_behind_changes_nothing(busy, read):
    snapshot = busy.rpc("evm_snapshot")
    busy.mine(3 * DEPTH)
    read.sync()
    before = dump(read.store)
    busy.rpc("evm_revert", snapshot)
    read.sync()
    assert dump(read.store) == before
    assert read.rollbacks == []


# Too deep


def test_more_blocks_than_are_kept_are_too_deep(busy, read):
    head, before = busy.head, dump(read.store)
    busy.replace_blocks(DEPTH + 1)
    with pytest.raises(ReorganisationTooDeep) as caught:
        read.sync()
    assert caught.value.last == head
    assert head - DEPTH - 1 <= caught.value.first <= head - DEPTH
    assert isinstance(caught.value, LedgerError)
    assert dump(read.store) == before
    assert read.rollbacks == []
    with pytest.raises(ReorganisationTooDeep):
        read.sync()


@pytest.mark.parametrize("is_below", [True, False])
def test_what_is_final_stays(busy, ledger_of, place, tmp_path, is_below):
    head = busy.head
    final = head - 4

    def lie(found):
        return busy.rpc("eth_getBlockByNumber", hex(final), False)

    told = Lie(lie, method="eth_getBlockByNumber", when=lambda p: p[0] == "finalized")
    with FaultyNode(busy.url, told) as proxy:
        book = ledger_of(**busy.settings(place, depth=DEPTH, url=proxy.url))
        assert book.sync().final_block == final
        before = dump(book.store)
        busy.replace_blocks(5 if is_below else 4)
        if not is_below:
            assert book.sync().final_block == final
            assert dump(book.store)["logs"] == busy.fresh(tmp_path)["logs"]
            return
        with pytest.raises(ReorganisationTooDeep) as caught:
            book.sync()
        assert (caught.value.first, caught.value.last) == (final, head)
        assert dump(book.store) == before


def test_what_was_final_once_is_final(busy, ledger_of, place):
    """Also where another node, or the same one later, says less."""
    told = [busy.head - 2]
    final = Lie(
        lambda found: busy.rpc("eth_getBlockByNumber", hex(told[0]), False),
        method="eth_getBlockByNumber",
        when=lambda p: p[0] == "finalized",
    )
    with FaultyNode(busy.url, final) as proxy:
        book = ledger_of(**busy.settings(place, depth=DEPTH, url=proxy.url))
        assert book.sync().final_block == told[0]
        busy.mine()
        told[0] -= 3
        assert book.sync().final_block == told[0] + 3


def test_a_chain_that_was_started_anew_is_another(busy, read, ledger_of):
    """The same chain id and escrow, and no block in common."""
    before = dump(read.store)

    def other(found):
        return found and {**found, "hash": "0x" + "ab" * 31 + found["hash"][-2:]}

    with FaultyNode(busy.url, Lie(other, method="eth_getBlockByNumber")) as proxy:
        book = ledger_of(**busy.settings(read.store._url, depth=DEPTH, url=proxy.url))
        with pytest.raises(ReorganisationTooDeep):
            book.sync()
    assert dump(read.store) == before


# During a sync


def once(do):
    """A `when` that does something the first time that a call is concerned, and never lies."""
    done = []

    def when(params):
        if not done:
            done.append(params)
            do()
        return False

    return when


def during(busy, place, ledger_of, method, do, **options):
    """A ledger that was brought up while `do` happened, just before the first call of `method`
    that is concerned.
    """
    concerns = options.pop("concerns", lambda params: True)
    happen = once(do)
    fault = Lie(lambda found: found, method=method, when=lambda p: bool(concerns(p)) and happen(p))
    with FaultyNode(busy.url, fault) as proxy:
        book = ledger_of(**busy.settings(place, depth=DEPTH, url=proxy.url, **options))
        book.sync()
        book.sync()
    return book


def of_one_block(params):
    return "blockHash" in params[0]


def test_blocks_go_between_their_headers_and_their_logs(busy, ledger_of, place, tmp_path):
    book = during(
        busy,
        place,
        ledger_of,
        "eth_getLogs",
        lambda: busy.replace_blocks(3),
        concerns=of_one_block,
    )
    assert dump(book.store) == busy.fresh(tmp_path)
    require_laws(book.store)


def test_blocks_go_between_two_headers(busy, ledger_of, place, tmp_path):
    newest = hex(busy.head - 1)
    book = during(
        busy,
        place,
        ledger_of,
        "eth_getBlockByNumber",
        lambda: busy.replace_blocks(3),
        concerns=lambda params: params[0] == newest,
    )
    assert dump(book.store) == busy.fresh(tmp_path)


def test_blocks_go_between_two_transactions(busy, ledger_of, place, tmp_path, monkeypatch):
    """Some of them are written already when they go."""
    monkeypatch.setattr(sync, "_CHUNK", 4)
    newest = hex(busy.head)
    book = during(
        busy,
        place,
        ledger_of,
        "eth_getBlockByNumber",
        lambda: busy.replace_blocks(6),
        concerns=lambda params: params[0] == newest,
    )
    assert dump(book.store) == busy.fresh(tmp_path)
    assert [r.last for r in book.rollbacks] == [busy.head - 4]


def test_blocks_go_after_they_were_compared(busy, read, ledger_of, tmp_path):
    """The ledger and the chain had agreed a moment before."""
    busy.mine(2)
    book = during(
        busy,
        read.store._url,
        ledger_of,
        "eth_getBlockByNumber",
        lambda: busy.replace_blocks(5),
        concerns=lambda params: params[0] == "finalized",
    )
    assert dump(book.store) == busy.fresh(tmp_path)
    assert [r.common for r in book.rollbacks] == [busy.head - 5]


def test_blocks_go_after_the_newest_one_was_asked_for(busy, ledger_of, place, tmp_path):
    book = during(
        busy,
        place,
        ledger_of,
        "eth_getBlockByNumber",
        lambda: busy.lives.reorganise(5),
        concerns=lambda params: params[0] == "finalized",
    )
    assert dump(book.store) == busy.fresh(tmp_path)


def test_the_chain_gets_shorter_while_it_is_read(busy, ledger_of, place, tmp_path):
    snapshot = busy.rpc("evm_snapshot")
    busy.mine(4)
    book = during(
        busy,
        place,
        ledger_of,
        "eth_getLogs",
        lambda: busy.rpc("evm_revert", snapshot),
        concerns=of_one_block,
    )
    content = busy.fresh(tmp_path)
    assert dump(book.store) == content
    assert book.position.block == busy.head


def test_blocks_go_while_the_ledger_goes_back(busy, read, ledger_of, tmp_path):
    """A second reorganisation while the common block of the first is looked for."""
    busy.replace_blocks(2)
    book = during(
        busy,
        read.store._url,
        ledger_of,
        "eth_getBlockByNumber",
        lambda: busy.replace_blocks(5),
        concerns=lambda params: params[0] == hex(busy.head - 4),
    )
    assert dump(book.store) == busy.fresh(tmp_path)
    require_laws(book.store)


def test_a_chain_that_never_rests_is_told(busy, ledger_of, place, tmp_path):

    def again(params):
        if params[0]["blockHash"] == "0x" + busy.node.block().hash.hex():
            busy.replace_blocks(2)
        return False

    restless = Lie(
        lambda found: found,
        method="eth_getLogs",
        when=lambda p: of_one_block(p) and again(p),
    )
    with FaultyNode(busy.url, restless) as proxy:
        book = ledger_of(**busy.settings(place, depth=DEPTH, url=proxy.url))
        with pytest.raises(AnswerInconsistent, match="changed 10 times"):
            book.sync()
        require_laws(book.store)
        proxy.faults.clear()
        book.sync()
    assert dump(book.store) == busy.fresh(tmp_path)


def test_a_node_that_is_confused_for_a_while_is_asked_again(
    busy, read, ledger_of, tmp_path, monkeypatch
):
    """For a while it has no newest block by number, as when it switches between two chains."""
    monkeypatch.setattr(sync, "_PAUSE", 0.1)
    busy.mine()
    newest, end = hex(busy.head), time.monotonic() + 0.5
    gap = Lie(
        lambda found: None,
        method="eth_getBlockByNumber",
        when=lambda p: p[0] == newest and time.monotonic() < end,
    )
    with FaultyNode(busy.url, gap) as proxy:
        book = ledger_of(**busy.settings(read.store._url, depth=DEPTH, url=proxy.url))
        book.sync()
    assert dump(book.store) == busy.fresh(tmp_path)


# Whoever reads meanwhile


def test_a_reader_sees_the_time_before_or_after(busy, read, terms):
    """Between any two statements of a writer, another connection sees the last whole state."""
    busy.replace_blocks(3)
    busy.send("client", busy.escrow.request_refund(terms, 2))
    busy.mine(2)
    reader = store.Store(read.store._url)
    seen = []

    def look():
        with reader.reading() as connection:
            require_laws(connection)
            content = dump(connection)
        if not seen or seen[-1] != content:
            seen.append(content)

    look()
    on_points(read.store, look)
    read.sync()
    reader.close()
    # Before, back at the common block, and with the new ones.
    assert len(seen) == 3
    blocks = [content["position"]["block"] for content in seen]
    assert blocks == [busy.head - 3, busy.head - 6, busy.head]


def test_a_reader_that_never_stops_never_sees_half(busy, read):
    """Money and milestones agree with the logs in every moment that another thread sees."""
    stop, seen, failures = threading.Event(), set(), []

    def watch():
        reader = store.Store(read.store._url)
        try:
            while not stop.is_set():
                position = require_laws(reader)
                seen.add((position.block, position.rollbacks))
        except BaseException as error:
            failures.append(error)
        finally:
            reader.close()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        for k in range(12):
            busy.lives.act()
            if k % 2:
                busy.lives.reorganise(1 + k % 5)
            read.sync()
    finally:
        stop.set()
        thread.join()
    assert failures == []
    assert len(seen) > 5
    assert read.position.rollbacks == len(read.rollbacks) > 3


def test_an_answer_of_the_ledger_is_of_one_moment(busy, read, people):
    """While the chain changes, no total of the ledger is half of one moment, half of another."""
    stop, failures = threading.Event(), []
    client, token = people.client.address, busy.token.address

    def watch():
        reader = store.Store(read.store._url)
        ledger = type(read.ledger)(reader)
        try:
            while not stop.is_set():
                (money,) = (m for m in ledger.money(client) if m.token.address == token)
                # The client's money is with the client, the freelancer, or still here.
                assert 0 <= money.held <= money.paid
                assert money.paid - money.received - money.held in (0, 2000)
        except BaseException as error:
            failures.append(error)
        finally:
            reader.close()

    (job,) = read.ledger.jobs()
    terms = replace(job.terms)
    thread = threading.Thread(target=watch)
    thread.start()
    try:
        for k in range(14):
            more = replace(terms, salt=bytes([k]) * 32)
            busy.send("client", busy.escrow.fund(more, [0, 1]))
            read.sync()
            if k % 2:
                busy.replace_blocks(1)
                read.sync()
    finally:
        stop.set()
        thread.join()
    assert failures == []


def test_a_slow_node_holds_no_lock(busy, read, ledger_of):
    """While a sync waits for the node, another writer may write."""
    busy.mine(2)
    is_asked, may_answer = threading.Event(), threading.Event()

    def wait(params):
        is_asked.set()
        assert may_answer.wait(30)
        return False

    slow_answer = Lie(lambda found: found, method="eth_getLogs", when=wait)
    with FaultyNode(busy.url, slow_answer) as proxy:
        slow = ledger_of(**busy.settings(read.store._url, depth=DEPTH, url=proxy.url))
        thread = threading.Thread(target=slow.sync)
        thread.start()
        assert is_asked.wait(30)
        read.sync()
        assert read.position.block == busy.head
        may_answer.set()
        thread.join()
    assert slow.position == read.position
    require_laws(read.store)
