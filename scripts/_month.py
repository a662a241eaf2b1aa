"""A month by the hour, as the demo plays it: imported work, a contested afternoon, a silent client.

Everything that the two exchange goes through files, as it does between people: the week's file, the
contested segments with their proofs, and the roots that stand on chain.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from milepost.chain.submissions import submissions
from milepost.diary import evidence, weeks
from milepost.diary.diary import Diary
from milepost.diary.entries import Segment
from milepost.diary.formats import Context, timewarrior
from milepost.diary.rules import Rules
from milepost.diary.weeks import Place, Proof, Week
from milepost.signing import keccak256
from milepost.types import Terms
from milepost.units import HOUR, WEEK

if TYPE_CHECKING:
    from demo import Stage

TRACKED = Path(__file__).resolve().parent.parent / "examples/october.timew.json"
ZONE = "Europe/Berlin"
START = 1_791_158_400
"""Monday, 5 October 2026: a month in which clocks in Berlin are put back."""

WEEKS = range(4)
CONTESTED, IGNORED = 1, 2
# Of the second week's Wednesday, in the zone.
AFTERNOON = ("2026-10-14 13:00", "2026-10-14 18:00")
# What no timer saw: written by hand, at the end of its week.
CALL = ("2026-10-07 18:10", "2026-10-07 18:50", "Call with the client about opening hours")


def month(stage: Stage, terms: Terms) -> None:
    """Four funded weeks: one approved, one contested and ruled on, one ignored, one approved."""
    freelancer, client = stage.signers["freelancer"], stage.signers["client"]
    acceptance = stage.escrow.sign_terms(freelancer, terms)
    stage.play("client", "fund", stage.escrow.fund(terms, WEEKS, acceptance))
    rules = Rules(terms.scope, terms.start, terms.units)
    with TemporaryDirectory() as folder:
        for week in WEEKS:
            # An hour after its end a week is complete, and nothing in it is late.
            stage.pass_time(max(0, terms.period_end(week) + HOUR - stage.now()))
            file = _bill(stage, terms, rules, Path(folder) / "diary", week)
            shown = _reviewed(stage, terms, rules, file, week)
            if week == CONTESTED:
                _contest(stage, terms, rules, shown)
            elif week != IGNORED:
                approval = stage.escrow.sign_approval(client, terms, [week], [len(shown.leaves)])
                stage.play("freelancer", "release", stage.escrow.release(terms, [week], [approval]))
    # Nobody answered for the third week: two weeks after its claim it is paid as claimed.
    stage.pass_time(max(0, terms.period_end(IGNORED) + HOUR + terms.review_period - stage.now()))
    stage.play("stranger", "release", stage.escrow.release(terms, [IGNORED]))


def call(diary: Diary, now: int) -> None:
    """The freelancer writes down what no timer saw."""
    diary.add(now, _moment(CALL[0]), _moment(CALL[1]), CALL[2], ["bakery"], ZONE)


def _bill(stage: Stage, terms: Terms, rules: Rules, folder: Path, week: int) -> bytes:
    """The freelancer imports the week's work, seals it, and submits its root. Returns its file."""
    now, first = stage.now(), rules.week_start(week)
    reading = timewarrior.read(TRACKED.read_bytes(), Context(TRACKED.name, ZoneInfo(ZONE), now))
    done = [f for f in reading.frames if f.end <= first + WEEK]
    with Diary.write(folder, rules) as diary:
        diary.import_(done, "timewarrior", now)
        if first <= _moment(CALL[0]) < first + WEEK:
            call(diary, now)
        sealed = weeks.seal(diary, now, week, {})
        made = weeks.week_of(diary, sealed, _place(stage, terms, week))
        stage.play(
            "freelancer", "submit", stage.escrow.submit(terms, week, sealed.units, made.root)
        )
        return evidence.week_file(made)


def _reviewed(stage: Stage, terms: Terms, rules: Rules, file: bytes, week: int) -> Week:
    """The week as its client reads it, who finds it to be what was submitted."""
    shown = evidence.read_week(file, f"week {week + 1}", rules)
    _require_claimed(stage, terms, week, shown, len(shown.leaves))
    return shown


def _contest(stage: Stage, terms: Terms, rules: Rules, shown: Week) -> None:
    """The client contests an afternoon; the arbiter checks its proofs, and gives three quarters."""
    week = shown.place.week
    first, end = (_moment(text) for text in AFTERNOON)
    chosen = [s.start for s in shown.segments if first <= s.start < end]
    proof = weeks.prove(shown, chosen, "The old orders were to stay where they are")
    file = evidence.proof_file(proof)
    call = stage.escrow.dispute(terms, week, len(chosen), keccak256(file))
    stage.play("client", "dispute", call)
    read = evidence.read_proof(file, "the contested segments", rules)
    _require_claimed(stage, terms, week, read, len(shown.leaves))
    _require_all_within(read.segments, first, end)
    at_stake = stage.escrow.milestone_at(terms, week).open
    stage.play("arbiter", "rule", stage.escrow.rule(terms, week, at_stake * 3 // 4))


def _require_claimed(
    stage: Stage, terms: Terms, week: int, shown: Week | Proof, units: int
) -> None:
    escrow = stage.escrow
    claim = submissions(stage.node, escrow.address, escrow.agreement_id(terms), week)[-1]
    if (claim["deliverable"], claim["units"]) != (shown.root, units):
        raise SystemExit(f"week {week + 1} is not what was submitted")


def _require_all_within(segments: Iterable[Segment], first: int, end: int) -> None:
    if not all(first <= s.start < end for s in segments):
        raise SystemExit("the contested segments are not of that afternoon")


def _place(stage: Stage, terms: Terms, week: int) -> Place:
    escrow = stage.escrow
    return Place(stage.node.chain_id, escrow.address, escrow.agreement_id(terms), week)


def _moment(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).timestamp())
