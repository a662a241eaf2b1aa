"""Weeks of hourly work by their numbers, and how far ahead metered work is funded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from milepost.cli import render
from milepost.errors import InputError
from milepost.ledger import outlook, words
from milepost.runway import Runway, runway
from milepost.units import format_duration, format_time

if TYPE_CHECKING:
    from milepost.agreement import Agreement
    from milepost.types import AgreementView, Terms

Weeks = Annotated[
    str | None, typer.Option("--weeks", help='Which weeks of hourly work, like "3-6".')
]


def selection(agreement: Agreement, milestones: str | None, weeks: str | None) -> str:
    """The milestones that --milestones or --weeks names; all where neither is given.

    Raises InputError.
    """
    if weeks is None:
        return "all" if milestones is None else milestones
    if milestones is not None:
        raise InputError("Give --weeks or --milestones, not both.")
    if agreement.kind != "hourly":
        period = agreement.terms.period
        why = (
            f"its periods are of {format_duration(period)}" if period else "it has milestones only"
        )
        raise InputError(
            f"--weeks is for hourly work, and this is {agreement.kind}: {why}. Use --milestones."
        )
    if weeks.strip().lower() == "all":
        raise InputError(f'Name the weeks, like "3-6": there are {agreement.terms.count}.')
    return weeks


def warn_of_past(terms: Terms, chosen: tuple[int, ...], now: int) -> None:
    """On stderr: of which periods to fund hours may have been worked already."""
    over = [i for i in chosen if terms.is_metered and terms.period_end(i) <= now]
    begun = [i for i in chosen if terms.period_end(i - 1) <= now < terms.period_end(i)]
    for indexes, when in ((over, "over already"), (begun, "begun already")):
        if indexes:
            verb = "are" if len(indexes) > 1 else "is" if indexes is over else "has"
            render.progress(
                f"Warning: {words.periods(terms, indexes)} {verb} {when}, at {format_time(now)}. "
                "What was worked there before it was funded can be claimed, too.",
                "yellow",
            )


def ahead(agreement: Agreement, view: AgreementView) -> Runway | None:
    """How far ahead an agreement is funded; None for a fixed price."""
    if not agreement.terms.is_metered:
        return None
    statuses = [m.status for m in view.milestones]
    return runway(agreement.terms, statuses, view.timestamp)


def show_ahead(run: Runway | None, agreement: Agreement, *, is_replaced: bool = False) -> None:
    """The same on stdout, with what can be done about it, which is nothing once it is replaced."""
    if run is not None:
        ways = [] if is_replaced else outlook.ways_on(run, agreement.token)
        render.say("\n".join(["", *outlook.funded_ahead(run), *ways]))


def record(run: Runway | None, *, is_replaced: bool = False) -> dict[str, Any] | None:
    """The same for programs: periods are numbered from one, amounts strings of base units."""
    if run is None:
        return None
    return {
        "current": run.current + 1 if run.current < run.terms.count else None,
        "funded": [i + 1 for i in run.funded],
        "until": run.until,
        "offered": [i + 1 for i in run.offered],
        "asked_back": [i + 1 for i in run.asked_back],
        "claimed": [i + 1 for i in run.claimed],
        "protected": [i + 1 for i in run.protected],
        "protected_until": run.protected_until,
        "missing": None if run.missing is None else run.missing + 1,
        "funded_later": [i + 1 for i in run.later],
        "fundable": [i + 1 for i in run.fundable],
        "amount_per_period": str(run.amount),
        "commands": [] if is_replaced else list(outlook.steps(run).values()),
    }
