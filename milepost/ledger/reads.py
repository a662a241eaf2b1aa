"""What the ledger knows: jobs, histories, deadlines, money. Each answer is of one moment.

A job is an agreement with what became of it. It is judged at the time of the last block that was
read, which every answer names. Amounts are base units, times Unix seconds, milestones numbered from
zero. Nothing here asks a node.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import copy
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from milepost.agreement import Token
from milepost.chain.events import Event, from_address, to_address
from milepost.errors import JobUnknown
from milepost.ledger import rows, store
from milepost.ledger.replay import Agreement
from milepost.ledger.store import Position, Store
from milepost.runway import Runway, runway
from milepost.types import (
    NOT_FUNDED,
    ZERO_ADDRESS,
    AgreementId,
    MilestoneView,
    Status,
    Terms,
    same_address,
)

Role = Literal["client", "freelancer", "payee", "arbiter"]
ROLES: tuple[Role, ...] = ("client", "freelancer", "payee", "arbiter")

# Who has to act, by status; nobody where it is only to be paid out, which anybody may do.
_AWAITED: dict[Status, Role] = {
    Status.OFFERED: "freelancer",
    Status.ACTIVE: "freelancer",
    Status.SUBMITTED: "client",
    Status.REFUND_REQUESTED: "freelancer",
    Status.DISPUTED: "arbiter",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """The block that an answer is true at. What is up to `final_block` cannot be taken back."""

    block: int
    timestamp: int
    final_block: int


@dataclass(frozen=True, slots=True)
class Job:
    """An agreement and where its milestones stand; `milestones` are those ever funded, by index."""

    agreement: AgreementId
    terms: Terms
    token: Token
    milestones: Mapping[int, MilestoneView]
    replaced_by: AgreementId | None
    funded_at: int

    def roles_of(self, party: str) -> tuple[Role, ...]:
        """The roles that an address has in it."""
        if same_address(party, ZERO_ADDRESS):  # which says that there is no arbiter
            return ()
        return tuple(r for r in ROLES if same_address(getattr(self.terms, r), party))

    @property
    def statuses(self) -> tuple[Status, ...]:
        """The statuses of all its milestones."""
        return tuple(self.milestones.get(i, NOT_FUNDED).status for i in range(self.terms.count))

    @property
    def open(self) -> int:
        """Base units that the escrow holds for it."""
        return sum(m.open for m in self.milestones.values())

    @property
    def is_over(self) -> bool:
        """Whether every milestone that was funded has ended."""
        return all(m.status.is_final for m in self.milestones.values())


@dataclass(frozen=True, slots=True)
class Due:
    """A milestone that waits for `awaited`; None where anybody can carry out what is decided, and
    where a dispute without an arbiter waits for the two to settle.

    Nothing comes by itself where `deadline` is zero. Metered work that was accepted cannot be
    claimed before `opens_at`.
    """

    job: Job
    milestone: int
    view: MilestoneView
    awaited: Role | None
    opens_at: int

    @property
    def deadline(self) -> int:
        """Unix time at which the awaited party is late; zero where no clock runs."""
        return self.view.deadline


@dataclass(frozen=True, slots=True)
class Ending:
    """Where the protected periods of metered work end: no clock of the contract, and nothing comes
    of it but that nobody protects work after it.

    `last` is the last of them, as `run` has it.
    """

    job: Job
    run: Runway
    last: int

    @property
    def at(self) -> int:
        """The Unix time of it."""
        return self.job.terms.period_end(self.last)

    @property
    def is_over(self) -> bool:
        """Whether it has come."""
        return self.last < self.run.current


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of a history, at its block's time. What is not final may still be taken back."""

    event: Event
    timestamp: int
    is_final: bool


@dataclass(frozen=True, slots=True)
class History:
    """A job with all that happened to it, oldest first, and the agreement that it replaced."""

    job: Job
    happenings: tuple[Happening, ...]
    replaces: AgreementId | None
    moment: Moment


@dataclass(frozen=True, slots=True)
class Payment:
    """Money of one address that crossed the escrow's border, or waits there.

    `kind` is what moved it, as `replay.Movement` has it. `terms` are None for a withdrawal, which
    may be of several agreements' money. `milestones` are those that it is for.
    """

    kind: str
    address: str
    token: Token
    amount: int
    agreement: AgreementId | None
    terms: Terms | None
    milestones: tuple[int, ...]
    happening: Happening


@dataclass(frozen=True, slots=True)
class Report:
    """An event with what it takes to tell of it. `job` is None for a withdrawal, which may be of
    several.
    """

    happening: Happening
    job: Job | None
    token: Token


@dataclass(frozen=True, slots=True)
class Money:
    """Totals of one address, or of all, in one token, in base units.

    `paid` went from the address into the escrow, `received` came out to it, `credits` could not be
    delivered and wait for `withdraw`. `held` is open in the jobs of the address, whoever gets it.
    """

    token: Token
    paid: int
    received: int
    credits: int
    held: int


@dataclass(frozen=True, slots=True)
class Info:
    """What the ledger is of, how far it has read, and how much there is."""

    position: Position
    agreements: int
    events: int


class Ledger:
    """A ledger to ask, at the moment of its last block.

    Every method raises LedgerMissing where none was made yet, LedgerForeign, LedgerOutdated and
    LedgerUnreadable.
    """

    def __init__(self, database: Store) -> None:
        self._store = database
        self._reading: Callable[[], AbstractContextManager[Connection]] = database.reading
        self._position = database.require()

    @contextmanager
    def at_one_moment(self) -> Iterator[Ledger]:
        """This ledger, with all its answers of the same moment, however long the asking takes."""
        with self._reading() as connection:
            asked = copy(self)
            asked._reading = lambda: nullcontext(connection)
            yield asked

    @property
    def chain_id(self) -> int:
        """The chain that the ledger is of."""
        return self._position.chain_id

    @property
    def escrow(self) -> str:
        """The checksummed address of the escrow that the ledger is of."""
        return to_address(self._position.escrow)

    def moment(self) -> Moment:
        """Where the ledger stands now. Each other answer may be of a later one."""
        with self._reading() as connection:
            return self._moment(connection)

    def has_block(self, number: int, block_hash: bytes) -> bool:
        """Whether that block is the last one that was read."""
        with self._reading() as connection:
            query = sa.select(store.blocks.c.hash).where(store.blocks.c.number == number)
            known = connection.scalar(query)
            return known == block_hash and self._moment(connection).block == number

    def jobs(self, party: str | None = None, role: Role | None = None) -> list[Job]:
        """The jobs in which `party` has a role, or `role`; all without a party. Oldest first."""
        with self._reading() as connection:
            return self._jobs(connection, self._moment(connection), _ids_of(party, role))

    def job(self, text: str) -> History:
        """The job whose id is `text`, or alone begins with it. Raises JobUnknown."""
        with self._reading() as connection:
            moment = self._moment(connection)
            agreement = _find(connection, text, moment)
            (found,) = self._histories(connection, moment, sa.select(sa.literal(agreement)))
            return found

    def histories(self, party: str | None = None) -> list[History]:
        """The jobs of `party`, or all, each with what happened to it. Oldest first."""
        with self._reading() as connection:
            return self._histories(connection, self._moment(connection), _ids_of(party, None))

    def reports(self, after: int, party: str | None = None) -> list[Report]:
        """What happened after block `after` in the jobs of `party`, or in all, oldest first; and
        the withdrawals of its credits.
        """
        logs, moved = store.logs.c, store.movements.c
        condition = logs.block > after
        if party is not None:
            own = sa.select(moved.block, moved.log_index).where(
                moved.address == from_address(party), moved.kind == "withdrawal"
            )
            withdrawn = sa.tuple_(logs.block, logs.log_index).in_(own)
            condition &= logs.agreement.in_(_ids_of(party, None)) | withdrawn
        with self._reading() as connection:
            moment, tokens = self._moment(connection), self._tokens(connection)
            found = list(rows.entries_of(rows.read_logs(connection, condition), self.escrow))
            ids = {e["agreement"] for _, e in found if "agreement" in e.fields}
            jobs = {
                job.agreement: job
                for some in rows.in_chunks(ids)
                for job in self._jobs(connection, moment, _these(some))
            }
        reports = []
        for log, event in found:
            job = jobs.get(event.fields.get("agreement", b""))
            token = job.token if job else tokens.get(from_address(event.fields.get("token", "0x")))
            if token is not None:
                happening = Happening(event, log.timestamp, log.block <= moment.final_block)
                reports.append(Report(happening, job, token))
        return reports

    def due(self, party: str | None = None, until: int = 2**63 - 1) -> list[Due]:
        """Every clock in the jobs of `party`, or in all, that runs out by `until` (Unix time), or
        has. The earliest deadline first.
        """
        found = [d for d in self._waiting(party, until) if 0 < d.deadline <= until]
        return sorted(found, key=lambda d: (d.deadline, d.job.funded_at, d.milestone))

    def openings(self, party: str | None = None) -> list[Due]:
        """Metered work in the jobs of `party`, or in all, that was accepted and nobody has claimed
        yet; what can be claimed first, first.
        """
        found = [d for d in self._waiting(party) if d.opens_at]
        return sorted(found, key=lambda d: (d.opens_at, d.job.funded_at, d.milestone))

    def endings(self, party: str | None = None) -> list[Ending]:
        """The end of the protected periods of each metered job that runs: one that is not replaced
        and whose `Runway.last` there is. Of the jobs in which `party` is the client or the
        freelancer, or of all. The earliest end first.
        """
        parts, ids = store.milestones.c, _ids_of(party, None)
        is_open = parts.status.between(int(Status.ACTIVE), int(Status.PAID) - 1)
        running = sa.select(parts.agreement).where(is_open)
        table = store.agreements.c
        ids = ids.where(table.id.in_(running), table.replaced_by.is_(None))
        with self._reading() as connection:
            moment = self._moment(connection)
            jobs = self._jobs(connection, moment, ids)
        found = [
            ending
            for job in jobs
            if party is None or not {"client", "freelancer"}.isdisjoint(job.roles_of(party))
            if (ending := _ending(job, moment)) is not None
        ]
        return sorted(found, key=lambda e: (e.at, e.job.funded_at))

    def needs(self, party: str) -> list[Due]:
        """What `party` has to do, or can collect, now; what is most urgent first."""
        with self.at_one_moment() as ledger:
            now = ledger.moment().timestamp
            found = [d for d in ledger._waiting(party) if _concerns(d, party, now)]
        return sorted(found, key=lambda d: (d.deadline or 2**63, d.job.funded_at, d.milestone))

    def payments(self, party: str | None = None) -> list[Payment]:
        """All money of `party`, or of all, that crossed the escrow's border, oldest first."""
        moved, logs = store.movements.c, store.logs.c
        with self._reading() as connection:
            moment = self._moment(connection)
            tokens = self._tokens(connection)
            condition = moved.address == from_address(party) if party else sa.true()
            places = sa.select(moved.block, moved.log_index).where(condition)
            happened = {
                (log.block, log.log_index): Happening(
                    event, log.timestamp, log.block <= moment.final_block
                )
                for log, event in rows.entries_of(
                    rows.read_logs(connection, sa.tuple_(logs.block, logs.log_index).in_(places)),
                    self.escrow,
                )
            }
            query = sa.select(store.movements).where(condition)
            found = connection.execute(
                query.order_by(moved.block, moved.log_index, moved.part)
            ).all()
            ids = {row.agreement for row in found if row.agreement is not None}
            terms = {a: j.terms for a, j in rows.read_agreements(connection, ids).items()}
            return [
                _payment(row, happened[row.block, row.log_index], tokens, terms) for row in found
            ]

    def money(self, party: str | None = None) -> list[Money]:
        """The totals of `party`, in each token that it ever had to do with; of all without one."""
        totals: dict[Token, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        with self.at_one_moment() as ledger:
            payments, jobs = ledger.payments(party), ledger.jobs(party)
        for payment in payments:
            total, amount = totals[payment.token], payment.amount
            match payment.kind:
                case "fund":
                    total[0] += amount
                case "credit":
                    total[1] -= amount
                    total[2] += amount
                case "withdrawal":
                    total[1] += amount
                    total[2] -= amount
                case _:
                    total[1] += amount
        for job in jobs:
            totals[job.token][3] += job.open
        return [Money(token, *total) for token, total in totals.items()]

    def tokens(self) -> list[Token]:
        """The tokens of all agreements."""
        with self._reading() as connection:
            return list(self._tokens(connection).values())

    def token_of(self, event: Event) -> Token | None:
        """The token that the amounts of an event are in; None where its agreement is unknown."""
        table = store.agreements.c
        with self._reading() as connection:
            tokens = self._tokens(connection)
            if "token" in event.fields:
                return tokens.get(from_address(event["token"]))
            query = sa.select(table.token).where(table.id == event["agreement"])
            return tokens.get(connection.scalar(query) or b"")

    def info(self) -> Info:
        """What the ledger is of, and how much there is."""
        with self._reading() as connection:
            counts = (
                connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
                for table in (store.agreements, store.logs)
            )
            return Info(self._store.position(connection), *counts)

    def _moment(self, connection: Connection) -> Moment:
        position = self._store.position(connection)
        return Moment(position.block, position.timestamp, position.final_block)

    def _tokens(self, connection: Connection) -> dict[bytes, Token]:
        found = connection.execute(sa.select(store.tokens)).all()
        return {r.address: Token(to_address(r.address), r.symbol, r.decimals or 0) for r in found}

    def _waiting(self, party: str | None, until: int | None = None) -> Iterator[Due]:
        """The milestones that are not over; with `until`, of jobs with a clock that ends then."""
        ids = _ids_of(party, None)
        parts = store.milestones.c
        if until is not None:
            running = sa.select(parts.agreement).where(parts.deadline <= until)
            ids = ids.where(store.agreements.c.id.in_(running))
        with self._reading() as connection:
            jobs = self._jobs(connection, self._moment(connection), ids)
        for job in jobs:
            yield from waiting(job)

    def _histories(
        self, connection: Connection, moment: Moment, ids: sa.Select[tuple[bytes]]
    ) -> list[History]:
        table = store.agreements.c
        query = sa.select(table.replaced_by, table.id).where(table.replaced_by.in_(ids))
        before = {row.replaced_by: row.id for row in connection.execute(query)}
        happened: dict[bytes, list[Happening]] = defaultdict(list)
        logs = rows.read_logs(connection, store.logs.c.agreement.in_(ids))
        for log, event in rows.entries_of(logs, self.escrow):
            happening = Happening(event, log.timestamp, log.block <= moment.final_block)
            happened[event["agreement"]].append(happening)
        return [
            History(job, tuple(happened[job.agreement]), before.get(job.agreement), moment)
            for job in self._jobs(connection, moment, ids)
        ]

    def _jobs(
        self, connection: Connection, moment: Moment, ids: sa.Select[tuple[bytes]]
    ) -> list[Job]:
        tokens = self._tokens(connection)
        table = store.agreements.c
        query = sa.select(table.id, table.timestamp).where(table.id.in_(ids))
        dated = connection.execute(query.order_by(table.block, table.id))
        since = {row.id: row.timestamp for row in dated}
        found = rows.read_agreements(connection, since)
        return [_job(a, found[a], timestamp, tokens, moment) for a, timestamp in since.items()]


def _ending(job: Job, moment: Moment) -> Ending | None:
    if not job.terms.is_metered:
        return None
    run = runway(job.terms, job.statuses, moment.timestamp)
    return None if run.last is None else Ending(job, run, run.last)


def waiting(job: Job) -> Iterator[Due]:
    """The milestones of a job that are not over."""
    has_arbiter = job.terms.arbiter != ZERO_ADDRESS
    for i, view in job.milestones.items():
        if not view.status.is_final:
            awaited = None if view.is_late else _AWAITED.get(view.status)
            if awaited == "arbiter" and not has_arbiter:
                awaited = None
            yield Due(job, i, view, awaited, _opens_at(job.terms, i, view))


def _concerns(due: Due, party: str, now: int) -> bool:
    if due.awaited is not None:
        has_opened = due.opens_at <= now
        return has_opened and same_address(getattr(due.job.terms, due.awaited), party)
    terms, view = due.job.terms, due.view
    if view.status == Status.DISPUTED and not view.is_late:
        return any(same_address(party, who) for who in (terms.client, terms.freelancer))
    gains = [terms.freelancer, terms.payee] if view.to_freelancer else []
    gains += [terms.client] if view.to_client else []
    return any(same_address(party, who) for who in gains)


def _opens_at(terms: Terms, milestone: int, view: MilestoneView) -> int:
    is_unclaimed = terms.is_metered and view.status == Status.ACTIVE
    return terms.period_end(milestone) if is_unclaimed else 0


def _ids_of(party: str | None, role: Role | None) -> sa.Select[tuple[bytes]]:
    table = store.agreements.c
    query = sa.select(table.id)
    if party is None:
        return query
    address = from_address(party)
    if not any(address):  # no party, but the place of an arbiter where there is none
        return query.where(sa.false())
    columns = [table[name] for name in ([role] if role else ROLES)]
    return query.where(sa.or_(*(column == address for column in columns)))


def _these(ids: list[bytes]) -> sa.Select[tuple[bytes]]:
    table = store.agreements.c
    return sa.select(table.id).where(table.id.in_(ids))


def _find(connection: Connection, text: str, moment: Moment) -> AgreementId:
    """The one id that begins with hexadecimal `text`."""
    digits = text.lower().removeprefix("0x")
    table = store.agreements.c
    if re.fullmatch(r"[0-9a-f]{1,64}", digits):
        low, high = bytes.fromhex(digits.ljust(64, "0")), bytes.fromhex(digits.ljust(64, "f"))
        query = sa.select(table.id).where(table.id.between(low, high))
        found = connection.scalars(query.limit(100)).all()
    else:
        found = []
    if len(found) != 1:
        raise JobUnknown(text, len(found), moment.block)
    return AgreementId(found[0])


def _job(
    agreement: bytes,
    found: Agreement,
    funded_at: int,
    tokens: Mapping[bytes, Token],
    moment: Moment,
) -> Job:
    terms = found.terms
    views = {i: m.view(terms, moment.timestamp) for i, m in found.milestones.items()}
    return Job(
        agreement=AgreementId(agreement),
        terms=terms,
        token=tokens[from_address(terms.token)],
        milestones=views,
        replaced_by=None if found.replaced_by is None else AgreementId(found.replaced_by),
        funded_at=funded_at,
    )


def _payment(
    row: sa.Row[Any],
    happening: Happening,
    tokens: Mapping[bytes, Token],
    terms: Mapping[bytes, Terms],
) -> Payment:
    several = rows.milestones_of(happening.event)
    return Payment(
        kind=row.kind,
        address=to_address(row.address),
        token=tokens[row.token],
        amount=row.amount,
        agreement=None if row.agreement is None else AgreementId(row.agreement),
        terms=terms.get(row.agreement),
        milestones=several if row.milestone is None else (row.milestone,),
        happening=happening,
    )
