"""How things look: words on a terminal, JSON for programs. Nothing here asks a node.

What draws is imported where something is drawn: many commands only say a line.
Texts of files and tokens are other people's: control characters are shown, never obeyed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import typer

from milepost.ledger.outlook import silence as silence
from milepost.ledger.words import amount as amount
from milepost.ledger.words import effect as effect
from milepost.ledger.words import milestones as milestones
from milepost.ledger.words import short as short
from milepost.text import plain as plain
from milepost.types import (
    ZERO_ADDRESS,
    AgreementView,
    MilestoneView,
    Status,
    Terms,
    from_set,
    same_address,
)
from milepost.units import format_amount, format_duration, format_percent, format_time

if TYPE_CHECKING:
    from rich.console import Console

    from milepost.agreement import Agreement, Token
    from milepost.chain.events import Event
    from milepost.ledger.reads import Moment

BAR_WIDTH = 16
_COLOURS = {
    Status.APPROVED: "green",
    Status.SUBMITTED: "yellow",
    Status.PARTLY_APPROVED: "green",
    Status.REFUND_REQUESTED: "yellow",
    Status.DISPUTED: "red",
    Status.PAID: "green",
    Status.REFUNDED: "blue",
    Status.SPLIT: "magenta",
}


def say(text: str) -> None:
    """Words on stdout."""
    typer.echo(plain(text))


def data(record: Any) -> None:
    """JSON on stdout."""
    typer.echo(json.dumps(record, indent=2))


def line(record: Any) -> None:
    """One line of JSON on stdout."""
    typer.echo(json.dumps(record))


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Rows under their columns on stdout; nothing without rows."""
    if rows:
        from rich.table import Table
        from rich.text import Text

        made = Table(box=None, pad_edge=False)
        for column in columns:
            made.add_column(column, overflow="fold")
        for row in rows:
            made.add_row(*(Text(plain(cell)) for cell in row))
        _console().print(made)


def listing(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table where it fits the terminal, else a few lines of names and values for each row."""
    from rich.cells import cell_len

    width = _console().width
    cells = [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)]
    if sum(widths) + 2 * (len(widths) - 1) <= width:
        table(columns, rows)
        return
    for first, *others in cells:
        made = [first]
        for name, cell in zip(columns[1:], others, strict=True):
            added = f"  {name} {cell}"
            if cell_len(made[-1] + added) <= width:
                made[-1] += added
            else:
                made.append(f"  {added}")
        say("\n".join(made))


def progress(text: str, style: str = "dim") -> None:
    """Words on stderr."""
    from rich.text import Text

    _console(stderr=True).print(Text(plain(text), style), soft_wrap=True)


def ask(question: str, *, is_secret: bool = False) -> str:
    """A line from the person, asked for on stderr. Ends the command where nobody answers."""
    try:
        return _console(stderr=True).input(f"{plain(question)}: ", password=is_secret, markup=False)
    except EOFError:
        raise typer.Abort from None


def agrees(question: str) -> bool:
    """Whether the person answers with a yes."""
    return ask(f"{question} [y/N]").strip().lower() in ("y", "yes")


def waiting(text: str) -> AbstractContextManager[Any]:
    """A sign of life on stderr while something takes its time."""
    from rich.text import Text

    return _console(stderr=True).status(Text(text, "dim"))


def fee(base_units: int, coin: Token) -> str:
    """A fee in the coin, rounded up to nine decimals."""
    return format_amount(-(-base_units // 10**9), coin.decimals - 9, coin.symbol)


def facts(lines: dict[str, str]) -> None:
    """Names and values on stderr, for a person to read before they agree."""
    from rich.text import Text

    console = _console(stderr=True)
    for name, value in lines.items():
        console.print(Text.assemble((f"{name:<10} ", "bold"), plain(value)), soft_wrap=True)


def worth(agreement: Agreement, units: int) -> str:
    """The money of units of one period of metered work."""
    terms = agreement.terms
    return amount(terms.amounts[0] * units // terms.whole, agreement.token)


def deal(agreement: Agreement, risks: Sequence[str] = ()) -> str:
    """The whole deal in plain words, with the risks of its token."""
    terms, token = agreement.terms, agreement.token
    has_arbiter = terms.arbiter != ZERO_ADDRESS
    lines = [
        f"{agreement.title} ({agreement.kind})",
        "",
        f"Client      {terms.client} pays",
        f"Freelancer  {terms.freelancer} works",
        f"Payee       {terms.payee} receives the freelancer's money",
        f"Arbiter     {terms.arbiter + ' decides disputes' if has_arbiter else 'none'}",
        f"Token       {token.symbol}, "
        + ("the chain's coin" if token.address == ZERO_ADDRESS else token.address),
        "",
    ]
    for i, item in enumerate(agreement.items):
        due = f", due {item.due.isoformat()}" if item.due else ""
        lines.append(f"{i + 1}. {item.title}: {amount(item.amount, token)}{due}")
        lines += [f"   - {entry}" for entry in item.deliverables]
    if terms.is_metered:
        lines.append(
            f"{amount(terms.amounts[0], token)} at most for every {format_duration(terms.period)} "
            f"from {format_time(terms.start)}, in {terms.units} units"
        )
        if not agreement.allows_manual:
            lines.append("Manual time: refused. Only hours that a timer saw, and in time, count.")
        if agreement.asks_captures:
            lines.append(
                "Captures: a picture of the freelancer's screen in every ten minutes of work, "
                "encrypted on their own disk, and shown to nobody but by them."
            )
    else:
        lines.append(f"Together: {amount(sum(terms.amounts), token)}")
    lines += ["", "Who gets what, when:", *(f"- {line}" for line in _outcomes(terms))]
    warnings = [f"{token.symbol}: {risk}." for risk in risks] + _warnings(terms)
    if warnings:
        lines += ["", *(f"Warning: {line}" for line in warnings)]
    lines += ["", "The work:", agreement.scope_text]
    return plain("\n".join(lines))


def _outcomes(terms: Terms) -> list[str]:
    ruling = format_duration(terms.ruling_period)
    default = (
        f"{format_percent(terms.default_bps)} goes to the freelancer, "
        f"{format_percent(10_000 - terms.default_bps)} to the client"
    )
    late = f"Nobody ends a dispute within {ruling}: {default}."
    lines = [
        "The client approves: the freelancer's claim is paid, any rest goes back to the client.",
        f"The client says nothing for {format_duration(terms.review_period)} after a submission: "
        "the claim is paid.",
        "The client asks for the money of unsubmitted work back and the freelancer says nothing "
        f"for {format_duration(terms.response_period)}: the client gets it back.",
        "The freelancer never submits and the client never asks: the money stays where it is.",
        late,
        "The two may settle or amend at any time, if both sign.",
    ]
    if terms.arbiter != ZERO_ADDRESS:
        fee = format_percent(terms.arbiter_fee_bps)
        lines.insert(
            4,
            f"A dispute: the arbiter divides what is disputed within {ruling}, for a fee of {fee}.",
        )
    return lines


def _warnings(terms: Terms) -> list[str]:
    """What a party should know before they sign."""
    found = []
    if same_address(terms.payee, terms.client):
        found.append("The payee is the client: the freelancer's money would go back to them.")
    if terms.arbiter == ZERO_ADDRESS:
        found.append(
            "There is no arbiter. Either party can dispute without reason, and then "
            f"{format_percent(terms.default_bps)} goes to the freelancer."
        )
    return found


def label_of(status: Status) -> str:
    """A status in words and in JSON."""
    return status.label if status else "not funded"


def standing(milestone: int, view: MilestoneView, agreement: Agreement) -> str:
    """Since when a milestone is what it is, and what comes of it, in a sentence."""
    since = f" since {format_time(view.clock.since)}" if view.deadline else ""
    label = label_of(view.status)
    outcome = silence(view, agreement.terms, agreement.token)
    return f"Milestone {milestone + 1} is {label}{since}. If nobody acts: {outcome}."


def status(agreement: Agreement, view: AgreementView) -> None:
    """The picture of an agreement on stdout."""
    from rich.table import Table
    from rich.text import Text

    console = _console()
    table = Table(title=plain(agreement.title), title_justify="left", box=None, pad_edge=False)
    for column in ("", "milestone", "amount", "status", "", "time left"):
        table.add_column(column, justify="right" if column == "amount" else "left", overflow="fold")
    table.columns[4].no_wrap = True
    outcomes = []
    for i in shown(view):
        m = view.milestones[i]
        style = _COLOURS.get(m.status, "")
        table.add_row(
            str(i + 1),
            Text(plain(name_of(agreement, i))),
            Text(amount(agreement.terms.amount_of(i), agreement.token)),
            Text(label_of(m.status), style),
            Text(bar(m, view.timestamp), style),
            Text(time_left(m, view.timestamp)),
        )
        if not m.status.is_final:
            outcomes.append(f"{i + 1:<2} {silence(m, agreement.terms, agreement.token)}")
    console.print(table)
    if outcomes:
        console.print(Text("\n".join(["", "If nobody acts", *outcomes])), soft_wrap=True)
    console.print(Text(f"block {view.block}, {format_time(view.timestamp)}", "dim"), soft_wrap=True)


def status_record(agreement: Agreement, view: AgreementView) -> dict[str, Any]:
    """An agreement for programs: amounts are strings of base units, times Unix seconds."""
    return {
        "agreement": "0x" + view.agreement.hex(),
        "title": agreement.title,
        "token": {
            "address": agreement.token.address,
            "symbol": agreement.token.symbol,
            "decimals": agreement.token.decimals,
        },
        "block": view.block,
        "timestamp": view.timestamp,
        "milestones": [
            {
                "number": i + 1,
                "title": name_of(agreement, i),
                "status": label_of(view.milestones[i].status),
                "amount": str(agreement.terms.amount_of(i)),
                "open": str(view.milestones[i].open),
                "claimed_units": view.milestones[i].clock.claimed,
                "deadline": view.milestones[i].deadline,
                "is_late": view.milestones[i].is_late,
                "if_nobody_acts": {
                    "text": silence(view.milestones[i], agreement.terms, agreement.token),
                    "to_freelancer": str(view.milestones[i].to_freelancer),
                    "to_client": str(view.milestones[i].to_client),
                },
            }
            for i in shown(view)
        ],
    }


def shown(view: AgreementView) -> list[int]:
    """The milestones worth a line: metered work has 64, most of them never funded."""
    if not view.terms.is_metered:
        return list(range(len(view.milestones)))
    return [i for i, m in enumerate(view.milestones) if m.status is not Status.NONE] or [0]


def name_of(agreement: Agreement, milestone: int) -> str:
    if agreement.items:
        return agreement.items[milestone].title
    if not agreement.terms.is_metered:
        return f"milestone {milestone + 1}"
    return f"until {format_time(agreement.terms.period_end(milestone))}"


def bar(view: MilestoneView, now: int) -> str:
    """How much of the running clock is over; full when the milestone is."""
    if view.status.is_final:
        return "█" * BAR_WIDTH
    if not view.deadline:
        return "░" * BAR_WIDTH
    whole = max(1, view.deadline - view.clock.since)
    over = min(max(now - view.clock.since, 0), whole)
    filled = BAR_WIDTH * over // whole
    return "█" * filled + "░" * (BAR_WIDTH - filled)


def time_left(view: MilestoneView, now: int) -> str:
    if not view.deadline:
        return "-"
    return "none" if view.is_late else format_duration(view.deadline - now)


def happened(event: Event, timestamp: int, token: Token | None, *, is_final: bool) -> str:
    """An event of the ledger in a line: when, of what, and what."""
    agreement = event.fields.get("agreement")
    of = short(agreement) if agreement else " " * 10
    what = effect(event, token) if token else event.name
    note = "" if is_final else "  (not final yet)"
    return f"{format_time(timestamp)}  {of}  {what}{note}"


def event_record(event: Event, timestamp: int, *, is_final: bool) -> dict[str, Any]:
    """An event for programs; terms are left out, because the agreement has them."""
    record: dict[str, Any] = {
        "event": event.name,
        "block": event.block,
        "timestamp": timestamp,
        "transaction": "0x" + event.transaction.hex(),
        "log_index": event.log_index,
        "is_final": is_final,
    }
    for name, value in event.fields.items():
        if name == "milestones":
            record[name] = [i + 1 for i in from_set(value)]
        elif name == "milestone":
            record[name] = value + 1
        elif name in ("amount", "to_freelancer", "to_client", "fee"):
            record[name] = str(value)
        elif name != "terms":
            record[name] = "0x" + value.hex() if isinstance(value, bytes) else value
    return record


def count(number: int, noun: str) -> str:
    """ "1 job" or "1,024 jobs"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def moment_record(moment: Moment) -> dict[str, int]:
    """The block that an answer of the ledger is true at, for programs."""
    return {
        "block": moment.block,
        "timestamp": moment.timestamp,
        "final_block": moment.final_block,
    }


def place_in_time(moment: Moment) -> str:
    """The block that an answer of the ledger is true at."""
    return f"block {moment.block}, {format_time(moment.timestamp)}"
