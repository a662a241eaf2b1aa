"""A node that fails in every way: what is asked again, what not, and that nothing wrong stays."""

import json
import random
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace

import pytest

from milepost.chain import patience
from milepost.chain.logs import IN_FLIGHT
from milepost.chain.patience import ATTEMPTS
from milepost.chain.rpc import connect
from milepost.errors import (
    AnswerInconsistent,
    ChainError,
    NodePruned,
    NodeUnreachable,
    WrongChain,
)
from tests.package.ledger import books
from tests.package.ledger.books import Book, dump, require_laws, until
from tests.package.ledger.proxy import (
    Delay,
    Drop,
    FaultyNode,
    Lie,
    Reorder,
    RpcError,
    Status,
    TooMany,
    Truncate,
    _Answer,
)

pytestmark = pytest.mark.node

DEPTH = 16
RATE_LIMITS = {
    "infura": (-32005, "project ID request rate exceeded"),
    "infura, by day": (-32005, "daily request count exceeded, request rate limited"),
    "alchemy": (429, "Your app has exceeded its compute units per second capacity."),
    "quicknode": (-32007, "50/second request limit reached - reduce calls per second or upgrade"),
    "ankr": (-32005, "Too many requests, please apply a rate limit"),
    "drpc": (15, "Too many request, try again later"),
    "chainstack": (-32005, "You've exceeded the RPS limit available on the current plan."),
    "publicnode": (-32005, "rate limit exceeded"),
    "geth": (-32000, "server is too busy"),
}


@pytest.fixture
def through(chain, faulty, ledger_of, path, hasty):
    """A ledger of the chain behind the proxy; pauses are short."""
    return ledger_of(**chain.settings(path, url=faulty.url, depth=DEPTH))


def of_header(params):
    return params[0].startswith("0x")


def of_one_block(params):
    return "blockHash" in params[0]


# What is asked again


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504, 520])
@pytest.mark.parametrize("method", ["eth_getLogs", "eth_getBlockByNumber"])
def test_a_busy_node_is_asked_again(faulty, through, expected, method, code):
    busy = Status(code, method=method, times=5)
    faulty.faults.append(busy)
    through.sync()
    assert faulty.struck(busy) == len(through.pauses) == 5
    assert {reason for reason, _ in through.pauses} == {f"HTTP status {code}"}
    assert dump(through.store) == expected


@pytest.mark.parametrize("name", RATE_LIMITS)
def test_a_rate_limit_by_json_is_asked_again(faulty, through, expected, name):
    code, message = RATE_LIMITS[name]
    limit = RpcError(code, message, method="eth_getLogs", times=3)
    faulty.faults.append(limit)
    through.sync()
    assert faulty.struck(limit) == len(through.pauses) == 3
    assert dump(through.store) == expected


def test_pauses_grow(chain, faulty, ledger_of, path, hasty):
    book = ledger_of(**chain.settings(path, url=faulty.url))
    faulty.faults.append(Status(503, times=ATTEMPTS - 1))
    book.reader.head()
    pauses = [seconds for _, seconds in book.pauses]
    assert len(pauses) == ATTEMPTS - 1
    for k, pause in enumerate(pauses):
        assert 0.75 * hasty * 2**k <= pause <= 1.25 * hasty * 2**k
    assert patience.FIRST_PAUSE * 2**ATTEMPTS < 1


@pytest.mark.parametrize("asked", ["0.15", 1, "Fri, 27 Nov 2026 09:00:00 GMT", "soon", -5, "nan"])
def test_the_node_may_say_how_long_to_wait(chain, faulty, ledger_of, path, hasty, asked):
    book = ledger_of(**chain.settings(path, url=faulty.url))
    faulty.faults.append(Status(429, times=1, retry_after=asked))
    begin = time.monotonic()
    book.reader.head()
    passed = time.monotonic() - begin
    ((_, pause),) = book.pauses
    assert passed >= pause
    if asked in ("0.15", 1):
        assert pause == float(asked)
    else:
        assert pause < 2 * hasty


def test_no_pause_is_longer_than_the_longest(chain, faulty, ledger_of, path, hasty, monkeypatch):
    monkeypatch.setattr(patience, "LONGEST_PAUSE", 0.05)
    book = ledger_of(**chain.settings(path, url=faulty.url))
    faulty.faults.append(Status(429, times=1, retry_after=3600))
    begin = time.monotonic()
    book.reader.head()
    assert time.monotonic() - begin < 5
    assert [seconds for _, seconds in book.pauses] == [0.05]


@pytest.mark.parametrize("fault", [Status(429), Status(503), RpcError(-32005, "rate limit")])
@pytest.mark.parametrize("method", ["eth_getLogs", "eth_getBlockByNumber"])
def test_a_node_that_stays_busy_is_told(faulty, through, fault, method):
    faulty.faults.append(replace(fault, method=method))
    text = f"HTTP status {fault.code}" if isinstance(fault, Status) else "rate limit"
    before = dump(through.store)
    with pytest.raises(NodeUnreachable, match=text):
        through.sync()
    assert dump(through.store) == before
    # Nothing was asked more often than that, with another and then alone, or in smaller pieces.
    asked = Counter(str(params) for params in faulty.asked(method))
    assert ATTEMPTS <= max(asked.values()) <= 2 * ATTEMPTS
    assert len(asked) <= 4


@pytest.mark.parametrize("fault", [Status(429), RpcError(-32005, "rate limit")])
def test_a_node_that_stays_busy_at_the_newest_blocks_is_told(faulty, through, fault, chain):
    faulty.faults.append(replace(fault, method="eth_getLogs", when=of_one_block))
    with pytest.raises(NodeUnreachable):
        through.sync()
    # Each as often as that, together and then alone.
    asked = Counter(str(params) for params in faulty.asked("eth_getLogs") if of_one_block(params))
    assert max(asked.values()) <= 2 * ATTEMPTS
    assert through.position.block == chain.last - DEPTH


@pytest.mark.parametrize("fault", [Status(429), RpcError(-32005, "rate limit"), Drop()])
def test_what_is_final_is_not_guessed_while_a_node_is_busy(faulty, through, fault):
    """A depth would be final for ever."""
    final = {"method": "eth_getBlockByNumber", "when": lambda p: p[0] == "finalized"}
    faulty.faults.append(replace(fault, **final))
    before = dump(through.store)
    with pytest.raises(NodeUnreachable):
        through.sync()
    assert dump(through.store) == before


def test_a_refusal_of_single_blocks_is_told_as_it_is(faulty, through):
    """As by a node that finds no logs by a block's hash at all."""
    faulty.faults.append(
        RpcError(-32602, "blockHash is not supported", method="eth_getLogs", when=of_one_block)
    )
    with pytest.raises(AnswerInconsistent, match="blockHash is not supported"):
        through.sync()


# What is not


@pytest.mark.parametrize("code", [401, 402, 403, 404, 405, 408, 410, 418])
def test_another_refusal_is_not_asked_again(faulty, through, code):
    faulty.faults.append(Status(code, method="eth_getBlockByNumber"))
    with pytest.raises(NodeUnreachable, match=f"HTTP status {code}"):
        through.sync()
    assert len(faulty.asked("eth_getBlockByNumber")) == 1
    assert through.pauses == []


@pytest.mark.parametrize("code", [401, 403, 404, 410])
def test_another_refusal_of_logs_is_not_asked_again(faulty, through, code):
    faulty.faults.append(Status(code, method="eth_getLogs"))
    with pytest.raises(NodeUnreachable, match=f"HTTP status {code}"):
        through.sync()
    asked = [str(params) for params in faulty.asked("eth_getLogs")]
    assert len(asked) == len(set(asked)) <= 4
    assert through.pauses == []


@pytest.mark.parametrize("fault", [Drop, Truncate])
@pytest.mark.parametrize("method", ["eth_getLogs", "eth_getBlockByNumber"])
def test_a_lost_connection_is_not_asked_again(faulty, through, expected, fault, method):
    faulty.faults.append(fault(method=method, when=lambda p: p[0] != "finalized"))
    before = dump(through.store)
    with pytest.raises(NodeUnreachable):
        through.sync()
    asked = [str(params) for params in faulty.asked(method)]
    assert len(asked) == len(set(asked)) <= 4
    assert (through.pauses, dump(through.store)) == ([], before)
    faulty.faults.clear()
    through.sync()
    assert dump(through.store) == expected


def test_no_node_is_there(chain, ledger_of, path):
    with FaultyNode(chain.url) as proxy:
        book = ledger_of(**chain.settings(path, url=proxy.url, depth=DEPTH))
        book.sync()
    before = dump(book.store)
    with pytest.raises(NodeUnreachable):
        book.sync()
    assert dump(book.store) == before


def test_what_is_there_is_no_node(faulty, through):
    faulty.faults.append(Status(200, method="eth_getLogs"))
    with pytest.raises(NodeUnreachable, match="does not answer as a node does"):
        through.sync()


@pytest.mark.parametrize("answer", [[], None, "0x1", 7])
def test_what_is_there_answers_with_other_json(faulty, through, monkeypatch, answer):
    provider = through.node.w3.provider
    monkeypatch.setattr(provider, "decode_rpc_response", lambda raw: answer)
    with pytest.raises(ChainError):
        through.sync()


# Several questions in one request


class OtherBatches(FaultyNode):
    """A node that answers several questions at once with `answer(body)`: a status and a text."""

    def __init__(self, url, answer):
        super().__init__(url)
        self._answer_batch = answer

    def serve(self, body):
        if not body.startswith(b"["):
            return super().serve(body)
        status, text = self._answer_batch(self, body)
        return _Answer(status, text)

    def truly(self, body):
        """What the node itself answers."""
        return json.loads(super().serve(body).body)


def error_of(message):
    return json.dumps({"jsonrpc": "2.0", "id": None, "error": {"code": 1, "message": message}})


REFUSED_BATCHES = {
    "a bad request": lambda node, body: (400, b"no batches here"),
    "no such method": lambda node, body: (405, b""),
    "too large": lambda node, body: (413, b""),
    "too many at once": lambda node, body: (429, b""),
    "one error": lambda node, body: (200, error_of("batch size too large").encode()),
    "one error in a list": lambda node, body: (200, f"[{error_of('no batches')}]".encode()),
    "one that is busy": lambda node, body: (200, error_of("rate limit").encode()),
    "nothing": lambda node, body: (200, b"[]"),
    "null": lambda node, body: (200, b"null"),
    "a text": lambda node, body: (200, b'"ok"'),
    "no json": lambda node, body: (200, b"<html>"),
    "all but one": lambda node, body: (200, json.dumps(node.truly(body)[1:]).encode()),
    "without ids": lambda node, body: (
        200,
        json.dumps([{**reply, "id": None} for reply in node.truly(body)]).encode(),
    ),
}


# web3 says so of answers without ids; whose they are is seen from what they hold.
@pytest.mark.filterwarnings("ignore:Received batch response:RuntimeWarning")
@pytest.mark.parametrize("name", REFUSED_BATCHES)
def test_a_node_that_takes_one_question_at_a_time(chain, ledger_of, path, expected, hasty, name):
    with OtherBatches(chain.url, REFUSED_BATCHES[name]) as node:
        book = ledger_of(**chain.settings(path, url=node.url, depth=DEPTH))
        book.sync()
    assert dump(book.store) == expected


def test_answers_in_another_order_find_their_questions(chain, ledger_of, path, expected, hasty):
    def reverse(node, body):
        return 200, json.dumps(node.truly(body)[::-1]).encode()

    with OtherBatches(chain.url, reverse) as node:
        book = ledger_of(**chain.settings(path, url=node.url, depth=DEPTH))
        book.sync()
    assert dump(book.store) == expected


def test_answers_to_other_questions_are_refused(chain, ledger_of, path, hasty):
    def mix(node, body):
        replies = node.truly(body)
        ids = [reply["id"] for reply in replies]
        return 200, json.dumps(
            [{**reply, "id": i} for reply, i in zip(replies, reversed(ids), strict=True)]
        ).encode()

    with OtherBatches(chain.url, mix) as node:
        book = ledger_of(**chain.settings(path, url=node.url, depth=DEPTH))
        with pytest.raises(AnswerInconsistent):
            book.sync()
    assert book.position.block == chain.first - 1


def test_no_more_is_in_flight_where_questions_come_one_by_one(
    chain, ledger_of, path, expected, hasty, monkeypatch
):
    """Also where every range takes questions of its own, as the times of its blocks."""
    real = books.facts_of
    monkeypatch.setattr(books, "facts_of", lambda node, token: real(chain.node, token))

    def forget_times(found):
        return [{k: v for k, v in log.items() if k != "blockTimestamp"} for log in found]

    with OtherBatches(chain.url, lambda node, body: (400, b"")) as node:
        node.faults.append(Lie(forget_times, method="eth_getLogs"))
        node.faults.append(Delay(0.01))
        book = ledger_of(**chain.settings(path, url=node.url, depth=DEPTH))
        book.reader._sizer.size = 5
        book.sync()
    assert dump(book.store) == expected
    assert 1 < node.most_in_flight <= IN_FLIGHT


@pytest.mark.parametrize("status", [500, 503])
def test_a_node_that_fails_at_several_questions_is_told(chain, ledger_of, path, hasty, status):
    with OtherBatches(chain.url, lambda node, body: (status, b"")) as node:
        book = ledger_of(**chain.settings(path, url=node.url, depth=DEPTH))
        with pytest.raises(NodeUnreachable, match=f"HTTP status {status}"):
            book.sync()
    assert ATTEMPTS - 1 <= len(book.pauses) <= IN_FLIGHT * (ATTEMPTS - 1)
    assert book.position.block == chain.first - 1


# Who waits


def workers():
    return [t for t in threading.enumerate() if t.name.startswith("ThreadPoolExecutor")]


def test_nobody_waits_on_after_an_error(chain, faulty, ledger_of, path, monkeypatch):
    """One range fails for good while the others pause for long."""
    monkeypatch.setattr(patience, "FIRST_PAUSE", 20.0)
    book = ledger_of(**chain.settings(path, url=faulty.url, depth=DEPTH))
    first = hex(chain.first)
    faulty.faults.append(
        Status(503, method="eth_getLogs", when=lambda p: p[0].get("fromBlock") != first)
    )
    faulty.faults.append(Delay(0.3, method="eth_getLogs"))
    faulty.faults.append(Status(404, method="eth_getLogs"))
    begin = time.monotonic()
    with pytest.raises(NodeUnreachable, match="404"):
        book.sync()
    assert time.monotonic() - begin < 10
    assert workers() == []


def test_an_interrupt_ends_at_once(chain, faulty, ledger_of, path, monkeypatch):
    """As by Ctrl-C, while what was asked ahead pauses for long."""
    monkeypatch.setattr(patience, "FIRST_PAUSE", 20.0)
    book = ledger_of(**chain.settings(path, url=faulty.url, depth=DEPTH))
    first = hex(chain.first)
    faulty.faults.append(
        Status(503, method="eth_getLogs", when=lambda p: p[0].get("fromBlock") != first)
    )
    begin = time.monotonic()

    def interrupt(batch):
        time.sleep(0.2)
        raise KeyboardInterrupt

    caught = None
    try:
        book.syncer.sync(interrupt)
    except KeyboardInterrupt as error:
        caught = error  # whoever shows it keeps its frames alive
    assert caught is not None
    assert workers() == []
    assert time.monotonic() - begin < 10
    faulty.faults.clear()
    book.sync()


# A node that lacks history


@pytest.mark.parametrize(
    "message",
    [
        "missing trie node 1234 (path ) state 0x5 is not available",
        "pruned history unavailable",
        "history has been pruned for this block",
        "required historical state unavailable, use an archive node",
    ],
)
def test_a_node_without_the_history_is_told(chain, faulty, through, message):
    faulty.faults.append(RpcError(4444, message, method="eth_getLogs"))
    before = dump(through.store)
    with pytest.raises(NodePruned) as caught:
        through.sync()
    assert caught.value.block == chain.first
    assert dump(through.store) == before


@pytest.mark.parametrize(
    "fault",
    [
        Lie(lambda found: None),
        RpcError(4444, "pruned history unavailable"),
        RpcError(-32000, "missing trie node"),
    ],
)
def test_a_node_without_the_blocks_is_told(chain, faulty, through, fault):
    def is_old(params):
        return of_header(params) and int(params[0], 16) < chain.first + 100

    faulty.faults.append(replace(fault, method="eth_getBlockByNumber", when=is_old))
    before = dump(through.store)
    with pytest.raises(NodePruned) as caught:
        through.sync()
    assert caught.value.block == chain.first
    assert dump(through.store) == before


def test_a_node_that_lost_the_oldest_blocks_is_good_enough_later(
    chain, faulty, ledger_of, path, expected
):
    """What is read is read: only what comes after has to be there."""
    middle = chain.last - 60
    with FaultyNode(chain.url, Lie(lambda found: {**found, "number": hex(middle)})) as behind:
        behind.faults.clear()
        book = ledger_of(**chain.settings(path, depth=DEPTH))
        book.sync()
    faulty.faults.append(
        Lie(
            lambda found: None,
            method="eth_getBlockByNumber",
            when=lambda p: of_header(p) and int(p[0], 16) < middle,
        )
    )
    later = ledger_of(**chain.settings(path, url=faulty.url, depth=DEPTH))
    later.sync()
    assert dump(later.store) == expected


def test_a_node_of_another_chain_is_refused(chain):
    with pytest.raises(WrongChain):
        connect(chain.url, chain_id=1)


# Everything at once


def is_not_final(params):
    return params[:1] != ["finalized"]


def random_faults(chooser):
    """Faults that befall many calls, each with a chance."""
    kinds = [
        lambda **k: Drop(**k),
        lambda **k: Truncate(**k),
        lambda **k: Delay(chooser.choice([0.01, 0.5]), **k),
        lambda **k: Status(chooser.choice([400, 404, 429, 500, 503]), **k),
        lambda **k: RpcError(-32005, "rate limit exceeded", **k),
        # A node that does not say what is final leaves it to the depth, for ever.
        lambda **k: RpcError(-32000, "header not found", when=is_not_final, **k),
        lambda **k: Reorder(chooser.random(), **k),
        lambda **k: Lie(lambda found: None, when=is_not_final, **k),
        lambda **k: TooMany(limit_blocks=chooser.choice([7, 150]), **k),
        lambda **k: TooMany(limit_results=chooser.choice([12, 40]), **k),
    ]
    for make in chooser.sample(kinds, 4):
        methods = ["eth_getLogs", "eth_getBlockByNumber", "eth_call", None]
        fault = make(chance=chooser.choice([0.02, 0.1]), method=chooser.choice(methods))
        if isinstance(fault, TooMany | Reorder):
            fault = replace(fault, method="eth_getLogs", chance=0.3)
        yield fault


@pytest.mark.parametrize("seed", range(8))
def test_whatever_fails_nothing_wrong_stays(chain, tmp_path, expected, hasty, seed):
    """Errors come and syncs are repeated; in between, what is there is right. When the node is
    well again, the ledger is as if nothing had been.
    """
    chooser = random.Random(seed)
    with FaultyNode(chain.url, seed=seed) as proxy:
        book = Book(
            **chain.settings(tmp_path / "ledger.db", url=proxy.url, depth=DEPTH, timeout=0.3)
        )
        try:
            for _ in range(3):
                proxy.faults[:] = random_faults(chooser)
                with suppress(ChainError):
                    book.sync()
                content = dump(book.store)
                block = content["position"]["block"]
                assert until(content, chain.last) == until(expected, block), f"seed {seed}"
                require_laws(book.store)
            proxy.faults.clear()
            book.sync()
            assert dump(book.store) == expected
        finally:
            book.close()
