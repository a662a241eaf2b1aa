"""Draws what the ledger knows: money over time, answers to submissions, the life of a job.

Each function that draws needs the extra `reports`, and raises ExtraMissing without it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from milepost.agreement import Token
from milepost.ledger.pictures import series
from milepost.ledger.pictures.canvas import (
    LIGHT,
    Chart,
    Heading,
    finish,
    kind_of,
    save,
    sheet,
    style,
    time_axis,
)
from milepost.ledger.pictures.job_chart import job
from milepost.ledger.pictures.labels import date_of, height_of, money, scale_of
from milepost.ledger.pictures.series import Answer, Step
from milepost.ledger.reads import History, Moment
from milepost.units import DAY, HOUR, MINUTE, WEEK, format_duration

_MOST_POINTS = 900  # more of them nobody sees, and they make a file heavy
_BINS = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY, 2 * DAY, WEEK, 4 * WEEK, 13 * WEEK)
_MOST_BINS, _FEWEST_BINS = 16, 4
_ANSWERS = ((True, "in time", "approved", ""), (False, "late", "submitted", "////"))
_UNITS = ((DAY, "days"), (HOUR, "hours"), (MINUTE, "minutes"))


def save_job(history: History, path: Path) -> None:
    """Draw the life of a job into a .svg or .png file. Raises InputError for any other."""
    kind_of(path)
    save(job(history), path)


@style()
def held(
    token: Token, steps: Sequence[Step], now: Moment, title: str, *, is_headed: bool = True
) -> Chart:
    """What is held in a token over time, with what waits for `withdraw` on top.

    There is at least one step.
    """
    last = steps[-1]
    has_credits = any(s.credits for s in steps)
    subtitle = (
        f"{money(last.held, token)} in jobs"
        + (f" and {money(last.credits, token)} to be withdrawn" if last.credits else "")
        + f" at block {now.block}, {date_of(now.timestamp)} UTC."
    )
    heading = Heading(title, subtitle)
    figure = sheet(heading if is_headed else None, 2.4)
    axis = figure.subplots()
    most = max(map(_height, steps))
    power, unit = scale_of(most, token)
    shown = [Step(steps[0].timestamp, 0, 0), *_thinned(steps)]
    shown.append(Step(max(now.timestamp, last.timestamp), last.held, last.credits))
    x = [s.timestamp for s in shown]
    lower = [height_of(s.held, token, power) for s in shown]
    upper = [height_of(s.held + s.credits, token, power) for s in shown]
    area: dict[str, Any] = {"step": "post", "linewidth": 0}
    axis.fill_between(x, lower, color=LIGHT["money"], alpha=0.22, **area)
    if has_credits:
        look: dict[str, Any] = {
            "facecolor": LIGHT["paper"],
            "edgecolor": LIGHT["disputed"],
            "hatch": "////",
        }
        axis.fill_between(x, lower, upper, label="to be withdrawn", **area, **look)
    axis.step(x, lower, where="post", color=LIGHT["money"], linewidth=1.6, label="in jobs")
    if has_credits:
        axis.legend(loc="upper left", bbox_to_anchor=(1.02, 1))
    time_axis(axis, x[0], x[-1])
    axis.set_ylim(0, max(upper) * 1.08 or 1)
    axis.locator_params(axis="y", nbins=5)
    axis.yaxis.set_major_formatter(lambda value, _: f"{value:,.6g}")
    axis.set_ylabel(unit)
    axis.grid(axis="y")
    return finish(heading, f"{subtitle} At most {money(most, token)} at one time.", figure)


@style()
def answers(found: Sequence[Answer], *, is_headed: bool = True) -> Chart:
    """How long submissions waited until they were approved or paid. There is at least one."""
    middle = series.median(a.seconds for a in found) or 0
    late = sum(not a.is_in_time for a in found)
    subtitle = (
        f"{len(found)} milestone{'' if len(found) == 1 else 's'}, "
        f"the median is {_roughly(middle)}; {late or 'none'} after the end of the review period."
    )
    heading = Heading("From submission to approval or payment", subtitle)
    figure = sheet(heading if is_headed else None, 2.3)
    axis = figure.subplots()
    longest = max(a.seconds for a in found)
    width = next((b for b in _BINS if longest < b * _MOST_BINS), 52 * WEEK)
    unit, name = next((u, n) for u, n in _UNITS if width >= u)
    below: Counter[int] = Counter()
    for is_in_time, label, colour, hatch in _ANSWERS:
        counts = Counter(a.seconds // width for a in found if a.is_in_time is is_in_time)
        if counts:
            axis.bar(
                [(i + 0.5) * width / unit for i in counts],
                list(counts.values()),
                bottom=[below[i] for i in counts],
                width=0.9 * width / unit,
                label=label,
                color=LIGHT[colour],
                hatch=hatch,
                edgecolor=LIGHT["paper"],
                linewidth=0,
            )
        below += counts
    dashes = (0, (3, 2))
    axis.axvline(middle / unit, color=LIGHT["ink"], linestyle=dashes, label="median")
    axis.legend(loc="upper left", bbox_to_anchor=(1.02, 1))
    axis.set_xlim(0, max(longest // width + 1, _FEWEST_BINS) * width / unit)
    axis.locator_params(axis="y", nbins=5, integer=True)
    axis.locator_params(axis="x", nbins=10, integer=True)
    axis.set_xlabel(f"{name} from submission")
    axis.set_ylabel("milestones")
    axis.grid(axis="y")
    return finish(heading, subtitle, figure)


def _thinned(steps: Sequence[Step]) -> list[Step]:
    """So few steps that they can be drawn, with the extremes and the last of each stretch."""
    if len(steps) <= _MOST_POINTS:
        return list(steps)
    size = -(-3 * len(steps) // _MOST_POINTS)
    kept: dict[Step, None] = {}
    for i in range(0, len(steps), size):
        some = steps[i : i + size]
        marked = (min(some, key=_height), max(some, key=_height), some[-1])
        kept |= dict.fromkeys(sorted(marked, key=lambda s: s.timestamp))
    return list(kept)


def _height(step: Step) -> int:
    return step.held + step.credits


def _roughly(seconds: int) -> str:
    """A duration in its two largest units."""
    words = format_duration(seconds).split()
    return " ".join(words[:4])
