"""An ERC-20 token as the chain has it: what it says of itself, balances, allowances, and the domain
under which its holders sign.

What a token answers is a stranger's: a number or text of the wrong form is refused, and so is a
domain that names another chain or another token. The chain's own coin is not a token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

from milepost.chain.rpc import BlockIdentifier, Node
from milepost.chain.transactions import Call
from milepost.errors import ContractError, TokenUnsuitable
from milepost.signing import hash_domain
from milepost.terms import TypedData
from milepost.token_consents import (
    AUTHORIZATION_TYPE,
    PERMIT_TYPE,
    TokenDomain,
    authorization_data,
    encoded_type,
    permit_data,
)
from milepost.types import ZERO_ADDRESS, require_address, require_uint, same_address

# EIP-5267: a bit for each part of the domain that is in use.
_NAME, _VERSION, _CHAIN, _CONTRACT, _SALT = (1 << i for i in range(5))
_DOMAIN_TYPES = ["bytes1", "string", "string", "uint256", "address", "bytes32", "uint256[]"]
_MAX_DECIMALS = 255


@dataclass(frozen=True, slots=True)
class Erc20:
    """The token at one address of one chain.

    Raises TokenUnsuitable where it does not answer as the standards say, and NoContract where
    nothing stands at the address.
    """

    node: Node
    address: str

    # What it says of itself

    def symbol(self, block: BlockIdentifier = "latest") -> str:
        """The token's symbol, untrusted text."""
        return self._text("symbol()", block)

    def decimals(self, block: BlockIdentifier = "latest") -> int:
        """How many decimals a person sees."""
        decimals = self._number("decimals()", block=block)
        if decimals > _MAX_DECIMALS:
            raise TokenUnsuitable(self.address, f"it claims to have {decimals} decimals")
        return decimals

    def answers(self, signature: str, args: Sequence[Any] = ()) -> bool:
        """Whether the token answers a function, such as "paused()", with one word."""
        return self._optional(signature, args) is not None

    # Balances and allowances

    def balance(self, owner: str, block: BlockIdentifier = "latest") -> int:
        """Base units that `owner` has."""
        return self._number("balanceOf(address)", [owner], block)

    def allowance(self, owner: str, spender: str, block: BlockIdentifier = "latest") -> int:
        """Base units of `owner` that `spender` may take."""
        return self._number("allowance(address,address)", [owner, spender], block)

    def approve(self, spender: str, value: int) -> Call:
        """Lets `spender` take `value` base units of the caller, instead of what it may now."""
        data = _encode("approve(address,uint256)", [spender, value])
        return Call(self.node, "approve", self.address, data, token=self.address)

    # What its holders sign

    def permit_data(self, owner: str, spender: str, value: int, deadline: int) -> TypedData:
        """Typed data of an ERC-2612 permit with the owner's next nonce.

        `value` is base units, `deadline` the last Unix time at which it works.
        """
        domain = self.signing_domain()
        self._require_type(PERMIT_TYPE, "PERMIT_TYPEHASH()")
        nonce = self._number("nonces(address)", [owner])
        return permit_data(domain, owner, spender, value, nonce, deadline)

    def authorization_data(
        self,
        owner: str,
        receiver: str,
        value: int,
        valid_after: int,
        valid_before: int,
        nonce: bytes,
    ) -> TypedData:
        """Typed data of an ERC-3009 authorisation that only `receiver` can use.

        `value` is base units; it works after `valid_after` and before `valid_before`, Unix times.
        Raises TokenUnsuitable also where the nonce is used up.
        """
        domain = self.signing_domain()
        self._require_type(AUTHORIZATION_TYPE, "RECEIVE_WITH_AUTHORIZATION_TYPEHASH()")
        if self._number("authorizationState(address,bytes32)", [owner, nonce]):
            problem = f"the authorisation 0x{nonce.hex()} of {owner} was used or cancelled before"
            raise TokenUnsuitable(self.address, problem)
        return authorization_data(domain, owner, receiver, value, valid_after, valid_before, nonce)

    def signing_domain(self) -> TokenDomain:
        """The EIP-712 domain of this token on this chain.

        As the token describes it (EIP-5267), else by its name and version. Either is compared with
        the token's own separator; a token that gives neither to compare with is refused.
        """
        described = self._described_domain()
        separator = self._optional("DOMAIN_SEPARATOR()")
        if described is None and separator is None:
            raise self._unsuitable("DOMAIN_SEPARATOR()")
        domain = described or self._usual_domain()
        # The separator does not depend on the message, so an empty permit stands for any.
        computed = hash_domain(permit_data(domain, ZERO_ADDRESS, ZERO_ADDRESS, 0, 0, 0))
        if separator not in (None, computed):
            raise TokenUnsuitable(
                self.address,
                f"its domain separator is 0x{(separator or b'').hex()}, and its name and version "
                f"give 0x{computed.hex()}",
            )
        return domain

    def _described_domain(self) -> TokenDomain | None:
        raw = self._optional("eip712Domain()", size=None)
        if not raw:
            return None
        try:
            used, name, version, chain_id, contract, salt, extensions = decode(_DOMAIN_TYPES, raw)
        except (DecodingError, UnicodeDecodeError):
            return None
        bits = used[0]
        # A signature for another chain or token, or for any, could be used there.
        if not bits & _CHAIN or chain_id != self.node.chain_id:
            raise TokenUnsuitable(self.address, "its signatures are not bound to this chain")
        if not bits & _CONTRACT or not same_address(contract, self.address):
            raise TokenUnsuitable(self.address, "its signatures are not bound to this token")
        if extensions:
            raise TokenUnsuitable(self.address, "its domain has extensions")
        return TokenDomain(
            name if bits & _NAME else None,
            version if bits & _VERSION else None,
            self.node.chain_id,
            self.address,
            salt if bits & _SALT else None,
        )

    def _usual_domain(self) -> TokenDomain:
        version = self._optional("version()", size=None)
        return TokenDomain(
            self._text("name()"),
            "1" if version is None else self._as_text(version, "version()"),
            self.node.chain_id,
            self.address,
        )

    def _require_type(self, name: str, signature: str) -> None:
        """Refuses a token that says it hashes another type than the standard's."""
        if self._optional(signature) not in (None, keccak(text=encoded_type(name))):
            raise TokenUnsuitable(self.address, f"its {name} is not the standard's")

    # Asking

    def _number(
        self, signature: str, args: Sequence[Any] = (), block: BlockIdentifier = "latest"
    ) -> int:
        raw = self._ask(signature, args, block)
        if len(raw) != 32:
            raise self._unsuitable(signature)
        return int.from_bytes(raw)

    def _text(self, signature: str, block: BlockIdentifier = "latest") -> str:
        return self._as_text(self._ask(signature, (), block), signature)

    def _as_text(self, raw: bytes, signature: str) -> str:
        if len(raw) == 32:  # older tokens answer with bytes32
            return raw.rstrip(b"\0").decode("utf-8", "replace")
        try:
            return str(decode(["bytes"], raw)[0].decode("utf-8", "replace"))
        except (DecodingError, OverflowError):
            raise self._unsuitable(signature) from None

    def _optional(
        self, signature: str, args: Sequence[Any] = (), *, size: int | None = 32
    ) -> bytes | None:
        """The answer, or None where the token has no such function."""
        try:
            raw = self._call(signature, args, "latest")
        except ContractError:
            return None
        return raw if raw and size in (None, len(raw)) else None

    def _ask(self, signature: str, args: Sequence[Any], block: BlockIdentifier) -> bytes:
        try:
            return self._call(signature, args, block)
        except ContractError as error:
            raise self._unsuitable(signature) from error

    def _call(self, signature: str, args: Sequence[Any], block: BlockIdentifier) -> bytes:
        data = _encode(signature, args)
        call = Call(self.node, signature, self.address, data, decode_result=bytes)
        return bytes(call.simulate(ZERO_ADDRESS, block))

    def _unsuitable(self, signature: str) -> TokenUnsuitable:
        self.node.require_contract(self.address)
        return TokenUnsuitable(self.address, f"it does not answer {signature}")


def _encode(signature: str, args: Sequence[Any]) -> bytes:
    types = signature.partition("(")[2].rstrip(")").split(",") if args else []
    for kind, value in zip(types, args, strict=True):
        if kind == "address":
            require_address(value)
        elif kind == "uint256":
            require_uint(value, 256, "value")
    return bytes(keccak(text=signature)[:4] + encode(types, args))
