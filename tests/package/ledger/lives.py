"""Random lives of agreements on the real contract, for tests of the ledger.

    lives = Lives(escrow, token, people, seed=1)
    for _ in range(100):
        lives.act()

Most acts fit what the contract would allow, some do not and fail on chain. The contract is the
judge; nothing here is a model of it. The same seed chooses the same acts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from random import Random
from typing import Any

from eth_utils.crypto import keccak

from milepost.chain.transactions import Call
from milepost.escrow import Escrow
from milepost.presets import fixed_price, hourly, retainer
from milepost.types import Amendment, Division, Status, Terms, statuses_from, to_set
from milepost.units import DAY

UNLIKELY = 0.12
"""The chance that an act takes no heed of what is possible."""

_GAS = 4_000_000
_STATUSES_OF = "0x" + keccak(text="statusesOf(bytes32)")[:4].hex()
_DENIED = 0.5  # of all changes of the token's deny list
_OPEN = (Status.ACTIVE, Status.SUBMITTED, Status.REFUND_REQUESTED, Status.DISPUTED)
_DUE = (Status.SUBMITTED, Status.APPROVED, Status.PARTLY_APPROVED)


class _NothingToDoError(Exception):
    """No milestone fits what was to be done."""


class Lives:
    """Agreements of a few people, in a token and in the coin, at a fixed price and metered."""

    def __init__(self, escrow: Escrow, token: Any, people: Any, seed: int) -> None:
        self.escrow, self.token, self.people = escrow, token, people
        self.random = Random(seed)
        self._ask = escrow.node.w3.provider.make_request
        self._batch: list[Call] | None = None
        self._is_automatic = True
        now = escrow.node.block().timestamp
        in_token, in_coin = people.parties(token.address), people.parties()
        # The token takes no coin, so this payee is never paid.
        unpayable = replace(in_coin, payee=token.address)
        deals = [
            fixed_price(in_token, [100, 333, 1, 10**9 + 7, 5 * 10**6, 77]),
            fixed_price(in_coin, [10**18 + 1, 7, 10**15]),
            replace(fixed_price(unpayable, [12345, 678]), arbiter_fee_bps=1000, default_bps=3333),
            hourly(in_token, rate=10**6, hours_per_week=7, start=now - 6 * DAY),
            retainer(in_coin, amount=999_983, start=now),
        ]
        self.deals = [replace(deal, salt=self._salt()) for deal in deals]

    def act(self) -> None:
        """One act, sometimes after a while, sometimes in the same block as others."""
        if self.random.random() < 0.2:
            days = self.random.choice([1, 1, 2, 4, 8, 15, 31])
            self.pass_time(days * DAY)
        if self.random.random() < 0.15:
            with self.one_block():
                for _ in range(self.random.randint(2, 4)):
                    self._act()
        else:
            self._act()

    def pass_time(self, seconds: int) -> None:
        """Moves the clock of the next block."""
        self._rpc("evm_increaseTime", seconds)

    def mine(self, blocks: int = 1) -> None:
        """Mines empty blocks."""
        self._rpc("anvil_mine", hex(blocks))

    @contextmanager
    def one_block(self) -> Iterator[None]:
        """What is sent inside goes into one block."""
        self._rpc("evm_setAutomine", False)
        self._is_automatic = False
        try:
            yield
        finally:
            self._rpc("evm_mine")
            self._rpc("evm_setAutomine", True)
            self._is_automatic = True

    def reorganise(self, depth: int, chance: float = 0.7) -> None:
        """Replaces the newest `depth` blocks. A transaction of theirs is kept with a `chance`, but
        maybe in another order or block, where it may fail.
        """
        head = int(self._rpc("eth_blockNumber"), 16)
        kept = []
        for k in range(depth):
            block = self._rpc("eth_getBlockByNumber", hex(head - depth + 1 + k), True)
            for found in block["transactions"]:
                if self.random.random() < chance:
                    place = min(depth - 1, k + self.random.choice([0, 0, 0, 1]))
                    transaction = {name: found[name] for name in ("from", "to", "value")}
                    kept.append([{**transaction, "data": found["input"], "gas": hex(_GAS)}, place])
        # The same transactions in the same blocks would be no reorganisation.
        stranger = self.people.stranger.address
        filler = {"from": stranger, "to": stranger, "value": hex(self.random.randrange(2**40))}
        self._rpc("anvil_reorg", depth, [[filler, 0], *kept])

    def send(self, signer: Any, call: Call) -> None:
        """Sends without asking whether it will work, or adds to the batch that is being made."""
        if self._batch is not None:
            self._batch.append(call)
            return
        transaction = {
            "from": signer.address,
            "to": call.to,
            "value": hex(call.value),
            "data": "0x" + call.data.hex(),
            "gas": hex(_GAS),
        }
        sent = self._rpc("eth_sendTransaction", transaction)
        if self._is_automatic:
            # The block comes a moment after the answer.
            while self._rpc("eth_getTransactionReceipt", sent) is None:
                time.sleep(0.001)

    # What they do

    def _act(self) -> None:
        while True:
            try:
                return self.random.choices(_ACTS, _WEIGHTS)[0](self)
            except _NothingToDoError:
                pass

    def fund(self) -> None:
        if self.random.random() < 0.2:
            self.deals.append(replace(self.random.choice(self.deals[:5]), salt=self._salt()))
        deal, chosen = self._some(Status.NONE)
        accepted = self.random.random() < 0.6
        by_freelancer = self.people.freelancer
        acceptance = self.escrow.sign_terms(by_freelancer, deal) if accepted else b""
        self.send(self.people.client, self.escrow.fund(deal, chosen, acceptance))

    def accept(self) -> None:
        deal, chosen = self._some(Status.OFFERED)
        self.send(self.people.freelancer, self.escrow.accept(deal, chosen))

    def submit(self) -> None:
        deal, i = self._one(Status.OFFERED, Status.ACTIVE, Status.REFUND_REQUESTED)
        self.send(self.people.freelancer, self.escrow.submit(deal, i, self._part(deal.whole)))

    def request_changes(self) -> None:
        deal, i = self._one(Status.SUBMITTED)
        self.send(self.people.client, self.escrow.request_changes(deal, i))

    def request_refund(self) -> None:
        deal, i = self._one(Status.ACTIVE)
        self.send(self.people.client, self.escrow.request_refund(deal, i))

    def approve(self) -> None:
        unclaimed = (Status.ACTIVE, Status.REFUND_REQUESTED)
        deal, chosen = self._some(Status.SUBMITTED, Status.DISPUTED, *unclaimed)
        units = [self._claimed(deal, i) for i in chosen]
        self.send(self.people.client, self.escrow.approve(deal, chosen, units))

    def release(self) -> None:
        deal, chosen = self._some(*_DUE)
        self.send(self._anybody(), self.escrow.release(deal, chosen))

    def release_by_signature(self) -> None:
        deal, chosen = self._some(*_OPEN)
        units = [
            self._part(deal.whole) if self.random.random() < 0.3 else self._claimed(deal, i)
            for i in chosen
        ]
        approval = self.escrow.sign_approval(self.people.client, deal, chosen, units)
        self.send(self.people.freelancer, self.escrow.release(deal, chosen, [approval]))

    def refund(self) -> None:
        deal, chosen = self._some(Status.OFFERED, *_OPEN)
        self.send(self._anybody(), self.escrow.refund(deal, chosen))

    def dispute(self) -> None:
        by_client = self.random.random() < 0.5
        states = () if by_client else (Status.ACTIVE, Status.REFUND_REQUESTED)
        deal, i = self._one(Status.SUBMITTED, *states)
        units = self._part(self._claimed(deal, i))
        signer = self.people.client if by_client else self.people.freelancer
        self.send(signer, self.escrow.dispute(deal, i, units))

    def rule(self) -> None:
        deal, i = self._one(Status.DISPUTED)
        most = self._open(deal, i) * 9 // 10
        self.send(self.people.arbiter, self.escrow.rule(deal, i, self.random.randint(0, most)))

    def lapse(self) -> None:
        deal, i = self._one(Status.DISPUTED)
        self.send(self._anybody(), self.escrow.lapse(deal, i))

    def settle(self) -> None:
        deal, i = self._one(*_OPEN)
        self._settle(deal, i)

    def _settle(self, deal: Terms, milestone: int) -> None:
        expires_at = self._now() + 400 * DAY
        division = self._division(deal, milestone)
        offer = self.escrow.sign_settlement(self.people.freelancer, deal, division, expires_at)
        self.send(self.people.client, self.escrow.settle(deal, division, expires_at, offer))

    def amend(self) -> None:
        deal = self.random.choice(self.deals)
        self._amend(deal, self._at(deal, *_OPEN))

    def _amend(self, deal: Terms, ended: Sequence[int]) -> None:
        divisions = [self._division(deal, i) for i in ended]
        freed = sum(d.to_client for d in divisions)
        amounts = [self.random.randint(1, max(2, 2 * freed)) for _ in range(2)]
        if self.random.random() < 0.1:
            replacement = self.random.choice(self.deals)
        else:
            parties = replace(self.people.parties(deal.token), payee=deal.payee)
            replacement = replace(fixed_price(parties, amounts), salt=self._salt())
        funded = self.random.choice([[0], [1], [0, 1]])
        amendment = Amendment(tuple(divisions), to_set(funded), self._now() + 400 * DAY)
        signed = self.escrow.sign_amendment(self.people.freelancer, deal, replacement, amendment)
        self.send(self.people.client, self.escrow.amend(deal, replacement, signed))
        self.deals.append(replacement)

    def withdraw(self) -> None:
        owner = self.random.choice([self.people.freelancer, self.people.client])
        to = self.random.choice([None, self.people.stranger.address])
        self.send(owner, self.escrow.withdraw(self.token.address, owner.address, to))

    def deny(self) -> None:
        """The token denies somebody, or nobody any more."""
        people = self.people
        who = self.random.choice([people.freelancer, people.client, people.arbiter]).address
        call = self.token.call("setDenied", who, self.random.random() < _DENIED)
        self._without_batch(lambda: self.send(people.stranger, call))

    def batch(self) -> None:
        """Several acts of the client in one transaction; in the token, which a batch can carry."""
        deal = self.random.choice([d for d in self.deals if d.token == self.token.address])
        found = self._at(deal, *_OPEN)
        self._batch = []
        try:
            if found and self.random.random() < 0.7:
                self._settle(deal, found[0])
            if self.random.random() < 0.5:
                funded = self._at(deal, Status.NONE)[:1] or [0]
                self.send(self.people.client, self.escrow.fund(deal, funded))
            self._amend(deal, found[1:])
            calls = self._batch
        finally:
            self._batch = None
        self.send(self.people.client, self.escrow.batch(calls))

    # Choosing

    def _without_batch(self, do: Callable[[], None]) -> None:
        batch, self._batch = self._batch, None
        do()
        self._batch = batch

    def _at(self, deal: Terms, *statuses: Status) -> list[int]:
        """Milestones of a deal that are in these statuses."""
        # Not by the SDK, for speed.
        data = _STATUSES_OF + self.escrow.agreement_id(deal).hex()
        word = self._rpc("eth_call", {"to": self.escrow.address, "data": data}, "latest")
        found = statuses_from(int(word, 16))
        return [i for i in range(min(deal.count, 6)) if found[i] in statuses]

    def _some(self, *statuses: Status) -> tuple[Terms, list[int]]:
        deal, found = self._where(statuses)
        return deal, sorted(self.random.sample(found, self.random.randint(1, len(found))))

    def _one(self, *statuses: Status) -> tuple[Terms, int]:
        deal, found = self._where(statuses)
        return deal, self.random.choice(found)

    def _where(self, statuses: Sequence[Status]) -> tuple[Terms, list[int]]:
        deals = self.random.sample(self.deals, len(self.deals))
        if self.random.random() < UNLIKELY:
            return deals[0], list(range(min(deals[0].count, 6)))
        for deal in deals[:6]:
            if found := self._at(deal, *statuses):
                return deal, found
        raise _NothingToDoError

    def _claimed(self, deal: Terms, milestone: int) -> int:
        return self.escrow.milestone_at(deal, milestone).clock.claimed or deal.whole

    def _open(self, deal: Terms, milestone: int) -> int:
        return self.escrow.milestone_at(deal, milestone).open

    def _division(self, deal: Terms, milestone: int) -> Division:
        opened = self._open(deal, milestone)
        to_freelancer = self.random.choice([0, opened, self.random.randint(0, opened)])
        return Division(milestone, to_freelancer, opened - to_freelancer)

    def _part(self, whole: int) -> int:
        return self.random.choice([whole, self.random.randint(1, whole)])

    def _anybody(self) -> Any:
        people = self.people
        return self.random.choice([people.stranger, people.client, people.freelancer])

    def _now(self) -> int:
        return self.escrow.node.block().timestamp

    def _salt(self) -> bytes:
        return self.random.randbytes(32)

    def _rpc(self, method: str, *params: Any) -> Any:
        answer = self._ask(method, list(params))
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]


_CHANCES: dict[Callable[[Lives], None], float] = {
    Lives.fund: 5,
    Lives.accept: 2,
    Lives.submit: 5,
    Lives.request_changes: 2.5,
    Lives.request_refund: 2,
    Lives.approve: 2,
    Lives.release: 3,
    Lives.release_by_signature: 2,
    Lives.refund: 1.5,
    Lives.dispute: 5,
    Lives.rule: 4,
    Lives.lapse: 3,
    Lives.settle: 1.5,
    Lives.amend: 0.7,
    Lives.withdraw: 2,
    Lives.deny: 2,
    Lives.batch: 0.6,
}
_ACTS, _WEIGHTS = list(_CHANCES), list(_CHANCES.values())
