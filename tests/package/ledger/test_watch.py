"""A watch tells each event and each deadline once, whatever the chain, the target or the database
do meanwhile.
"""

import json
import logging
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import pytest
import sqlalchemy as sa

from milepost.chain import local
from milepost.chain.deploy import deploy_escrow
from milepost.chain.logs import LogReader
from milepost.errors import ExtraMissing, InputError, LedgerUnreadable, NodeUnreachable
from milepost.escrow import Escrow
from milepost.ledger.deadlines import memory, notify, outbox
from milepost.ledger.deadlines.memory import Mark, Memory
from milepost.ledger.deadlines.notify import AppriseTarget, targets
from milepost.ledger.deadlines.watch import Watch
from milepost.ledger.store import Store, deliveries
from milepost.ledger.sync import Syncer
from milepost.presets import Parties, fixed_price, hourly
from milepost.signing import UnlockedSigner
from milepost.units import DAY, HOUR, WEEK, format_time
from tests.package.conftest import People

pytestmark = [
    pytest.mark.node,
    # Apprise looks at a module that Python 3.13 no longer has.
    pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning"),
]


@dataclass
class Recorder:
    """A target that takes what it is sent, unless it `is_broken`."""

    name: str = "target 1 (test)"
    is_broken: bool = False
    taken: list = field(default_factory=list)
    tries: int = 0

    @property
    def identity(self):
        return self.name

    def send(self, title, body):
        self.tries += 1
        if not self.is_broken:
            self.taken.append((title.removeprefix("Milepost: "), body))
        return not self.is_broken

    def titles(self):
        """What arrived since this was last asked."""
        found = [title for title, _ in self.taken]
        self.taken.clear()
        return found


class Scene:
    """An escrow with a ledger, whose client is watched."""

    def __init__(self, escrow, people, path):
        self.escrow, self.node, self.people = escrow, escrow.node, people
        self.store = Store(path)
        self.store.create(self.node.chain_id, bytes.fromhex(escrow.address[2:]), 0)
        reader = LogReader(self.node, escrow.address)
        self.sync = Syncer(self.store, reader, lambda token: ("USDP", 6)).sync
        self.target, self.told = Recorder(), []
        self.now = 0
        self.watch = None

    def start(self, *targets, party="client", **options):
        """A watch as a new process has it."""
        who = getattr(self.people, party).address if party else None
        options = {"tell": self.told.append, "clock": lambda: self.now, **options}
        self.watch = Watch(self.store, who, targets or [self.target], **options)
        return self.watch

    def look(self):
        """Sync, send, and give the titles that arrived."""
        self.sync()
        self.watch.deliver()
        return self.target.titles()

    def request(self, method, *params):
        answer = self.node.w3.provider.make_request(method, list(params))
        assert "error" not in answer, answer
        return answer["result"]

    def deal(self, amounts=(1_500_000_000, 5_000_000, 7_000_000), parties=None):
        """A deal that is funded and accepted."""
        terms = fixed_price(parties or self.people.parties(), amounts)
        acceptance = self.escrow.sign_terms(self.people.freelancer, terms)
        chosen = range(len(amounts))
        self.escrow.fund(terms, chosen, acceptance).send(self.people.client)
        return terms

    def rows(self, watch=None):
        query = sa.select(deliveries.c.key, deliveries.c.block)
        if watch is not None:
            query = query.where(deliveries.c.watch == watch)
        with self.store.reading() as connection:
            found = {row.key: row.block for row in connection.execute(query)}
        return {key: block for key, block in found.items() if key != "salt"}


@pytest.fixture
def scene(escrow, people, tmp_path):
    made = Scene(escrow, people, tmp_path / "ledger.db")
    yield made
    made.store.close()


@pytest.fixture
def lone(tmp_path):
    """A scene on a chain of its own, to be reorganised and stopped."""
    with local.start() as running:
        node = running.connect()
        people = People(*(UnlockedSigner(node.w3, a) for a in node.w3.eth.accounts[:4]))
        escrow = Escrow(node, deploy_escrow(node, people.stranger).address)
        made = Scene(escrow, people, tmp_path / "ledger.db")
        made.running = running
        yield made
        made.store.close()


# Events


def test_history_is_not_told_and_what_comes_is_in_order(scene, people):
    terms = scene.deal()
    scene.start()
    assert scene.look() == []
    (begun,) = scene.told
    assert "the watch begins after block" in begun
    scene.escrow.submit(terms, 0).send(people.freelancer)
    scene.escrow.request_refund(terms, 1).send(people.client)
    scene.escrow.approve(terms, [0]).send(people.client)
    scene.sync()
    scene.watch.deliver()
    bodies = [body for _, body in scene.target.taken]
    assert scene.target.titles() == [
        "The freelancer submitted milestone 1 and claims 1,500.00 USDP",
        "The client asked for the money of milestone 2 back",
        "The client approved milestone 1",
    ]
    agreement = "0x" + scene.escrow.agreement_id(terms).hex()
    for body in bodies:
        assert f"Job {agreement}, in which you are the client.\n" in body
        assert body.endswith("It is not final yet: the chain may still take it back.")
    assert bodies[0].startswith("The client can answer until ")
    assert scene.look() == []


def test_a_restart_repeats_nothing_and_loses_nothing(escrow, people, place):
    scene = Scene(escrow, people, place)
    terms = scene.deal()
    for i in range(3):
        scene.start()
        scene.look()
        escrow.submit(terms, i).send(people.freelancer)
        scene.start()
        title = f"The freelancer submitted milestone {i + 1} and claims"
        (found,) = scene.look()
        assert found.startswith(title)
        assert scene.look() == []
    scene.store.close()


def test_only_jobs_of_the_party(scene, people):
    terms = scene.deal()
    heard = {}
    for party in ("client", "freelancer", "arbiter", "stranger", None):
        heard[party] = Recorder()
        scene.start(heard[party], party=party)
        scene.look()
    scene.escrow.submit(terms, 0).send(people.freelancer)
    scene.sync()
    for party, target in heard.items():
        scene.start(target, party=party)
        scene.watch.deliver()
        assert len(target.titles()) == (0 if party == "stranger" else 1)


def test_a_withdrawal(scene, people, token):
    parties = Parties(people.client.address, people.freelancer.address, token.address)
    terms = scene.deal([5_000_000], parties)
    mine, others = Recorder(), Recorder()
    scene.start(mine, party="freelancer")
    scene.look()
    scene.start(others, party="client")
    scene.look()
    token.call("setDenied", people.freelancer.address, True).send(people.stranger)
    scene.escrow.approve(terms, [0]).send(people.client)
    scene.escrow.release(terms, [0]).send(people.stranger)
    owner, to = people.freelancer.address, people.arbiter.address
    scene.escrow.withdraw(token.address, owner, to).send(people.freelancer)
    scene.sync()
    scene.watch.deliver()
    told = [
        "The client approved milestone 1",
        "Milestone 1 paid: 5.00 USDP to the freelancer",
        f"5.00 USDP could not be delivered to {owner} and waits for them",
    ]
    assert sorted(others.titles()) == sorted(told)
    scene.start(mine, party="freelancer")
    scene.watch.deliver()
    found = mine.titles()
    assert found[-1] == f"5.00 USDP that waited for {owner} went to {to}"
    assert sorted(found[:-1]) == sorted(told)


def test_what_is_final_needs_no_rows(scene, people):
    terms = scene.deal()
    scene.start()
    scene.look()
    scene.escrow.submit(terms, 0).send(people.freelancer)
    scene.escrow.approve(terms, [0]).send(people.client)
    assert len(scene.look()) == 2
    rows = scene.rows()
    assert sum(key.startswith("event:") for key in rows) == 3  # one is history
    scene.request("anvil_mine", hex(300))
    assert scene.look() == []
    rows = scene.rows()
    assert set(rows) == {"mark"}
    assert rows["mark"] > scene.node.block().number - 200
    scene.escrow.release(terms, [0]).send(people.client)
    scene.start()
    assert scene.look() == ["Milestone 1 paid: 1,500.00 USDP to the freelancer"]


def test_a_final_event_says_so(scene, people):
    terms = scene.deal()
    scene.start()
    scene.look()
    scene.escrow.submit(terms, 0).send(people.freelancer)
    scene.request("anvil_mine", hex(300))
    scene.sync()
    scene.watch.deliver()
    ((_, body),) = scene.target.taken
    assert body.endswith("It is final.")


def test_a_rebuilt_ledger_tells_nothing_again(scene, people):
    terms = scene.deal()
    scene.start()
    scene.look()
    scene.escrow.submit(terms, 0).send(people.freelancer)
    assert len(scene.look()) == 1
    address = bytes.fromhex(scene.escrow.address[2:])
    scene.store.reset(scene.node.chain_id, address, 0)
    scene.watch.deliver(is_synced=False)
    assert scene.target.titles() == []
    assert "nothing before that is told" in scene.told[-1]
    assert scene.look() == []
    scene.start()
    assert scene.look() == []
    # One that begins too late to know does not take back what it does not know.
    scene.store.reset(scene.node.chain_id, address, scene.node.block().number + 1)
    scene.request("anvil_mine", "0x2")
    assert scene.look() == []


def test_a_name_is_one_partys(scene):
    scene.start(name="home")
    scene.look()
    scene.start(name="home", party="freelancer")
    with pytest.raises(InputError, match="Choose another --name"):
        scene.look()


@pytest.mark.parametrize(
    "options",
    [
        {"name": "a b"},
        {"name": "x" * 57},
        {"name": "a#2"},
        {"before": [0]},
        {"before": [365 * DAY + 1]},
        {"before": [10**30]},
    ],
)
def test_what_is_refused(scene, options):
    with pytest.raises(InputError):
        scene.start(**options)


def test_nowhere_to_send(scene, people):
    with pytest.raises(InputError):
        Watch(scene.store, None, [])


# Deadlines


def test_a_deadline_is_told_at_each_threshold_once(scene, people, pass_time):
    terms = scene.deal()
    scene.start()
    scene.escrow.submit(terms, 0).send(people.freelancer)
    assert scene.look() == []  # it began after this was submitted
    told = []
    for _ in range(16):
        pass_time(DAY + 60)  # the chain's clock runs ahead by a few seconds
        told.append(scene.look())
        assert scene.look() == []
        scene.start()
        assert scene.look() == []
    silent = [[]]
    price = "client must answer milestone 1 or 1,500.00 USDP is paid"
    assert told == [
        *silent * 10,
        [f"less than 3 days left: {price}"],
        *silent,
        [f"less than 1 day left: {price}"],
        ["time is over: anybody can claim milestone 1: 1,500.00 USDP to the freelancer"],
        *silent * 2,
    ]


def test_the_body_of_a_deadline(scene, people, pass_time):
    terms = scene.deal()
    scene.escrow.submit(terms, 0).send(people.freelancer)
    pass_time(12 * DAY)
    scene.start()
    scene.sync()
    scene.watch.deliver()
    ((title, body),) = scene.target.taken
    assert title.startswith("less than 3 days left")  # what is due soon is told from the start
    for line in (
        "Awaited: the client, you.",
        "  milepost approve FILE 1",
        "From then on anybody may carry it out:\n  milepost claim FILE 1",
        f"The token is {terms.token}.",
    ):
        assert line in body


@pytest.fixture
def hours(scene, people):
    """An hourly deal in its first week; a function that funds and accepts weeks of it."""
    now = scene.node.block().timestamp
    monday = now - (now - 4 * DAY) % WEEK
    terms = hourly(people.parties(), rate=6_000_000, hours_per_week=10, start=monday)

    def fund(*weeks, is_accepted=True):
        acceptance = scene.escrow.sign_terms(people.freelancer, terms) if is_accepted else b""
        scene.escrow.fund(terms, weeks, acceptance).send(people.client)

    return terms, fund


def ends(titles):
    """The messages of where protection ends."""
    return [title for title in titles if " the last one " in title]


def test_where_protection_ends_is_told_at_each_threshold_once(scene, hours, pass_time):
    terms, fund = hours
    fund(0, 1)
    scene.start()
    pass_time(terms.period_end(1) - 4 * DAY - scene.node.block().timestamp)
    assert ends(scene.look()) == []
    told = []
    for _ in range(12):
        pass_time(DAY + 10)
        told.append(ends(scene.look()))
        assert scene.look() == []
        scene.start()
        assert scene.look() == []
    fact = "the last one funded"
    assert told == [
        [f"less than 3 days left: fund more, week 2 is {fact}"],
        [],
        [f"less than 1 day left: fund more, week 2 is {fact}"],
        [f"protection is over: fund more, week 2 was {fact}"],
        *[[]] * 8,
    ]
    assert scene.rows()[f"funded:{scene.escrow.agreement_id(terms).hex()}:1:0"]


def test_it_moves_when_more_is_accepted(scene, hours, pass_time, people):
    terms, fund = hours
    fund(0)
    freelancer = Recorder()
    scene.start(freelancer, party="freelancer")
    pass_time(terms.period_end(0) - 2 * DAY - scene.node.block().timestamp)

    def look():
        scene.sync()
        scene.watch.deliver()
        return ends(freelancer.titles())

    fact = "do not work unprotected, week 1 is the last one funded"
    assert look() == [f"less than 3 days left: {fact}"]
    fund(1, is_accepted=False)
    assert look() == []
    pass_time(DAY)
    assert look() == ["less than 1 day left: accept week 2, week 1 is the last one accepted"]
    scene.escrow.accept(terms, [1]).send(people.freelancer)
    assert look() == []
    pass_time(4 * DAY)
    assert look() == []
    pass_time(3 * DAY)
    assert look() == [
        "less than 1 day left: do not work unprotected, week 2 is the last one funded"
    ]


def test_it_moves_when_a_week_is_asked_back(scene, hours, pass_time, people):
    terms, fund = hours
    fund(0, 1)
    scene.start()
    pass_time(terms.period_end(0) - 2 * DAY - scene.node.block().timestamp)
    assert ends(scene.look()) == []
    scene.escrow.request_refund(terms, 1).send(people.client)
    fact = "the last one protected"
    assert ends(scene.look()) == [f"less than 3 days left: week 2 asked back, week 1 is {fact}"]
    pass_time(3 * DAY)
    assert ends(scene.look()) == [f"protection is over: week 2 asked back, week 1 was {fact}"]
    assert ends(scene.look()) == []


def test_who_is_told_where_protection_ends(scene, hours, people, pass_time):
    terms, fund = hours
    fund(0)
    pass_time(terms.period_end(0) - HOUR - scene.node.block().timestamp)
    heard = {}
    for party in ("client", "freelancer", "arbiter", "stranger", None):
        heard[party] = Recorder()
        scene.start(heard[party], party=party)
        scene.sync()
        scene.watch.deliver()
    (title, body), *_ = heard["freelancer"].taken
    assert title.startswith("less than 1 day left: do not work unprotected")
    assert body.startswith("The protection ends at ")
    for line in (
        "No clock of the contract runs out and no money moves, but nobody protects hours after it.",
        "To fund more, as the client: milepost fund FILE --weeks 2-5 (240.00 USDP)",
        f"Job 0x{scene.escrow.agreement_id(terms).hex()}, in which you are the freelancer and the",
        f"The token is {terms.token}.",
    ):
        assert line in body
    found = {party: len(ends(target.titles())) for party, target in heard.items()}
    assert found == {"client": 1, "freelancer": 1, "arbiter": 0, "stranger": 0, None: 1}


def test_jobs_that_do_not_run_remind_of_nothing(scene, hours, people, pass_time):
    terms, fund = hours
    fund(0, is_accepted=False)
    pass_time(terms.period_end(0) - HOUR - scene.node.block().timestamp)
    scene.start()
    assert ends(scene.look()) == []
    scene.escrow.accept(terms, [0]).send(people.freelancer)
    assert len(ends(scene.look())) == 1
    # The week is over, and settled before anybody looked.
    pass_time(2 * HOUR)
    approval = scene.escrow.sign_approval(people.client, terms, [0], [60])
    scene.escrow.release(terms, [0], [approval]).send(people.freelancer)
    assert ends(scene.look()) == []


def test_long_after_its_end_nobody_is_reminded(scene, hours, pass_time):
    terms, fund = hours
    fund(0)
    pass_time(terms.period_end(1) - scene.node.block().timestamp)
    scene.start()
    assert ends(scene.look()) == []


def test_what_passed_unseen_is_told_once(scene, people, pass_time):
    terms = scene.deal()
    scene.start()
    scene.look()
    scene.escrow.submit(terms, 0).send(people.freelancer)
    scene.escrow.request_refund(terms, 1).send(people.client)
    pass_time(60 * DAY)
    scene.start()
    assert scene.look()[:2] == [
        "time is over: anybody can refund milestone 2: 5.00 USDP to the client",
        "time is over: anybody can claim milestone 1: 1,500.00 USDP to the freelancer",
    ]
    scene.start()
    assert scene.look() == []
    scene.escrow.release(terms, [0]).send(people.stranger)
    assert len(scene.look()) == 1


def test_of_crossed_thresholds_only_the_last_is_told(scene, people, pass_time):
    terms = scene.deal()
    scene.escrow.submit(terms, 0).send(people.freelancer)
    pass_time(14 * DAY - 2 * HOUR + 60)
    before = [5 * DAY, HOUR, 3 * DAY, DAY]
    scene.start(before=before)
    (found,) = scene.look()
    assert found.startswith("less than 1 day left")
    scene.start(before=[5 * DAY, *before])
    assert scene.look() == []
    pass_time(HOUR)
    (found,) = scene.look()
    assert found.startswith("less than 1 hour left")


def test_without_reminders(scene, people, pass_time):
    terms = scene.deal()
    scene.escrow.submit(terms, 0).send(people.freelancer)
    pass_time(14 * DAY - HOUR)
    scene.start(before=[])
    assert scene.look() == []
    pass_time(HOUR + 60)
    assert len(scene.look()) == 1


def test_a_node_that_is_away_holds_up_no_reminder(scene, people):
    terms = scene.deal()
    scene.start()
    scene.look()
    scene.escrow.submit(terms, 0).send(people.freelancer)
    assert len(scene.look()) == 1
    deadline = scene.escrow.milestone_at(terms, 0).deadline

    def at(now):
        scene.now = now
        scene.watch.deliver(is_synced=False)
        return scene.target.titles()

    assert at(deadline - 3 * DAY - 60) == []
    assert at(deadline - 3 * DAY)[0].startswith("less than 3 days left")
    assert at(deadline - DAY)[0].startswith("less than 1 day left")
    # That it passed, only a block can tell.
    assert at(deadline + DAY) == []


def test_a_deadline_is_told_before_events(scene, people, pass_time):
    terms = scene.deal()
    scene.start()
    scene.escrow.submit(terms, 0).send(people.freelancer)
    assert scene.look() == []
    pass_time(13 * DAY + 60)
    scene.escrow.submit(terms, 1).send(people.freelancer)
    near, event = scene.look()
    assert near.startswith("less than 1 day left")
    assert event.startswith("The freelancer submitted milestone 2")


def test_a_half_rebuilt_ledger_tells_no_deadlines(scene, people, pass_time):
    """Who acted in time, it does not know yet."""
    terms = scene.deal()
    submitted = scene.escrow.submit(terms, 0).send(people.freelancer).block
    scene.request("anvil_mine", hex(3))
    scene.escrow.approve(terms, [0]).send(people.client)
    pass_time(60 * DAY)
    scene.request("anvil_mine", hex(200))
    scene.now = scene.node.block().timestamp
    scene.start()
    assert scene.look() == []
    watch = scene.watch

    def rebuild_up_to(block):
        scene.store.reset(scene.node.chain_id, bytes.fromhex(scene.escrow.address[2:]), 0)
        reader = LogReader(scene.node, scene.escrow.address)
        reader.head = lambda: reader.header(block)
        Syncer(scene.store, reader, lambda token: ("USDP", 6)).sync()

    rebuild_up_to(submitted + 1)
    watch.deliver(is_synced=False)
    scene.start()
    scene.watch.deliver(is_synced=False)
    assert scene.target.titles() == []
    # A watch that read further itself waits until the ledger is there again.
    rebuild_up_to(scene.node.block().number - 1)
    watch.deliver(is_synced=False)
    assert scene.target.titles() == []
    assert scene.look() == []


def test_a_time_that_is_over_by_this_machines_clock_alone(scene, people):
    terms = scene.deal()
    scene.start()
    scene.look()
    block = scene.escrow.submit(terms, 0).send(people.freelancer).block
    scene.look()
    deadline = scene.escrow.milestone_at(terms, 0).deadline
    scene.now = deadline
    scene.watch.deliver(is_synced=False)
    ((title, body),) = scene.target.taken
    unread = (
        f"ended at {format_time(deadline)}, but the chain has not been read beyond block {block}"
    )
    assert title.startswith(f"{unread}: client must answer milestone 1 or ")
    assert f"The time {unread}: what follows may be old." in body
    assert "left" not in title + body
    scene.target.taken.clear()
    scene.watch.deliver(is_synced=False)
    assert scene.target.taken == []


# Targets


def test_what_is_not_taken_waits_and_keeps_its_order(scene, people, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(outbox.time, "monotonic", lambda: now[0])
    terms = scene.deal()
    scene.start()
    scene.look()
    scene.told.clear()
    scene.target.is_broken = True
    for i in range(3):
        scene.escrow.submit(terms, i).send(people.freelancer)
    scene.sync()
    assert scene.watch.deliver() == 3
    tried = [now[0]]
    for _ in range(2_000):
        now[0] += 1
        before = scene.target.tries
        assert scene.watch.deliver() == 3
        if scene.target.tries > before:
            tried.append(now[0])
    pauses = [b - a for a, b in pairwise(tried)]
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 600, 600]
    scene.target.is_broken = False
    now[0] += 600
    assert scene.watch.deliver() == 0
    assert [title[:36] for title in scene.target.titles()] == [
        f"The freelancer submitted milestone {n}" for n in (1, 2, 3)
    ]
    assert scene.told == [
        "target 1 (test) does not take messages. They wait, and are tried again.",
        "target 1 (test) takes messages again.",
    ]


def test_a_broken_target_holds_up_no_other(scene, people):
    terms = scene.deal()
    well, broken = Recorder("one"), Recorder("two")
    scene.start(broken, well, name="home")
    scene.look()
    broken.is_broken = True
    scene.escrow.submit(terms, 0).send(people.freelancer)
    scene.escrow.approve(terms, [0]).send(people.client)
    scene.sync()
    assert scene.watch.deliver() == 2
    assert len(well.titles()) == 2
    broken.is_broken = False
    scene.start(broken, well, name="home")
    scene.watch.deliver()
    assert len(broken.titles()) == 2
    assert well.titles() == []
    own = memory.names(scene.store, "home", ["two", "one"])
    assert [len(scene.rows(name)) for name in own] == [4, 4]


def test_a_target_that_leaves_the_list_keeps_its_memory_to_itself(scene, people):
    terms = scene.deal()
    first, second = Recorder("one"), Recorder("two")
    scene.start(first, second)
    scene.look()
    second.is_broken = True
    scene.escrow.submit(terms, 0).send(people.freelancer)
    scene.sync()
    assert scene.watch.deliver() == 1
    second.is_broken = False
    scene.start(second)
    scene.watch.deliver()
    assert (len(first.titles()), len(second.titles())) == (1, 1)
    scene.start(second, first)
    scene.watch.deliver()
    assert (first.titles(), second.titles()) == ([], [])


def test_a_target_that_is_added_begins_for_itself(scene, people):
    terms = scene.deal()
    first, second = Recorder("one"), Recorder("two")
    scene.start(first)
    scene.look()
    scene.escrow.submit(terms, 0).send(people.freelancer)
    scene.sync()
    scene.start(first, second)
    scene.watch.deliver()
    assert (len(first.titles()), len(second.titles())) == (1, 0)


def test_what_was_taken_and_not_recorded_is_not_sent_again(scene, people, monkeypatch):
    terms = scene.deal()
    scene.start()
    scene.look()
    scene.escrow.submit(terms, 0).send(people.freelancer)
    remember, failures = Memory.remember, [1, 1, 1]

    def fail(memory, message):
        if failures:
            failures.pop()
            raise LedgerUnreadable("here", "disk full")
        remember(memory, message)

    monkeypatch.setattr(Memory, "remember", fail)
    scene.sync()
    for _ in range(3):
        with pytest.raises(LedgerUnreadable):
            scene.watch.deliver()
    scene.watch.deliver()
    assert len(scene.target.titles()) == 1
    scene.start()
    assert scene.look() == []


def test_ending_is_between_two_messages(scene, people):
    terms = scene.deal()
    is_over = False
    scene.start(is_over=lambda: is_over)
    scene.look()
    for i in range(3):
        scene.escrow.submit(terms, i).send(people.freelancer)
    send = scene.target.send

    def end_after_one(title, body):
        nonlocal is_over
        is_over = True
        return send(title, body)

    scene.target.send = end_after_one
    scene.watch.run(lambda: scene.sync(), lambda: pytest.fail("it ends without waiting"))
    assert len(scene.target.titles()) == 1
    del scene.target.send
    scene.start()
    assert len(scene.look()) == 2


# The node


def test_a_node_that_is_away_is_told_once(scene, people):
    scene.start()
    scene.look()
    scene.told.clear()
    problems = iter([None, *[NodeUnreachable("here", "refused")] * 5, None, None])

    def sync():
        problem = next(problems)
        if problem is not None:
            raise problem

    with pytest.raises(StopIteration):
        scene.watch.run(sync, lambda: None)
    assert len(scene.told) == 2
    assert scene.told[0].endswith("Check the address and that the node runs. Trying on.")
    assert scene.told[1] == "It works again."


def test_a_watch_begins_only_where_the_chain_was_read(scene, people):
    terms = scene.deal()
    scene.sync()
    scene.escrow.submit(terms, 0).send(people.freelancer)
    scene.start()
    scene.watch.deliver(is_synced=False)
    assert scene.rows() == {}
    assert scene.look() == []
    assert len(scene.rows()) == 3


def test_without_a_ledger_nothing_is_told(people, tmp_path):
    with Store(tmp_path / "none.db") as store:
        assert Watch(store, people.client.address, [Recorder()]).deliver(is_synced=False) == 0


def test_a_reorganisation_takes_back_and_brings_again(lone):
    scene, people = lone, lone.people
    terms = scene.deal([1_000, 2_000])
    scene.start(party="freelancer")
    scene.look()
    scene.escrow.submit(terms, 0).send(people.freelancer)
    scene.escrow.submit(terms, 1).send(people.freelancer)
    assert len(scene.look()) == 2
    scene.request("anvil_reorg", 2, [])
    told = scene.look()
    assert sorted(told) == [
        "taken back: The freelancer submitted milestone 1 and claims 0.001 USDP",
        "taken back: The freelancer submitted milestone 2 and claims 0.002 USDP",
    ]
    assert told[0] > told[1]  # the newest first
    assert scene.look() == []
    scene.start(party="freelancer")
    assert scene.look() == []
    # Submitted again, it is news again.
    scene.escrow.submit(terms, 1).send(people.freelancer)
    assert len(scene.look()) == 1


def test_the_same_transaction_in_another_block_is_told_once(lone):
    scene, people = lone, lone.people
    terms = scene.deal([1_000, 2_000])
    scene.start()
    scene.look()
    receipt = scene.escrow.submit(terms, 0).send(people.freelancer)
    raw = scene.request("debug_getRawTransaction", "0x" + receipt.transaction.hex())
    assert len(scene.look()) == 1
    before = scene.rows()
    scene.request("anvil_reorg", 1, [])
    scene.request("anvil_mine", "0x2")
    scene.request("eth_sendRawTransaction", raw)
    assert scene.look() == []
    moved = scene.rows()
    assert moved.keys() == before.keys()
    (key,) = [k for k in moved if moved[k] != before[k]]
    assert receipt.transaction.hex() in key
    assert moved[key] == receipt.block + 3
    # Taken back for a while, it is told to be, and then told again.
    scene.request("anvil_reorg", 1, [])
    (back,) = scene.look()
    assert back.startswith("taken back: The freelancer submitted milestone 1")
    scene.request("eth_sendRawTransaction", raw)
    (again,) = scene.look()
    assert again.startswith("The freelancer submitted milestone 1")
    scene.start()
    assert scene.look() == []


def test_what_is_taken_back_before_it_is_sent_is_not_sent(lone):
    scene, people = lone, lone.people
    terms = scene.deal([1_000])
    scene.start()
    scene.look()
    scene.target.is_broken = True
    scene.escrow.submit(terms, 0).send(people.freelancer)
    assert scene.look() == []
    scene.request("anvil_reorg", 1, [])
    scene.target.is_broken = False
    scene.start()
    assert scene.look() == []


def test_nothing_is_taken_back_where_the_chain_was_not_read_again(lone):
    scene, people = lone, lone.people
    terms = scene.deal([1_000])
    scene.start()
    scene.look()
    receipt = scene.escrow.submit(terms, 0).send(people.freelancer)
    raw = scene.request("debug_getRawTransaction", "0x" + receipt.transaction.hex())
    assert len(scene.look()) == 1
    scene.request("anvil_reorg", 1, [])
    scene.request("eth_sendRawTransaction", raw)

    def fail(*_):
        raise NodeUnreachable("here", "gone in the middle")

    with pytest.raises(NodeUnreachable):
        scene.sync(on_rollback=fail)
    scene.watch.deliver(is_synced=False)
    scene.watch.deliver()
    assert scene.target.titles() == []
    assert scene.look() == []


def test_one_taken_back_long_ago_is_told(lone):
    scene, people = lone, lone.people
    terms = scene.deal([1_000])
    scene.start()
    scene.look()
    scene.escrow.submit(terms, 0).send(people.freelancer)
    assert len(scene.look()) == 1
    scene.request("anvil_reorg", 1, [])
    scene.sync()
    scene.request("anvil_mine", hex(300))
    scene.start()
    (back,) = scene.look()
    assert back.startswith("taken back")
    assert set(scene.rows()) == {"mark"}


# The memory


def test_memory(scene):
    kept = Memory(scene.store, "w")
    assert kept.mark() is None
    assert kept.last() == 0
    kept.begin(Mark(3, "all"), [])
    assert kept.mark() == Mark(3, "all")
    assert kept.last() == 3
    assert Memory(scene.store, "other").mark() is None
    assert kept.sent(f"event:{i}" for i in range(1_200)) == set()
    assert kept.events() == []


def test_names_of_memories_are_short_and_tell_nothing(scene):
    watch, urls = "x" * 56, ["json://hunter2@a", "json://hunter2@b"]
    own = memory.names(scene.store, watch, urls)
    assert own == memory.names(scene.store, watch, urls)
    assert own[::-1] == memory.names(scene.store, watch, urls[::-1])
    assert len(set(own)) == 2
    assert {len(name) for name in own} == {64}
    # The same target has another name in another watch.
    assert memory.names(scene.store, "y" * 56, urls)[0][56:] != own[0][56:]


# Apprise


@contextmanager
def dripping():
    """A server that answers byte by byte, without an end. Gives its address."""
    is_over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not is_over.wait(0.05):
                self.wfile.write(b"x")

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.handle_error = lambda *_: None
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            is_over.set()
            server.shutdown()
            thread.join()


@contextmanager
def webhook(status=200):
    """A server that takes JSON posts. Gives its address and what arrived."""
    arrived = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            arrived.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}", arrived
        finally:
            server.shutdown()
            thread.join()


def test_a_real_webhook(scene, people):
    terms = scene.deal()
    with webhook() as (address, arrived):
        goals = targets([f"json://user:hunter2@{address}/path"])
        assert goals[0].name == "target 1 (json)"
        scene.start(*goals)
        scene.look()
        scene.escrow.submit(terms, 0).send(people.freelancer)
        scene.look()
    (message,) = arrived
    title = "Milepost: The freelancer submitted milestone 1 and claims 1,500.00 USDP"
    assert message["title"] == title
    assert "in which you are the client" in message["message"]
    with scene.store.reading() as connection:
        kept = str(connection.execute(sa.select(deliveries)).all())
    assert "hunter2" not in kept
    assert "json" not in kept


def test_no_secret_is_logged_or_shown(caplog, capfd):
    caplog.set_level(logging.DEBUG)
    with webhook(500) as (address, arrived):
        (goal,) = targets([f"json://user:hunter2@{address}/hunter2"])
        assert goal.send("title", "body") is False
    assert len(arrived) == 1
    assert goal.send("title", "body") is False  # nobody is there any more
    for url in ("nothing://hunter2", "hunter2", "json://a/hunter2, json://b/hunter2", ""):
        with pytest.raises(InputError) as refused:
            AppriseTarget(url, 3)
        assert "hunter2" not in refused.value.message
        assert refused.value.message.startswith("Target 3")
    assert "hunter2" not in caplog.text
    assert "hunter2" not in "".join(capfd.readouterr())
    logging.getLogger("milepost").warning("logging works on")
    assert "logging works on" in caplog.text


def test_one_that_answers_drop_by_drop_is_a_no(monkeypatch, caplog):
    monkeypatch.setattr(notify, "LIMIT", 0.3)
    with dripping() as address:
        (goal,) = targets([f"json://user:hunter2@{address}/hunter2"])
        begin, others = time.monotonic(), set(threading.enumerate())
        assert [goal.send("title", "body") for _ in range(6)] == [False] * 6
        assert time.monotonic() - begin < 5
        logging.getLogger("milepost").warning("not now")
        # Nothing that hangs keeps the process from its end.
        names = {t.name.rpartition("(")[2] for t in set(threading.enumerate()) - others}
        assert names == {"ask)", "process_request_thread)"}
        threads = goal._hanging
        assert len(threads) == 4
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert caplog.text == ""
    logging.getLogger("milepost").warning("logging works on")
    assert "logging works on" in caplog.text


def test_names_of_targets():
    first, second = targets(["home=json://user:hunter2@a", "json://b/home=json://hunter2"])
    assert (first.name, second.name) == ("home (json)", "target 2 (json)")
    (changed,) = targets(["home=json://user:hunter3@c"])
    assert first.identity == changed.identity != second.identity
    assert "hunter2" not in first.identity
    with pytest.raises(InputError, match=r"^The targets 1 and 2 are the same one\.$"):
        targets(["home=json://a", "home=json://hunter2"])
    with pytest.raises(InputError, match=r"^Home \(nothing\) is not one URL"):
        targets(["home=nothing://hunter2"])


def test_a_symbol_that_could_be_more_than_text(scene, people, pass_time):
    reader = LogReader(scene.node, scene.escrow.address)
    scene.sync = Syncer(scene.store, reader, lambda token: ("@everyone [x](http://y)", 6)).sync
    scene.start()
    scene.look()
    terms = scene.deal()
    scene.escrow.submit(terms, 0).send(people.freelancer)
    pass_time(12 * DAY)
    scene.sync()
    scene.watch.deliver()
    assert len(scene.target.taken) == 3
    for title, body in scene.target.taken:
        assert " token 0x" in title
        assert "everyone" not in title + body


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ExtraMissing, match=r"milepost\[watch\]"):
        targets(["json://127.0.0.1:9"])


def test_a_service_that_raises_is_a_no(monkeypatch):
    (goal,) = targets(["json://127.0.0.1:9"])

    def raises(**_):
        raise RuntimeError("hunter2")

    monkeypatch.setattr(goal._service, "notify", raises)
    assert goal.send("title", "body") is False
