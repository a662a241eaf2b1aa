"""Sends messages to mail, chats and webhooks through Apprise, by their URLs.

The URLs hold passwords and tokens. They are kept in memory only: a target is named by its place in
the list and the kind of its URL, errors do not repeat what was given, and nothing is logged by
anybody while one is in use. Needs the extra `watch`.

A service may answer drop by drop and so outlast every timeout of a library. It is asked in a thread
that nobody waits for longer than `LIMIT`.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Protocol

from milepost.errors import ExtraMissing, InputError

LIMIT = 45.0
"""Seconds after which a message that nobody has said to have taken counts as not taken."""

_KIND = re.compile(r"([a-z][a-z0-9+.-]*)://", re.I)
_NAMED = re.compile(r"([A-Za-z0-9._-]{1,32})=(?=[a-z][a-z0-9+.-]*://)", re.I)
_MOST_HANGING = 4  # threads of one target, before it is left alone until one ends


class Target(Protocol):
    """Somewhere to send to."""

    @property
    def name(self) -> str:
        """What a person calls it; no part of a secret."""

    @property
    def identity(self) -> str:
        """What tells it from the others; may be a secret, and is kept nowhere."""

    def send(self, title: str, body: str) -> bool:
        """Whether the message was taken."""


class AppriseTarget:
    """The service of one Apprise URL, number `position` of those given.

    "name=URL" gives it a name, which stays while the URL changes.
    """

    def __init__(self, url: str, position: int) -> None:
        try:
            import apprise
        except ModuleNotFoundError as error:
            raise ExtraMissing("Sending messages", "watch") from error
        named = _NAMED.match(url)
        if named is not None:
            url = url[named.end() :]
        kind = _KIND.match(url)
        called = named[1] if named else f"target {position}"
        self.name = f"{called} ({kind[1].lower()})" if kind else called
        self.identity = f"name {named[1]}" if named else f"url {url}"
        self._hanging: list[threading.Thread] = []
        asset = apprise.AppriseAsset(async_mode=False)
        # Its own limit would leave a thread behind that the process cannot end without.
        asset._service_timeout = 0.0
        self._service = apprise.Apprise(asset=asset)
        with _nothing_logged():
            is_known = self._service.add(url)
        if not is_known or len(self._service) != 1:
            whose = f"{self.name[0].upper()}{self.name[1:]}"
            raise InputError(
                f"{whose} is not one URL that Apprise knows. Its documentation lists them: "
                "https://github.com/caronc/apprise"
            )

    def send(self, title: str, body: str) -> bool:
        """Whether the message was taken. What goes wrong on the way, or takes too long, is a no."""
        self._hanging = [thread for thread in self._hanging if thread.is_alive()]
        if len(self._hanging) >= _MOST_HANGING:
            return False
        answers: list[bool] = []

        def ask() -> None:
            with _nothing_logged(), suppress(Exception):  # its text may hold the URL
                sent = self._service.notify(title=title, body=body, body_format="text")
                answers.append(bool(sent))

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(LIMIT)
        if thread.is_alive():
            self._hanging.append(thread)
        return answers == [True]


def targets(urls: Sequence[str]) -> list[Target]:
    """The targets of `urls`, in their order. Raises InputError and ExtraMissing."""
    found = [AppriseTarget(url, i + 1) for i, url in enumerate(urls)]
    places: dict[str, int] = {}
    for i, target in enumerate(found):
        first = places.setdefault(target.identity, i)
        if first != i:
            raise InputError(f"The targets {first + 1} and {i + 1} are the same one.")
    return list(found)


class _Silence:
    """Lets nobody log while it is in use, by however many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._before = logging.NOTSET

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            if not self._users:
                self._before = logging.root.manager.disable
                logging.disable(logging.CRITICAL)
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    logging.disable(self._before)


_nothing_logged = _Silence()
