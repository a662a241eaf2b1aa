"""Agreement files: the YAML that people write, read and sign.

A file names the parties, the token and the work; `load` checks it whole and turns it into `Terms`,
whose `scope` is the Keccak-256 hash of the file's bytes. So every word of the file is part of what
is signed, and whoever has the file can check that it is the one. Nothing here asks a node: tokens
come by a name that the caller knows. Every fault raises AgreementFileError with line and field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import yaml

from milepost import contract_errors as refused
from milepost import presets
from milepost.errors import AgreementFileError, ContractError, InputError
from milepost.networks import NETWORKS
from milepost.signing import is_checksum_address, keccak256
from milepost.terms import validate
from milepost.types import ZERO_ADDRESS, ZERO_HASH, Terms, same_address
from milepost.units import format_amount, parse_amount, parse_duration, parse_percent
from milepost.yaml_text import mapping

T = TypeVar("T")

COIN = "coin"
KINDS = ("fixed price", "hourly", "retainer")
_COMMON = {
    "title", "kind", "chain", "client", "freelancer", "payee", "arbiter", "token", "review period",
    "response period", "ruling period", "arbiter fee", "default share", "scope", "salt",
}  # fmt: skip
_OF_KIND = {
    "fixed price": {"milestones"},
    "hourly": {"rate", "weekly limit", "start", "manual time", "captures"},
    "retainer": {"amount", "start"},
}
_OF_MILESTONE = {"title", "amount", "due", "deliverables"}
_FIELD_OF: dict[type[ContractError], str] = {
    refused.PartyMissing: "client",
    refused.RecipientInvalid: "payee",
    refused.MilestoneCountOutOfRange: "milestones",
    refused.ArbiterFeeTooHigh: "arbiter fee",
    refused.DefaultShareTooHigh: "default share",
    refused.ReviewPeriodOutOfRange: "review period",
    refused.ResponsePeriodOutOfRange: "response period",
    refused.RulingPeriodOutOfRange: "ruling period",
    refused.MeteringInvalid: "start",
}


@dataclass(frozen=True, slots=True)
class Token:
    """A token as agreement files name it. A zero address is the chain's coin."""

    address: str
    symbol: str
    decimals: int


@dataclass(frozen=True, slots=True)
class Item:
    """One milestone as its file describes it. `amount` is token base units."""

    title: str
    amount: int
    due: date | None
    deliverables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """A file that was read and found whole. `items` is empty where the work is metered.

    Of hours, `allows_manual` is whether the diary may have entries that no timer saw, and
    `asks_captures` whether pictures of the screen are taken.
    """

    title: str
    kind: str
    chain_id: int | None
    token: Token
    terms: Terms
    items: tuple[Item, ...]
    scope_text: str
    allows_manual: bool = True
    asks_captures: bool = False


class AgreementFile:
    """A file that was read, and whose fields are not judged yet."""

    def __init__(self, fields: _Fields, scope: bytes) -> None:
        self._fields = fields
        self._scope = scope

    @property
    def chain_id(self) -> int | None:
        """The chain that the file names. Raises AgreementFileError."""
        return self._fields.parsed("chain", _chain) if self._fields.has("chain") else None

    def agreement(self, tokens: Mapping[str, Token]) -> Agreement:
        """The agreement; `tokens` are those known by name or by address.

        Raises AgreementFileError.
        """
        return _agreement(self._fields, self.chain_id, self._scope, tokens)


def read(path: Path) -> AgreementFile:
    """Read the file at `path`. Raises AgreementFileError."""
    try:
        return parse(path.read_bytes(), path.name)
    except OSError as error:
        raise AgreementFileError(path.name, 0, "", f"cannot be read: {error.strerror}") from error


def parse(content: bytes, name: str) -> AgreementFile:
    """Read the content of a file called `name`. Raises AgreementFileError."""
    tree = mapping(content, name, AgreementFileError, "client: 0x...")
    return AgreementFile(_Fields(name, tree), keccak256(content))


def load(path: Path, tokens: Mapping[str, Token]) -> Agreement:
    """Read and judge the agreement file at `path`; `tokens` are those known by name or by address.

    Raises AgreementFileError.
    """
    return read(path).agreement(tokens)


def _agreement(
    fields: _Fields, chain_id: int | None, scope: bytes, tokens: Mapping[str, Token]
) -> Agreement:
    kind = fields.text("kind")
    if kind not in KINDS:
        raise fields.error("kind", f"{kind!r} is none of {', '.join(KINDS)}")
    fields.refuse_all_but(_COMMON | _OF_KIND[kind])
    token = _token(fields, tokens)

    def amount(source: _Fields, name: str) -> int:
        return source.parsed(name, lambda text: _amount(text, token))

    parties = presets.Parties(
        client=_address(fields, "client"),
        freelancer=_address(fields, "freelancer"),
        payee=_address(fields, "payee") if fields.has("payee") else None,
        arbiter=_arbiter(fields),
        token=token.address,
    )
    items: tuple[Item, ...] = ()
    amounts: tuple[tuple[_Fields, str], ...]  # where each amount stands in the file
    if kind == "fixed price":
        entries = fields.mappings("milestones", _OF_MILESTONE)
        items = tuple(
            Item(
                item.text("title"),
                amount(item, "amount"),
                item.day("due") if item.has("due") else None,
                item.texts("deliverables"),
            )
            for item in entries
        )
        amounts = tuple((item, "amount") for item in entries)
        terms = presets.fixed_price(parties, (i.amount for i in items), scope=scope)
    elif kind == "hourly":
        amounts = ((fields, "rate"),)
        hours = fields.parsed("weekly limit", parse_weekly_limit)
        start, rate = fields.moment("start"), amount(fields, "rate")
        terms = presets.hourly(parties, rate=rate, hours_per_week=hours, start=start, scope=scope)
        if terms.start != start:
            raise fields.error("start", "weeks begin on a Monday, 00:00 UTC")
    else:
        amounts = ((fields, "amount"),)
        terms = presets.retainer(
            parties, amount=amount(fields, "amount"), start=fields.moment("start"), scope=scope
        )
    terms = _chosen(fields, terms)
    _judge(fields, terms, token, amounts)
    return Agreement(
        fields.text("title"),
        kind,
        chain_id,
        token,
        terms,
        items,
        fields.text("scope"),
        allows_manual=fields.choice("manual time", ("allowed", "refused")) == "allowed",
        asks_captures=fields.choice("captures", ("none", "every segment")) != "none",
    )


def _judge(
    fields: _Fields, terms: Terms, token: Token, amounts: tuple[tuple[_Fields, str], ...]
) -> None:
    """Raises AgreementFileError at the field whose value the contract would refuse."""
    try:
        validate(terms)
    except refused.AmountOutOfRange as error:
        error.in_units(lambda value: format_amount(value, token.decimals, token.symbol))
        source, name = amounts[error.milestone]
        raise source.error(name, error.message) from error
    except refused.RolesNotDistinct as error:
        name = "freelancer" if same_address(terms.client, terms.freelancer) else "arbiter"
        raise fields.error(name, error.message) from error
    except ContractError as error:
        raise fields.error(_FIELD_OF.get(type(error), ""), error.message) from error


def _chosen(fields: _Fields, terms: Terms) -> Terms:
    """The terms with what the file says itself in place of the preset's."""
    chosen: dict[str, Any] = {}
    for name in ("review period", "response period", "ruling period"):
        if fields.has(name):
            chosen[name.replace(" ", "_")] = fields.parsed(name, parse_duration)
    for name, field in (("arbiter fee", "arbiter_fee_bps"), ("default share", "default_bps")):
        if fields.has(name):
            chosen[field] = fields.parsed(name, parse_percent)
    salt = fields.parsed("salt", _hash) if fields.has("salt") else ZERO_HASH
    return replace(terms, **chosen, salt=salt)


def _chain(text: str) -> int:
    for chain_id, network in NETWORKS.items():
        if text.lower() == network.name.lower() and not network.name.startswith("local"):
            return chain_id
    if not text.isascii() or not text.isdecimal() or int(text) == 0:
        raise _UnfitError(f"{text!r} is neither the number of a chain nor a name known here")
    return int(text)


def _token(fields: _Fields, tokens: Mapping[str, Token]) -> Token:
    named = fields.text("token")
    if named not in tokens:
        known = ", ".join(sorted(tokens)) or "none"
        raise fields.error("token", f"{named!r} is not known on this chain; known: {known}")
    return tokens[named]


def _amount(text: str, token: Token) -> int:
    number, _, symbol = text.partition(" ")
    if symbol and symbol != token.symbol:
        raise _UnfitError(f"{text!r} is not in {token.symbol}, the token of the agreement")
    return parse_amount(number, token.decimals)


def parse_weekly_limit(text: str) -> int:
    """Hours of a limit such as "40 hours". Raises InputError."""
    seconds = parse_duration(text)
    if seconds == 0 or seconds % 3600 or seconds > 168 * 3600:
        raise _UnfitError(f"{text!r} is not a number of whole hours from 1 to 168")
    return seconds // 3600


def _hash(text: str) -> bytes:
    plain = text.removeprefix("0x")
    try:
        value = bytes.fromhex(plain)
    except ValueError:
        value = b""
    if len(value) != 32:
        raise _UnfitError(f"{text!r} is not 64 hexadecimal digits")
    return value


def _arbiter(fields: _Fields) -> str:
    if fields.text("arbiter") == "none":
        return ZERO_ADDRESS
    return _address(fields, "arbiter")


def _address(fields: _Fields, name: str) -> str:
    text = fields.text(name)
    if not is_checksum_address(text):
        raise fields.error(name, f"{text!r} is not an address with a right checksum (EIP-55)")
    return text


class _UnfitError(InputError):
    """A value that does not fit, before its place in the file is known."""

    def __init__(self, problem: str) -> None:
        self.problem = problem

    @property
    def message(self) -> str:
        return self.problem


class _Fields:
    """The fields of one mapping of the file, each with its line."""

    def __init__(self, path: str, node: yaml.MappingNode) -> None:
        self._path = path
        self._line = node.start_mark.line + 1
        self._nodes: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in self._nodes:
                raise AgreementFileError(path, key.start_mark.line + 1, name, "stands twice")
            self._nodes[name] = value

    def has(self, name: str) -> bool:
        return name in self._nodes

    def error(self, name: str, problem: str) -> AgreementFileError:
        node = self._nodes.get(name)
        line = node.start_mark.line + 1 if node else self._line
        return AgreementFileError(self._path, line, name, problem)

    def refuse_all_but(self, known: set[str]) -> None:
        for name in self._nodes:
            if name not in known:
                raise self.error(name, f"is not a field here; known: {', '.join(sorted(known))}")

    def text(self, name: str) -> str:
        node = self._node(name)
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            raise self.error(name, "needs a text")
        return str(node.value).strip()

    def choice(self, name: str, known: tuple[str, ...]) -> str:
        """One of `known`; the first where the field is not there."""
        if not self.has(name):
            return known[0]
        text = self.text(name)
        if text not in known:
            raise self.error(name, f"{text!r} is none of {', '.join(known)}")
        return text

    def texts(self, name: str) -> tuple[str, ...]:
        if not self.has(name):
            return ()
        node = self._node(name)
        if not isinstance(node, yaml.SequenceNode) or not all(
            isinstance(entry, yaml.ScalarNode) for entry in node.value
        ):
            raise self.error(name, "needs a list of texts")
        return tuple(str(entry.value) for entry in node.value)

    def mappings(self, name: str, known: set[str]) -> tuple[_Fields, ...]:
        node = self._node(name)
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            raise self.error(name, "needs a list with at least one entry")
        found = []
        for entry in node.value:
            if not isinstance(entry, yaml.MappingNode):
                line = entry.start_mark.line + 1
                raise AgreementFileError(self._path, line, name, "needs fields in every entry")
            fields = _Fields(self._path, entry)
            fields.refuse_all_but(known)
            found.append(fields)
        return tuple(found)

    def parsed(self, name: str, parse: Callable[[str], T]) -> T:
        try:
            return parse(self.text(name))
        except AgreementFileError:
            raise
        except InputError as error:
            raise self.error(name, error.message) from error

    def day(self, name: str) -> date:
        return self.parsed(name, _day)

    def moment(self, name: str) -> int:
        """Unix time of a day's first second in UTC."""
        day = self.day(name)
        return int(datetime.fromisoformat(f"{day.isoformat()}T00:00:00+00:00").timestamp())

    def _node(self, name: str) -> yaml.Node:
        if name not in self._nodes:
            raise AgreementFileError(self._path, self._line, name, "is missing")
        return self._nodes[name]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _UnfitError(f"{text!r} is not a day such as 2027-01-15") from None
