import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection, IncompleteRead, RemoteDisconnected
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from milepost.chain.rpc import connect
from milepost.errors import NodeUnreachable
from tests.package.ledger.proxy import (
    WORDINGS,
    Delay,
    Drop,
    FaultyNode,
    Lie,
    Reorder,
    RpcError,
    Status,
    TooMany,
    Truncate,
)

pytestmark = pytest.mark.node

HEAD = 9
LOGS = [
    {"blockNumber": hex(block), "logIndex": hex(i), "address": "0xaa", "removed": False}
    for block in range(HEAD + 1)
    for i in range(2)
]
TAGS = {"earliest": 0, "latest": HEAD, "finalized": HEAD - 4}


def _number(block):
    return TAGS[block] if block in TAGS else int(block, 16)


def _reply(request):
    params = request.get("params")
    reply = {"jsonrpc": "2.0", "id": request["id"]}
    match request["method"]:
        case "eth_chainId":
            return {**reply, "result": "0x7a69"}
        case "eth_blockNumber":
            return {**reply, "result": hex(HEAD)}
        case "eth_getBlockByNumber":
            return {**reply, "result": {"number": hex(_number(params[0])), "hash": "0x01"}}
        case "eth_getLogs" if "blockHash" in params[0]:
            return {**reply, "result": LOGS[-2:]}
        case "eth_getLogs":
            asked = range(_number(params[0]["fromBlock"]), _number(params[0]["toBlock"]) + 1)
            return {
                **reply,
                "result": [log for log in LOGS if _number(log["blockNumber"]) in asked],
            }
    return {**reply, "error": {"code": -32601, "message": "no such method"}}


class _StandIn(BaseHTTPRequestHandler):
    """A node that knows ten blocks, with two logs in each. Answers a batch from its end."""

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append(request)
        batch = isinstance(request, list)
        answer = [_reply(r) for r in reversed(request)] if batch else _reply(request)
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):  # noqa: A002
        pass


@pytest.fixture
def stand_in():
    with ThreadingHTTPServer(("127.0.0.1", 0), _StandIn) as server:
        server.daemon_threads = False
        server.bodies = []
        server.url = f"http://127.0.0.1:{server.server_address[1]}/v2/key?x=1"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def nowhere():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def faulty(stand_in):
    with FaultyNode(stand_in.url) as faulty:
        yield faulty


def _connection(faulty):
    return closing(HTTPConnection("127.0.0.1", int(faulty.url.rsplit(":", 1)[1]), timeout=10))


def _exchange(connection, body):
    connection.request("POST", "/", json.dumps(body))
    response = connection.getresponse()
    return response, response.read()


def _request(method, *params, number=1):
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}


def _logs(start, end):
    return _request("eth_getLogs", {"fromBlock": start, "toBlock": end})


def _post(faulty, body):
    with _connection(faulty) as connection:
        response, answer = _exchange(connection, body)
        return response.status, answer


def _ask(faulty, body):
    status, answer = _post(faulty, body)
    assert status == 200
    return json.loads(answer)


def _result(faulty, method, *params):
    return _ask(faulty, _request(method, *params))["result"]


def _error(faulty, body):
    status, answer = _post(faulty, body)
    return status, json.loads(answer)["error"]


def _until(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


ALL = _logs("0x0", "latest")
HEIGHT = _request("eth_blockNumber")


def test_without_faults_it_passes_on(faulty):
    assert _ask(faulty, {**HEIGHT, "id": "a"}) == {"jsonrpc": "2.0", "id": "a", "result": "0x9"}
    assert _ask(faulty, ALL)["result"] == LOGS
    assert _error(faulty, _request("eth_nothing"))[1]["code"] == -32601
    assert faulty.calls == [
        ("eth_blockNumber", []),
        ("eth_getLogs", [{"fromBlock": "0x0", "toBlock": "latest"}]),
        ("eth_nothing", []),
    ]
    assert faulty.asked("eth_nothing") == [[]]
    assert faulty.requests == 3


def test_a_batch_keeps_its_order_and_its_ids(faulty, stand_in):
    batch = [{**HEIGHT, "id": 5}, {**ALL, "id": "x"}, _request("eth_chainId", number=5)]
    answer = _ask(faulty, batch)
    assert [reply["id"] for reply in answer] == [5, "x", 5]
    assert [reply["result"] for reply in answer] == ["0x9", LOGS, "0x7a69"]
    assert len(faulty.calls) == 3
    assert faulty.requests == len(stand_in.bodies) == 1


def test_a_notification_has_no_reply(faulty):
    note = {"jsonrpc": "2.0", "method": "eth_chainId"}
    assert _post(faulty, note) == (200, b"")
    assert [reply["id"] for reply in _ask(faulty, [note, HEIGHT])] == [1]


def test_a_connection_stays_open(faulty):
    faulty.faults.append(Status(503, times=1))
    with _connection(faulty) as connection:
        statuses = [_exchange(connection, HEIGHT)[0].status]
        opened = connection.sock
        statuses += [_exchange(connection, HEIGHT)[0].status for _ in range(3)]
        assert connection.sock is opened
    assert statuses == [503, 200, 200, 200]


def test_drop(faulty, stand_in):
    faulty.faults.append(Drop(times=2))
    for _ in range(2):
        with pytest.raises(RemoteDisconnected):
            _post(faulty, HEIGHT)
    assert stand_in.bodies == []
    assert _ask(faulty, HEIGHT)["result"] == "0x9"


def test_delay(faulty):
    faulty.faults.append(Delay(0.2, times=1))
    start = time.monotonic()
    assert _ask(faulty, [HEIGHT, HEIGHT])[0]["result"] == "0x9"
    assert 0.2 <= time.monotonic() - start < 2


def test_truncate(faulty):
    whole = json.dumps(_ask(faulty, ALL)).encode()
    faulty.faults.append(Truncate())
    with pytest.raises(IncompleteRead) as caught:
        _post(faulty, ALL)
    assert caught.value.partial == whole[: len(whole) // 2]
    assert caught.value.expected == len(whole) - len(whole) // 2


@pytest.mark.parametrize("code", [400, 401, 429, 500, 502, 503, 520])
def test_status(faulty, stand_in, code):
    faulty.faults.append(Status(code, retry_after=7))
    with _connection(faulty) as connection:
        response, body = _exchange(connection, HEIGHT)
    assert (response.status, response.headers["Retry-After"]) == (code, "7")
    assert b"{" not in body
    assert stand_in.bodies == []


@pytest.mark.parametrize("fault", [Drop(), Truncate(), Status(429), Delay(3)])
def test_a_node_with_a_fault_is_unreachable(faulty, fault):
    faulty.faults.append(fault)
    with pytest.raises(NodeUnreachable):
        connect(faulty.url, timeout=0.5)
    faulty.faults.clear()
    assert connect(faulty.url).chain_id == 31337


def test_rpc_error(faulty, stand_in):
    faulty.faults.append(RpcError(-32000, "missing trie node", times=1))
    faulty.faults.append(RpcError(429, "slow down", {"wait": 1}, http_status=429))
    answer = _ask(faulty, {**HEIGHT, "id": 3})
    error = {"code": -32000, "message": "missing trie node"}
    assert answer == {"jsonrpc": "2.0", "id": 3, "error": error}
    assert _error(faulty, HEIGHT) == (
        429,
        {"code": 429, "message": "slow down", "data": {"wait": 1}},
    )
    assert stand_in.bodies == []


def test_rpc_error_in_a_batch(faulty):
    faulty.faults.append(RpcError(-32005, "limit exceeded", method="eth_blockNumber", times=1))
    first, second, third = _ask(faulty, [ALL, HEIGHT, HEIGHT])
    assert (first["result"], second["error"]["code"], third["result"]) == (LOGS, -32005, "0x9")


@pytest.mark.parametrize(
    ("start", "end", "allowed"),
    [
        ("0x0", "0x3", True),
        ("0x0", "0x4", False),
        ("0x6", "latest", True),
        ("0x5", "latest", False),
        ("earliest", "0x3", True),
        ("earliest", "finalized", False),
        ("0x2", "finalized", True),
        ("0x9", "0xd", False),
        ("0x9", "0x0", True),
    ],
)
def test_too_many_blocks(faulty, start, end, allowed):
    faulty.faults.append(TooMany(limit_blocks=4))
    answer = _ask(faulty, _logs(start, end))
    assert ("result" in answer) is allowed
    if not allowed:
        assert answer["error"]["code"] == -32602
        assert "exceeds limit of 4" in answer["error"]["message"]
    assert len(faulty.calls) == 1
    assert _ask(faulty, _request("eth_getLogs", {"blockHash": "0x01"}))["result"] == LOGS[-2:]


def test_too_many_results(faulty):
    faulty.faults.append(TooMany(limit_results=5))
    assert _ask(faulty, _logs("0x3", "0x4"))["result"] == LOGS[6:10]
    error = _error(faulty, _logs("0x3", "0x7"))[1]
    assert error == {
        "code": -32005,
        "message": "query returned more than 5 results. Try with this block range [0x3, 0x4].",
        "data": {"from": "0x3", "to": "0x4", "limit": 5},
    }
    assert _ask(faulty, HEIGHT)["result"] == "0x9"


def test_too_many_results_in_one_block(faulty):
    faulty.faults.append(TooMany(limit_results=1))
    error = _error(faulty, _logs("0x3", "0x3"))[1]
    assert (error["data"]["from"], error["data"]["to"]) == ("0x3", "0x3")


@pytest.mark.parametrize("wording", WORDINGS)
def test_each_provider_has_its_words(faulty, wording):
    words = WORDINGS[wording]
    faulty.faults.append(TooMany(2000, 19, wording))
    wide = _error(faulty, _logs("0x0", "0x7d0"))
    many = _error(faulty, ALL)
    assert (wide[0], wide[1]["code"]) == (words.http_status, words.blocks[0])
    assert (many[0], many[1]["code"]) == (words.http_status, words.results[0])
    assert not set("{}") & set(wide[1]["message"] + many[1]["message"])


def test_a_limit_that_comes_and_goes(faulty):
    faulty.faults.append(TooMany(limit_blocks=1, times=1))
    assert "result" in _ask(faulty, _logs("0x1", "0x1"))
    assert "error" in _ask(faulty, ALL)
    assert "result" in _ask(faulty, ALL)


def test_reorder(faulty):
    faulty.faults.append(Reorder(times=1))
    faulty.faults.append(Reorder(seed=1))
    twice = _ask(faulty, ALL)["result"]
    once = _ask(faulty, ALL)["result"]
    for logs in (twice, once):
        assert logs != LOGS
        assert sorted(map(str, logs)) == sorted(map(str, LOGS))
    assert twice != once
    faulty.faults[:] = [Reorder()]
    assert _ask(faulty, ALL)["result"] == LOGS[::-1]


@pytest.mark.parametrize(
    "change",
    [
        lambda logs: [{**log, "blockNumber": "0x63"} for log in logs],
        lambda logs: [{**log, "address": "0xbb"} for log in logs],
        lambda logs: [{**log, "removed": True} for log in logs],
        lambda logs: logs[1:],
        lambda logs: [*logs, logs[0]],
        lambda logs: None,
    ],
)
def test_lie_about_logs(faulty, change):
    lie = Lie(change, method="eth_getLogs")
    faulty.faults.append(lie)
    assert _ask(faulty, ALL)["result"] == change(LOGS)
    assert _ask(faulty, HEIGHT)["result"] == "0x9"
    assert faulty.struck(lie) == 1


def test_lie_about_a_block(faulty):
    lie = Lie(lambda block: None, method="eth_getBlockByNumber", when=lambda p: p[0] == "0x5")
    faulty.faults.append(lie)
    assert _result(faulty, "eth_getBlockByNumber", "0x4", False)["number"] == "0x4"
    assert _result(faulty, "eth_getBlockByNumber", "0x5", False) is None


def test_a_lie_leaves_errors_alone(faulty):
    lie = Lie(lambda result: "0x0")
    faulty.faults.append(lie)
    assert "error" in _ask(faulty, _request("eth_nothing"))
    assert faulty.struck(lie) == 0


def test_faults_of_a_request_add_up_in_their_order(faulty):
    shorter = Lie(lambda logs: logs[:3], method="eth_getLogs")
    faulty.faults += [shorter, Reorder(), Status(500, times=1), Drop(times=1)]
    assert _post(faulty, ALL)[0] == 500
    with pytest.raises(RemoteDisconnected):
        _post(faulty, ALL)
    assert _ask(faulty, ALL)["result"] == LOGS[2::-1]


def test_only_the_method_meant(faulty):
    faulty.faults.append(Drop(method="eth_getLogs"))
    assert _ask(faulty, HEIGHT)["result"] == "0x9"
    with pytest.raises(RemoteDisconnected):
        _post(faulty, [HEIGHT, ALL])


def test_a_batch_is_dropped_once(faulty):
    drop = Drop(times=2)
    faulty.faults.append(drop)
    for struck in (1, 2):
        with pytest.raises(RemoteDisconnected):
            _post(faulty, [HEIGHT, HEIGHT])
        assert faulty.struck(drop) == struck
    assert len(_ask(faulty, [HEIGHT, HEIGHT])) == 2


def test_a_chance_is_the_same_each_time(stand_in):
    def statuses(seed):
        with FaultyNode(stand_in.url, Status(503, chance=0.5), seed=seed) as faulty:
            return [_post(faulty, HEIGHT)[0] for _ in range(20)]

    first = statuses(1)
    assert set(first) == {200, 503}
    assert statuses(1) == first
    assert statuses(2) != first


def test_most_in_flight(faulty):
    for _ in range(10):
        _ask(faulty, HEIGHT)
    assert faulty.most_in_flight == 1
    faulty.faults.append(Delay(0.3))
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: _ask(faulty, HEIGHT), range(6)))
    assert faulty.most_in_flight == 6
    assert len(faulty.calls) == 16


def test_calls_from_many_threads_are_all_recorded(faulty):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: _ask(faulty, [HEIGHT, ALL]), range(100)))
    assert (faulty.requests, len(faulty.calls)) == (100, 200)


def test_no_node_behind_it(nowhere):
    with FaultyNode(nowhere) as faulty:
        assert _post(faulty, HEIGHT)[0] == 502


def test_nothing_is_left(nowhere, capfd):
    before = threading.active_count()
    with ExitStack() as clients:
        with FaultyNode(nowhere) as faulty:
            idle = clients.enter_context(_connection(faulty))
            assert _exchange(idle, HEIGHT)[0].status == 502
            faulty.faults.append(Delay(60))
            waiting = clients.enter_context(_connection(faulty))
            waiting.request("POST", "/", json.dumps(ALL))
            _until(lambda: len(faulty.calls) == 2)
            start = time.monotonic()
        assert time.monotonic() - start < 5
        assert threading.active_count() == before
        with pytest.raises(ConnectionRefusedError):
            _post(faulty, HEIGHT)
    assert capfd.readouterr() == ("", "")


def test_a_client_that_goes_away_is_no_failure(stand_in, capfd):
    big = Lie(lambda logs: logs * 2_000)
    with FaultyNode(stand_in.url, Delay(0.1), big) as faulty:
        for _ in range(3):
            with _connection(faulty) as gone:
                gone.request("POST", "/", json.dumps(ALL))
        with _connection(faulty) as half:
            half.connect()
            half.sock.sendall(b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
        _until(lambda: faulty.struck(big) == 3)
        assert faulty.requests == 3
    assert capfd.readouterr() == ("", "")


def test_a_broken_function_comes_out(stand_in):
    def broken(result):
        raise KeyError("of the test itself")

    def read():
        with FaultyNode(stand_in.url, Lie(broken)) as faulty:
            _post(faulty, HEIGHT)

    with pytest.raises(KeyError, match="of the test itself") as caught:
        read()
    assert isinstance(caught.value.__context__, RemoteDisconnected)
