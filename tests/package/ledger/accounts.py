"""For tests of statements: payments made up at any time, and a chain on which every kind of
movement happened.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from types import SimpleNamespace

from milepost.agreement import Token
from milepost.chain.events import Event
from milepost.chain.logs import LogReader
from milepost.ledger.reads import Happening, Ledger, Moment, Payment
from milepost.ledger.store import Store
from milepost.ledger.sync import Syncer
from milepost.presets import Parties, fixed_price
from milepost.types import Amendment, Division, Terms, to_set
from milepost.units import DAY

CLIENT, FREELANCER, PAYEE, ARBITER = ("0x" + 20 * f"{n}{n}" for n in "abcd")
USDC = Token("0x" + "11" * 20, "USDC", 6)
WALLET = "0x" + "10" * 20


def terms_of(**changes) -> Terms:
    parties = Parties(CLIENT, FREELANCER, USDC.address, ARBITER)
    return replace(fixed_price(parties, [10**6, 2 * 10**6]), **{"salt": b"\xab" * 32, **changes})


class MadeUp:
    """A ledger of payments that never were."""

    chain_id, escrow = 8453, "0x" + "ee" * 20

    def __init__(self, *payments: Payment) -> None:
        self._payments = payments

    @contextmanager
    def at_one_moment(self):
        yield self

    def moment(self):
        return Moment(999, 1_790_000_000, 900)

    def payments(self, party):
        return [p for p in self._payments if p.address.lower() == party.lower()]

    def jobs(self, party, role):
        found = dict.fromkeys(p.terms for p in self._payments if p.terms)
        return [SimpleNamespace(terms=t) for t in found if getattr(t, role) == party]


_places = count(1)


def payment(
    kind, amount, timestamp, *, address=FREELANCER, terms=None, token=USDC, block=None, **fields
) -> Payment:
    """One payment in a block of its own, unless `block` is given; of milestone 1 of `terms`."""
    place = next(_places)
    terms = None if kind == "withdrawal" else terms or terms_of()
    fields = {"to": address, "fee": 0, **fields}
    block = block or place
    event = Event(kind, MadeUp.escrow, block, b"", block.to_bytes(32), place, fields)
    agreement = terms and terms.salt
    happening = Happening(event, int(timestamp), block <= 900)
    milestones = (0,) if terms else ()
    return Payment(kind, address, token, amount, agreement, terms, milestones, happening)


def ledger_of(node, escrow, path, symbol="USDP") -> Ledger:
    """A ledger of all that the escrow's logs tell, with its token called `symbol`."""
    store = Store(path)
    store.create(node.chain_id, bytes.fromhex(escrow.address[2:]), 0)

    def facts(token):
        return (symbol, 6) if int(token, 16) else ("ETH", 18)

    Syncer(store, LogReader(node, escrow.address), facts).sync()
    return Ledger(store)


@dataclass(frozen=True)
class Played:
    """What was agreed on, and what everybody had before."""

    fixed: Terms
    replacement: Terms
    cold: Terms
    coin: Terms


def play_everything(escrow, people, token, pass_time) -> Played:
    """Every kind of movement, in a token and in the coin, with a payee who is somebody else, and
    one who is denied and withdraws.
    """
    node = escrow.node

    def send(role, act, *args):
        return getattr(escrow, act)(*args).send(getattr(people, role))

    def fund(terms, chosen):
        send("client", "fund", terms, chosen, escrow.sign_terms(people.freelancer, terms))

    def release(terms, chosen):
        approval = escrow.sign_approval(people.client, terms, chosen)
        send("stranger", "release", terms, chosen, [approval])

    amounts = [1_500_000_000 + k for k in range(9)]
    fixed = fixed_price(people.parties(token.address), amounts)
    fund(fixed, range(9))
    release(fixed, [0, 1])
    send("freelancer", "refund", fixed, [2])
    send("freelancer", "submit", fixed, 3)
    send("client", "dispute", fixed, 3, 3333)
    send("arbiter", "rule", fixed, 3, 7)
    send("freelancer", "dispute", fixed, 4, 8000)
    send("client", "approve", fixed, [4])
    send("stranger", "release", fixed, [4])
    send("freelancer", "dispute", fixed, 5, 10_000)
    division = Division(6, 5, fixed.amount_of(6) - 5)
    expires_at = node.block().timestamp + 60 * DAY
    offer = escrow.sign_settlement(people.client, fixed, division, expires_at)
    send("freelancer", "settle", fixed, division, expires_at, offer)
    send("freelancer", "submit", fixed, 7, 3333)
    send("client", "approve", fixed, [7], [3333])
    send("stranger", "release", fixed, [7])

    # Most of what the last milestone frees pays for its replacement.
    replacement = fixed_price(people.parties(token.address), [1_000_000_000, 900_000_000])
    ended = Division(8, 100, fixed.amount_of(8) - 100)
    amendment = Amendment((ended,), to_set([0]), expires_at)
    signed = escrow.sign_amendment(people.freelancer, fixed, replacement, amendment)
    send("client", "amend", fixed, replacement, signed)
    fund(replacement, [1])

    cold = fixed_price(replace(people.parties(token.address), payee=WALLET), [10**9, 10**8, 10**7])
    fund(cold, [0, 1, 2])
    release(cold, [0])
    token.call("setDenied", WALLET, True).send(people.stranger)
    release(cold, [1, 2])
    token.call("setDenied", people.freelancer.address, True).send(people.stranger)
    release(replacement, [0])
    pass_time(30 * DAY)
    send("stranger", "lapse", fixed, 5)
    token.call("setDenied", WALLET, False).send(people.stranger)
    send("stranger", "withdraw", token.address, WALLET)
    token.call("setDenied", people.freelancer.address, False).send(people.stranger)

    coin = fixed_price(replace(people.parties(), payee=WALLET), [10**18 + 1, 3])
    fund(coin, [0, 1])
    release(coin, [0])
    send("freelancer", "refund", coin, [1])
    return Played(fixed, replacement, cold, coin)
