"""The command that writes an agreement file by asking for it.

Every answer is judged when it is given, and the file is written only if all of it is good.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import yaml

from milepost.agreement import COIN, KINDS, parse, parse_weekly_limit
from milepost.cli import render
from milepost.cli.options import reading
from milepost.cli.session import Session
from milepost.cli.tokens import TokenBook
from milepost.errors import InputError, NodeUnreachable
from milepost.networks import network_of
from milepost.presets import (
    ARBITER_FEE_BPS,
    DEFAULT_BPS,
    RESPONSE_PERIOD,
    REVIEW_PERIOD,
    RULING_PERIOD,
)
from milepost.signing import is_checksum_address
from milepost.terms import MAX_ARBITER_FEE_BPS, MAX_PERIOD, MIN_PERIOD
from milepost.units import (
    format_duration,
    format_percent,
    parse_amount,
    parse_duration,
    parse_percent,
)

T = TypeVar("T")

NewFile = Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")]


def register(app: typer.Typer) -> None:
    app.command("new")(reading(new))


def new(session: Session, file: NewFile) -> None:
    """Write an agreement file by answering questions.

    Example: milepost new website.yaml
    """
    if file.exists():
        raise InputError(f"{file} exists already. Choose another name, or edit it.")
    tokens = _tokens(session)
    content = yaml.dump(
        _answers(tokens), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
    )
    agreement = parse(content.encode(), file.name).agreement(tokens)
    try:
        with file.open("x", encoding="utf-8") as target:
            target.write(content)
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}") from error
    render.progress(render.deal(agreement))
    record = {"file": str(file), "title": agreement.title, "kind": agreement.kind}
    session.show(record, f"Saved to {file}. Next: milepost check {file}")


def _tokens(session: Session) -> TokenBook:
    """The tokens of the node's chain, else those known of a chain that is asked for."""
    try:
        return session.tokens
    except NodeUnreachable as error:
        render.progress(f"{error.message} Written without a node.")
    return TokenBook(None, _ask("Chain id", _chain_id))


def _answers(tokens: TokenBook) -> dict[str, Any]:
    answers: dict[str, Any] = {"title": _ask("Title"), "kind": _ask("Kind", _kind, KINDS[0])}
    answers["chain"] = chain_id = tokens.chain_id
    render.progress(f"On {network_of(chain_id).name}, chain id {chain_id}.")
    answers["client"] = _ask("Client's address", _address)
    answers["freelancer"] = _ask("Freelancer's address", _other_than(answers["client"]))
    answers["payee"] = _ask("Who receives the money", _address, answers["freelancer"])
    others = (answers["client"], answers["freelancer"])
    answers["arbiter"] = _ask("Arbiter's address, or none", _other_than(*others, none="none"))
    named = ", ".join(tokens)
    answers["token"] = _ask(f"Token ({named}, or an address)", _token(tokens), COIN)
    token = tokens[answers["token"]]

    def amount(text: str) -> str:
        if parse_amount(text.removesuffix(token.symbol).strip(), token.decimals) == 0:
            raise InputError("It must be more than nothing.")
        return f"{text.removesuffix(token.symbol).strip()} {token.symbol}"

    for name, value in (
        ("review period", REVIEW_PERIOD),
        ("response period", RESPONSE_PERIOD),
        ("ruling period", RULING_PERIOD),
    ):
        answers[name] = _ask(name.capitalize(), _period, format_duration(value))
    answers["arbiter fee"] = "0 %"
    if answers["arbiter"] != "none":
        answers["arbiter fee"] = _ask("Arbiter's fee", _fee, format_percent(ARBITER_FEE_BPS))
    answers["default share"] = _ask(
        "Freelancer's share if nobody rules", _share, format_percent(DEFAULT_BPS)
    )
    match answers["kind"]:
        case "fixed price":
            answers["milestones"] = _milestones(amount)
        case "hourly":
            answers["rate"] = _ask("Rate for an hour", amount)
            answers["weekly limit"] = _ask("Limit for a week", _weekly_limit, "40 hours")
            answers["start"] = _ask("First Monday", _day, _next_monday().isoformat())
        case _:
            answers["amount"] = _ask("Amount for a period", amount)
            answers["start"] = _ask("First day", _day, _next_monday().isoformat())
    answers["scope"] = _ask("The work, in words")
    # Equal deals are distinct agreements.
    answers["salt"] = secrets.token_hex(32)
    return answers


def _milestones(amount: Callable[[str], str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while not found or render.agrees("Another milestone?"):
        item: dict[str, Any] = {"title": _ask(f"Milestone {len(found) + 1}")}
        item["amount"] = _ask("Amount", amount)
        due = _ask("Due, like 2027-01-15, or empty", _day_or_none, "")
        if due:
            item["due"] = due
        found.append(item)
    return found


def _ask(question: str, judge: Callable[[str], T] | None = None, default: str | None = None) -> Any:
    """Ask until the answer is good."""
    while True:
        shown = f" [{default}]" if default else ""
        answer = render.ask(question + shown).strip() or default or ""
        try:
            if judge is not None:
                return judge(answer)
            if answer:
                return answer
        except InputError as error:
            render.progress(error.message, "red")


def _period(text: str) -> str:
    if not MIN_PERIOD <= parse_duration(text) <= MAX_PERIOD:
        limits = f"{format_duration(MIN_PERIOD)} to {format_duration(MAX_PERIOD)}"
        raise InputError(f"It must be from {limits}.")
    return text


def _weekly_limit(text: str) -> str:
    parse_weekly_limit(text)
    return text


def _fee(text: str) -> str:
    if parse_percent(text) > MAX_ARBITER_FEE_BPS:
        raise InputError(f"It is {format_percent(MAX_ARBITER_FEE_BPS)} at most.")
    return text


def _share(text: str) -> str:
    parse_percent(text)
    return text


def _kind(text: str) -> str:
    if text not in KINDS:
        raise InputError(f"Choose one of {', '.join(KINDS)}.")
    return text


def _chain_id(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not int(text):
        raise InputError("Give the number of the chain, such as 8453.")
    return int(text)


def _address(text: str) -> str:
    if not is_checksum_address(text):
        raise InputError(f'"{text}" is not an address with a right checksum (EIP-55).')
    return text


def _other_than(*taken: str, none: str | None = None) -> Callable[[str], str]:
    def judge(text: str) -> str:
        if text == none:
            return text
        if text in taken:
            raise InputError("The client, the freelancer and the arbiter must be different.")
        return _address(text)

    return judge


def _token(tokens: TokenBook) -> Callable[[str], str]:
    def judge(text: str) -> str:
        if text not in tokens:
            raise InputError(f'"{text}" is no token known here.')
        return text

    return judge


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f'"{text}" is not a day such as 2027-01-15.') from None


def _day_or_none(text: str) -> date | None:
    return _day(text) if text else None


def _next_monday() -> date:
    today = datetime.now(UTC).date()
    return today + timedelta(days=7 - today.weekday())


class _Dumper(yaml.SafeDumper):
    """Writes long texts as blocks, as a person would."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
