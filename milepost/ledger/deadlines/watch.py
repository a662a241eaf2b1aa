"""Tells what happens to a party's jobs, and which deadlines come, once each.

A message is recorded right after it was taken, in a transaction of its own: end the watch anywhere,
and the next run repeats at most the one message that was taken and not yet recorded. None is lost:
what is not recorded is sent, and what is not taken is tried again, later and later, while what
comes after it waits.

Each target has a memory of its own, wherever it stands in the list, so that one that fails holds up
no other. A memory begins with
the first time that the chain was read to its end: what is older is not sent. What was sent and is
not on the chain any more is told to be taken back, and forgotten.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from functools import partial

from milepost.errors import (
    InputError,
    LedgerMissing,
)
from milepost.ledger.deadlines.memory import Memory, names
from milepost.ledger.deadlines.news import Message
from milepost.ledger.deadlines.notify import Target
from milepost.ledger.deadlines.outbox import Outbox, Settings
from milepost.ledger.reads import Ledger
from milepost.ledger.store import Store
from milepost.ledger.sync import PASSING
from milepost.units import DAY, format_duration

BEFORE = (3 * DAY, DAY)
"""Seconds before a deadline at which it is told."""

LONGEST = 365 * DAY
"""Seconds before a deadline from which nothing is told of it."""

_LOOK = 20  # seconds after which deadlines are looked at again, even if there is no new block
_NAME = re.compile(r"[A-Za-z0-9._-]{1,56}")


class Watch:
    """A watch over the jobs of `party`, or all, named `name`; a party's own address by default.

    `before` are seconds before a deadline. `tell` gets what the person who runs it should know,
    `on_sent` each message that was taken, with its target's name. `is_over` says between two
    messages whether to end. `clock` is this machine's Unix time: the later of it and of the last
    block's says what is soon. Raises InputError.
    """

    def __init__(
        self,
        database: Store,
        party: str | None,
        targets: Sequence[Target],
        *,
        name: str | None = None,
        before: Sequence[int] = BEFORE,
        tell: Callable[[str], None] = lambda text: None,
        on_sent: Callable[[Message, str], None] = lambda message, target: None,
        is_over: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        name = name or (party or "all").lower()
        if not _NAME.fullmatch(name):
            raise InputError(
                f'"{name}" is no name of a watch: at most 56 of A-Z, a-z, 0-9, ".", "_", "-".'
            )
        if not targets:
            raise InputError("A watch needs somewhere to send to.")
        if any(seconds <= 0 for seconds in before):
            raise InputError("A deadline is told some time before it, or when it has passed.")
        if any(seconds > LONGEST for seconds in before):
            raise InputError(f"A deadline is told at most {format_duration(LONGEST)} before it.")
        self._store = database
        self._ledger: Ledger | None = None
        self._tell, self._is_over, self._clock = tell, is_over, clock
        self._failing: set[str] = set()
        self._seen: object = None
        self._name, self._targets = name, tuple(targets)
        self._settings = Settings(party, tuple(before), tell, on_sent, is_over)
        self._outboxes: list[Outbox] = []

    def run(self, sync: Callable[[], None], wait: Callable[[], None]) -> None:
        """Keep the ledger up to date with `sync` and send, until `is_over`.

        `wait` returns when there may be a new block. What fails for a while is told once, and tried
        on. Raises InputError where the name is another party's, and what is not to pass by itself.
        """
        while not self._is_over():
            is_synced = self._attempt("read", sync)
            self._attempt("tell", partial(self.deliver, is_synced=is_synced))
            if not self._is_over():
                wait()

    def deliver(self, *, is_synced: bool = True) -> int:
        """Send what there is to send. Returns how many messages wait because a target failed.

        `is_synced` says whether the chain was read to its end: only then is anything taken back,
        and only then does a watch begin. Raises InputError and LedgerUnreadable.
        """
        now = int(self._clock())
        try:
            self._ledger = self._ledger or Ledger(self._store)
        except LedgerMissing:
            return 0
        self._outboxes = self._outboxes or self._made()
        with self._store.reading() as connection:
            position = self._store.position(connection)
        seen = (position, is_synced, now // _LOOK)
        if seen == self._seen and not self._waiting:
            return 0
        for outbox in self._outboxes:
            if not self._is_over():
                outbox.deliver(self._ledger, position.start, now, is_synced=is_synced)
        self._seen = seen
        return self._waiting

    def _made(self) -> list[Outbox]:
        own = names(self._store, self._name, [target.identity for target in self._targets])
        return [
            Outbox(Memory(self._store, place), self._name, target, self._settings)
            for place, target in zip(own, self._targets, strict=True)
        ]

    @property
    def _waiting(self) -> int:
        return sum(outbox.waiting for outbox in self._outboxes)

    def _attempt(self, what: str, act: Callable[[], object]) -> bool:
        try:
            act()
        except PASSING as error:
            if what not in self._failing:
                self._tell(f"{error.message} Trying on.")
            self._failing.add(what)
            return False
        if what in self._failing:
            self._tell("It works again.")
            self._failing.remove(what)
        return True
