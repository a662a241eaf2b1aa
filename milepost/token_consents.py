"""What a token's holder signs for the token itself: ERC-2612 permits and ERC-3009 authorisations.

The builders return EIP-712 typed data as a wallet takes it. They trust the domain they are given:
`milepost.chain.erc20` reads and checks it. Nothing here signs or sends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from milepost.terms import TypedData, require_numbers

PERMIT_TYPE = "Permit"
AUTHORIZATION_TYPE = "ReceiveWithAuthorization"

_TYPES = {
    PERMIT_TYPE: (
        ("owner", "address"),
        ("spender", "address"),
        ("value", "uint256"),
        ("nonce", "uint256"),
        ("deadline", "uint256"),
    ),
    AUTHORIZATION_TYPE: (
        ("from", "address"),
        ("to", "address"),
        ("value", "uint256"),
        ("validAfter", "uint256"),
        ("validBefore", "uint256"),
        ("nonce", "bytes32"),
    ),
}


@dataclass(frozen=True, slots=True)
class TokenDomain:
    """The EIP-712 domain of a token. A part that the token leaves out is None."""

    name: str | None
    version: str | None
    chain_id: int
    token: str
    salt: bytes | None = None


def permit_data(
    domain: TokenDomain, owner: str, spender: str, value: int, nonce: int, deadline: int
) -> TypedData:
    """Typed data of a permit: `spender` may take `value` base units of `owner`.

    It holds until the Unix time `deadline`, once, while `nonce` is the owner's next.
    """
    values = (owner, spender, value, nonce, deadline)
    return _typed(domain, PERMIT_TYPE, values)


def authorization_data(
    domain: TokenDomain,
    owner: str,
    receiver: str,
    value: int,
    valid_after: int,
    valid_before: int,
    nonce: bytes,
) -> TypedData:
    """Typed data of an authorisation: `receiver` may fetch `value` base units of `owner`, once.

    It holds after the Unix time `valid_after` and before `valid_before`.
    """
    values = (owner, receiver, value, valid_after, valid_before, nonce)
    return _typed(domain, AUTHORIZATION_TYPE, values)


def encoded_type(name: str) -> str:
    """The type as EIP-712 hashes it: "Permit(address owner,...)"."""
    return f"{name}({','.join(f'{kind} {member}' for member, kind in _TYPES[name])})"


def _typed(domain: TokenDomain, primary: str, values: tuple[Any, ...]) -> TypedData:
    parts = {
        "name": ("string", domain.name),
        "version": ("string", domain.version),
        "chainId": ("uint256", domain.chain_id),
        "verifyingContract": ("address", domain.token),
        "salt": ("bytes32", domain.salt),
    }
    used = {name: part for name, part in parts.items() if part[1] is not None}
    members = _TYPES[primary]
    message = {name: value for (name, _), value in zip(members, values, strict=True)}
    require_numbers(message, members)
    return {
        "types": {
            "EIP712Domain": [{"name": name, "type": kind} for name, (kind, _) in used.items()],
            primary: [{"name": name, "type": kind} for name, kind in members],
        },
        "primaryType": primary,
        "domain": {name: value for name, (_, value) in used.items()},
        "message": message,
    }
