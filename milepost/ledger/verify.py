"""Compares the ledger with the contract: every agreement, every credit, and what it must hold.

Everything is asked at the ledger's last block, of which the node must still have the state.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import partial

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from milepost.chain.erc20 import Erc20
from milepost.chain.escrow_contract import EscrowContract
from milepost.chain.events import to_address
from milepost.chain.logs import IN_FLIGHT
from milepost.errors import AnswerInconsistent, MilepostError, NoContract, TokenUnsuitable
from milepost.ledger import rows, store
from milepost.ledger.replay import Agreement
from milepost.ledger.store import Position, Store
from milepost.types import NOT_FUNDED, ZERO_ADDRESS, MilestoneView, Status


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which ledger and contract differ. `what` names it, the rest are its values."""

    what: str
    ledger: str
    contract: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What was compared at which block, and what differs.

    `surplus` is base units that the contract holds beyond what it owes, by token: money sent to it
    without an act, or of agreements that the ledger misses. Below zero the token took money away by
    itself. It is None of a token that does not tell.
    """

    block: int
    agreements: int
    credits: int
    differences: tuple[Difference, ...]
    surplus: dict[str, int | None]


def verify(
    database: Store,
    contract: EscrowContract,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Verification:
    """Compare all that the ledger has. `on_progress` hears of the agreements done, and of how many.

    Raises NodeUnreachable, CallRefused where the node lacks the state of the ledger's block, and
    AnswerInconsistent where the chain dropped that block meanwhile.
    """
    found: list[Difference] = []
    held: dict[str, int] = defaultdict(int)
    with database.reading() as connection, ThreadPoolExecutor(IN_FLIGHT) as pool:
        at = database.position(connection)
        table = store.agreements.c
        ids = connection.scalars(sa.select(table.id).order_by(table.block, table.id)).all()
        done = 0
        for some in rows.in_chunks(ids):
            agreements = rows.read_agreements(connection, some)
            compare = partial(_compare, contract, at)
            for differences in pool.map(compare, agreements, agreements.values()):
                found += differences
                done += 1
                on_progress(done, len(ids))
            for agreement in agreements.values():
                held[agreement.terms.token] += sum(m.open for m in agreement.milestones.values())
        waiting = _credits(connection)
        for (token, owner), amount in waiting.items():
            held[token] += amount
            actual = contract.credits(token, owner, at.block)
            if actual != amount:
                what = f"credit of {owner} in {token}"
                found.append(Difference(what, str(amount), str(actual)))
        block_hash = connection.scalar(
            sa.select(store.blocks.c.hash).where(store.blocks.c.number == at.block)
        )
    surplus: dict[str, int | None] = {}
    for token, amount in held.items():
        balance = _balance(contract, token, at.block)
        surplus[token] = None if balance is None else balance - amount
    if contract.node.block(at.block).hash != block_hash:
        raise AnswerInconsistent(f"block {at.block} changed while the two were compared")
    return Verification(at.block, len(ids), len(waiting), tuple(found), surplus)


def _compare(
    contract: EscrowContract, at: Position, agreement: bytes, found: Agreement
) -> list[Difference]:
    name = f"agreement 0x{agreement.hex()}"
    try:
        actual_id, views = contract.agreement_at(found.terms, at.timestamp, at.block)
    except MilepostError as error:
        error.add_note(f"Asked for {name} at block {at.block}.")
        raise
    differences = []
    if actual_id != agreement:
        differences.append(Difference(f"{name}, its id", agreement.hex(), actual_id.hex()))
    for i, actual in enumerate(views):
        milestone = found.milestones.get(i)
        view = milestone.view(found.terms, at.timestamp) if milestone else NOT_FUNDED
        for field in fields(MilestoneView):
            ours, theirs = getattr(view, field.name), getattr(actual, field.name)
            if ours != theirs:
                what = f"{name}, milestone {i + 1}, {field.name.replace('_', ' ')}"
                differences.append(Difference(what, _text(ours), _text(theirs)))
    return differences


def _text(value: object) -> str:
    return value.label if isinstance(value, Status) else str(value)


def _credits(connection: Connection) -> dict[tuple[str, str], int]:
    """What waits to be withdrawn, by token and owner; also what was zero again."""
    moved = store.movements.c
    query = sa.select(moved.token, moved.address, moved.kind, moved.amount)
    waiting: dict[tuple[str, str], int] = defaultdict(int)
    for row in connection.execute(query.where(moved.kind.in_(("credit", "withdrawal")))):
        place = (to_address(row.token), to_address(row.address))
        waiting[place] += row.amount if row.kind == "credit" else -row.amount
    return waiting


def _balance(contract: EscrowContract, token: str, block: int) -> int | None:
    if token == ZERO_ADDRESS:
        return contract.node.balance(contract.address, block)
    try:
        return Erc20(contract.node, token).balance(contract.address, block)
    except (TokenUnsuitable, NoContract):
        return None
