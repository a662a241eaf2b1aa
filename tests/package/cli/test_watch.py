"""`milepost watch` as a process of its own, ended in every way while things happen."""

import json
import os
import queue
import random
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import groupby

import pytest

from milepost.cli import watch
from milepost.presets import fixed_price
from milepost.units import DAY
from tests.package.ledger.proxy import Drop, FaultyNode

pytestmark = [
    pytest.mark.node,
    # Apprise looks at a module that Python 3.13 no longer has.
    pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning"),
]

PATIENCE = 60
TRANSACTION = re.compile(r"transaction (0x[0-9a-f]{64})")


class Webhook:
    """Takes messages as JSON. `on_message` may do something before the answer is given."""

    def __init__(self):
        self.arrived, self.status = [], 200
        self.on_message = lambda: None
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                content = self.rfile.read(int(self.headers["Content-Length"]))
                if hook.status == 200:
                    hook.arrived.append(json.loads(content))
                hook.on_message()
                self.send_response(hook.status)
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # whoever asked may be gone
        self.url = f"json://user:hunter2@127.0.0.1:{self.server.server_port}"

    def titles(self):
        return [m["title"].removeprefix("Milepost: ") for m in self.arrived]

    def transactions(self):
        return [TRANSACTION.search(m["message"])[1] for m in self.arrived]


@pytest.fixture
def webhook():
    hook = Webhook()
    thread = threading.Thread(target=hook.server.serve_forever, args=(0.05,))
    thread.start()
    yield hook
    hook.server.shutdown()
    thread.join()
    hook.server.server_close()


class Process:
    """A running `milepost watch`, with what it says on stderr."""

    def __init__(self, words, environment):
        command = [sys.executable, "-m", "milepost.cli.app", "watch", *words]
        self.child = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.lines, self.said = queue.Queue(), []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self.child.stderr:
            self.said.append(line)
            self.lines.put(line)

    def until(self, text):
        """Wait until it says so."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                if text in self.lines.get(timeout=1):
                    return
            except queue.Empty:
                assert self.child.poll() is None, self.said
        raise AssertionError(f"not a word of {text!r} in {self.said}")

    def kill(self):
        self.child.kill()
        self._finish()

    def end(self, number=signal.SIGTERM):
        """Ask it to end. Returns the exit code."""
        self.child.send_signal(number)
        return self._finish()

    def _finish(self):
        code = self.child.wait(PATIENCE)
        self._reader.join()
        self.child.stdout.close()
        self.child.stderr.close()
        return code


@pytest.fixture
def start(local_node, escrow, people, webhook, tmp_path):
    """Starts the command over the client's jobs, and ends what is left of it."""
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path / "data"), "COLUMNS": "300"}
    started = []

    def call(*words, url=local_node.url, to=True):
        given = ["--rpc-url", url, "--escrow", escrow.address, *words]
        given += ["--party", people.client.address]
        target = {"MILEPOST_WATCH_TO": webhook.url} if to else {}
        process = Process([str(w) for w in given], {**environment, **target})
        started.append(process)
        return process

    yield call
    for process in started:
        if process.child.poll() is None:
            process.kill()


@pytest.fixture
def deal(escrow, people, token, node):
    """An accepted deal of three milestones."""
    terms = fixed_price(people.parties(token.address), [1_500_000_000, 5_000_000, 7_000_000])
    acceptance = escrow.sign_terms(people.freelancer, terms)
    escrow.fund(terms, [0, 1, 2], acceptance).send(people.client)
    return terms


@pytest.fixture
def rounds(escrow, people, deal):
    """Makes events: a milestone is submitted and sent back, over and over."""

    def make(number):
        """Returns the transactions in their order, one event each."""
        sent = []
        for i in range(number):
            if i % 2:
                receipt = escrow.request_changes(deal, 0).send(people.client)
            else:
                receipt = escrow.submit(deal, 0).send(people.freelancer)
            sent.append("0x" + receipt.transaction.hex())
        return sent

    return make


def wait_for(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.02)


@contextmanager
def happening(make, number):
    """Makes events beside what is done meanwhile. Gives their transactions, in the end."""
    sent = []
    thread = threading.Thread(target=lambda: sent.extend(make(number)))
    thread.start()
    try:
        yield sent
    finally:
        thread.join()


def test_events_arrive_and_a_signal_ends_it(start, webhook, rounds):
    for number in (signal.SIGTERM, signal.SIGINT):
        webhook.arrived.clear()
        process = start()
        process.until("the watch begins" if number == signal.SIGTERM else "Watching")
        sent = rounds(4)
        wait_for(lambda: len(webhook.arrived) >= 4)
        assert process.end(number) == 0
        assert webhook.transactions() == sent
        said = "".join(process.said)
        assert "hunter2" not in said
        assert "Traceback" not in said
        assert said.count("Sent to target 1 (json): Milepost: ") == 4


@pytest.mark.long
def test_killed_while_messages_are_under_way(start, webhook, rounds):
    """The server ends the process after it has taken a message, and before it answers."""
    start_of_watch = start()
    start_of_watch.until("the watch begins")
    start_of_watch.kill()
    sent = rounds(6)
    for i in range(3):
        process = start()
        webhook.on_message = process.child.kill
        assert process.child.wait(PATIENCE) == -signal.SIGKILL
        process.kill()
        # Each time the same one is on its way: nothing was recorded.
        assert webhook.transactions() == [sent[0]] * (i + 1)
    webhook.on_message = lambda: None
    process = start()
    wait_for(lambda: webhook.transactions()[-1:] == sent[-1:])
    assert process.end() == 0
    assert webhook.transactions() == [sent[0]] * 3 + sent


@pytest.mark.long
def test_killed_at_any_time(start, webhook, rounds):
    """Nothing is lost, the order is kept, and only what was under way arrives twice."""
    begin = start()
    begin.until("the watch begins")
    begin.kill()
    chance, kills = random.Random(7), 0
    webhook.on_message = lambda: time.sleep(0.03)
    with happening(rounds, 80) as sent:
        for _ in range(6):
            process = start()
            before = len(webhook.arrived)
            with_luck = time.monotonic() + 8
            while len(webhook.arrived) < before + 2 and time.monotonic() < with_luck:
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.4))
            process.kill()
            kills += 1
    process = start()
    wait_for(lambda: webhook.transactions()[-1:] == sent[-1:])
    assert process.end() == 0
    arrived = webhook.transactions()
    assert [transaction for transaction, _ in groupby(arrived)] == sent
    assert len(arrived) - len(sent) <= kills


def test_a_node_that_is_away_for_a_while(start, webhook, rounds, local_node):
    with FaultyNode(local_node.url) as faulty:
        process = start(url=faulty.url)
        process.until("the watch begins")
        faulty.faults.append(Drop())
        process.until("Trying on.")
        sent = rounds(2)
        time.sleep(2.5)
        assert webhook.arrived == []
        faulty.faults.clear()
        process.until("It works again.")
        wait_for(lambda: len(webhook.arrived) >= 2)
        assert process.end() == 0
    assert webhook.transactions() == sent
    assert "".join(process.said).count("Trying on.") == 1


def test_a_node_that_is_not_there_yet(start, webhook):
    process = start(url="http://127.0.0.1:1")
    process.until("Trying on.")
    assert process.end() == 0


@pytest.mark.long
def test_a_target_that_is_away_for_a_while(start, webhook, rounds):
    process = start()
    process.until("the watch begins")
    webhook.status = 503
    sent = rounds(2)
    process.until("target 1 (json) does not take messages")
    webhook.status = 200
    process.until("takes messages again")
    wait_for(lambda: len(webhook.arrived) >= 2)
    assert process.end() == 0
    assert webhook.transactions() == sent


# Once, and what is refused


@pytest.fixture
def once(run, local_node, escrow, people, webhook):
    def call(*words, node=local_node.url):
        place = ("--rpc-url", node, "--escrow", escrow.address)
        return run("watch", "--once", "--party", people.client.address, *place, *words)

    return call


def test_once(once, webhook, rounds, people, pass_time, tmp_path):
    file = tmp_path / "urls.txt"
    file.write_text(f"# where to\n\n  # json://nowhere\n {webhook.url}\n")
    begun = once("--to-file", file)
    assert (begun.code, begun.out) == (0, "")
    assert "the watch begins after block" in begun.err
    sent = rounds(3)
    webhook.status = 500
    failed = once("--to-file", file)
    assert failed.code == 1
    assert "Error: 3 messages wait" in failed.err
    webhook.status = 200
    told = once("--to-file", file, "--json")
    assert told.code == 0, told.err
    lines = [json.loads(line) for line in told.out.splitlines()]
    assert webhook.transactions() == sent
    assert [line["title"] for line in lines] == [m["title"] for m in webhook.arrived]
    assert {line["target"] for line in lines} == {"target 1 (json)"}
    pass_time(13 * DAY + 60)
    again = once("--to", webhook.url, "--before", "2 days")
    assert again.code == 0, again.err
    assert webhook.titles()[3:] == [
        "less than 2 days left: client must answer milestone 1 or 1,500.00 USDP is paid"
    ]
    assert once("--to", webhook.url, "--before", "").code == 0
    assert len(webhook.arrived) == 4
    for outcome in (begun, failed, told, again):
        assert "hunter2" not in outcome.out + outcome.err


def test_each_target_by_itself(once, webhook, rounds):
    both = ("--to", webhook.url, "--to", webhook.url + "/second")
    assert once(*both).code == 0
    rounds(1)
    assert once(*both).code == 0
    assert len(webhook.arrived) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Say where to send"),
        (["--to", "nothing://hunter2"], "Target 1 (nothing) is not one URL that Apprise knows"),
        (["--to", "hunter2"], "Target 1 is not one URL"),
        (["--to-file", "/nowhere/urls.txt"], "/nowhere/urls.txt: cannot be read."),
        (["--to", "json://a", "--before", "soon"], '"soon" is not a duration'),
        (["--to", "json://a", "--before", "0 days"], "some time before it"),
        (["--to", "json://a", "--before", "99999999999999 weeks"], "at most 365 days before it"),
        (["--to", "json://a", "json://u:hunter2@h"], " after `watch` belongs to no option"),
        (["json://u:hunter2@h"], "Put --to before each URL"),
        (["--to-file", "json://u:hunter2@h"], "--to-file takes no URL"),
        (["--to", "json://a", "--name", "json://hunter2"], "--name takes no URL"),
        (["--to", "json://a", "--before", "json://hunter2"], "--before takes no URL"),
        (["--to", "json://a", "--party", "json://hunter2"], "--party takes no URL"),
        (["--to", "json://hunter2", "--to", "json://hunter2"], "targets 1 and 2 are the same"),
        (["--to", "json://a", "--name", "a b"], '"a b" is no name of a watch'),
        (["--to", "json://a", "--party", "0x12"], "--party"),
    ],
)
def test_what_is_refused(once, words, message, monkeypatch):
    monkeypatch.delenv("MILEPOST_WATCH_TO", raising=False)
    outcome = once(*words)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err
    assert "hunter2" not in outcome.err


def test_once_without_a_node(once, webhook):
    outcome = once("--to", webhook.url, node="http://127.0.0.1:1")
    assert outcome.code == 4
    assert "No answer" in outcome.err


@pytest.mark.parametrize("has_opened", [False, True])
def test_once_while_the_node_is_away(once, webhook, rounds, local_node, monkeypatch, has_opened):
    """What waits is sent, and the end is still a failure."""
    target = ("--to", webhook.url)
    assert once(*target).code == 0
    rounds(3)
    webhook.status = 500
    assert once(*target).code == 1
    webhook.status = 200
    with FaultyNode(local_node.url) as faulty:
        if has_opened:
            original = watch.open_database

            def open_and_go(session):
                database = original(session)
                faulty.faults.append(Drop())
                return database

            monkeypatch.setattr(watch, "open_database", open_and_go)
        else:
            faulty.faults.append(Drop())
        outcome = once(*target, "--before", "15 days", node=faulty.url)
    assert outcome.code == 4
    assert "No answer" in outcome.err
    assert len(webhook.arrived) == 4
    assert webhook.titles()[0].startswith("less than 15 days left")
    assert once(*target).code == 0
    assert len(webhook.arrived) == 4


def test_once_without_the_node_or_its_ledger(once, webhook, people):
    assert once("--to", webhook.url).code == 0
    other = ("--escrow", people.client.address)
    assert once("--to", webhook.url, *other, node="http://127.0.0.1:1").code == 4


def test_another_party_needs_another_name(once, webhook, people):
    assert once("--to", webhook.url, "--name", "home").code == 0
    other = ("--party", people.freelancer.address)
    outcome = once("--to", webhook.url, "--name", "home", *other)
    assert outcome.code == 2
    assert "Choose another --name" in outcome.err
    assert once("--to", webhook.url, *other).code == 0
