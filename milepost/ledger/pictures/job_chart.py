"""Draws the life of one job: a row for each milestone, and hours by week where work is hourly."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

from milepost.ledger.pictures import series
from milepost.ledger.pictures.canvas import LIGHT, Chart, Heading, finish, sheet, style, time_axis
from milepost.ledger.pictures.labels import calendar, date_of, moment, money, short
from milepost.ledger.pictures.series import Span, Track, Week
from milepost.ledger.reads import History
from milepost.types import MilestoneView, Status
from milepost.units import MINUTE, WEEK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# How a status is drawn: its colour, and a hatching that tells it apart without one.
_BARS = {
    Status.OFFERED: ("offered", ""),
    Status.ACTIVE: ("active", ""),
    Status.SUBMITTED: ("submitted", "////"),
    Status.REFUND_REQUESTED: ("refund", "||||"),
    Status.DISPUTED: ("disputed", "xxxx"),
    Status.PARTLY_APPROVED: ("approved", "----"),
    Status.APPROVED: ("approved", ""),
}
_ENDS: dict[Status, Any] = {Status.PAID: "full", Status.SPLIT: "left", Status.REFUNDED: "none"}
# Spaces as wide as a digit and as a comma.
_FIGURE = "\u2007"
_GAPS = {",": "\u2008", ".": "\u2008"}
_MANY = 24  # rows, after which the calendar is above them too
_HALF = 0.32  # of a bar's height, in rows


@style()
def job(history: History, *, is_headed: bool = True) -> Chart:
    """The life of a job, with its heading in the picture or beside it. Raises ExtraMissing."""
    tracks, weeks = series.tracks(history), series.weeks(history)
    found, now = history.job, history.moment
    pitch = max(0.18, min(0.32, 6 / len(tracks)))
    heights = [0.9 + pitch * len(tracks), *([1.9] if weeks else [])]
    title = f"Job 0x{found.agreement.hex()[:8]}"
    subtitle = (
        f"{money(found.open, found.token)} in the escrow at block {now.block}, "
        f"{date_of(now.timestamp)} UTC. "
        f"Client {short(found.terms.client)}, freelancer {short(found.terms.freelancer)}."
    )
    views = [found.milestones[t.milestone] for t in tracks]
    heading = Heading(title, subtitle)
    legends = _legends(tracks, history)
    figure = sheet(heading if is_headed else None, sum(heights), *legends)
    axes = figure.subplots(len(heights), squeeze=False, height_ratios=heights)[:, 0]
    _draw_tracks(axes[0], tracks, history)
    if weeks:
        _draw_weeks(axes[1], weeks)
    words = (
        f"Milestone {t.milestone + 1}: {_standing(v)}." for t, v in zip(tracks, views, strict=True)
    )
    return finish(heading, " ".join([subtitle, *words]), figure)


def _draw_tracks(axis: Axes, tracks: Sequence[Track], history: History) -> None:
    found, now = history.job, history.moment.timestamp
    begin = min(t.spans[0].since for t in tracks)
    lasted = max(now - begin, MINUTE)
    deadlines = [d for t in tracks if (d := found.milestones[t.milestone].deadline)]
    # A clock that ends long after all that happened would leave no room for what did.
    near = [d for d in deadlines if d <= now + 2 * lasted]
    beyond = now + lasted // 6 if len(near) < len(deadlines) else now
    end = max(now, beyond, *near)
    for status in Status:
        spans = [(i, s) for i, t in enumerate(tracks) for s in t.spans if s.status is status]
        if spans:
            _draw_status(axis, status, spans, now)
    for row, track in enumerate(tracks):
        view = found.milestones[track.milestone]
        if view.deadline:
            _draw_deadline(axis, row, view, now, end)
        axis.annotate(
            _standing(view),
            (1, row),
            xycoords=axis.get_yaxis_transform(),
            xytext=(7, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
    axis.axvline(now, **_NOW)
    axis.set_ylim(len(tracks) - 0.4, -0.6)
    axis.set_yticks(range(len(tracks)), _names([t.milestone for t in tracks], history))
    axis.tick_params(axis="y", length=0, labelcolor=LIGHT["ink"], labelsize=8)
    axis.grid(axis="x")
    axis.spines["left"].set_visible(False)
    time_axis(axis, begin, end)
    if len(tracks) > _MANY:
        axis.tick_params(axis="x", labeltop=True, top=True)


_NOW: dict[str, Any] = {
    "color": LIGHT["ink"],
    "linewidth": 1,
    "linestyle": (0, (1, 2)),
    "zorder": 0.5,
}
_DEADLINE: dict[str, Any] = {"color": LIGHT["ink"], "linewidth": 1.2, "linestyle": (0, (3, 2))}


def _draw_status(axis: Axes, status: Status, spans: Sequence[tuple[int, Span]], now: int) -> None:
    """Everything that has one status; a span is of the row before it."""
    rows = [row for row, _ in spans]
    begins = [span.since for _, span in spans]
    if status.is_final:
        axis.plot(begins, rows, clip_on=False, zorder=3, **_end(status))
        return
    lengths = [(now if s.until is None else s.until) - s.since for _, s in spans]
    look = _bar(status)
    axis.barh(rows, lengths, left=begins, height=2 * _HALF, **look)
    if status is not Status.OFFERED:
        # However short it was, it is seen.
        lows, highs = [row - _HALF for row in rows], [row + _HALF for row in rows]
        axis.vlines(begins, lows, highs, color=look["facecolor"], linewidth=1)


def _draw_deadline(axis: Axes, row: int, view: MilestoneView, now: int, end: int) -> None:
    place = min(view.deadline, end)
    if not view.is_late:
        axis.plot([now, place], [row, row], **_DEADLINE)
    if place < view.deadline:
        axis.plot([place], [row], marker=5, color=LIGHT["ink"], markersize=6)
    else:
        axis.vlines(place, row - _HALF, row + _HALF, color=LIGHT["ink"], linewidth=1.6)


def _draw_weeks(axis: Axes, weeks: Sequence[Week]) -> None:
    for is_over, colour, hatch in ((True, "approved", ""), (False, "submitted", "////")):
        some = [w for w in weeks if w.is_over is is_over and w.minutes]
        if not some:
            continue
        bars = axis.bar(
            [w.milestone for w in some],
            [w.minutes / 60 for w in some],
            width=0.7,
            color=LIGHT[colour],
            hatch=hatch,
            edgecolor=LIGHT["paper"],
            linewidth=0,
            label="ended" if is_over else "still open",
        )
        if len(weeks) <= 20:
            box = {"facecolor": LIGHT["paper"], "edgecolor": "none", "pad": 1}
            hours = [f"{w.minutes / 60:.4g}" for w in some]
            axis.bar_label(bars, hours, padding=4, fontsize=8, bbox=box)
    limit, first, last = weeks[0].limit / 60, weeks[0].milestone, weeks[-1].milestone
    axis.axhline(limit, label=f"at most {limit:.4g}", **_DEADLINE)
    axis.set_xlim(first - 0.6, max(last, first + 3) + 0.6)
    axis.set_ylim(0, limit * 1.2)
    step = ceil((last - first + 1) / 8)
    shown = range(first, last + 1, step)
    starts = [moment(weeks[0].start + (i - first) * WEEK) for i in shown]
    axis.set_xticks(shown, calendar(starts))
    axis.locator_params(axis="y", nbins=4)
    axis.set_ylabel("hours claimed")
    axis.set_xlabel("week from Monday, 00:00 UTC")
    axis.grid(axis="y")
    axis.legend(loc="upper left", bbox_to_anchor=(1.02, 1))


def _legends(tracks: Sequence[Track], history: History) -> list[list[Any]]:
    """What the bars mean, and below it the marks and lines."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    seen = {s.status for t in tracks for s in t.spans}
    has_deadline = any(m.deadline for m in history.job.milestones.values())
    bars = [Patch(label=s.label, **_bar(s)) for s in _BARS if s in seen]
    marks = [Line2D([], [], label=s.label, **_end(s)) for s in _ENDS if s in seen]
    lines = [Line2D([], [], label="deadline", **_DEADLINE)] if has_deadline else []
    now = Line2D([], [], label=f"block {history.moment.block}", **_NOW)
    return [bars, [*marks, *lines, now]]


def _bar(status: Status) -> dict[str, Any]:
    colour, hatch = _BARS[status]
    if colour == "offered":
        return {"facecolor": LIGHT[colour], "edgecolor": LIGHT["muted"], "linewidth": 0.8}
    look = {"facecolor": LIGHT[colour], "edgecolor": LIGHT["paper"], "linewidth": 0}
    return {**look, "hatch": hatch}


def _end(status: Status) -> dict[str, Any]:
    return {
        "marker": "o",
        "markersize": 7,
        "fillstyle": _ENDS[status],
        "color": LIGHT["approved"],
        "markeredgecolor": LIGHT["approved"],
        "markerfacecoloralt": LIGHT["paper"],
        "markeredgewidth": 1.4,
        "linestyle": "",
    }


def _standing(view: MilestoneView) -> str:
    """The status of a milestone, and until when somebody has to act."""
    if not view.deadline:
        return view.status.label
    return (
        f"{view.status.label}, {'late since' if view.is_late else 'due'} {date_of(view.deadline)}"
    )


def _names(milestones: Sequence[int], history: History) -> list[str]:
    """Number and amount of each, or the day its period begins, in columns."""
    terms = history.job.terms
    if terms.is_metered:
        days = [moment(terms.period_end(i) - terms.period) for i in milestones]
        texts = [f"from {day:%Y-%m-%d}" for day in days]
    else:
        texts = [money(terms.amount_of(i), history.job.token) for i in milestones]
    longest = max(texts, key=len)
    gaps = ["".join(_GAPS.get(c, _FIGURE) for c in longest[: len(longest) - len(t)]) for t in texts]
    numbers = [str(i + 1).rjust(2, _FIGURE) for i in milestones]
    return [f"{n}\u2003{gap}{text}" for n, gap, text in zip(numbers, gaps, texts, strict=True)]
