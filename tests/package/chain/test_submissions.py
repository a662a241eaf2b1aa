"""The logs of claims and disputes: asked of a node, kept, and read again without one."""

import json
import sys

import pytest

from milepost.chain.submissions import (
    answer,
    disputes,
    first_block_since,
    read_answer,
    submissions,
    submissions_in,
)
from milepost.errors import AnswerInconsistent, InputError
from milepost.presets import hourly
from milepost.units import WEEK

pytestmark = pytest.mark.node

ROOTS = [bytes([i]) * 32 for i in range(1, 4)]
EVIDENCE = b"\x09" * 32


@pytest.fixture
def weeks(escrow, people, token, node):
    """Two weeks of hours: the first claimed, sent back, and claimed again; the second once."""
    start = node.block().timestamp - 3 * WEEK
    terms = hourly(people.parties(token.address), rate=60_000_000, hours_per_week=40, start=start)
    acceptance = escrow.sign_terms(people.freelancer, terms)
    escrow.fund(terms, [0, 1], acceptance).send(people.client)
    escrow.submit(terms, 0, 30, ROOTS[0]).send(people.freelancer)
    escrow.submit(terms, 1, 20, ROOTS[1]).send(people.freelancer)
    escrow.request_changes(terms, 0).send(people.client)
    escrow.submit(terms, 0, 24, ROOTS[2]).send(people.freelancer)
    return terms


def said(events):
    return [(e["milestone"], e["units"], e["deliverable"]) for e in events]


def test_every_submission_of_a_milestone(weeks, escrow, node):
    agreement = escrow.agreement_id(weeks)
    found = submissions(node, escrow.address, agreement, 0)
    assert said(found) == [(0, 30, ROOTS[0]), (0, 24, ROOTS[2])]
    assert said(submissions(node, escrow.address, agreement, 1)) == [(1, 20, ROOTS[1])]
    assert submissions(node, escrow.address, agreement, 2) == []
    assert said(submissions(node, escrow.address, agreement, 0, found[0].block + 1)) == [
        (0, 24, ROOTS[2])
    ]
    assert submissions(node, escrow.address, bytes(32), 0) == []
    assert disputes(node, escrow.address, agreement, 0) == []


def test_the_first_block_since_a_time(weeks, node, pass_time):
    pass_time(500)
    newest = node.block()
    before = node.block(newest.number - 1)
    assert first_block_since(node, 0) == 0
    assert first_block_since(node, newest.timestamp) == newest.number
    assert first_block_since(node, before.timestamp + 1) == newest.number
    assert first_block_since(node, newest.timestamp + 1) == newest.number + 1
    for number in range(newest.number + 1):
        found = node.block(first_block_since(node, node.block(number).timestamp))
        assert found.timestamp == node.block(number).timestamp
        assert found.number <= number


def test_disputes(weeks, escrow, node, people):
    escrow.dispute(weeks, 0, 6, EVIDENCE).send(people.client)
    [found] = disputes(node, escrow.address, escrow.agreement_id(weeks), 0)
    assert (found["units"], found["evidence"], found["by"]) == (6, EVIDENCE, people.client.address)


def test_an_answer_is_read_as_it_was_given(weeks, escrow, node):
    agreement = escrow.agreement_id(weeks)
    found = submissions(node, escrow.address, agreement, 0)
    kept = answer(found, escrow.address)
    assert read_answer(kept, "kept.json", escrow.address, agreement, 0) == found
    logs = json.loads(kept)
    for content in (
        {"jsonrpc": "2.0", "id": 1, "result": logs},
        {"logs": logs, "status": "0x1"},
        {"result": {"logs": logs}},
        list(reversed(logs)),
        [{**log, "address": log["address"].lower()} for log in logs],
    ):
        made = json.dumps(content).encode()
        assert read_answer(made, "kept.json", escrow.address, agreement, 0) == found


def test_an_answer_is_what_the_node_says(weeks, escrow, node):
    agreement = escrow.agreement_id(weeks)
    [found] = submissions(node, escrow.address, agreement, 1)
    name = "0x" + found.transaction.hex()
    receipt = node.w3.provider.make_request("eth_getTransactionReceipt", [name])
    content = json.dumps(receipt).encode()
    assert read_answer(content, "receipt.json", escrow.address, agreement, 1) == [found]
    [log] = receipt["result"]["logs"]
    [kept] = json.loads(answer([found], escrow.address))
    assert kept.keys() <= log.keys()
    assert kept == {**{name: log[name] for name in kept}, "address": escrow.address}


def test_the_submissions_in_a_transaction(weeks, escrow, node):
    agreement = escrow.agreement_id(weeks)
    first, last = submissions(node, escrow.address, agreement, 0)
    where = node, escrow.address, agreement
    assert submissions_in(first.transaction, *where, 0) == [first]
    assert submissions_in(last.transaction, *where, 0) == [last]
    assert submissions_in(first.transaction, *where, 1) == []
    assert submissions_in(first.transaction, node, "0x" + "22" * 20, agreement, 0) == []
    assert submissions_in(bytes(32), *where, 0) == []


def test_logs_of_others_are_left_out(weeks, escrow, node):
    agreement = escrow.agreement_id(weeks)
    kept = answer(submissions(node, escrow.address, agreement, 0), escrow.address)
    name, other = escrow.address, "0x" + "22" * 20
    assert read_answer(kept, "kept.json", other, agreement, 0) == []
    assert read_answer(kept, "kept.json", name, type(agreement)(bytes(32)), 0) == []
    assert read_answer(kept, "kept.json", name, agreement, 1) == []
    assert read_answer(b"[]", "kept.json", name, agreement, 0) == []


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff", b"{}", b"1", b"null", b'"0x"', b"[1]", b"[{}]", b'{"logs": null}',
        b'{"result": null}', b'{"error": {"code": 1}}', b'[{"address": 5}]', b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_no_node_answers(escrow, content):
    with pytest.raises(InputError, match=r"odd\.json is no answer of a node"):
        read_answer(content, "odd.json", escrow.address, bytes(32), 0)


def test_brackets_without_end_where_the_limit_of_depth_was_raised(escrow):
    """As mypy raises it, and libraries may; Python 3.11 dies of it."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(2**20)
    try:
        with pytest.raises(InputError, match="is no answer of a node"):
            read_answer(b"[" * 2_000_000, "odd.json", escrow.address, bytes(32), 0)
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("blockNumber", None), ("blockNumber", 5), ("logIndex", "x"), ("blockHash", None),
        ("topics", None), ("topics", ["0xzz"]), ("data", 7), ("transactionHash", []),
        ("blockNumber", "-0x1"), ("blockNumber", "0x" + "f" * 5_000), ("logIndex", hex(2**63)),
        ("blockHash", "0x12"), ("transactionHash", "0x" + "00" * 33),
    ],
)  # fmt: skip
def test_a_log_without_its_fields(weeks, escrow, node, name, value):
    agreement = escrow.agreement_id(weeks)
    logs = json.loads(answer(submissions(node, escrow.address, agreement, 1), escrow.address))
    for log in ({**logs[0], name: value}, {k: v for k, v in logs[0].items() if k != name}):
        with pytest.raises(InputError, match="is no answer of a node"):
            read_answer(json.dumps([log]).encode(), "odd.json", escrow.address, agreement, 1)


def test_a_log_of_another_shape(weeks, escrow, node):
    agreement = escrow.agreement_id(weeks)
    logs = json.loads(answer(submissions(node, escrow.address, agreement, 1), escrow.address))
    for changed in ({"data": "0x00"}, {"topics": logs[0]["topics"][:2]}):
        content = json.dumps([{**logs[0], **changed}]).encode()
        with pytest.raises(AnswerInconsistent):
            read_answer(content, "odd.json", escrow.address, agreement, 1)
