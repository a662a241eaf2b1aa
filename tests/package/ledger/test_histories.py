"""Random histories on the real contract: however a ledger comes to them, it holds the same, and
that is what the contract says.

More rounds: MILEPOST_LEDGER_ROUNDS=50 pytest tests/package/ledger/test_histories.py
One of them again: MILEPOST_LEDGER_SEED=7, as a failure prints it.
"""

import os
import random
from collections import defaultdict
from dataclasses import replace

import pytest

from milepost.chain.erc20 import Erc20
from milepost.presets import fixed_price
from milepost.types import ZERO_ADDRESS, Amendment, Clock, Division, MilestoneView, Status, to_set
from milepost.units import DAY
from tests.package.ledger.books import Book, dump, require_laws
from tests.package.ledger.lives import Lives

pytestmark = [pytest.mark.node, pytest.mark.usefixtures("hasty"), pytest.mark.long]

ROUNDS = int(os.environ.get("MILEPOST_LEDGER_ROUNDS", "2"))
SEED = os.environ.get("MILEPOST_LEDGER_SEED")
SEEDS = [int(SEED)] if SEED else range(1, ROUNDS + 1)
ACTS = 36
NOTHING = MilestoneView(Status.NONE, Clock(0, 0, 0), 0, False, 0, 0, 0)


def require_the_contract_agrees(book, ground):
    """Every agreement, every credit and every balance, at the block that the ledger stands at."""
    node, escrow, ledger = ground.node, ground.escrow, book.ledger
    block = ledger.moment().block
    histories = {job.agreement: ledger.job(job.agreement.hex()) for job in ledger.jobs()}
    for history in histories.values():
        job = history.job
        view = escrow.agreement_at(job.terms, block)
        assert view.agreement == job.agreement
        for i, seen in enumerate(view.milestones):
            assert job.milestones.get(i, NOTHING) == seen
        amended = [h for h in history.happenings if h.event.name == "AgreementAmended"]
        assert job.replaced_by == (amended[-1].event["replacement"] if amended else None)
    everybody = {
        address
        for history in histories.values()
        for address in (
            history.job.terms.client,
            history.job.terms.payee,
            history.job.terms.freelancer,
            history.job.terms.arbiter,
        )
    }
    moved, credited = defaultdict(int), defaultdict(int)
    for who in everybody:
        for payment in ledger.payments(who):
            is_in = payment.kind in ("fund", "credit")
            moved[payment.token.address] += payment.amount if is_in else -payment.amount
        for money in ledger.money(who):
            credited[money.token.address] += money.credits
            assert money.credits == escrow.credits(money.token.address, who, block)
    for name in (ZERO_ADDRESS, ground.token.address):
        jobs = [history.job for history in histories.values()]
        held = sum(job.open for job in jobs if job.terms.token == name)
        is_coin = name == ZERO_ADDRESS
        balance = (
            node.balance(escrow.address, block)
            if is_coin
            else Erc20(node, name).balance(escrow.address, block)
        )
        assert balance == moved[name] == held + credited[name]


@pytest.mark.parametrize("seed", SEEDS)
def test_however_it_is_read_it_is_the_same(ground, new_database, tmp_path, monkeypatch, seed):
    print(f"MILEPOST_LEDGER_SEED={seed}")
    chooser = random.Random(seed)
    monkeypatch.setattr("milepost.ledger.sync._CHUNK", chooser.choice([1, 3, 32]))
    monkeypatch.setattr("milepost.ledger.sync._CACHED", chooser.choice([1, 4_000]))
    depth = chooser.randint(3, 9)
    lives = Lives(ground.escrow, ground.token, ground.people, seed)
    books = [
        Book(**ground.settings(tmp_path / "often.db", depth=depth)),
        Book(**ground.settings(tmp_path / "seldom.db", depth=depth)),
        Book(**ground.settings(new_database(), depth=depth)),
    ]
    # Often, seldom, and now and then.
    chances = [0.7, 0.08, 0.3]
    reorganised = 0
    try:
        for _ in range(ACTS):
            lives.act()
            if chooser.random() < 0.1:
                lives.mine(chooser.randint(1, 6))
            # Not to before the history: the node would not find back there.
            most = min(depth, ground.head - ground.start)
            if chooser.random() < 0.15 and most:
                lives.reorganise(chooser.randint(1, most))
                reorganised += 1
                require_laws(books[0].store)
            for book, chance in zip(books, chances, strict=True):
                if chooser.random() < chance:
                    book.sync()
            if chooser.random() < 0.2:
                for book in books:
                    require_laws(book.store)
        books.append(Book(**ground.settings(tmp_path / "once.db")))
        books.append(Book(**ground.settings(new_database())))
        contents = []
        for book in books:
            book.sync()
            require_laws(book.store)
            contents.append(dump(book.store))
        assert all(content == contents[0] for content in contents)
        assert contents[0]["logs"]
        require_the_contract_agrees(books[-2], ground)
        require_the_contract_agrees(books[-1], ground)
    finally:
        for book in books:
            book.close()
    assert reorganised > 0


def balances(token, people):
    names = ("client", "freelancer", "arbiter", "stranger")
    return {name: token.balance(getattr(people, name).address) for name in names}


@pytest.mark.parametrize("order", ["settle, amend", "amend, settle", "settle, settle, amend"])
def test_a_settlement_and_an_amendment_in_one_transaction(ground, tmp_path, order):
    """What a settlement pays back is paid back, and does not pay for the amendment beside it."""
    escrow, people, token = ground.escrow, ground.people, ground.token
    terms = fixed_price(people.parties(token.address), [1000, 2000, 4000, 8000])
    more = fixed_price(people.parties(token.address), [2500])
    expires_at = escrow.node.block().timestamp + DAY

    def settle(milestone, to_freelancer):
        division = Division(milestone, to_freelancer, terms.amount_of(milestone) - to_freelancer)
        offer = escrow.sign_settlement(people.freelancer, terms, division, expires_at)
        return escrow.settle(terms, division, expires_at, offer)

    amendment = Amendment((Division(1, 500, 1500),), to_set([0]), expires_at)
    amend = escrow.amend(
        terms, more, escrow.sign_amendment(people.freelancer, terms, more, amendment)
    )
    calls = {
        "settle, amend": [settle(0, 300), amend],
        "amend, settle": [amend, settle(0, 300)],
        "settle, settle, amend": [settle(2, 0), settle(0, 300), amend],
    }[order]
    acceptance = escrow.sign_terms(people.freelancer, terms)
    escrow.fund(terms, [0, 1, 2, 3], acceptance).send(people.client)
    book = Book(**ground.settings(tmp_path / "ledger.db"))
    book.sync()
    before, told = balances(token, people), book.ledger.money(people.client.address)[0]
    escrow.batch(calls).send(people.client)
    book.sync()
    after, now = balances(token, people), book.ledger.money(people.client.address)[0]
    # 2500 are needed, and 1500 of them were there.
    assert now.paid - told.paid == 1000
    back = 700 + (4000 if "settle, settle" in order else 0)
    assert now.received - told.received == back
    assert after["client"] - before["client"] == back - 1000
    (earned,) = book.ledger.money(people.freelancer.address)
    assert after["freelancer"] - before["freelancer"] == earned.received == 800
    require_laws(book.store)
    require_the_contract_agrees(book, ground)
    book.close()


def test_a_settlement_and_an_amendment_in_the_coin(ground, tmp_path):
    """No token's log stands between them, and an amendment in a batch brings no coin."""
    escrow, people = ground.escrow, ground.people
    terms = fixed_price(people.parties(), [1000, 2000, 4000])
    more = fixed_price(people.parties(), [1500])
    expires_at = escrow.node.block().timestamp + DAY
    acceptance = escrow.sign_terms(people.freelancer, terms)
    escrow.fund(terms, [0, 1, 2], acceptance).send(people.client)
    division = Division(0, 300, 700)
    offer = escrow.sign_settlement(people.freelancer, terms, division, expires_at)
    amendment = Amendment((Division(1, 0, 2000),), to_set([0]), expires_at)
    signed = escrow.sign_amendment(people.freelancer, terms, more, amendment)
    calls = [
        escrow.settle(terms, division, expires_at, offer),
        replace(escrow.amend(terms, more, signed), value=0),
    ]
    escrow.batch(calls).send(people.client)
    book = Book(**ground.settings(tmp_path / "ledger.db"))
    book.sync()
    payments = [
        (p.kind, p.amount, p.milestones)
        for p in book.ledger.payments(people.client.address)
        if p.happening.event.block == escrow.node.block().number
    ]
    assert payments == [("settlement", 700, (0,)), ("settlement", 500, (1,))]
    require_laws(book.store)
    require_the_contract_agrees(book, ground)
    book.close()


def test_the_largest_amount_there_can_be(ground, tmp_path, new_database):
    """It goes in, is disputed, ruled, and told to the unit, in both kinds of database."""
    escrow, people, token = ground.escrow, ground.people, ground.token
    most = 2**128 - 1
    token.call("mint", people.client.address, most).send(people.client)
    terms = fixed_price(people.parties(token.address), [most])
    escrow.fund(terms, [0]).send(people.client)
    escrow.accept(terms, [0]).send(people.freelancer)
    books = [Book(**ground.settings(p)) for p in (tmp_path / "ledger.db", new_database())]
    for book in books:
        book.sync()
        assert book.ledger.money(people.client.address)[0].held == most
    escrow.dispute(terms, 0, 9_999).send(people.freelancer)
    escrow.rule(terms, 0, most // 3).send(people.arbiter)
    for book in books:
        book.sync()
        require_laws(book.store)
        require_the_contract_agrees(book, ground)
        book.close()
