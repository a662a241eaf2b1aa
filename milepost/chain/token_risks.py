"""What a token's issuer can do to the money that waits in it, as far as its code shows it.

It asks for functions that such tokens have. A token without them may still do the same under other
names, so no finding is no promise.
"""

from __future__ import annotations

from milepost.chain.erc20 import Erc20
from milepost.types import ZERO_ADDRESS

_REBASES = (
    "its balances change by themselves: what the escrow holds may become too little, and then "
    "payments of this token fail until somebody makes it up"
)
_DENIES = "its issuer can refuse single addresses: their payments then wait as a credit"
_PAUSES = "its issuer can pause it: payments then wait until that ends"
_UPGRADES = "its code can be replaced, and with it every rule of the token"

# One function each of well-known tokens of the kind, all answering with one word.
_SIGNS: tuple[tuple[str, tuple[str | int, ...], str], ...] = (
    ("scaledTotalSupply()", (), _REBASES),
    ("getTotalShares()", (), _REBASES),
    ("rebasingCreditsPerToken()", (), _REBASES),
    ("scaledTotalBalanceOf(address)", (ZERO_ADDRESS,), _REBASES),
    ("isBlacklisted(address)", (ZERO_ADDRESS,), _DENIES),
    ("isBlackListed(address)", (ZERO_ADDRESS,), _DENIES),
    ("isFrozen(address)", (ZERO_ADDRESS,), _DENIES),
    ("isDenied(address)", (ZERO_ADDRESS,), _DENIES),
    ("paused()", (), _PAUSES),
)
# EIP-1967's slots of an implementation and of a beacon, and OpenZeppelin's slot from before it.
_PROXY_SLOTS = (
    0x360894A13BA1A3210667C828492DB98DCA3E2076CC3735A920A3CA505D382BBC,
    0xA3F0AD74E5423AEBFD80D3EF4346578335A9A72AEAEE59FF6CB3582B35133D50,
    0x7050C9E0F4CA769C69BD3A8EF740BC37934F8E2C036E5A723FD8EE048ED3F8C3,
)


def token_risks(token: Erc20) -> tuple[str, ...]:
    """The risks that the token's code shows, worst first, each in words; empty where none does."""
    found = [risk for signature, args, risk in _SIGNS if token.answers(signature, args)]
    if any(token.node.storage(token.address, slot) for slot in _PROXY_SLOTS):
        found.append(_UPGRADES)
    return tuple(dict.fromkeys(found))
