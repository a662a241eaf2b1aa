"""Asks a busy node again, after a growing pause: on HTTP 429 and 5xx, and where its words say that
it is asked too often. Nothing else is repeated.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from threading import Event as Flag
from typing import Any

import requests
from web3 import HTTPProvider
from web3.types import RPCEndpoint, RPCResponse

ATTEMPTS = 7
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 30.0

_BUSY = re.compile(
    r"too many requests?\b|request limit|rps limit|rate.?(?:limit|exceeded)|per (?:second|minute)"
    r"|throttl|throughput|capacity|busy",
    re.I,
)
_TOO_LARGE = re.compile(r"range|results|response|logs", re.I)

OnPause = Callable[[str, float], None]


class PatientProvider(HTTPProvider):
    """An HTTP provider that waits for a busy node. `on_pause` hears why, and for how many seconds.

    Raises RetryError where the node stays too busy by its words. For questions only: an answer that
    was lost does not tell whether a transaction was sent.
    """

    def __init__(self, url: str, request_kwargs: Any, on_pause: OnPause | None = None) -> None:
        super().__init__(url, request_kwargs=request_kwargs, exception_retry_configuration=None)
        self._on_pause = on_pause or (lambda reason, seconds: None)
        self.is_over = Flag()
        """Set to end the pauses of all threads; they then fail with what they waited for."""

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """As HTTPProvider does."""
        ask = super().make_request
        found: RPCResponse = self._patiently(lambda: ask(method, params))
        return found

    def make_batch_request(
        self, batch_requests: list[tuple[RPCEndpoint, Any]]
    ) -> list[RPCResponse] | RPCResponse:
        """As HTTPProvider does."""
        ask = super().make_batch_request
        found: list[RPCResponse] | RPCResponse = self._patiently(lambda: ask(batch_requests))
        return found

    def pause(self, reason: str, attempt: int, wanted: float = 0.0) -> bool:
        """Wait after attempt number `attempt`, from zero, or as long as is `wanted`. False where
        there was enough waiting.
        """
        if attempt >= ATTEMPTS - 1:
            return False
        seconds = wanted or FIRST_PAUSE * 2**attempt * random.uniform(0.75, 1.25)
        seconds = min(seconds, LONGEST_PAUSE)
        self._on_pause(reason, seconds)
        return not self.is_over.wait(seconds)

    def _patiently(self, ask: Callable[[], Any]) -> Any:
        attempt = 0
        while True:
            try:
                response = ask()
            except requests.exceptions.HTTPError as error:
                status, wanted = status_and_wait(error)
                is_busy = status == 429 or status >= 500
                if not is_busy or not self.pause(f"HTTP status {status}", attempt, wanted):
                    raise
            else:
                reason = _busy(response)
                if not reason:
                    return response
                if not self.pause(reason, attempt):
                    raise requests.exceptions.RetryError(reason)
            attempt += 1


def status_and_wait(error: BaseException | None) -> tuple[int, float]:
    """The HTTP status of an error, zero where it has none, and the seconds that the node asks to
    wait.
    """
    response = getattr(error, "response", None)
    if response is None:
        return 0, 0.0
    try:
        wait = max(0.0, float(response.headers.get("Retry-After", 0)))
    except ValueError:
        wait = 0.0
    return response.status_code, wait


def wording(response: Any) -> str:
    """The message of a response that has an error."""
    error = response["error"]
    return str(error.get("message", error)) if isinstance(error, dict) else str(error)


def _busy(response: Any) -> str:
    """How the node says that it is asked too often; empty where it answers."""
    for one in response if isinstance(response, list) else [response]:
        if isinstance(one, dict) and one.get("error") is not None:
            words = wording(one)
            if _BUSY.search(words) and not _TOO_LARGE.search(words):
                return words
    return ""
