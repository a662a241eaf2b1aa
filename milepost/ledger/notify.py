"""Sends messages to mail, chats and webhooks through Apprise, by their URLs.

The URLs hold passwords and tokens. They are kept in memory only: a target is named by its place in
the list and the kind of its URL, errors do not repeat what was given, and nothing is logged by
anybody while one is in use. Needs the extra `watch`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from milepost.errors import ExtraMissing, InputError

_KIND = re.compile(r"([a-z][a-z0-9+.-]*)://", re.I)


class Target(Protocol):
    """Somewhere to send to."""

    @property
    def name(self) -> str:
        """What a person calls it; no part of a secret."""

    def send(self, title: str, body: str) -> bool:
        """Whether the message was taken."""


class AppriseTarget:
    """The service of one Apprise URL, number `position` of those given."""

    def __init__(self, url: str, position: int) -> None:
        try:
            import apprise
        except ModuleNotFoundError as error:
            raise ExtraMissing("Sending messages", "watch") from error
        kind = _KIND.match(url)
        self.name = f"target {position} ({kind[1].lower()})" if kind else f"target {position}"
        self._service = apprise.Apprise()
        with _nothing_logged():
            is_known = self._service.add(url)
        if not is_known or len(self._service) != 1:
            raise InputError(
                f"{self.name.capitalize()} is not one URL that Apprise knows. Its documentation "
                "lists them: https://github.com/caronc/apprise"
            )

    def send(self, title: str, body: str) -> bool:
        """Whether the message was taken. What goes wrong on the way is a no."""
        with _nothing_logged():
            try:
                return bool(self._service.notify(title=title, body=body, body_format="text"))
            except Exception:  # its text may hold the URL
                return False


def targets(urls: Sequence[str]) -> list[Target]:
    """The targets of `urls`, in their order. Raises InputError and ExtraMissing."""
    return [AppriseTarget(url, i + 1) for i, url in enumerate(urls)]


@contextmanager
def _nothing_logged() -> Iterator[None]:
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
