"""Invoices: what was paid for one milestone, for the people who keep the books of both sides.

An invoice is of a milestone that is over, and of what its payee got. Everything on it follows from
the ledger, so the same payment always gives the same number and the same document. It states no
tax: who owes one says so in the note of their profile. Milestones are numbered from zero here and
from one on paper; amounts are base units.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from milepost.agreement import Agreement, Token
from milepost.errors import InputError, JobUnknown
from milepost.ledger.reads import Job, Ledger
from milepost.ledger.statements.prices import Prices, sum_of
from milepost.ledger.statements.receipts import Row
from milepost.ledger.statements.statement import is_within, period_of, statement
from milepost.presets import minutes_of
from milepost.types import AgreementId, Terms, same_address
from milepost.zones import system_zone

# What brings the payee money for a milestone.
_PAYING = {"release", "dispute", "ruling", "lapse", "settlement"}
_SHORTEST = 8  # digits of the agreement's id in a number
Side = Literal["freelancer", "client"]
_SIDES: tuple[Side, ...] = ("freelancer", "client")


@dataclass(frozen=True, slots=True)
class Invoice:
    """What was paid for a milestone, in one or more `rows` of its payee's statement.

    `title` is the agreement's, empty where its file is not at hand. `zone` is that of `day`.
    """

    number: str
    chain_id: int
    escrow: str
    agreement: AgreementId
    milestone: int
    terms: Terms
    token: Token
    title: str
    description: str
    rows: tuple[Row, ...]
    zone: str

    @property
    def amount(self) -> int:
        """What the payee got, delivered or waiting."""
        return sum(row.gain for row in self.rows)

    @property
    def waiting(self) -> int:
        """What of it could not be delivered when it was paid."""
        return sum(row.waiting for row in self.rows)

    @property
    def day(self) -> date:
        """The day of the last payment."""
        return self.rows[-1].local.date()

    @property
    def paid_at(self) -> datetime:
        """The time of the last payment, in UTC."""
        return self.rows[-1].utc

    @property
    def is_final(self) -> bool:
        """Whether no payment of it can be taken back by the chain."""
        return all(row.happening.is_final for row in self.rows)

    @property
    def worth(self) -> Decimal | None:
        """The values of its payments together; None unless all have one."""
        values = [row.value.amount for row in self.rows if row.value is not None]
        return sum_of(values) if len(values) == len(self.rows) else None

    @property
    def currency(self) -> str | None:
        """The currency of `worth`; None where it has none."""
        value = self.rows[0].value
        return None if value is None or self.worth is None else value.price.currency


def invoice(
    ledger: Ledger,
    job: str,
    milestone: int,
    *,
    file: Agreement | None = None,
    zone: ZoneInfo | None = None,
    prices: Prices | None = None,
    known: Iterable[Token] = (),
) -> Invoice:
    """The invoice of a milestone of the job whose id is `job`, or begins with it.

    `file` is the agreement as its file has it, `known` are the tokens that the user knows by name.
    Raises JobUnknown, and InputError where the milestone is not over, nothing was paid for it, or
    the file is of another agreement.
    """
    known = tuple(known)
    with ledger.at_one_moment() as asked:
        found = asked.job(job).job
        view = found.milestones.get(milestone)
        name = f"Milestone {milestone + 1} of 0x{found.agreement.hex()}"
        if view is None:
            raise InputError(f"{name} was never funded.")
        if not view.status.is_final:
            raise InputError(
                f"{name} is {view.status.label} and not over. "
                "An invoice is of what was paid in the end."
            )
        if file is not None:
            _require_file(file, found)
        rows = _payments(asked, found.terms.payee, zone, prices, known, [found.token.address])
        paid = rows.get((found.agreement, milestone))
        if not paid:
            raise InputError(f"{name} is {view.status.label}: nothing was paid to the freelancer.")
        return _invoice(asked, found, milestone, paid, file)


def invoices(
    ledger: Ledger,
    party: str,
    *,
    year: int | None = None,
    since: date | None = None,
    until: date | None = None,
    files: Iterable[Agreement] = (),
    zone: ZoneInfo | None = None,
    prices: Prices | None = None,
    known: Iterable[Token] = (),
    tokens: Collection[str] | None = None,
    side: Side | None = None,
) -> list[Invoice]:
    """The invoices that the address `party` sends or gets: of each milestone that is over and whose
    last payment was on these days. With a `side` only those of jobs in which it is that; jobs of
    which it is only the payee never count, since anybody can name anybody as that.

    `files` are the agreements whose files are at hand, `known` the tokens that the user knows by
    name, `tokens` the addresses of those to write invoices in, else all. Raises InputError, also
    for a file that is of none of the invoices' agreements.
    """
    known = tuple(known)
    since, until = period_of(year, since, until)
    zone = zone or system_zone()
    by_scope = {file.terms.scope: file for file in files}
    used: set[bytes] = set()
    made: list[Invoice] = []
    with ledger.at_one_moment() as asked:
        sides = _SIDES if side is None else (side,)
        jobs = [
            j
            for j in asked.jobs(party)
            if any(same_address(getattr(j.terms, s), party) for s in sides)
        ]
        for payee, some in _by_payee(jobs).items():
            rows = _payments(asked, payee, zone, prices, known, tokens)
            for job in some:
                file = by_scope.get(job.terms.scope)
                # Anybody can copy a hash into terms of their own.
                if file is not None and not _is_of(file, job):
                    file = None
                for i, view in job.milestones.items():
                    paid = rows.get((job.agreement, i))
                    if not paid or not view.status.is_final:
                        continue
                    if not is_within(paid[-1].happening.timestamp, zone, since, until):
                        continue
                    if file is not None:
                        used.add(job.terms.scope)
                    made.append(_invoice(asked, job, i, paid, file))
    for scope, file in by_scope.items():
        if scope not in used:
            raise InputError(f'The file "{file.title}" is of none of these invoices.')
    return sorted(made, key=lambda i: (i.paid_at, i.agreement, i.milestone))


def _by_payee(jobs: Iterable[Job]) -> Mapping[str, list[Job]]:
    found: dict[str, list[Job]] = {}
    for job in jobs:
        found.setdefault(job.terms.payee, []).append(job)
    return found


def _payments(
    ledger: Ledger,
    payee: str,
    zone: ZoneInfo | None,
    prices: Prices | None,
    known: Iterable[Token],
    tokens: Collection[str] | None,
) -> Mapping[tuple[AgreementId | None, int], list[Row]]:
    """What the address got for the work of each milestone, oldest first."""
    found: dict[tuple[AgreementId | None, int], list[Row]] = {}
    made = statement(
        ledger, payee, zone=zone, prices=prices, wallet_only=True, known=known, tokens=tokens
    )
    for row in made.rows:
        if row.kind in _PAYING and row.role in ("freelancer", "payee"):
            found.setdefault((row.agreement, row.milestones[0]), []).append(row)
    return found


def _is_of(file: Agreement, job: Job) -> bool:
    """Whether a file, whose hash a job's terms carry, has their amounts."""
    terms, given = job.terms, file.terms
    return (given.is_metered, given.amounts) == (terms.is_metered, terms.amounts)


def _require_file(file: Agreement, job: Job) -> None:
    """Raises InputError unless the file is the one that the job's terms carry the hash of."""
    terms, given = job.terms, file.terms
    if given.scope != terms.scope:
        raise InputError(
            f'The file "{file.title}" is of another agreement: its hash is 0x{given.scope.hex()}, '
            f"and 0x{terms.scope.hex()} was agreed on."
        )
    if not _is_of(file, job):
        raise InputError(f'The file "{file.title}" has other amounts than were agreed on.')


def _invoice(
    ledger: Ledger, job: Job, milestone: int, rows: Iterable[Row], file: Agreement | None
) -> Invoice:
    paid = tuple(rows)
    # Where a dispute divided the money, not all of it was paid for hours.
    units = paid[0].units if [r.kind for r in paid] == ["release"] else 0
    return Invoice(
        number=f"{_beginning(ledger, job.agreement)}-{milestone + 1}",
        chain_id=ledger.chain_id,
        escrow=ledger.escrow,
        agreement=job.agreement,
        milestone=milestone,
        terms=job.terms,
        token=job.token,
        title=file.title if file is not None else "",
        description="\n".join(_description(job.terms, milestone, units, file)),
        rows=paid,
        zone=str(paid[-1].local.tzinfo),
    )


def _beginning(ledger: Ledger, agreement: AgreementId) -> str:
    """So much of an agreement's id that no older one of the ledger begins with it."""
    name = agreement.hex()
    try:
        ledger.job(name[:_SHORTEST])
    except JobUnknown:
        older = itertools.takewhile(lambda j: j.agreement != agreement, ledger.jobs())
        taken = [j.agreement.hex() for j in older]
        length = _SHORTEST
        while any(other.startswith(name[:length]) for other in taken):
            length += 1
        return name[:length]
    return name[:_SHORTEST]


def _description(terms: Terms, milestone: int, units: int, file: Agreement | None) -> Iterator[str]:
    """What was paid for, in lines; of hours, where it is known how many `units` they were."""
    if file is not None and file.items:
        yield file.items[milestone].title
        yield from (f"- {text}" for text in file.items[milestone].deliverables)
    elif terms.is_metered:
        end = terms.period_end(milestone)
        first, last = (datetime.fromtimestamp(t, UTC).date() for t in (end - terms.period, end - 1))
        yield f"Work from {first} to {last}"
        if units:
            hours, minutes = divmod(minutes_of(units), 60)
            yield f"{hours} hours {minutes} minutes"
    else:
        yield f"Milestone {milestone + 1}"
