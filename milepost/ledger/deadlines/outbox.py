"""Sends the messages for one target, in their order, and remembers each right after it was taken.

A message that is not taken holds up those after it. It is tried again after a pause, and each pause
is twice as long as the one before. Messages are made anew from the ledger each time: what the chain
takes back meanwhile is not sent at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from milepost.errors import InputError
from milepost.ledger.deadlines import news
from milepost.ledger.deadlines.memory import Mark, Memory
from milepost.ledger.deadlines.news import Message
from milepost.ledger.deadlines.notify import Target
from milepost.ledger.reads import Ledger, Moment

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 600.0
"""Seconds after which what was not taken is tried again."""

_LAG = 100  # blocks that a mark may lag behind without a reason to move it


@dataclass(frozen=True, slots=True)
class Settings:
    """What the outboxes of a watch have in common; `Watch` says what each is."""

    party: str | None
    before: tuple[int, ...]
    tell: Callable[[str], None]
    on_sent: Callable[[Message, str], None]
    is_over: Callable[[], bool]


class Outbox:
    """The messages for `target`, by the memory and the name of its watch.

    `waiting` is how many there were behind one that was not taken, and that one.
    """

    def __init__(self, memory: Memory, name: str, target: Target, settings: Settings) -> None:
        self.waiting = 0
        self._memory, self._name, self._target = memory, name, target
        self._party, self._before = settings.party, settings.before
        self._tell, self._on_sent = settings.tell, settings.on_sent
        self._is_over = settings.is_over
        self._taken: tuple[Message, bool] | None = None
        self._pause = 0.0
        self._next_try = 0.0
        self._is_behind = False
        self._read = 0

    def deliver(self, ledger: Ledger, start: int, clock: int, *, is_synced: bool) -> None:
        """Send what is new, up to the first message that is not taken.

        The ledger begins with block `start`. Raises InputError and LedgerUnreadable.
        """
        if time.monotonic() < self._next_try:
            return
        self._record()
        mark = self._mark()
        if mark is None and not is_synced:
            return
        with ledger.at_one_moment() as asked:
            moment = asked.moment()
            if mark is None:
                mark = self._begin(asked, moment)
            self._warn_if_behind(moment, mark)
            found = news.events(asked, mark.block, self._party)
            is_whole = self._is_whole(moment, mark, is_synced=is_synced)
            soon = news.deadlines(asked, moment, clock, self._before, self._party)
            back = self._back(found, moment, start) if is_synced else []
            untold = self._untold([*(soon if is_whole else ()), *found.values()])
            pending = [*back, *untold]
        for i, message in enumerate(pending):
            if self._is_over() or not self._send(message):
                self.waiting = len(pending) - i
                return
            self._taken = (message, i < len(back))
            self._record()
            self._on_sent(message, self._target.name)
        self.waiting = 0
        if is_synced:
            self._advance(mark, moment)

    def _mark(self) -> Mark | None:
        mark, party = self._memory.mark(), (self._party or "all").lower()
        if mark is not None and mark.party != party:
            raise InputError(
                f"The watch {self._name} is over the jobs of {mark.party}. Choose another --name."
            )
        return mark

    def _begin(self, ledger: Ledger, moment: Moment) -> Mark:
        mark = Mark(moment.final_block, (self._party or "all").lower())
        known = news.events(ledger, mark.block, self._party)
        self._memory.begin(mark, list(known.values()))
        self._tell(f"{self._target.name}: the watch begins after block {moment.block}.")
        return mark

    def _is_whole(self, moment: Moment, mark: Mark, *, is_synced: bool) -> bool:
        """Whether the ledger has read as far as it had before.

        One that is being rebuilt does not know yet who acted in time.
        """
        if is_synced:
            self._read = moment.block
            return moment.block >= mark.block
        return moment.block >= max(mark.block, self._read, self._memory.last())

    def _back(self, found: Mapping[str, Message], moment: Moment, start: int) -> list[Message]:
        """What was sent and is on the chain no more; what stands in another block is noted."""
        gone, moved = [], {}
        for sent in self._memory.events():
            now_there = found.get(sent.key)
            if now_there is None:
                # Where the ledger has not read as far again, it may still be on the chain.
                if start <= sent.block <= moment.block:
                    gone.append(news.taken_back(sent.key, sent.block, sent.text, moment))
            elif now_there.block != sent.block:
                moved[sent.key] = now_there.block
        if moved:
            self._memory.move(moved)
        return gone

    def _untold(self, messages: Sequence[Message]) -> list[Message]:
        told = self._memory.sent(key for m in messages for key in (m.key, *m.unless))
        return [m for m in messages if told.isdisjoint((m.key, *m.unless))]

    def _record(self) -> None:
        """What was taken is remembered before anything else is sent."""
        if self._taken is not None:
            message, is_back = self._taken
            if is_back:
                self._memory.forget(message.key)
            else:
                self._memory.remember(message)
            self._taken = None

    def _warn_if_behind(self, moment: Moment, mark: Mark) -> None:
        is_behind = moment.block < mark.block
        if is_behind and not self._is_behind:
            self._tell(
                f"The ledger stands at block {moment.block}, and the watch {self._name} has told "
                f"all up to block {mark.block}: nothing before that is told. A chain that began "
                "anew needs another --name."
            )
        self._is_behind = is_behind

    def _send(self, message: Message) -> bool:
        if self._target.send(message.title, message.body):
            if self._pause:
                self._tell(f"{self._target.name} takes messages again.")
            self._pause = self._next_try = 0.0
            return True
        if not self._pause:
            self._tell(
                f"{self._target.name} does not take messages. They wait, and are tried again."
            )
        self._pause = min(2 * self._pause, LONGEST_PAUSE) or FIRST_PAUSE
        self._next_try = time.monotonic() + self._pause
        return False

    def _advance(self, mark: Mark, moment: Moment) -> None:
        """What is sent and final needs no row of its own."""
        final = moment.final_block
        is_worth_it = final >= mark.block + _LAG or any(
            s.block <= final for s in self._memory.events()
        )
        if final > mark.block and is_worth_it:
            self._memory.advance(Mark(final, mark.party))
