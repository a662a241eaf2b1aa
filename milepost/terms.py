"""What the parties sign, and whether terms keep the contract's rules.

The builders return EIP-712 typed data as a wallet takes it: plain names as the contract has them,
sets of milestones as lists of indexes. The digests are the contract's. A number that does not fit
the contract's type raises NumberError. Nothing here signs or sends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from milepost import contract_errors as refused
from milepost.errors import NumberError
from milepost.types import (
    BPS,
    MAX_MILESTONES,
    ZERO_ADDRESS,
    AgreementId,
    Amendment,
    Approval,
    Division,
    Terms,
    from_set,
    require_uint,
    same_address,
)
from milepost.units import DAY, HOUR

TypedData = dict[str, Any]

DOMAIN_NAME = "Milepost"
DOMAIN_VERSION = "1"
MAX_ARBITER_FEE_BPS = 1_000
MIN_PERIOD = HOUR
MAX_PERIOD = 365 * DAY
MAX_UNITS = 32_767
MAX_AMOUNT = 2**128 - 1

_UINT = re.compile(r"uint(\d+)(\[\])?")
_DOMAIN = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
)
_TERMS = (
    ("client", "address"),
    ("freelancer", "address"),
    ("payee", "address"),
    ("arbiter", "address"),
    ("token", "address"),
    ("reviewPeriod", "uint32"),
    ("responsePeriod", "uint32"),
    ("rulingPeriod", "uint32"),
    ("arbiterFeeBps", "uint16"),
    ("defaultBps", "uint16"),
    ("start", "uint40"),
    ("period", "uint32"),
    ("units", "uint16"),
    ("scope", "bytes32"),
    ("salt", "bytes32"),
    ("amounts", "uint256[]"),
)
_APPROVAL = (("agreement", "bytes32"), ("milestones", "uint8[]"), ("units", "uint16[]"))
_DIVISION = (("milestone", "uint8"), ("toFreelancer", "uint256"), ("toClient", "uint256"))
_SETTLEMENT = (("agreement", "bytes32"), *_DIVISION, ("expiresAt", "uint40"))
_AMENDMENT = (
    ("agreement", "bytes32"),
    ("replacement", "Terms"),
    ("divisions", "Division[]"),
    ("funded", "uint8[]"),
    ("expiresAt", "uint40"),
)


def terms_data(terms: Terms, chain_id: int, escrow: str) -> TypedData:
    """Typed data of the terms: the freelancer's acceptance is a signature of it."""
    message = _terms_message(terms)
    return _typed(chain_id, escrow, "Terms", message, Terms=_TERMS)


def approval_data(
    approval: Approval, agreement: AgreementId, chain_id: int, escrow: str
) -> TypedData:
    """Typed data of an approval, which the client signs."""
    message = {
        "agreement": agreement,
        "milestones": list(from_set(approval.milestones)),
        "units": list(approval.units),
    }
    return _typed(chain_id, escrow, "Approval", message, Approval=_APPROVAL)


def settlement_data(
    division: Division, expires_at: int, agreement: AgreementId, chain_id: int, escrow: str
) -> TypedData:
    """Typed data of a settlement offer, which one party signs and the other carries."""
    message = {"agreement": agreement, **_division(division), "expiresAt": expires_at}
    return _typed(chain_id, escrow, "Settlement", message, Settlement=_SETTLEMENT)


def amendment_data(
    amendment: Amendment,
    agreement: AgreementId,
    replacement: Terms,
    chain_id: int,
    escrow: str,
) -> TypedData:
    """Typed data of an amendment, which the freelancer signs and the client carries.

    The new terms are in it in full, so that a wallet shows the whole deal.
    """
    terms_message = _terms_message(replacement)
    require_numbers(terms_message, _TERMS)
    message = {
        "agreement": agreement,
        "replacement": terms_message,
        "divisions": [_division(d) for d in amendment.divisions],
        "funded": list(from_set(amendment.funded)),
        "expiresAt": amendment.expires_at,
    }
    types = {"Amendment": _AMENDMENT, "Division": _DIVISION, "Terms": _TERMS}
    return _typed(chain_id, escrow, "Amendment", message, **types)


def digest(data: TypedData) -> bytes:
    """The 32 bytes that a signature of `data` covers."""
    from milepost.signing import hash_typed_data

    return hash_typed_data(data)


def agreement_id(terms: Terms, chain_id: int, escrow: str) -> AgreementId:
    """The agreement's id on this chain and contract, as the contract computes it."""
    return AgreementId(digest(terms_data(terms, chain_id, escrow)))


def validate(terms: Terms, escrow: str | None = None) -> None:
    """Raise the contract's error for the first rule that `terms` break, in the contract's order.

    Whether there is a token at the token's address is for the chain to say. Raises NumberError for
    what is no number, is negative, or has no room in the contract's type.
    """
    message = _terms_message(terms)
    for name, bits, number in _numbers(message, _TERMS):
        # What is only too large comes last: the contract's own error says more.
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            raise NumberError(name, repr(number), bits)
    roles = [a.lower() for a in (terms.client, terms.freelancer, terms.arbiter)]
    if ZERO_ADDRESS in roles[:2]:
        raise refused.PartyMissing(terms.client, terms.freelancer)
    if len(set(roles)) < 3:
        raise refused.RolesNotDistinct(terms.client, terms.freelancer, terms.arbiter)
    no_payees = (ZERO_ADDRESS, terms.token, terms.arbiter, escrow or ZERO_ADDRESS)
    if any(same_address(terms.payee, address) for address in no_payees):
        raise refused.RecipientInvalid(terms.payee)
    _validate_amounts(terms.amounts)
    if terms.arbiter_fee_bps > MAX_ARBITER_FEE_BPS:
        raise refused.ArbiterFeeTooHigh(terms.arbiter_fee_bps, MAX_ARBITER_FEE_BPS)
    if terms.default_bps > BPS:
        raise refused.DefaultShareTooHigh(terms.default_bps, BPS)
    _validate_period(terms.review_period, refused.ReviewPeriodOutOfRange)
    _validate_period(terms.response_period, refused.ResponsePeriodOutOfRange)
    _validate_period(terms.ruling_period, refused.RulingPeriodOutOfRange)
    _validate_metering(terms)
    require_numbers(message, _TERMS)


def require_numbers(message: Mapping[str, Any], members: Iterable[tuple[str, str]]) -> None:
    """Raises NumberError for the first unsigned integer of a message that does not fit its type."""
    for name, bits, number in _numbers(message, members):
        require_uint(number, bits, name)


def _numbers(
    message: Mapping[str, Any], members: Iterable[tuple[str, str]]
) -> Iterator[tuple[str, int, Any]]:
    """Every unsigned integer of a message: its name in words, the bits of its type, its value."""
    for name, kind in members:
        if found := _UINT.fullmatch(kind):
            words = re.sub(r"(?=[A-Z])", " ", name).lower()
            for number in message[name] if found[2] else [message[name]]:
                yield words, int(found[1]), number


def _validate_amounts(amounts: tuple[int, ...]) -> None:
    if not 1 <= len(amounts) <= MAX_MILESTONES:
        raise refused.MilestoneCountOutOfRange(len(amounts), MAX_MILESTONES)
    for i, amount in enumerate(amounts):
        if not 1 <= amount <= MAX_AMOUNT:
            raise refused.AmountOutOfRange(i, amount, MAX_AMOUNT)


_PeriodError = (
    type[refused.ReviewPeriodOutOfRange]
    | type[refused.ResponsePeriodOutOfRange]
    | type[refused.RulingPeriodOutOfRange]
    | type[refused.MeteringPeriodOutOfRange]
)


def _validate_period(period: int, error: _PeriodError) -> None:
    if not MIN_PERIOD <= period <= MAX_PERIOD:
        raise error(period, MIN_PERIOD, MAX_PERIOD)


def _validate_metering(terms: Terms) -> None:
    if terms.is_metered:
        _validate_period(terms.period, refused.MeteringPeriodOutOfRange)
        good = terms.start > 0 and 1 <= terms.units <= MAX_UNITS and len(terms.amounts) == 1
    else:
        good = terms.start == 0 and terms.units == 0
    if not good:
        raise refused.MeteringInvalid(terms.start, terms.units, len(terms.amounts))


def _terms_message(terms: Terms) -> dict[str, Any]:
    return {
        "client": terms.client,
        "freelancer": terms.freelancer,
        "payee": terms.payee,
        "arbiter": terms.arbiter,
        "token": terms.token,
        "reviewPeriod": terms.review_period,
        "responsePeriod": terms.response_period,
        "rulingPeriod": terms.ruling_period,
        "arbiterFeeBps": terms.arbiter_fee_bps,
        "defaultBps": terms.default_bps,
        "start": terms.start,
        "period": terms.period,
        "units": terms.units,
        "scope": terms.scope,
        "salt": terms.salt,
        "amounts": list(terms.amounts),
    }


def _division(division: Division) -> dict[str, int]:
    message = {
        "milestone": division.milestone,
        "toFreelancer": division.to_freelancer,
        "toClient": division.to_client,
    }
    require_numbers(message, _DIVISION)
    return message


def _typed(
    chain_id: int,
    escrow: str,
    primary: str,
    message: dict[str, Any],
    **types: tuple[tuple[str, str], ...],
) -> TypedData:
    require_numbers(message, types[primary])
    return {
        "types": {
            name: [{"name": n, "type": t} for n, t in members]
            for name, members in {"EIP712Domain": _DOMAIN, **types}.items()
        },
        "primaryType": primary,
        "domain": {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": chain_id,
            "verifyingContract": escrow,
        },
        "message": message,
    }
