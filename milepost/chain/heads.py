"""Waits for new blocks: told by the node over a websocket where it has one, else by looking again.

A wait may end early or for nothing: whoever waits looks at the chain afterwards anyway.
"""

from __future__ import annotations

import json
import time
from contextlib import ExitStack, suppress
from types import TracebackType

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.sync.connection import Connection

POLL = 1.0
"""Seconds between two looks at a node that does not tell."""

_RETRY = 30.0  # seconds until a lost subscription is tried again
_QUIET = 10.0  # seconds after which even a node that tells is looked at
_OPENING = 5.0


class Heads:
    """The new blocks of the node at `url`. A context manager.

    A websocket is looked for at `websocket_url`, else at the same address.
    """

    def __init__(self, url: str, websocket_url: str | None = None, poll: float = POLL) -> None:
        self._url = websocket_url or "ws" + url.removeprefix("http")
        self._poll = poll
        self._socket: Connection | None = None
        self._closing = ExitStack()
        self._next_try = 0.0

    @property
    def is_told(self) -> bool:
        """Whether the node tells of new blocks, so that nobody needs to look."""
        return self._socket is not None

    def wait(self) -> None:
        """Return when there may be a new block."""
        if self._socket is None and time.monotonic() >= self._next_try:
            self._subscribe()
            return  # a block may have come before the subscription
        if self._socket is None:
            time.sleep(self._poll)
            return
        try:
            with suppress(TimeoutError):
                self._socket.recv(timeout=_QUIET)
                while True:  # several blocks are one reason to look
                    self._socket.recv(timeout=0)
        except (OSError, WebSocketException):
            self.close()

    def close(self) -> None:
        """End the subscription. Does nothing the second time."""
        self._socket = None
        with suppress(OSError, WebSocketException):
            self._closing.close()

    def __enter__(self) -> Heads:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _subscribe(self) -> None:
        self._next_try = time.monotonic() + _RETRY
        question = {"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]}
        try:
            socket = self._closing.enter_context(connect(self._url, open_timeout=_OPENING))
            socket.send(json.dumps(question))
            if "result" in json.loads(socket.recv(timeout=_OPENING)):
                self._socket = socket
            else:
                self.close()
        except (OSError, WebSocketException, ValueError, TypeError):
            self.close()
