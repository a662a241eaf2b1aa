"""The receipts and payments of one party, as rows: what each act moved, for whom and with whom.

What could not be delivered is part of the row that should have brought it, as `waiting`, and a
withdrawal turns it into money that arrived. So the sums of rows are, to the base unit, what the
wallets' balances changed by. Milestones are numbered from zero, amounts are base units.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from milepost.agreement import Token
from milepost.ledger.reads import Happening, Payment, Role
from milepost.ledger.statements.prices import Value
from milepost.presets import rate_of, units_paid
from milepost.types import AgreementId, Terms, same_address
from milepost.zones import local_time

Direction = Literal["in", "out"]

# What pays a number of units; a ruling, a lapse and a settlement divide money.
_OF_UNITS = ("release", "dispute")


@dataclass(frozen=True, slots=True)
class Row:
    """One receipt or payment.

    `amount` is what it changed the wallet at `address` by, below zero where it left; `waiting` what
    it changed the credit by that the escrow keeps for `withdraw`. `role` is the party's, None where
    a withdrawal is of several. `agreement` is None where it is of several. `fee` is what the
    arbiter took in the ruling that the row comes from; it is no part of `amount`. `units` are those
    of hourly work that it pays, zero where it pays none or they are not certain; `rate` is the base
    units of an hour of them, None where it is no whole number.
    """

    kind: str
    role: Role | None
    address: str
    counterparties: tuple[str, ...]
    agreement: AgreementId | None
    milestones: tuple[int, ...]
    token: Token
    amount: int
    waiting: int
    fee: int
    local: datetime
    happening: Happening
    value: Value | None = None
    units: int = 0
    rate: int | None = None

    @property
    def direction(self) -> Direction:
        """Whether the money comes to the party or leaves it."""
        return "out" if self.kind == "fund" else "in"

    @property
    def is_return(self) -> bool:
        """Whether it is a client's own money that comes back."""
        return self.role == "client" and self.direction == "in"

    @property
    def gain(self) -> int:
        """What became the party's, delivered or not; below zero for a payment, zero for a
        withdrawal.
        """
        return self.amount + self.waiting

    @property
    def utc(self) -> datetime:
        """The time of its block in UTC."""
        return datetime.fromtimestamp(self.happening.timestamp, UTC)


def rows_of(
    payments: Iterable[Payment], party: str, zone: ZoneInfo, payee: str | None = None
) -> Iterator[Row]:
    """The rows of the payments of one address, oldest first: of the party's own, or of what a
    `payee` at another address got for the party's work as a freelancer.
    """

    def is_ours(terms: Terms) -> bool:
        # A payee may have received money for other freelancers, and in other roles.
        return payee is None or (
            same_address(terms.freelancer, party)
            and same_address(terms.payee, payee)
            and not same_address(terms.client, payee)
        )

    made: list[Row] = []
    waiting: dict[Token, list[tuple[Payment, Terms]]] = defaultdict(list)
    for payment in payments:
        terms = payment.terms
        if terms is None:
            # A credit is paid out whole, so it is known of what agreements it is.
            ours = [(p, t) for p, t in waiting.pop(payment.token, []) if is_ours(t)]
            if ours:
                made.append(_withdrawal(payment, ours, party, zone))
            continue
        if payment.kind == "credit":
            waiting[payment.token].append((payment, terms))
        if not is_ours(terms):
            continue
        row = _row(payment, terms, party, zone)
        if payment.kind == "credit":
            left = _keep_back(made, payment)
            if left:
                made.append(replace(row, amount=-left, waiting=left))
        else:
            made.append(row)
    yield from made


def _keep_back(made: list[Row], credit: Payment) -> int:
    """Turn what could not be delivered from received into waiting, in the rows of the same
    transaction. Returns what none of them brought.
    """
    left, transaction = credit.amount, credit.happening.event.transaction
    for k in range(len(made) - 1, -1, -1):
        row = made[k]
        if row.happening.event.transaction != transaction or not left:
            break
        is_of_it = (row.agreement, row.token) == (credit.agreement, credit.token)
        if is_of_it and row.amount > 0 and row.kind != "withdrawal":
            kept = min(left, row.amount)
            made[k] = replace(row, amount=row.amount - kept, waiting=row.waiting + kept)
            left -= kept
    return left


def _row(payment: Payment, terms: Terms, party: str, zone: ZoneInfo) -> Row:
    role = _role(payment.address, terms, party)
    event = payment.happening.event
    is_for_hours = payment.kind in _OF_UNITS and role in ("freelancer", "payee")
    units = units_paid(terms, payment.amount) if is_for_hours else None
    return Row(
        kind=payment.kind,
        role=role,
        address=payment.address,
        counterparties=_counterparties(role, terms),
        agreement=payment.agreement,
        milestones=payment.milestones,
        token=payment.token,
        amount=-payment.amount if payment.kind == "fund" else payment.amount,
        waiting=0,
        fee=event["fee"] if payment.kind == "ruling" else 0,
        local=local_time(payment.happening.timestamp, zone),
        happening=payment.happening,
        units=units or 0,
        rate=rate_of(terms) if units else None,
    )


def _withdrawal(
    payment: Payment, credited: list[tuple[Payment, Terms]], party: str, zone: ZoneInfo
) -> Row:
    """A withdrawal; of a payee's only what is of the credits that are the party's."""
    amount = sum(p.amount for p, _ in credited)
    agreements = {p.agreement for p, _ in credited}
    placed = [(_role(payment.address, terms, party), terms) for _, terms in credited]
    roles = {role for role, _ in placed}
    others = (who for role, terms in placed for who in _counterparties(role, terms))
    return Row(
        kind=payment.kind,
        role=roles.pop() if len(roles) == 1 else None,
        address=payment.happening.event["to"],
        counterparties=tuple(dict.fromkeys(others)),
        agreement=agreements.pop() if len(agreements) == 1 else None,
        milestones=(),
        token=payment.token,
        amount=amount,
        waiting=-amount,
        fee=0,
        local=local_time(payment.happening.timestamp, zone),
        happening=payment.happening,
    )


def _role(address: str, terms: Terms, party: str) -> Role:
    """In which role the party has money at an address."""
    if same_address(address, terms.client):
        return "client"
    if same_address(address, terms.arbiter):
        return "arbiter"
    return "freelancer" if same_address(party, terms.freelancer) else "payee"


def _counterparties(role: Role, terms: Terms) -> tuple[str, ...]:
    """With whom the party deals: an arbiter with both."""
    match role:
        case "client":
            return (terms.freelancer,)
        case "arbiter":
            return (terms.client, terms.freelancer)
    return (terms.client,)
