"""Makes a local chain on which an escrow has served many people for some months.

Every event is a log of the real contract. Agreements between a few hundred pairs of people run side
by side, each at its own pace; at the end many are still on their way, with clocks that run. The
same number of events gives the same events. The state of past blocks is not kept.
"""

from __future__ import annotations

import argparse
import heapq
import json
import random
import signal
import time
from collections import defaultdict, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import requests
from eth_abi.abi import encode
from eth_utils.abi import function_abi_to_4byte_selector
from eth_utils.address import to_checksum_address

from milepost.artifacts import load_artifact
from milepost.chain import local
from milepost.chain.deploy import deploy_escrow, deploy_practice_token
from milepost.chain.events import event_topics
from milepost.chain.rpc import Node
from milepost.escrow import Escrow
from milepost.presets import Parties, fixed_price, hourly
from milepost.signing import UnlockedSigner
from milepost.types import BPS, ZERO_ADDRESS, Amendment, Division, Terms, to_set
from milepost.units import DAY, HOUR

# How many people there are, and how many pairs of a client and a freelancer among them.
CLIENTS, FREELANCERS, ARBITERS, STRANGERS, PAIRS = 60, 90, 8, 2, 200
START = 1_795_392_000
# Accounts that hold enough, act without signing, and pay nothing for gas.
OPTIONS = (
    *("--timestamp", str(START)),
    *("--accounts", str(CLIENTS + FREELANCERS + ARBITERS + STRANGERS)),
    *("--balance", "1000000000"),
    *("--block-base-fee-per-gas", "0"),
    *("--gas-limit", "1000000000"),
    *("--order", "fifo"),
    "--auto-impersonate",
    "--no-request-size-limit",
    "--prune-history",
)
SPAN = 120 * DAY
# What an agreement comes to on average. It sets only how fast agreements come.
EVENTS_OF_AGREEMENT = 20
ACTS_OF_BLOCK = (15, 45)
# Acts that are due further apart than this never share a block.
BLOCK_SPAN = 4 * HOUR
# Blocks that are on their way to the node while further ones are made.
AHEAD = 4
GAS = hex(8_000_000)
# Blocks whose logs are counted at once.
RANGE = 500

ABI: Any = load_artifact("MilestoneEscrow").abi
SELECTORS = {
    item["name"]: bytes(function_abi_to_4byte_selector(item))
    for item in ABI
    if item["type"] == "function"
}
# An argument of no elements: bytes or a list.
EMPTY = bytes(32)


@dataclass(frozen=True)
class BenchChain:
    """Where the escrow is, in which blocks its events are, how many they and agreements are."""

    escrow: str
    first_block: int
    last_block: int
    events: int
    agreements: int


@contextmanager
def running() -> Iterator[Node]:
    """A fresh chain for `make_chain`.

    It is a fork of an empty one: of a fork, Anvil does not hash all of the state at each block.
    """
    with local.start(options=OPTIONS) as empty:
        fork = ("--fork-url", empty.url, "--no-rate-limit", "--no-storage-caching")
        with local.start(options=(*OPTIONS, *fork)) as chain:
            yield chain.connect()


def make_chain(node: Node, *, events: int = 100_000) -> BenchChain:
    """Fill a chain that was started with OPTIONS with at least so many events.

    Raises RuntimeError where the node refuses something.
    """
    deployer = UnlockedSigner(node.w3, node.w3.eth.accounts[-1])
    escrow = Escrow(node, deploy_escrow(node, deployer).address)
    first = node.block().number
    token = deploy_practice_token(node, deployer)
    world = World(escrow, token, START + DAY, SPAN * EVENTS_OF_AGREEMENT / events)
    sent = 0
    with Miner(node) as miner:
        miner.mine(START + HOUR, world.fund_clients())
        while sent < events:
            timestamp, acts = world.block()
            miner.mine(timestamp, acts)
            sent += sum(act.events for act in acts)
        miner.finish()
    return _counted(node, escrow.address, first, sent)


def _counted(node: Node, escrow: str, first: int, expected: int) -> BenchChain:
    last = node.block().number
    found, agreements = 0, set()
    funded = "0x" + event_topics()["MilestonesFunded"].hex()
    for start in range(first, last + 1, RANGE):
        end = min(start + RANGE - 1, last)
        asked = {"address": escrow, "fromBlock": hex(start), "toBlock": hex(end)}
        logs = json.loads(rpc(node, "eth_getLogs", asked))["result"]
        found += len(logs)
        agreements |= {log["topics"][1] for log in logs if log["topics"][0] == funded}
    if found != expected:
        raise RuntimeError(f"{expected} events were meant, and there are {found}")
    return BenchChain(escrow, first, last, found, len(agreements))


def rpc(node: Node, method: str, *params: Any) -> bytes:
    """The node's answer as it comes."""
    return requests.post(url_of(node), json=request(method, *params), timeout=600).content


def request(method: str, *params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def url_of(node: Node) -> str:
    """Where the node listens."""
    provider: Any = node.w3.provider
    return str(provider.endpoint_uri)


@dataclass(frozen=True, slots=True)
class Act:
    """A transaction, due `delay` seconds after the one before it, and how many events it logs."""

    delay: int
    sender: str
    to: str
    data: bytes
    events: int = 1
    value: int = 0


class Miner:
    """Sends blocks of acts, some ahead of the node. Nothing is mined but these blocks."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._session = requests.Session()
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._ahead: deque[Future[None]] = deque()
        count = node.w3.eth.get_transaction_count
        self._nonces: dict[str, int] = defaultdict(int)
        self._nonces |= {a: int(count(a)) for a in node.w3.eth.accounts}

    def __enter__(self) -> Miner:
        rpc(self._node, "evm_setAutomine", False)
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        rpc(self._node, "evm_setAutomine", True)

    def mine(self, timestamp: int, acts: Iterable[Act]) -> None:
        """Mine these acts in a block of that time."""
        # The node does in order what comes in one batch.
        batch = [request("eth_sendTransaction", self._transaction(act)) for act in acts]
        batch.append(request("evm_mine", {"timestamp": hex(timestamp), "blocks": 1}))
        self._ahead.append(self._pool.submit(self._post, json.dumps(batch)))
        if len(self._ahead) > AHEAD:
            self._ahead.popleft().result()

    def finish(self) -> None:
        """Wait until everything is mined."""
        while self._ahead:
            self._ahead.popleft().result()

    def _transaction(self, act: Act) -> dict[str, Any]:
        nonce = self._nonces[act.sender]
        self._nonces[act.sender] += 1
        return {
            "from": act.sender,
            "to": act.to,
            "gas": GAS,
            "gasPrice": "0x0",
            "nonce": hex(nonce),
            "value": hex(act.value),
            "data": "0x" + act.data.hex(),
        }

    def _post(self, body: str) -> None:
        headers = {"Content-Type": "application/json"}
        answer = self._session.post(url_of(self._node), data=body, headers=headers, timeout=600)
        for part in answer.json():
            if "error" in part:
                raise RuntimeError(part["error"])


# An agreement or one milestone of it: acts in their order.
Life = Iterator[Act]
# How a milestone goes: of the world, an agreement, a milestone of it, seconds until it begins.
Way = Callable[["World", "Job", int, int], Life]


@dataclass(frozen=True, slots=True)
class Job:
    """An agreement and its terms as every call carries them."""

    terms: Terms
    encoded: bytes

    def call(self, name: str, *args: int | bytes, tail: bytes | None = None) -> bytes:
        """Calldata of an act; `tail` is the last argument where its length is not fixed."""
        size = 32 * (1 + len(args) + (tail is not None))
        tails = () if tail is None else (size + len(self.encoded),)
        return SELECTORS[name] + words(size, *args, *tails) + self.encoded + (tail or b"")

    def worth(self, milestone: int, units: int) -> int:
        """Base units that units of a milestone are worth."""
        return self.terms.amount_of(milestone) * units // self.terms.whole


class World:
    """The people and their jobs. `now` is the time of the last block."""

    def __init__(self, escrow: Escrow, token: str, now: int, gap: float) -> None:
        self.escrow, self.now = escrow, now
        w3 = escrow.node.w3
        self.token = w3.eth.contract(
            to_checksum_address(token), abi=load_artifact("PracticeToken").abi
        )
        self.rng = random.Random(20_260_302)
        accounts = map(str, w3.eth.accounts)
        self.clients = [next(accounts) for _ in range(CLIENTS)]
        freelancers = [next(accounts) for _ in range(FREELANCERS)]
        self.arbiters = [next(accounts) for _ in range(ARBITERS)]
        self.strangers = [next(accounts) for _ in range(STRANGERS)]
        everybody = [(c, f) for c in self.clients for f in freelancers]
        self.pairs = self.rng.sample(everybody, PAIRS)
        self.signers = {a: UnlockedSigner(w3, a) for a in (*self.clients, *freelancers)}
        # When an act is due, its number, the life that goes on after it, and the act.
        self._waiting: list[tuple[int, int, Life, Act]] = []
        self._planned = 0
        # When the next agreement comes, and how many seconds lie between two on average.
        self._next_job, self._gap = float(now), gap

    # The calendar

    def block(self) -> tuple[int, list[Act]]:
        """The time of the next block and its acts."""
        wanted = self.rng.randint(*ACTS_OF_BLOCK)
        self._begin_jobs()
        due = [heapq.heappop(self._waiting)]
        latest = due[0][0] + BLOCK_SPAN
        while len(due) < wanted:
            self._begin_jobs()
            if self._waiting[0][0] > latest:
                break
            due.append(heapq.heappop(self._waiting))
        self.now = max(self.now + 12, due[-1][0])
        for _, _, life, _ in due:
            self._begin(life, self.now)
        return self.now, [act for _, _, _, act in due]

    def _begin(self, life: Life, at: int) -> None:
        """Plan the next act of a life."""
        act = next(life, None)
        if act is not None:
            self._planned += 1
            heapq.heappush(self._waiting, (at + act.delay, self._planned, life, act))

    def _begin_jobs(self) -> None:
        while not self._waiting or self._waiting[0][0] >= self._next_job:
            kind = self.rng.choices([*KINDS], [*KINDS.values()])[0]
            self._begin(kind(self), int(self._next_job))
            self._next_job += self.rng.expovariate(1 / self._gap)

    def _begin_work(self, job: Job, milestone: int, delay: int, ways: dict[Way, int]) -> None:
        way = self.rng.choices([*ways], [*ways.values()])[0]
        self._begin(way(self, job, milestone, delay), self.now)

    def _begin_all(self, job: Job, milestones: Iterable[int], ways: dict[Way, int]) -> None:
        delay = 0
        for i in milestones:
            delay += self._days(1, 6)
            self._begin_work(job, i, delay, ways)

    # What happens in an agreement

    def step_by_step(self) -> Life:
        """The usual job: milestones one after the other, each in its own way."""
        job = self._fixed_price(self._parties())
        count = job.terms.count
        first = count if self._chance(0.7) else (count + 1) // 2
        is_accepted = self._chance(0.35)
        yield self._fund(job, range(first), is_accepted=is_accepted)
        answer = 1.0 if is_accepted else self.rng.random()
        if answer < 0.05:
            return  # nobody ever answered
        if answer < 0.12:
            data = job.call("refund", to_set(range(first)))
            yield self._act(self._days(2, 9), job.terms.client, data)
            return
        if answer < 0.75:
            yield self._accept(job, range(first))
            is_accepted = True
        # What was not accepted by now is accepted by the work itself.
        self._begin_all(job, range(first), WAYS if is_accepted else WAYS_OF_OFFERS)
        if first < count:
            yield self._fund(job, range(first, count), delay=self._days(5, 30))
            yield self._accept(job, range(first, count))
            self._begin_all(job, range(first, count), WAYS)

    def together(self) -> Life:
        """Everything is delivered, approved and paid at once."""
        job = self._fixed_price(self._parties())
        terms, everything = job.terms, to_set(range(job.terms.count))
        yield self._fund(job, range(terms.count))
        yield self._accept(job, range(terms.count))
        submits = [self._submit(job, i, 0).data for i in range(terms.count)]
        yield self._act(self._days(5, 30), terms.freelancer, *submits)
        wait = terms.review_period
        if self._chance(0.8):
            data = job.call("approve", everything, tail=EMPTY)
            yield self._act(self._days(1, 4), terms.client, data)
            wait = self._days(0.1, 2)
        yield self._act(wait, self._anybody(job), job.call("release", everything, tail=EMPTY))

    def signed(self) -> Life:
        """Both sides sign, and the job takes two transactions."""
        job = self._fixed_price(self._parties())
        terms, everything = job.terms, range(job.terms.count)
        yield self._fund(job, everything, is_accepted=True)
        approval = self.escrow.sign_approval(self.signers[terms.client], terms, everything)
        data = self.escrow.release(terms, everything, [approval]).data
        yield self._act(self._days(3, 40), terms.freelancer, data)

    def amended(self) -> Life:
        """The last milestone is given up for an agreement that replaces this one."""
        parties = self._parties()
        old, new = self._fixed_price(parties), self._fixed_price(parties)
        terms, last = old.terms, old.terms.count - 1
        yield self._fund(old, range(terms.count), is_accepted=True)
        self._begin_all(old, range(last), WAYS)
        delay = self._days(5, 20)
        division = Division(last, 0, terms.amount_of(last))
        funded = to_set(range(new.terms.count))
        amendment = Amendment((division,), funded, self.now + delay + 5 * DAY)
        signer = self.signers[terms.freelancer]
        amendment = self.escrow.sign_amendment(signer, terms, new.terms, amendment)
        call = self.escrow.amend(terms, new.terms, amendment)
        yield Act(delay, terms.client, self.escrow.address, call.data, 3, call.value)
        self._begin_all(new, range(new.terms.count), WAYS)

    def refused_payee(self) -> Life:
        """The token refuses the payee, who is credited and has it sent elsewhere."""
        payee = self._new_address()
        parties = replace(self._parties(), token=self.token.address, payee=payee)
        job = self._fixed_price(parties)
        terms, everything = job.terms, to_set(range(job.terms.count))
        yield self._fund(job, range(terms.count))
        yield self._of_token(self._days(1, 2), terms.client, "setDenied", payee, True)
        yield self._accept(job, range(terms.count))
        acts = [job.call(name, everything, tail=EMPTY) for name in ("approve", "release")]
        paid = self._act(self._days(5, 30), terms.client, *acts)
        yield replace(paid, events=3)
        data = SELECTORS["withdraw"] + words(terms.token, payee, terms.freelancer)
        yield self._act(self._days(1, 9), payee, data)

    def by_the_hour(self) -> Life:
        """Weeks of metered work, funded a few at a time."""
        parties = self._parties()
        hours, rate = self.rng.randrange(5, 41, 5), self.rng.randint(20, 150)
        rate *= base_units(parties.token)
        job = self._job(hourly(parties, rate=rate, hours_per_week=hours, start=self.now))
        weeks, ahead = self.rng.randint(4, 20), self.rng.randint(1, 4)
        delay = 0
        for first in range(0, weeks, ahead):
            chosen = range(first, first + ahead)
            is_accepted = self._chance(0.5)
            yield self._fund(job, chosen, delay=delay, is_accepted=is_accepted)
            if not is_accepted:
                yield self._accept(job, chosen)
            for i in chosen:
                over = max(0, job.terms.period_end(i) - self.now)
                self._begin_work(job, i, over + self._days(0.1, 2), WAYS_OF_WEEKS)
            delay = max(0, job.terms.period_end(chosen[-1]) - 2 * DAY - self.now)

    # How one milestone goes

    def approved(self, job: Job, i: int, start: int) -> Life:
        """Submitted, approved and paid."""
        yield self._submit(job, i, start)
        yield from self._pay(job, i)

    def approved_in_part(self, job: Job, i: int, start: int) -> Life:
        """Less than the whole is claimed, approved and paid."""
        yield self._submit(job, i, start, self._part_of(job.terms.whole))
        yield from self._pay(job, i)

    def unanswered(self, job: Job, i: int, start: int) -> Life:
        """The client is silent until the work is due."""
        yield self._submit(job, i, start)
        data = job.call("release", 1 << i, tail=EMPTY)
        wait = job.terms.review_period + self._days(0, 3)
        yield self._act(wait, self._anybody(job), data)

    def changed(self, job: Job, i: int, start: int) -> Life:
        """Sent back once or twice before it is paid."""
        yield self._submit(job, i, start)
        for _ in range(self.rng.randint(1, 2)):
            data = job.call("requestChanges", i, self.rng.randbytes(32))
            yield self._act(self._days(0.5, 4), job.terms.client, data)
            yield self._submit(job, i, self._days(0.5, 6))
        yield from self._pay(job, i)

    def paid_early(self, job: Job, i: int, start: int) -> Life:
        """The client approves what was never submitted."""
        yield from self._pay(job, i, start)

    def asked_back(self, job: Job, i: int, start: int) -> Life:
        """The client asks for the money, and nobody answers."""
        yield self._request_refund(job, i, start)
        wait = job.terms.response_period + self._days(0, 3)
        yield self._act(wait, self._anybody(job), job.call("refund", 1 << i))

    def asked_back_in_vain(self, job: Job, i: int, start: int) -> Life:
        """The client asks for the money, and the freelancer delivers."""
        yield self._request_refund(job, i, start)
        yield self._submit(job, i, self._days(0.5, 3))
        yield from self._pay(job, i)

    def given_back(self, job: Job, i: int, start: int) -> Life:
        """The freelancer gives up."""
        yield self._act(start, job.terms.freelancer, job.call("refund", 1 << i))

    def ruled(self, job: Job, i: int, start: int) -> Life:
        """The arbiter divides what is disputed; without one it lapses."""
        if job.terms.arbiter == ZERO_ADDRESS:
            yield from self.lapsed(job, i, start)
            return
        at_stake = yield from self._dispute(job, i, start)
        divisible = at_stake - at_stake * job.terms.arbiter_fee_bps // BPS
        data = job.call("rule", i, self.rng.randint(0, divisible), self.rng.randbytes(32))
        yield self._act(self._days(2, 12), job.terms.arbiter, data)

    def lapsed(self, job: Job, i: int, start: int) -> Life:
        """Nobody rules in time."""
        yield from self._dispute(job, i, start)
        wait = job.terms.ruling_period + self._days(0, 3)
        yield self._act(wait, self._anybody(job), job.call("lapse", i))

    def conceded(self, job: Job, i: int, start: int) -> Life:
        """The client gives in to a dispute."""
        yield from self._dispute(job, i, start)
        yield from self._pay(job, i)

    def settled(self, job: Job, i: int, start: int) -> Life:
        """Both agree how to divide a dispute."""
        at_stake = yield from self._dispute(job, i, start)
        terms, delay = job.terms, self._days(1, 9)
        to_freelancer = self.rng.randint(0, at_stake)
        division = Division(i, to_freelancer, at_stake - to_freelancer)
        expires_at = self.now + delay + 2 * DAY
        offers, carries = self.rng.sample([terms.client, terms.freelancer], 2)
        offer = self.escrow.sign_settlement(self.signers[offers], terms, division, expires_at)
        data = self.escrow.settle(terms, division, expires_at, offer).data
        yield self._act(delay, carries, data)

    def left(self, job: Job, i: int, start: int) -> Life:
        """Submitted, disputed or asked back, and nobody comes back to it."""
        ways = [self.unanswered, self.lapsed]
        if not job.terms.is_metered:
            ways.append(self.asked_back)
        *begun, _end = self.rng.choice(ways)(job, i, start)
        yield from begun

    # What all this is made of

    def fund_clients(self) -> Iterator[Act]:
        """Every client receives more of the token than it needs and lets the escrow take it."""
        for client in self.clients:
            yield self._of_token(0, client, "mint", client, 10**18)
            yield self._of_token(0, client, "approve", self.escrow.address, 2**256 - 1)

    def _act(self, delay: int, sender: str, *calls: bytes) -> Act:
        data = calls[0]
        if len(calls) > 1:
            data = SELECTORS["multicall"] + encode(["bytes[]"], [calls])
        return Act(delay, sender, self.escrow.address, data, len(calls))

    def _of_token(self, delay: int, sender: str, name: str, *args: Any) -> Act:
        data = bytes.fromhex(self.token.encode_abi(name, args)[2:])
        return Act(delay, sender, self.token.address, data, 0)

    def _fund(
        self, job: Job, milestones: Sequence[int], *, delay: int = 0, is_accepted: bool = False
    ) -> Act:
        terms, tail = job.terms, EMPTY
        if is_accepted:
            acceptance = self.escrow.sign_terms(self.signers[terms.freelancer], terms)
            tail = encode(["bytes"], [acceptance])[32:]
        data = job.call("fund", to_set(milestones), tail=tail)
        value = terms.sum_of(milestones) if terms.token == ZERO_ADDRESS else 0
        return replace(self._act(delay, terms.client, data), value=value)

    def _accept(self, job: Job, milestones: Iterable[int]) -> Act:
        data = job.call("accept", to_set(milestones), tail=EMPTY)
        return self._act(self._days(0.2, 3), job.terms.freelancer, data)

    def _submit(self, job: Job, i: int, delay: int, units: int | None = None) -> Act:
        data = job.call("submit", i, units or job.terms.whole, self.rng.randbytes(32))
        return self._act(delay, job.terms.freelancer, data)

    def _request_refund(self, job: Job, i: int, delay: int) -> Act:
        data = job.call("requestRefund", i, self.rng.randbytes(32))
        return self._act(delay, job.terms.client, data)

    def _pay(self, job: Job, i: int, start: int = 0) -> Life:
        units = words(1, job.terms.whole) if job.terms.is_metered else EMPTY
        approve = job.call("approve", 1 << i, tail=units)
        release = job.call("release", 1 << i, tail=EMPTY)
        delay = start + self._days(0.5, 4)
        if self._chance(0.4):
            yield self._act(delay, job.terms.client, approve, release)
        else:
            yield self._act(delay, job.terms.client, approve)
            yield self._act(self._days(0.1, 2), self._anybody(job), release)

    def _dispute(self, job: Job, i: int, start: int) -> Generator[Act, None, int]:
        """A claim and a dispute of it. Returns the base units that stay open."""
        claimed = self._part_of(job.terms.whole) if self._chance(0.3) else job.terms.whole
        units = self._part_of(claimed) if self._chance(0.6) else claimed
        yield self._submit(job, i, start, claimed)
        by_client = self._chance(0.8)
        sender = job.terms.client if by_client else job.terms.freelancer
        data = job.call("dispute", i, units, self.rng.randbytes(32))
        yield self._act(self._days(0.5, 4), sender, data)
        if by_client:
            return job.worth(i, claimed) - job.worth(i, claimed - units)
        return job.worth(i, units)

    def _parties(self) -> Parties:
        client, freelancer = self.rng.choice(self.pairs)
        return Parties(
            client,
            freelancer,
            token=self.token.address if self._chance(0.6) else ZERO_ADDRESS,
            arbiter=self.rng.choice(self.arbiters) if self._chance(0.8) else ZERO_ADDRESS,
            payee=self._new_address() if self._chance(0.1) else None,
        )

    def _fixed_price(self, parties: Parties) -> Job:
        unit = base_units(parties.token)
        amounts = [self.rng.randint(50, 5_000) * unit for _ in range(self.rng.randint(2, 12))]
        return self._job(fixed_price(parties, amounts))

    def _job(self, terms: Terms) -> Job:
        terms = replace(
            terms,
            scope=self.rng.randbytes(32),
            salt=self.rng.randbytes(32),
            review_period=self.rng.choice((5, 7, 14)) * DAY,
            response_period=self.rng.choice((4, 7)) * DAY,
            ruling_period=self.rng.choice((14, 30)) * DAY,
        )
        return Job(terms, encode_terms(terms))

    def _anybody(self, job: Job) -> str:
        return self.rng.choice((job.terms.client, job.terms.freelancer, *self.strangers))

    def _new_address(self) -> str:
        return str(to_checksum_address(self.rng.randbytes(20)))

    def _part_of(self, units: int) -> int:
        return self.rng.randint(max(1, units // 4), units)

    def _chance(self, share: float) -> bool:
        return self.rng.random() < share

    def _days(self, least: float, most: float) -> int:
        return int(self.rng.uniform(least, most) * DAY)


# How often what happens, in relation to the others.
KINDS: dict[Callable[[World], Life], int] = {
    World.step_by_step: 60,
    World.together: 15,
    World.by_the_hour: 15,
    World.signed: 6,
    World.amended: 2,
    World.refused_payee: 2,
}
WAYS: dict[Way, int] = {
    World.approved: 30,
    World.changed: 12,
    World.unanswered: 12,
    World.approved_in_part: 6,
    World.paid_early: 6,
    World.asked_back: 5,
    World.asked_back_in_vain: 3,
    World.given_back: 3,
    World.ruled: 6,
    World.lapsed: 3,
    World.conceded: 2,
    World.settled: 3,
    World.left: 9,
}
# What is still an offer cannot be asked back, nor be approved before it is submitted.
WAYS_OF_OFFERS: dict[Way, int] = {
    World.approved: 30,
    World.changed: 12,
    World.unanswered: 12,
    World.ruled: 6,
}
WAYS_OF_WEEKS: dict[Way, int] = {
    World.approved_in_part: 60,
    World.unanswered: 25,
    World.changed: 5,
    World.ruled: 5,
    World.left: 5,
}


def base_units(token: str) -> int:
    """Base units of what is worth about a dollar."""
    return 10**15 if token == ZERO_ADDRESS else 10**6


def words(*values: int | str | bytes) -> bytes:
    """Numbers, addresses and hashes as words of 32 bytes."""
    return b"".join(
        value
        if isinstance(value, bytes)
        else (int(value, 16) if isinstance(value, str) else value).to_bytes(32, "big")
        for value in values
    )


def encode_terms(terms: Terms) -> bytes:
    """The terms as an argument of a call, without their offset."""
    plain = [getattr(terms, name) for name in terms.__slots__ if name != "amounts"]
    return words(*plain, 32 * (len(plain) + 1), len(terms.amounts), *terms.amounts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, help="how many at least")
    parser.add_argument("--keep", action="store_true", help="serve the chain until interrupted")
    args = parser.parse_args()
    for end in (signal.SIGINT, signal.SIGTERM):
        signal.signal(end, signal.default_int_handler)  # so that the nodes end too
    with running() as node:
        began = time.monotonic()
        chain = make_chain(node, events=args.events)
        seconds = time.monotonic() - began
        print(
            f"{chain.events:,} events of {chain.agreements:,} agreements"
            f" in blocks {chain.first_block:,} to {chain.last_block:,},"
            f" made in {seconds:.1f} seconds",
            flush=True,
        )
        if args.keep:
            print(f"{chain.escrow} at {url_of(node)}", flush=True)
            with suppress(KeyboardInterrupt):
                signal.pause()


if __name__ == "__main__":
    main()
