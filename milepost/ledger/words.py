"""What happened, in sentences that the command, the reports and the watch share.

Amounts are in the token's units, milestones count from one, times are UTC. Symbols of tokens are
other people's texts: what is not printable in them is replaced. Nothing here reads a database.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from milepost.presets import is_hourly
from milepost.text import one_line
from milepost.types import BPS, ZERO_ADDRESS, Terms, format_selection, from_set, same_address
from milepost.units import HOUR, MINUTE, format_amount, format_duration, format_time

if TYPE_CHECKING:
    from milepost.agreement import Token
    from milepost.chain.events import Event


_PLAIN = re.compile(r"(?!.*\.[A-Za-z]{2})[A-Za-z0-9.$+-]{1,16}")  # and nothing like a host's name


def amount(value: int, token: Token) -> str:
    """Base units of a token for a person."""
    return format_amount(value, token.decimals, one_line(token.symbol))


def plainly_named(token: Token) -> Token:
    """The token for a text that another program shows, and may read as more than text.

    Whatever a symbol could ring for, link to or pretend by its length, a part of the token's
    address takes its place.
    """
    if _PLAIN.fullmatch(token.symbol):
        return token
    return replace(token, symbol=f"token {token.address[:6]}…{token.address[-4:]}")


def milestones(indexes: Iterable[int]) -> str:
    """ "milestone 2" or "milestones 1,3-5" of zero-based indexes."""
    chosen = tuple(indexes)
    return f"milestone{'s' if len(chosen) > 1 else ''} {format_selection(chosen)}"


def periods(terms: Terms, indexes: Iterable[int]) -> str:
    """ "week 2" or "weeks 1,3-5" of hourly work, milestones of any other, by zero-based indexes."""
    return milestones(indexes).replace("milestone", "week" if is_hourly(terms) else "milestone")


def covered(terms: Terms, indexes: Iterable[int]) -> str:
    """The same with the days that the periods cover, first and last: "week 2, Monday 2026-12-07 to
    Sunday 2026-12-13 UTC". Without days where the work is not metered.
    """
    chosen = sorted(indexes)
    named = periods(terms, chosen)
    if not terms.is_metered:
        return named
    firsts = [i for i in chosen if i - 1 not in chosen]
    lasts = [i for i in chosen if i + 1 not in chosen]
    days = " and ".join(
        f"{_day(terms.period_end(a - 1))} to {_day(terms.period_end(b) - 1)}"
        for a, b in zip(firsts, lasts, strict=True)
    )
    return f"{named}, {days} UTC"


def hours(minutes: int) -> str:
    """Hours and minutes: "31:30"."""
    return f"{minutes // 60}:{minutes % 60:02}"


def rounded(seconds: int) -> str:
    """A duration without the seconds, where it is longer than an hour."""
    return format_duration(seconds - seconds % MINUTE if seconds >= HOUR else seconds)


def short(agreement: bytes) -> str:
    """The beginning of an agreement's id, enough to name it by."""
    return "0x" + agreement.hex()[:8]


def effect(event: Event, token: Token) -> str:
    """What an event says, in words."""
    if event.name in ("PayoutCredited", "CreditWithdrawn"):
        verb = "waits for" if event.name == "PayoutCredited" else "was paid out to"
        who = event.fields.get("to", event["owner"])
        return f"{amount(event['amount'], token)} {verb} {who}"
    words = [event.name]
    if "milestones" in event.fields:
        words.append(milestones(from_set(event["milestones"])))
    if "milestone" in event.fields:
        words.append(f"milestone {event['milestone'] + 1}")
    for name, text in (
        ("amount", "in the escrow"),
        ("to_freelancer", "to the freelancer"),
        ("to_client", "to the client"),
        ("fee", "to the arbiter"),
    ):
        if event.fields.get(name):
            words.append(f"{amount(event[name], token)} {text}")
    return ", ".join(words)


def happened(event: Event, terms: Terms | None, token: Token) -> str:
    """Who did what, without a full stop. `terms` are None for a withdrawal.

    The log does not tell who called; it is said where only one role may.
    """
    if terms is None:
        return _withdrawn(event, token)
    which = _which(event)
    parts = _parts(event, token)
    match event.name:
        case "MilestonesFunded":
            how = "accepted by the freelancer" if event["is_accepted"] else "as an offer"
            total = amount(event["amount"], token)
            return f"{which.capitalize()} funded by the client with {total}, {how}"
        case "MilestonesAccepted":
            return f"The freelancer accepted {which}"
        case "MilestoneSubmitted":
            whole = terms.amount_of(event["milestone"])
            claim = amount(whole * event["units"] // terms.whole, token)
            of = "" if event["units"] == terms.whole else f" of {amount(whole, token)}"
            return f"The freelancer submitted {which} and claims {claim}{of}"
        case "ChangesRequested":
            return f"The client sent {which} back for changes"
        case "MilestonesApproved":
            return f"The client approved {which}"
        case "MilestonesReleased":
            return f"{which.capitalize()} paid: {parts}"
        case "RefundRequested":
            return f"The client asked for the money of {which} back"
        case "MilestonesRefunded":
            return f"{which.capitalize()} refunded: {parts}"
        case "MilestoneDisputed":
            is_client = same_address(event["by"], terms.client)
            disputed = amount(_disputed(event, terms), token)
            conceded = f", and conceded the rest: {parts}" if parts else ""
            who = "client" if is_client else "freelancer"
            return f"The {who} disputed {disputed} of {which}{conceded}"
        case "MilestoneRuled":
            return f"The arbiter ruled on {which}: {parts}"
        case "MilestoneLapsed":
            return f"The dispute of {which} ended without a ruling: {parts}"
        case "MilestoneSettled":
            return f"The client and the freelancer settled {which}: {parts}"
        case "AgreementAmended":
            replacement = short(event["replacement"])
            return f"The client and the freelancer replaced the agreement by {replacement}"
        case "PayoutCredited":
            return (
                f"{amount(event['amount'], token)} could not be delivered to {event['owner']} and "
                "waits for them"
            )
    return event.name


def consequence(event: Event, terms: Terms | None, token: Token, timestamp: int) -> str:
    """What follows from an event of a block at `timestamp`: a clock, or what can be done now."""
    if terms is None:
        return ""
    match event.name:
        case "MilestonesFunded" if not event["is_accepted"]:
            return "The freelancer can accept; until then the client can take it back."
        case "MilestoneSubmitted":
            end = format_time(timestamp + terms.review_period)
            return f"The client can answer until {end}; from then on anybody can claim it."
        case "MilestonesApproved":
            return "Anybody can claim it now, for the freelancer."
        case "RefundRequested":
            end = format_time(timestamp + terms.response_period)
            return f"The freelancer can answer until {end}; from then on anybody can refund it."
        case "MilestoneDisputed":
            end = format_time(timestamp + terms.ruling_period)
            opened = _disputed(event, terms)
            share = opened * terms.default_bps // BPS
            has_arbiter = terms.arbiter != ZERO_ADDRESS
            who = "The arbiter can rule" if has_arbiter else "The two can settle"
            return (
                f"{who} until {end}; from then on anybody can have it divided: "
                f"{amount(share, token)} to the freelancer, "
                f"{amount(opened - share, token)} to the client."
            )
        case "PayoutCredited":
            return "Its owner can withdraw it to any address: `milepost withdraw`."
    return ""


def _withdrawn(event: Event, token: Token) -> str:
    if event.name != "CreditWithdrawn":
        return event.name
    paid = amount(event["amount"], token)
    return f"{paid} that waited for {event['owner']} went to {event['to']}"


def _which(event: Event) -> str:
    if "milestones" in event.fields:
        return milestones(from_set(event["milestones"]))
    return milestones([event["milestone"]]) if "milestone" in event.fields else ""


def _parts(event: Event, token: Token) -> str:
    """Who gets what."""
    named = (
        ("to_freelancer", "to the freelancer"),
        ("to_client", "to the client"),
        ("fee", "to the arbiter"),
    )
    found = [(event.fields.get(name, 0), text) for name, text in named]
    return ", ".join(f"{amount(value, token)} {text}" for value, text in found if value)


def _disputed(event: Event, terms: Terms) -> int:
    """What stays open in a dispute: all that is not conceded."""
    whole = terms.amount_of(event["milestone"])
    return int(whole - event["to_freelancer"] - event["to_client"])


def _day(timestamp: int) -> str:
    try:
        return datetime.fromtimestamp(timestamp, UTC).strftime("%A %Y-%m-%d")
    except (OverflowError, ValueError, OSError):
        return format_time(timestamp)
