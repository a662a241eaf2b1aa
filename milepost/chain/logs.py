"""Reads the logs of one contract from a node: all of a range of blocks, or one block's by its hash.

Ranges adapt to what the node allows, and several are asked for at once. Answers are checked: every
log is of the contract, inside the range, in order, and of one block per height; and whoever answers
for a range or a block has it. Where the node takes several questions at once, it says so in the
same answer. Nothing here keeps anything.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Semaphore
from typing import Any, TypeVar, cast

import requests
from web3.types import RPCEndpoint

from milepost.chain.events import Log
from milepost.chain.patience import OnPause, PatientProvider, status_and_wait, wording
from milepost.chain.reverts import translated
from milepost.chain.rpc import Node
from milepost.errors import AnswerInconsistent, CallRefused, NodePruned, NodeUnreachable

T = TypeVar("T")
Question = tuple[str, list[Any]]

IN_FLIGHT = 4
LOGS_AIMED_AT = 1_500
"""Logs that a range should have: enough to forget the cost of asking, few enough for memory."""

_PRUNED = re.compile(r"prun|missing trie|archive|history (?:is )?(?:not|un)available", re.I)
_NO_BATCHES = (400, 405, 413, 415, 422, 429)  # HTTP statuses of who does not take several at once
_BIT_LIMIT = 63  # of numbers: what databases count to


@dataclass(frozen=True, slots=True)
class Header:
    """What of a block's header tells where it stands. `timestamp` is Unix time."""

    number: int
    hash: bytes
    parent: bytes
    timestamp: int


@dataclass(frozen=True, slots=True)
class LogRange:
    """The logs of the blocks from `first` up to the one of `end`, both included."""

    first: int
    end: Header
    logs: tuple[Log, ...]

    @property
    def last(self) -> int:
        """The number of its last block."""
        return self.end.number


class _RangeTooLargeError(Exception):
    """The node will not answer for so many blocks."""


class LogReader:
    """Logs of the contract at `address`, of ranges only those that begin with `topics`.

    `node` waits where it is too busy, and `on_pause` hears of that.
    """

    def __init__(
        self,
        node: Node,
        address: str,
        on_pause: OnPause | None = None,
        *,
        topics: Sequence[bytes] = (),
    ) -> None:
        self.node = node.patient(on_pause)
        self.address = address
        self._provider = cast(PatientProvider, self.node.w3.provider)
        self._topics = ["0x" + topic.hex() for topic in topics]
        self._sizer = _Sizer()
        self._takes_batches = True
        self._slots = Semaphore(IN_FLIGHT)  # of requests, whichever thread sends them

    def header(self, block: int | str) -> Header | None:
        """The header of a block by number or name; None where the node does not have it.

        Raises NodeUnreachable, CallRefused, NodePruned and AnswerInconsistent.
        """
        try:
            return _header_of(block, _result(self._ask(_block(block))))
        except CallRefused as error:
            if isinstance(block, int) and _PRUNED.search(error.problem):
                raise NodePruned(self.node.label, block, error.problem) from error
            raise

    def head(self) -> Header:
        """The node's newest block."""
        found = self.header("latest")
        if found is None:
            raise AnswerInconsistent("it has no newest block")
        return found

    def finalized(self) -> int | None:
        """The number of the chain's newest final block; None where the node does not tell."""
        try:
            found = self.header("finalized")
        except CallRefused:
            return None
        return found.number if found else None

    def headers(self, numbers: Sequence[int]) -> list[Header | None]:
        """The headers of several blocks."""
        answers = self._ask_all([_block(n) for n in numbers])
        return [_header_of(n, _result(a)) for n, a in zip(numbers, answers, strict=True)]

    def logs_of(self, headers: Sequence[Header]) -> list[Log] | None:
        """The logs of blocks, asked for by their hashes; None where the node dropped a block.

        Raises as `ranges` does; CallRefused also where the node says so that it dropped a block.
        """
        questions: list[Question] = []
        for header in headers:
            block = "0x" + header.hash.hex()
            # Some nodes have no logs of a block that they do not know, and no error either.
            questions.append(("eth_getBlockByHash", [block, False]))
            questions.append(("eth_getLogs", [{"address": self.address, "blockHash": block}]))
        answers = self._ask_all(questions)
        logs: list[Log] = []
        for header, known, answer in zip(headers, answers[::2], answers[1::2], strict=True):
            try:
                is_known, found = _result(known) is not None, _result(answer)
            except CallRefused as error:
                if _PRUNED.search(error.problem):
                    raise NodePruned(self.node.label, header.number, error.problem) from error
                raise
            if not is_known or found is None:
                return None
            for log in _parsed(self._checked, found, "logs"):
                if (log.block, log.block_hash) != (header.number, header.hash):
                    raise AnswerInconsistent(
                        f"a log of block {log.block} was given for block {header.number}"
                    )
                logs.append(log._replace(timestamp=header.timestamp))
        return logs

    def require_logs(self, block: int) -> None:
        """See that the node has the logs of a block. Raises as `ranges` does."""
        self._logs_between(block, self._ask_range(block, block))

    def ranges(self, first: int, last: int) -> Iterator[LogRange]:
        """All logs from block `first` to `last`, in closed ranges one after the other.

        Raises NodeUnreachable, CallRefused, NodePruned and AnswerInconsistent.
        """
        pending: deque[tuple[int, int, Future[_Answer]]] = deque()
        following = first
        with self._workers() as pool:
            while pending or following <= last:
                while len(pending) < IN_FLIGHT and following <= last:
                    end = min(last, following + self._sizer.size - 1)
                    future = pool.submit(self._ask_range, following, end)
                    pending.append((following, end, future))
                    following = end + 1
                begin, end, future = pending.popleft()
                try:
                    answer = future.result()
                except _RangeTooLargeError:
                    self._sizer.refused(end - begin + 1)
                    middle = (begin + end) // 2
                    for a, b in ((middle + 1, end), (begin, middle)):
                        future = pool.submit(self._ask_range, a, b)
                        pending.appendleft((a, b, future))
                else:
                    # Here, not in the threads: they would only wait for each other.
                    logs = self._logs_between(begin, answer)
                    self._sizer.answered(end - begin + 1, len(logs))
                    yield LogRange(begin, answer.end, logs)

    def _ask_range(self, first: int, last: int) -> _Answer:
        question: dict[str, Any] = {
            "address": self.address,
            "fromBlock": hex(first),
            "toBlock": hex(last),
        }
        if self._topics:
            question["topics"] = self._topics
        attempt = 0
        while True:
            try:
                # A node that is behind has less of the range, and says nothing of it.
                known, answer = self._ask_all([_block(last), ("eth_getLogs", [question])])
                end, found = _header_of(last, _result(known)), _result(answer)
            except CallRefused as error:
                if first < last:
                    raise _RangeTooLargeError from error
                if _PRUNED.search(error.problem):
                    raise NodePruned(self.node.label, first, error.problem) from error
                raise
            except NodeUnreachable as error:
                if first < last and _is_too_much(error):
                    raise _RangeTooLargeError from error
                raise
            if end is not None:
                break
            problem = f"it has no block {last} yet, and had a newer one before"
            if not self._provider.pause(problem, attempt):
                raise AnswerInconsistent(problem)
            attempt += 1
        numbers = sorted(_parsed(_blocks_without_time, found, "logs"))
        return _Answer(end, found, dict(zip(numbers, self.headers(numbers), strict=True)))

    def _logs_between(self, first: int, answer: _Answer) -> tuple[Log, ...]:
        logs, last = _parsed(self._checked, answer.found, "logs"), answer.end.number
        if logs and not first <= logs[0].block <= logs[-1].block <= last:
            raise AnswerInconsistent(
                f"logs of blocks {logs[0].block} to {logs[-1].block} were given for "
                f"the blocks {first} to {last}"
            )
        if logs and logs[-1].block == last and logs[-1].block_hash != answer.end.hash:
            raise AnswerInconsistent(f"block {last} is another than that of its logs")
        return tuple(_with_time(log, answer.headers) for log in logs) if answer.headers else logs

    def _checked(self, found: Any) -> tuple[Log, ...]:
        """`found` as logs of the contract, in order. Raises as reading what is no log does."""
        if not isinstance(found, list):
            raise AnswerInconsistent("it gave no list of logs")
        address, before, logs = self.address.lower(), (-1, -1, b""), []
        for entry in found:
            if entry["address"].lower() != address or entry.get("removed"):
                raise AnswerInconsistent("it gave a log that is removed, or of another contract")
            log = Log(
                int(entry["blockNumber"], 16),
                int(entry["logIndex"], 16),
                _hash(entry["blockHash"]),
                _hash(entry["transactionHash"]),
                int(entry.get("blockTimestamp") or "0x0", 16),
                tuple([_hash(topic) for topic in entry["topics"]]),
                bytes.fromhex(entry["data"][2:]),
            )
            place = log[:3]
            if (log.block | log.log_index | log.timestamp) >> _BIT_LIMIT:
                raise ValueError("a number is too large")
            if place[:2] <= before[:2]:
                raise AnswerInconsistent(
                    f"log {log.log_index} of block {log.block} follows log {before[1]} of block "
                    f"{before[0]}"
                )
            if place[0] == before[0] and place[2] != before[2]:
                raise AnswerInconsistent(f"logs of two blocks have the number {log.block}")
            before = place
            logs.append(log)
        return tuple(logs)

    @contextmanager
    def _workers(self) -> Iterator[ThreadPoolExecutor]:
        """Threads that ask. Leaving ends the pauses of those that still wait for the node."""
        is_over = self._provider.is_over
        try:
            with ThreadPoolExecutor(IN_FLIGHT) as pool:
                try:
                    yield pool
                finally:
                    is_over.set()
                    pool.shutdown(cancel_futures=True)
        finally:
            is_over.clear()

    def _ask(self, question: Question) -> Any:
        """The node's response as it is. Raises NodeUnreachable and CallRefused."""
        method, params = question
        with self._slots, translated(self.node.label):
            return self._provider.make_request(RPCEndpoint(method), params)

    def _ask_all(self, questions: Sequence[Question]) -> list[Any]:
        """The responses to several questions: by one request, where the node takes that."""
        if self._takes_batches and len(questions) > 1:
            batch = [(RPCEndpoint(method), params) for method, params in questions]
            try:
                with self._slots, translated(self.node.label):
                    found: Any = self._provider.make_batch_request(batch)
            except (NodeUnreachable, CallRefused, KeyError) as error:
                cause = error.__cause__
                is_lost = isinstance(cause, requests.exceptions.RequestException)
                is_refused = isinstance(cause, requests.exceptions.RetryError)
                if is_lost and not is_refused and status_and_wait(cause)[0] not in _NO_BATCHES:
                    raise
                found = None  # it is a node, and does not know batches
            if isinstance(found, list) and len(found) == len(questions):
                return found
            self._takes_batches = False
        if len(questions) <= 2:
            return [self._ask(question) for question in questions]
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            return list(pool.map(self._ask, questions))


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a node says of a range; `headers` are of blocks whose logs do not tell their time."""

    end: Header
    found: Any
    headers: Mapping[int, Header | None]


class _Sizer:
    """How many blocks to ask for: fewer where the node refuses or the logs are dense, else more."""

    def __init__(self) -> None:
        self.size = 50
        self._limit = 100_000  # of blocks, that the node is thought to allow
        self._answers = 0

    def answered(self, blocks: int, logs: int) -> None:
        fitting = blocks * LOGS_AIMED_AT // logs if logs else self._limit
        self._answers += 1
        if self._answers % 16 == 0:
            # A refusal may have been of results, or of a bad moment.
            self._limit = min(2 * self._limit, 100_000)
        self.size = max(1, min(fitting, 2 * self.size, self._limit))

    def refused(self, blocks: int) -> None:
        # What was asked for before an earlier refusal may be refused after it.
        self._limit = max(1, min(self._limit, blocks // 2))
        self.size = min(self.size, self._limit)
        self._answers = 0


def _block(block: int | str) -> Question:
    return "eth_getBlockByNumber", [block if isinstance(block, str) else hex(block), False]


def _result(response: Any) -> Any:
    if not isinstance(response, dict):
        raise AnswerInconsistent("its answer is none of JSON-RPC 2.0")
    if response.get("error") is not None:
        raise CallRefused(wording(response))
    return response.get("result")


def _parsed(parse: Callable[[Any], T], found: Any, kind: str) -> T:
    try:
        return parse(found)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AnswerInconsistent(f"it gave {kind} that are none ({error})") from error


def _header_of(block: int | str, found: Any) -> Header | None:
    if found is None:
        return None
    header = _parsed(_header, found, "headers")
    if isinstance(block, int) and header.number != block:
        raise AnswerInconsistent(f"block {header.number} was given for block {block}")
    return header


def _header(found: Any) -> Header:
    header = Header(
        int(found["number"], 16),
        _hash(found["hash"]),
        _hash(found["parentHash"]),
        int(found["timestamp"], 16),
    )
    if (header.number | header.timestamp) >> _BIT_LIMIT:
        raise ValueError("a number is too large")
    return header


def _hash(text: str) -> bytes:
    value = bytes.fromhex(text[2:])
    if len(value) != 32:
        raise ValueError(f"{text} is no hash")
    return value


def _blocks_without_time(found: Any) -> set[int]:
    return {
        int(entry["blockNumber"], 16)
        for entry in found
        if not int(entry.get("blockTimestamp") or "0x0", 16)
    }


def _with_time(log: Log, headers: Mapping[int, Header | None]) -> Log:
    if log.block not in headers:
        return log
    header = headers[log.block]
    if header is None or header.hash != log.block_hash:
        raise AnswerInconsistent(f"block {log.block} is another than that of its logs")
    return log._replace(timestamp=header.timestamp)


def _is_too_much(error: NodeUnreachable) -> bool:
    """Whether the node gave up on a question that a smaller one may not be."""
    if isinstance(error.__cause__, requests.exceptions.Timeout):
        return True
    return status_and_wait(error.__cause__)[0] in (400, 413, 504)
