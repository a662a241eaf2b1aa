"""The acts whose gas is measured, each as a transaction that people would send.

One act a block, with the SDK and the accounts of a local node. Every agreement is distinct, and
what is random in it has no zero byte, which would make its calldata cheaper by chance.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from eth_utils.crypto import keccak

from milepost.chain import local
from milepost.chain.transactions import Call
from milepost.escrow import Escrow
from milepost.signing import UnlockedSigner
from milepost.types import Amendment, Approval, Division, Terms
from milepost.units import DAY

ROLES = ("client", "freelancer", "payee", "arbiter")
# Jobs of these lengths show how a cost grows.
SIZES = (1, 3, 10, 64)
# When offers expire, in 2099.
EXPIRY = 0xF3F3F3F3


@dataclass(frozen=True)
class Spent:
    """What transactions cost: gas, and bytes of calldata."""

    gas: int
    calldata: int

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.gas + other.gas, self.calldata + other.calldata)


@dataclass
class Bench:
    """An escrow, its people, their token, base units of one milestone, and what was spent."""

    escrow: Escrow
    signers: dict[str, UnlockedSigner]
    token: str
    amount: int
    spent: dict[str, Spent] = field(default_factory=dict)

    def terms(self, name: str, milestones: int) -> Terms:
        """A fixed price for milestones of one amount each; `name` makes it distinct."""
        return Terms(
            **{role: self.signers[role].address for role in ROLES},
            token=self.token,
            review_period=14 * DAY,
            response_period=7 * DAY,
            ruling_period=30 * DAY,
            arbiter_fee_bps=500,
            default_bps=5_000,
            start=0,
            period=0,
            units=0,
            scope=dense(f"scope of {name}"),
            salt=dense(f"salt of {name}"),
            amounts=(self.amount,) * milestones,
        )

    def send(self, who: str, call: Call, name: str | None = None) -> Spent:
        """Send a call; what it cost is kept where it has a name."""
        spent = Spent(call.send(self.signers[who]).gas_used, len(call.data))
        if name:
            self.spent[name] = spent
        return spent

    def fund(self, terms: Terms, name: str | None = None, milestones: int | None = None) -> Spent:
        """The client funds the first milestones, or all, with the freelancer's signature."""
        acceptance = self.escrow.sign_terms(self.signers["freelancer"], terms)
        chosen = range(milestones or terms.count)
        return self.send("client", self.escrow.fund(terms, chosen, acceptance), name)

    def submit(self, terms: Terms, milestone: int, name: str | None = None) -> Spent:
        """The freelancer submits the whole of a milestone."""
        call = self.escrow.submit(terms, milestone, deliverable=dense("deliverable"))
        return self.send("freelancer", call, name)

    def claim(self, terms: Terms, name: str | None = None) -> Spent:
        """The freelancer claims every milestone with one approval that the client signed."""
        chosen = range(terms.count)
        approval = self.escrow.sign_approval(self.signers["client"], terms, chosen)
        return self.send("freelancer", self.escrow.release(terms, chosen, [approval]), name)

    def pay(self, terms: Terms, milestone: int, name: str | None = None) -> Spent:
        """The client approves one milestone and pays it, in one call."""
        approval = Approval(1 << milestone)
        return self.send("client", self.escrow.release(terms, [milestone], [approval]), name)

    def pass_time(self, seconds: int) -> None:
        """Let a clock run out."""
        local.pass_time(self.escrow.node, seconds)


def dense(text: str) -> bytes:
    """A hash without a zero byte."""
    return keccak(text=text).replace(b"\0", b"\xff")


def measure(bench: Bench) -> dict[str, Spent]:
    """Every act once or more, and the sums of those that belong together."""
    for scenario in (opening, working, ending, disputing, agreeing, whole_jobs):
        scenario(bench)
    return bench.spent


def opening(bench: Bench) -> None:
    """Open and fund: as an offer, and as accepted."""
    for n in (*SIZES, 50):
        offer = bench.terms(f"offer of {n}", n)
        bench.send("client", bench.escrow.fund(offer, range(n)), f"fund_{n}")
        bench.fund(bench.terms(f"deal of {n}", n), f"fund_{n}_signed")
    for n in SIZES:
        offer = bench.terms(f"offer of {n}", n)
        bench.send("freelancer", bench.escrow.accept(offer, range(n)), f"accept_{n}")
    later = bench.terms("ten, one by one", 10)
    bench.fund(later, milestones=1)
    bench.send("client", bench.escrow.fund(later, [1]), "fund_next")


def working(bench: Bench) -> None:
    """Claim on chain, and answer: the second clock in a slot costs less than the first."""
    terms = bench.terms("work", 3)
    bench.fund(terms)
    bench.submit(terms, 0, "submit_first")
    bench.submit(terms, 1, "submit_next")
    reason = dense("reason")
    bench.send("client", bench.escrow.request_changes(terms, 0, reason), "requestChanges")
    # At another second, or the clock would be written as it stands.
    bench.pass_time(DAY)
    bench.submit(terms, 0, "submit_again")
    bench.send("client", bench.escrow.request_refund(terms, 2, reason), "requestRefund")
    for n in SIZES:
        deal = bench.terms(f"deal of {n}", n)
        bench.send("client", bench.escrow.approve(deal, range(n)), f"approve_{n}")
    bench.send("client", bench.escrow.approve(terms, [0]), "approve_submitted")


def ending(bench: Bench) -> None:
    """Pay out what is approved or late, or give it back."""
    for n in SIZES:
        deal = bench.terms(f"deal of {n}", n)
        bench.send("freelancer", bench.escrow.release(deal, range(n)), f"release_{n}")
        offer = bench.terms(f"offer of {n}", n)
        bench.send("freelancer", bench.escrow.refund(offer, range(n)), f"refund_{n}")
    terms = bench.terms("ends", 10)
    bench.fund(terms)
    bench.send("client", bench.escrow.approve(terms, range(2)))
    bench.send("freelancer", bench.escrow.release(terms, [1]), "release_middle")
    bench.submit(terms, 2)
    bench.pass_time(terms.review_period)
    bench.send("freelancer", bench.escrow.release(terms, [2]), "release_late")


def disputing(bench: Bench) -> None:
    """Dispute a claim, and its three ends: a ruling, a silent arbiter, a settlement."""
    terms = bench.terms("dispute", 3)
    bench.fund(terms)
    half = bench.amount // 2
    for i in range(3):
        bench.submit(terms, i)
    evidence = dense("evidence")
    contested = bench.send("client", bench.escrow.dispute(terms, 0, evidence=evidence), "dispute")
    bench.send("client", bench.escrow.dispute(terms, 1, 3_000, evidence), "dispute_part")
    ruling = bench.escrow.rule(terms, 0, half, dense("reasoning"))
    bench.spent["dispute_and_rule"] = contested + bench.send("arbiter", ruling, "rule")
    bench.pass_time(terms.ruling_period)
    bench.send("freelancer", bench.escrow.lapse(terms, 1), "lapse")
    division = Division(2, half, bench.amount - half)
    offer = bench.escrow.sign_settlement(bench.signers["client"], terms, division, EXPIRY)
    bench.send("freelancer", bench.escrow.settle(terms, division, EXPIRY, offer), "settle")


def agreeing(bench: Bench) -> None:
    """Replace an agreement of three milestones by another that the same money funds."""
    terms, replacement = bench.terms("before", 3), bench.terms("after", 3)
    bench.fund(terms)
    divisions = tuple(Division(i, 0, bench.amount) for i in range(3))
    amendment = Amendment(divisions, 0b111, EXPIRY)
    signed = bench.escrow.sign_amendment(bench.signers["freelancer"], terms, replacement, amendment)
    bench.send("client", bench.escrow.amend(terms, replacement, signed), "amend_3")


def whole_jobs(bench: Bench) -> None:
    """Jobs from the first transaction to the last: all claimed at once, or paid one by one."""
    for n in SIZES:
        job = bench.terms(f"job of {n} in two", n)
        opened = bench.fund(job)
        bench.spent[f"job_{n}_two_tx"] = opened + bench.claim(job, f"claim_{n}_signed")
    for n in SIZES[:3]:
        job = bench.terms(f"job of {n} one by one", n)
        total = bench.fund(job)
        for i in range(n):
            total += bench.pay(job, i, f"pay_{i + 1}_of_{n}" if i == n // 2 else None)
        bench.spent[f"job_{n}_one_by_one"] = total
