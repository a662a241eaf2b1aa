"""What goes wrong gets one message and an exit code of its class, and nothing is sent."""

import io
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

DAY = 86_400
EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


@pytest.fixture
def refused(milepost, node):
    """Runs a command that must fail without a transaction, and returns its message."""

    def call(code, *args, **options) -> str:
        before = node.block().number
        outcome = milepost(*args, **options)
        assert outcome.code == code, outcome.err
        assert outcome.out == ""
        assert node.block().number == before
        assert outcome.err.count("Error: ") == 1
        return outcome.err.partition("Error: ")[2]

    return call


def edited(path, old, new):
    text = path.read_text()
    assert old in text
    changed = path.with_name("changed.yaml")
    changed.write_text(text.replace(old, new, 1))
    return changed


# The file


@pytest.mark.node
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("title: Website", "titel: Website", "changed.yaml:2: titel: is not a field here"),
        ("kind: fixed price\n", "", "changed.yaml:2: kind: is missing"),
        ("amount: 1500 USDP", "amount: 1500.0000001 USDP", "this token has 6 decimals"),
    ],
)
def test_fields(refused, website, people, old, new, message):
    changed = edited(website, old, new)
    for command in ("check", "status"):
        assert message in refused(2, command, changed)
    assert message in refused(2, "fund", changed, by=people.client)


@pytest.mark.node
def test_wrong_checksum(refused, website, people):
    client = people.client.address
    message = refused(2, "fund", edited(website, client, client.lower()), by=people.client)
    assert "changed.yaml:5: client" in message
    assert "EIP-55" in message


@pytest.mark.node
def test_equal_roles(refused, website, people):
    changed = edited(website, people.freelancer.address, people.client.address)
    assert "changed.yaml:6: freelancer" in refused(2, "fund", changed, by=people.client)


@pytest.mark.node
def test_wrong_chain(refused, website, people):
    changed = edited(website, "chain: 31337", "chain: Base")
    message = refused(4, "fund", changed, by=people.client)
    assert "chain 31337, and chain 8453 is meant" in message


@pytest.mark.node
def test_no_code_at_the_token(refused, website, people):
    changed = edited(website, "token: USDP", f'token: "{people.stranger.address}"')
    message = refused(4, "fund", changed, by=people.client)
    assert f"There is no contract at {people.stranger.address} on chain 31337" in message


@pytest.mark.node
def test_a_contract_that_is_no_token(refused, website, people, escrow):
    changed = edited(website, "token: USDP", f'token: "{escrow.address}"')
    assert "does not answer symbol()" in refused(4, "fund", changed, by=people.client)


@pytest.mark.node
def test_no_code_at_the_escrow(run, website, people, node, local_node, token):
    common = ("--account", people.client.address, "--yes", "--rpc-url", local_node.url)
    before = node.block().number
    changed = edited(website, "token: USDP", f'token: "{token.address}"')
    nothing = run("fund", changed, "--escrow", people.stranger.address, *common)
    assert (nothing.code, "There is no contract at" in nothing.err) == (4, True)
    other = run("fund", changed, "--escrow", token.address, *common)
    assert (other.code, "not this version's escrow" in other.err) == (4, True)
    unknown = run("fund", changed, *common)
    assert (unknown.code, "No escrow is known on chain 31337" in unknown.err) == (4, True)
    assert node.block().number == before


# Money


@pytest.mark.node
def test_too_little_balance(refused, website, people, token):
    rest = token.balance(people.client.address) - 1_000_000
    token.call("transfer", people.arbiter.address, rest).send(people.client)
    message = refused(6, "fund", website, by=people.client)
    assert f"{people.client.address} has 1.00 USDP" in message
    assert "needs 6,000.50 USDP: 5,999.50 USDP more must arrive first" in message


@pytest.mark.node
def test_too_little_allowance(refused, website, people, token, escrow, monkeypatch):
    token.call("approve", escrow.address, 5).send(people.client)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    message = refused(6, "fund", website, by=people.client, yes=False)
    assert f"allows {escrow.address} 0.000005 USDP" in message
    assert "6,000.50 USDP are needed" in message


@pytest.mark.node
def test_no_allowance_for_what_cannot_be_funded(refused, milepost, website, people, token, escrow):
    token.call("approve", escrow.address, 0).send(people.client)
    assert "Only the client" in refused(5, "fund", website, by=people.freelancer)
    assert milepost("fund", website, "--milestones", 1, by=people.client).code == 0
    assert "Milestone 1 is offered" in refused(5, "fund", website, by=people.client)


# Signatures


@pytest.mark.node
def test_the_wrong_person_signs(refused, website, people):
    message = refused(2, "sign", website, by=people.client)
    assert "Only the freelancer" in message
    message = refused(2, "approve", website, 1, "--sign", by=people.freelancer)
    assert "Only the client" in message
    message = refused(
        2, "offer", website, 1, "--to-freelancer", 1, "--expires", "1 day", by=people.stranger
    )
    assert "Only the client and the freelancer" in message


@pytest.mark.node
def test_a_signature_of_somebody_else(refused, milepost, website, people, escrow, tmp_path):
    acceptance = tmp_path / "acceptance.json"
    milepost("sign", website, "--out", acceptance, by=people.freelancer)
    content = json.loads(acceptance.read_text())
    signature = bytes.fromhex(content["signature"][2:])
    forged = signature[:10] + bytes([signature[10] ^ 1]) + signature[11:]
    acceptance.write_text(json.dumps({**content, "signature": "0x" + forged.hex()}))
    message = refused(5, "fund", website, "--acceptance", f"@{acceptance}", by=people.client)
    assert people.freelancer.address in message


@pytest.mark.node
def test_tampered_terms(refused, milepost, website, people, tmp_path):
    acceptance = tmp_path / "acceptance.json"
    milepost("sign", website, "--out", acceptance, by=people.freelancer)
    changed = edited(website, "Two rounds of changes", "Nine rounds of changes")
    given = f"@{acceptance}"
    message = refused(2, "fund", changed, "--acceptance", given, by=people.client)
    assert "is for another agreement" in message
    signature = json.loads(acceptance.read_text())["signature"]
    assert "sign" in refused(5, "fund", changed, "--acceptance", signature, by=people.client)


@pytest.mark.node
def test_an_expired_offer(refused, milepost, funded, people, pass_time, tmp_path):
    offer = tmp_path / "offer.json"
    given = ("--to-freelancer", "500", "--expires", "2 days", "--out", offer)
    assert milepost("offer", funded, 1, *given, by=people.client).code == 0
    pass_time(2 * DAY)
    message = refused(5, "settle", funded, "--offer", offer, by=people.freelancer)
    assert "The offer was valid until 20" in message
    assert "UTC" in message


# Status and clock


@pytest.mark.node
def test_an_act_that_the_status_forbids(refused, milepost, funded, people):
    assert milepost("submit", funded, 1, by=people.freelancer).code == 0
    message = refused(5, "submit", funded, 1, by=people.freelancer)
    assert "Milestone 1 is submitted since 20" in message
    assert "If nobody acts: from 20" in message


@pytest.mark.node
def test_an_act_before_or_after_its_clock(refused, milepost, funded, people, pass_time):
    assert milepost("submit", funded, 1, by=people.freelancer).code == 0
    message = refused(5, "claim", funded, 1, by=people.freelancer)
    assert "Wait 1" in message
    assert "UTC" in message
    pass_time(14 * DAY)
    message = refused(5, "changes", funded, 1, by=people.client)
    assert "UTC" in message


# The node


@contextmanager
def server(answer):
    """A node's place, taken by something that is none."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            answer(self)

        def log_message(self, *args):
            pass

    http = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{http.server_port}/secret-key"
    finally:
        http.shutdown()
        http.server_close()


def _slow(handler):
    time.sleep(1)


def _busy(handler):
    handler.send_response(503)
    handler.end_headers()


def _saying(content):
    def answer(handler):
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


NOT_A_NODE = "does not answer as a node does"


@pytest.mark.node
@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (_slow, "no answer in time"),
        (_busy, "HTTP status 503"),
        (_saying(b"<html>Welcome</html>"), NOT_A_NODE),
        (_saying(b"[]"), NOT_A_NODE),
        (_saying(b"{}"), NOT_A_NODE),
        (_saying(b'{"jsonrpc": "2.0", "id": 0, "result": null}'), NOT_A_NODE),
        (_saying(b'{"jsonrpc": "2.0", "id": 0, "result": "many"}'), NOT_A_NODE),
    ],
)
def test_a_node_that_is_none(run, website, people, answer, problem):
    with server(answer) as url:
        given = ("--rpc-url", url, "--rpc-timeout", "0.3", "--account", people.client.address)
        outcome = run("fund", website, "--yes", *given)
    assert outcome.code == 4, outcome.err
    assert outcome.err.count("Error: ") == 1
    assert problem in outcome.err
    assert "secret-key" not in outcome.err


@pytest.mark.node
def test_no_node(run):
    outcome = run("status", EXAMPLES / "website.yaml", "--rpc-url", "http://127.0.0.1:1")
    assert (outcome.code, "http://127.0.0.1:1" in outcome.err) == (4, True)


# The transaction


@pytest.fixture
def unmined(node):
    """The node mines nothing by itself, and `ask` asks it for something."""

    def ask(method, *params):
        return node.w3.provider.make_request(method, list(params))

    ask("evm_setAutomine", False)
    yield ask
    ask("anvil_dropAllTransactions")
    ask("evm_setAutomine", True)


def when_sent(node, act):
    """Runs `act` with the pending transaction as soon as there is one."""

    def wait():
        end = time.monotonic() + 20
        while time.monotonic() < end:
            found = node.w3.eth.get_block("pending", full_transactions=True)["transactions"]
            if found:
                act(found[0])
                return
            time.sleep(0.02)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


@pytest.mark.node
def test_a_transaction_that_waits(milepost, funded, people, unmined):
    outcome = milepost("submit", funded, 1, "--timeout", 0.2, by=people.freelancer)
    assert outcome.code == 7
    assert "is not mined after" in outcome.err
    assert "Sent as 0x" in outcome.err


@pytest.mark.node
def test_a_transaction_that_was_dropped(milepost, funded, people, unmined, node):
    thread = when_sent(node, lambda _: unmined("anvil_dropAllTransactions"))
    outcome = milepost("submit", funded, 1, "--timeout", 1, by=people.freelancer)
    thread.join()
    assert outcome.code == 7
    assert "no longer knows 0x" in outcome.err


@pytest.mark.node
def test_a_transaction_that_was_replaced(milepost, funded, people, unmined, node):
    def replace(pending):
        price = hex(10 * pending["maxFeePerGas"])
        other = {"from": pending["from"], "to": pending["from"], "nonce": hex(pending["nonce"])}
        unmined("eth_sendTransaction", {**other, "gasPrice": price, "gas": hex(21_000)})
        unmined("evm_mine")

    thread = when_sent(node, replace)
    outcome = milepost("submit", funded, 1, "--timeout", 20, by=people.freelancer)
    thread.join()
    assert outcome.code == 7
    assert "used nonce" in outcome.err
