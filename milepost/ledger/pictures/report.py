"""Writes a report: one HTML page that needs nothing else, of a party's jobs or of all.

It depends on the ledger alone, so it is the same whenever it is made of the same block. Symbols of
tokens are strangers' texts: all text is escaped, and a policy in the page forbids scripts besides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from string import Template

from milepost.agreement import Token
from milepost.ledger import outlook
from milepost.ledger.pictures import canvas, charts, labels, series
from milepost.ledger.pictures.canvas import Chart
from milepost.ledger.pictures.job_chart import job as job_chart
from milepost.ledger.reads import (
    Due,
    Happening,
    History,
    Job,
    Ledger,
    Moment,
    Money,
    Payment,
    waiting,
)
from milepost.ledger.words import short
from milepost.networks import network_of
from milepost.types import ZERO_ADDRESS
from milepost.units import format_time

MOST_ROWS = 1_000
"""Jobs in the table."""

MOST_PICTURES = 24
"""Jobs that are drawn, and tokens."""

_EXACT = 28
"""Characters of an amount in a table: a million with 18 decimals has as many."""


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def report(ledger: Ledger, party: str | None = None) -> str:
    """The page of the jobs of `party`, or of all, at the ledger's last block.

    Raises ExtraMissing, and what the ledger raises.
    """
    with ledger.at_one_moment() as asked:
        moment, totals = asked.moment(), asked.money(party)
        histories, payments = asked.histories(party), asked.payments(party)
    histories.sort(key=_urgency)
    happenings = [h for history in histories for h in history.happenings]
    happenings += [p.happening for p in payments]
    parts = {
        "light": _colours(canvas.LIGHT),
        "dark": _colours(canvas.DARK),
        "facts": _facts(ledger, party, moment, happenings),
        "money": _money(totals, party),
        "held": _held(histories, payments, moment, party),
        "jobs": _jobs([history.job for history in histories], party),
        "answers": _answers(histories),
        "lives": _lives(histories),
    }
    template = files("milepost").joinpath("ledger", "pictures", "report.html").read_text("utf-8")
    return Template(template).substitute(parts)


def _facts(
    ledger: Ledger, party: str | None, moment: Moment, happenings: Iterable[Happening]
) -> Html:
    later = {(h.event.block, h.event.log_index) for h in happenings if not h.is_final}
    final = "all of it" if moment.final_block >= moment.block else "nothing yet"
    if 0 <= moment.final_block < moment.block:
        final = f"what is up to block {moment.final_block}"
    if later:
        s = "" if len(later) == 1 else "s"
        final += f"; the chain may still take {len(later)} event{s} back"
    lines: dict[str, str] = {
        "whose": _tag("code", party) if party else "everybody's jobs",
        "true at": f"block {moment.block}, {format_time(moment.timestamp)}",
        "final": final,
        "escrow": _tag("code", ledger.escrow),
        "chain": f"{network_of(ledger.chain_id).name}, chain id {ledger.chain_id}",
    }
    return _tag("dl", *(_tag(tag, text) for line in lines.items() for tag, text in _terms(line)))


def _terms(line: tuple[str, str]) -> Iterator[tuple[str, str]]:
    return zip(("dt", "dd"), line, strict=True)


def _money(totals: Sequence[Money], party: str | None) -> Html:
    if not totals:
        return _tag("p", "No money was ever in it.")
    columns = [
        "token",
        "paid in",
        "received" if party else "paid out",
        "in jobs",
        "to be withdrawn",
    ]
    rows = [
        [
            _join(_tag("bdi", labels.plain(total.token.symbol)), " ", _token(total.token)),
            *(
                _amount(value, total.token)
                for value in (total.paid, total.received, total.held, total.credits)
            ),
        ]
        for total in totals
    ]
    return _table("Money by token", columns, rows, ["", *["amount"] * 4])


def _held(
    histories: Sequence[History], payments: Sequence[Payment], moment: Moment, party: str | None
) -> Html:
    found = series.held_over_time(histories, payments)
    used = sorted(found, key=lambda token: -len(found[token]))
    where = f"in jobs of {labels.short(party)}" if party else "in the escrow"
    drawn = (
        charts.held(
            token,
            found[token],
            moment,
            f"{labels.plain(token.symbol)} {where}",
            is_headed=False,
        )
        for token in used[:MOST_PICTURES]
    )
    pictures = (
        _picture(chart, f"held-{n}", _token(token, is_short=False))
        for n, (token, chart) in enumerate(zip(used, drawn, strict=False))
    )
    return _join(*pictures, _left_out(len(used), MOST_PICTURES, "tokens"))


def _jobs(jobs: Sequence[Job], party: str | None) -> Html:
    if not jobs:
        return _tag("p", "There are none yet.")
    over = sum(job.is_over for job in jobs)
    said = f"{len(jobs)} in all, {over or 'none'} of them over. What is most urgent comes first."
    columns = ["job", "client", "freelancer", "in the escrow", "milestones", "next", "when"]
    classes = ["", "", "", "amount", "", "text", ""]
    rows = [_row(job, number) for number, job in enumerate(jobs[:MOST_ROWS])]
    if party:
        columns.insert(1, "part")
        classes.insert(1, "")
        for row, job in zip(rows, jobs, strict=False):
            row.insert(1, ", ".join(job.roles_of(party)))
    return _join(
        _tag("p", said),
        _table("Jobs", columns, rows, classes),
        _left_out(len(jobs), MOST_ROWS, "jobs"),
    )


def _row(job: Job, number: int) -> list[str]:
    counted = Counter(view.status for view in job.milestones.values())
    statuses = ", ".join(f"{n} {status.label}" for status, n in sorted(counted.items()))
    found, when = _next(job)
    name = _tag("code", short(job.agreement), title="0x" + job.agreement.hex())
    return [
        _tag("a", name, href=f"#job-{number}") if number < MOST_PICTURES else name,
        _address(job.terms.client),
        _address(job.terms.freelancer),
        _join(_amount(job.open, job.token), " ", _token(job.token)),
        statuses,
        found,
        when,
    ]


def _next(job: Job) -> tuple[str, str]:
    """What is to be done next in a job, and when."""
    dues = sorted(waiting(job), key=_due_order)
    if not dues:
        replaced = job.replaced_by and f"nothing, it is replaced by {short(job.replaced_by)}"
        return replaced or "nothing, it is over", ""
    due = dues[0]
    others = f"; {len(dues) - 1} more after it" if len(dues) > 1 else ""
    text = outlook.headline(due) + others
    if due.deadline:
        return text, ("now" if due.view.is_late else _join("by ", _time(due.deadline)))
    if due.awaited is None:
        return text, "now"
    return text, (_join("from ", _time(due.opens_at)) if due.opens_at else "no deadline")


def _due_order(due: Due) -> tuple[int, int, int]:
    kind = 0 if due.deadline else 1 if due.awaited is None else 2
    return kind, due.deadline or due.opens_at, due.milestone


def _urgency(history: History) -> tuple[int, int, int]:
    """Jobs in their order: by what is next, and those that are over by their ends, newest first."""
    first = min(map(_due_order, waiting(history.job)), default=None)
    return first or (3, -history.happenings[-1].timestamp, 0)


def _answers(histories: Sequence[History]) -> Html:
    found = [answer for history in histories for answer in series.answers(history)]
    if not found:
        return _tag("p", "Nothing that was submitted has been approved or paid yet.")
    return _picture(charts.answers(found, is_headed=False), "answers")


def _lives(histories: Sequence[History]) -> Html:
    if not histories:
        return _tag("p", "There are none yet.")
    pictures = (
        _picture(
            job_chart(history, is_headed=False),
            f"job-{number}",
            _tag("code", "0x" + history.job.agreement.hex()),
        )
        for number, history in enumerate(histories[:MOST_PICTURES])
    )
    return _join(*pictures, _left_out(len(histories), MOST_PICTURES, "jobs"))


def _left_out(count: int, most: int, what: str) -> Html:
    if count <= most:
        return Html()
    return _tag("p", f"{count - most} more {what} are left out here.", class_="muted")


def _picture(chart: Chart, name: str, note: str = "") -> Html:
    picture = Html(canvas.svg(chart, name, is_inline=True))
    return _tag(
        "article",
        _tag("h3", chart.heading.title, id=name),
        _tag("p", chart.heading.subtitle, class_="muted"),
        _tag("figure", picture, _tag("figcaption", note) if note else Html()),
    )


def _amount(value: int, token: Token) -> Html:
    return _tag("bdi", labels.money(value, token, _EXACT))


def _token(token: Token, *, is_short: bool = True) -> Html:
    """What tells a token from others of its symbol."""
    if token.address == ZERO_ADDRESS:
        return _tag("span", "the chain's coin", class_="muted")
    shown = labels.short(token.address) if is_short else token.address
    return _tag("code", shown, title=token.address)


def _address(address: str) -> str:
    if address == ZERO_ADDRESS:
        return "none"
    return _tag("code", labels.short(address), title=address)


def _time(timestamp: int) -> Html:
    return _tag("time", format_time(timestamp))


def _table(
    label: str, columns: Sequence[str], rows: Sequence[Sequence[str]], classes: Sequence[str]
) -> Html:
    head = [_tag("th", c, scope="col", class_=k) for c, k in zip(columns, classes, strict=True)]
    body = []
    for first, *others in rows:
        cells = (_tag("td", c, class_=k) for c, k in zip(others, classes[1:], strict=True))
        body.append(_tag("tr", _tag("th", first, scope="row"), *cells))
    table = _tag("table", _tag("thead", _tag("tr", *head)), _tag("tbody", *body))
    # What scrolls must be reached by the keyboard too.
    return _tag("div", table, class_="wide", role="region", tabindex="0", aria_label=label)


def _colours(colours: Mapping[str, str]) -> Html:
    return Html(" ".join(f"--{name}: {code};" for name, code in colours.items()))


def _tag(name: str, *content: str, **attributes: str) -> Html:
    """An element. What is not Html already is escaped; an attribute without a value is left out."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value
    )
    return Html(f"<{name}{given}>{_join(*content)}</{name}>")


def _join(*parts: str) -> Html:
    return Html("".join(part if isinstance(part, Html) else escape(part) for part in parts))
