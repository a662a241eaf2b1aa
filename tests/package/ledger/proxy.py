"""A proxy before a JSON-RPC node that misbehaves on command.

    with FaultyNode(node.url) as faulty:
        faulty.faults.append(Status(429, retry_after=1, method="eth_getLogs", times=2))
        read(connect(faulty.url))
        assert len(faulty.asked("eth_getLogs")) == 3

Each request goes through `faults` in their order. The ones that concern it add up, until one of
them answers it. A Drop, a Delay, a Truncate and a Status befall a whole HTTP request, so a batch
counts once; the others befall each call of a batch on its own.
"""

from __future__ import annotations

import json
import random
import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection, responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

_NODE_TIMEOUT = 30.0
_POLL = 0.02


class Call(NamedTuple):
    """What was asked for."""

    method: str
    params: Any


@dataclass(frozen=True, eq=False, kw_only=True)
class Fault:
    """What goes wrong, and when: the first `times`, or for ever; each time, or with a `chance`.

    `method` None means any; `when` gets the params and says whether the call is concerned.
    """

    method: str | None = None
    times: int | None = None
    chance: float = 1.0
    when: Callable[[Any], bool] | None = None

    def concerns(self, call: Call) -> bool:
        """Whether it may befall `call`."""
        return self.method in (None, call.method) and (self.when is None or self.when(call.params))


@dataclass(frozen=True, eq=False)
class Drop(Fault):
    """Closes the connection without an answer."""


@dataclass(frozen=True, eq=False)
class Delay(Fault):
    """Lets `seconds` pass first."""

    seconds: float


@dataclass(frozen=True, eq=False)
class Truncate(Fault):
    """Sends the length of the whole answer and half of the answer, and closes the connection."""


@dataclass(frozen=True, eq=False)
class Status(Fault):
    """Answers with an HTTP status and no JSON."""

    code: int
    retry_after: int | str | None = None


@dataclass(frozen=True, eq=False)
class RpcError(Fault):
    """Answers with a JSON-RPC error. Some nodes put a status other than 200 beside it."""

    code: int
    message: str
    data: Any = None
    http_status: int = 200


@dataclass(frozen=True, slots=True)
class Wording:
    """How a provider refuses too many blocks and too many results: codes and texts.

    With `data`, the refusal of results carries the range to try beside the text.
    """

    blocks: tuple[int, str]
    results: tuple[int, str]
    http_status: int = 200
    data: bool = False


_TRY = "[{start:#x}, {end:#x}]"
# As seen from each. Where a provider has one of the two limits, the other's text is Infura's.
_INFURA = (-32005, f"query returned more than {{limit}} results. Try with this block range {_TRY}.")
WORDINGS = {
    "infura": Wording((-32602, "range {count} exceeds limit of {limit}"), _INFURA, data=True),
    "alchemy": Wording(
        (
            -32600,
            "Under the Free tier plan, you can make eth_getLogs requests with up to a {limit} "
            f"block range. Based on your parameters, this block range should work: {_TRY}. "
            "Upgrade to PAYG for expanded block range.",
        ),
        (
            -32602,
            "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block "
            "range and no limit on the response size, or you can request any block range with a "
            "cap of 10K logs in the response. Based on your parameters and the response size "
            f"limit, this block range should work: {_TRY}",
        ),
        http_status=400,
    ),
    "quicknode": Wording(
        (-32614, "eth_getLogs is limited to a {limit:,} range"), _INFURA, http_status=413
    ),
    "publicnode": Wording((-32701, "exceed maximum block range: {limit}"), _INFURA),
    "ankr": Wording((-32062, "Block range is too large"), _INFURA),
    "drpc": Wording((35, "ranges over {limit} blocks are not supported on freetier"), _INFURA),
    "base": Wording(
        (-32614, "eth_getLogs is limited to a {limit:,} range"),
        (-32020, "backend response too large"),
    ),
    "reth": Wording(
        (-32602, "query exceeds max block range {limit}"),
        (-32602, "query exceeds max results {limit}, retry with the range {start}-{end}"),
    ),
}


@dataclass(frozen=True, eq=False)
class TooMany(Fault):
    """Refuses logs of more blocks, or more logs, than a limit, in the wording of a provider.

    The blocks are counted with both ends, as asked for, even past the newest.
    """

    limit_blocks: int | None = None
    limit_results: int | None = None
    wording: str = "infura"
    method: str | None = field(default="eth_getLogs", kw_only=True)

    def refuse_blocks(self, start: int, end: int) -> RpcError | None:
        """The refusal of this range, if it is too wide."""
        limit, count = self.limit_blocks, end - start + 1
        if limit is None or count <= limit:
            return None
        words = WORDINGS[self.wording]
        code, text = words.blocks
        text = text.format(limit=limit, count=count, start=start, end=start + max(limit, 1) - 1)
        return RpcError(code, text, http_status=words.http_status)

    def refuse_results(self, start: int, logs: list[Any]) -> RpcError | None:
        """The refusal of these logs from the block `start` on, if they are too many."""
        limit = self.limit_results
        if limit is None or len(logs) <= limit:
            return None
        first_left_out = sorted(int(log["blockNumber"], 16) for log in logs)[limit]
        end = max(first_left_out - 1, start)
        words = WORDINGS[self.wording]
        code, text = words.results
        text = text.format(limit=limit, count=len(logs), start=start, end=end)
        data = {"from": hex(start), "to": hex(end), "limit": limit} if words.data else None
        return RpcError(code, text, data, words.http_status)


@dataclass(frozen=True, eq=False)
class Reorder(Fault):
    """Reverses a list of logs, or shuffles it by `seed`."""

    seed: int | None = None
    method: str | None = field(default="eth_getLogs", kw_only=True)

    def change(self, logs: Any) -> Any:
        """The same in another order."""
        if not isinstance(logs, list):
            return logs
        if self.seed is None:
            return logs[::-1]
        return random.Random(self.seed).sample(logs, len(logs))


@dataclass(frozen=True, eq=False)
class Lie(Fault):
    """Answers with what `change` returns for the node's decoded result; None is null."""

    change: Callable[[Any], Any]


class FaultyNode:
    """The proxy before the node at `url`; a context manager.

    `faults` may change at any time. `calls` is all that was asked, in the order of its coming;
    `requests` counts the HTTP requests that brought it, and `most_in_flight` is how many of these
    were served at once. Where the node itself does not answer, the status is 502. What goes wrong
    unplanned, as in a function of a fault, drops the connection and is raised when the `with` ends.
    """

    def __init__(self, url: str, *faults: Fault, seed: int = 0) -> None:
        self.faults: list[Fault] = list(faults)
        self.calls: list[Call] = []
        self.requests = 0
        self.most_in_flight = 0
        self.url = ""
        self._node = urlsplit(url)
        self._random = random.Random(seed)
        self._struck: Counter[Fault] = Counter()
        self._in_flight = 0
        self.failures: list[BaseException] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def asked(self, method: str) -> list[Any]:
        """The params of each call of `method` so far."""
        return [call.params for call in list(self.calls) if call.method == method]

    def struck(self, fault: Fault) -> int:
        """How often `fault` has happened."""
        with self._lock:
            return self._struck[fault]

    def __enter__(self) -> FaultyNode:
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._server.stop()
        self._thread.join()
        if self.failures:
            raise self.failures[0]

    def serve(self, body: bytes) -> _Answer | None:
        """The answer to one HTTP request; None to drop it."""
        with self._lock:
            self.requests += 1
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            return self._answer(json.loads(body))
        except _NoAnswer as error:
            return _Answer(502, f"the node: {error}".encode(), "text/plain")
        except BaseException as error:
            self.failures.append(error)
            return None
        finally:
            # Before the client has the answer, so that its next request is not counted beside.
            with self._lock:
                self._in_flight -= 1

    def _answer(self, decoded: Any) -> _Answer | None:
        batch = isinstance(decoded, list)
        asked = [_Asked(request) for request in (decoded if batch else [decoded])]
        self.calls += [a.call for a in asked]
        answer = _Answer(200)
        for fault in tuple(self.faults):
            concerned = [a for a in asked if not a.settled and fault.concerns(a.call)]
            if not concerned:
                continue
            match fault:
                case Drop():
                    if self._strikes(fault):
                        return None
                case Status():
                    if self._strikes(fault):
                        return _Answer.of_status(fault)
                case Delay():
                    if self._strikes(fault):
                        self._stopping.wait(fault.seconds)
                case Truncate():
                    answer.whole = answer.whole and not self._strikes(fault)
                case RpcError():
                    for a in concerned:
                        if self._strikes(fault):
                            answer.status = a.refuse(fault)
                case TooMany():
                    for a in concerned:
                        refusal = self._refusal(fault, a, asked)
                        if refusal is not None and self._strikes(fault):
                            answer.status = a.refuse(refusal)
                case Lie() | Reorder():
                    self._forward(asked)
                    for a in concerned:
                        if "result" in a.reply and self._strikes(fault):
                            a.reply["result"] = fault.change(a.reply["result"])
        self._forward(asked)
        replies = [a.reply for a in asked if "id" in a.request]
        if replies:
            answer.body = json.dumps(replies if batch else replies[0]).encode()
        return answer

    def _strikes(self, fault: Fault) -> bool:
        with self._lock:
            if fault.times is not None and self._struck[fault] >= fault.times:
                return False
            if fault.chance < 1 and self._random.random() >= fault.chance:
                return False
            self._struck[fault] += 1
            return True

    def _refusal(self, fault: TooMany, a: _Asked, asked: list[_Asked]) -> RpcError | None:
        wanted = a.call.params[0]
        start = 0
        if "blockHash" not in wanted:
            start = self._number(wanted.get("fromBlock") or "latest")
            end = self._number(wanted.get("toBlock") or "latest")
            if refusal := fault.refuse_blocks(start, end):
                return refusal
        if fault.limit_results is None:
            return None
        self._forward(asked)
        return fault.refuse_results(start, a.reply.get("result") or [])

    def _number(self, block: str) -> int:
        if block.startswith("0x"):
            return int(block, 16)
        if block == "earliest":
            return 0
        if block in ("latest", "pending"):
            return int(self._result("eth_blockNumber", []), 16)
        found = self._result("eth_getBlockByNumber", [block, False])
        return int(found["number"], 16) if found else 0

    def _result(self, method: str, params: list[Any]) -> Any:
        found = self._ask({"jsonrpc": "2.0", "id": 0, "method": method, "params": params})
        try:
            return found["result"]
        except (KeyError, TypeError) as error:
            raise _NoAnswer(f"{method} has no result") from error

    def _forward(self, asked: list[_Asked]) -> None:
        """Asks the node, in one request, for every reply that is missing."""
        missing = [a for a in asked if not a.reply]
        if not missing:
            return
        # Renumbered: a client may use an id twice, or none.
        bodies = [{**a.request, "id": i} for i, a in enumerate(missing)]
        found = self._ask(bodies if len(bodies) > 1 else bodies[0])
        try:
            replies = {reply["id"]: reply for reply in (found if len(bodies) > 1 else [found])}
            for i, a in enumerate(missing):
                a.reply = {**replies[i], "id": a.request.get("id")}
        except (KeyError, TypeError) as error:
            raise _NoAnswer("not an answer to what was asked") from error

    def _ask(self, body: Any) -> Any:
        kind = HTTPSConnection if self._node.scheme == "https" else HTTPConnection
        path = (self._node.path or "/") + (f"?{self._node.query}" if self._node.query else "")
        headers = {"Content-Type": "application/json"}
        connection = kind(self._node.hostname or "", self._node.port, timeout=_NODE_TIMEOUT)
        try:
            with closing(connection):
                connection.request("POST", path, json.dumps(body).encode(), headers)
                return json.loads(connection.getresponse().read())
        except (OSError, HTTPException, ValueError) as error:
            raise _NoAnswer(f"{type(error).__name__}: {error}") from error


class _NoAnswer(Exception):  # noqa: N818
    """The node behind the proxy failed."""


class _Asked:
    """One call of a request, and the reply to it as far as there is one."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.request = request
        self.call = Call(request["method"], request.get("params", []))
        self.reply: dict[str, Any] = {}
        self.settled = False

    def refuse(self, error: RpcError) -> int:
        """Settle it with an error. Returns the HTTP status."""
        shown = {"code": error.code, "message": error.message}
        if error.data is not None:
            shown["data"] = error.data
        self.reply = {"jsonrpc": "2.0", "id": self.request.get("id"), "error": shown}
        self.settled = True
        return error.http_status


@dataclass
class _Answer:
    status: int
    body: bytes = b""
    content_type: str = "application/json"
    retry_after: int | str | None = None
    whole: bool = True

    @classmethod
    def of_status(cls, fault: Status) -> _Answer:
        text = responses.get(fault.code, "Error").encode()
        return cls(fault.code, text, "text/plain", fault.retry_after)


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that closing waits for them
    request_queue_size = 128

    def __init__(self, node: FaultyNode) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.node = node
        self._connections: set[socket.socket] = set()

    def stop(self) -> None:
        """Accept no more, end what is open, and wait for all threads."""
        self.shutdown()
        for connection in tuple(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keeps it for the end, unless the client went away."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            self.node.failures.append(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        answer = self.server.node.serve(body) if len(body) == length else None
        if answer is None:
            self.close_connection = True
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.retry_after is not None:
            self.send_header("Retry-After", str(answer.retry_after))
        self.end_headers()
        if answer.whole:
            self.wfile.write(answer.body)
        else:
            self.wfile.write(answer.body[: len(answer.body) // 2])
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing."""
