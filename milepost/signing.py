"""Who signs. A key stays inside a signer: opened from an encrypted keystore, or held by a local
node.

No signer takes a key as text. Passwords come from a function, a file or a descriptor, never from an
option or the environment, and no `repr` shows either.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from milepost.errors import (
    AddressError,
    InputError,
    KeystoreNotFound,
    KeystoreUnreadable,
    PasswordMissing,
    PasswordWrong,
    SignerUnavailable,
)
from milepost.types import require_address

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount
    from web3 import Web3

Password = Callable[[], str]

LOCAL_CHAIN_IDS = frozenset({1337, 31337})
"""Chains on which a node's own accounts may sign: nothing there is worth anything."""

# The contract refuses the other of the two signatures that every signature can be turned into.
_HIGHEST_S = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


class Signer(Protocol):
    """Signs for one address. Signatures are 65 bytes: r, s, v."""

    @property
    def address(self) -> str:
        """Whose signatures these are."""
        ...

    def sign_typed_data(self, data: Mapping[str, Any]) -> bytes:
        """The signature of EIP-712 typed data."""
        ...

    def sign_transaction(self, transaction: Mapping[str, Any]) -> bytes:
        """The raw signed transaction."""
        ...


class KeystoreSigner:
    """Signs with the key of an encrypted keystore file, opened once."""

    def __init__(self, account: LocalAccount, path: Path) -> None:
        self._account = account
        self.path = path

    @classmethod
    def open(
        cls, name: str, password: Password, directories: Iterable[Path] | None = None
    ) -> KeystoreSigner:
        """Open the keystore `name`, a file's path or a name that `find_keystore` knows.

        Raises KeystoreNotFound, KeystoreUnreadable, PasswordMissing and PasswordWrong.
        """
        from eth_account import Account

        path = find_keystore(name, directories)
        try:
            content = json.loads(path.read_text("utf-8"))
        except OSError as error:
            raise KeystoreUnreadable(str(path), error.strerror or "cannot be read") from error
        except ValueError as error:
            raise KeystoreUnreadable(str(path), "it is not JSON") from error
        if not isinstance(content, dict) or not {"crypto", "Crypto"} & content.keys():
            raise KeystoreUnreadable(str(path), "it has no encrypted key")
        try:
            key = Account.decrypt(content, password())
        except ValueError as error:
            raise PasswordWrong(str(path)) from error
        except (KeyError, TypeError, NotImplementedError) as error:
            raise KeystoreUnreadable(str(path), "its encryption is not known") from error
        return cls(Account.from_key(key), path)

    @property
    def address(self) -> str:
        """The address of the key."""
        return str(self._account.address)

    def sign_typed_data(self, data: Mapping[str, Any]) -> bytes:
        """The signature of EIP-712 typed data."""
        return bytes(self._account.sign_typed_data(full_message=dict(data)).signature)

    def sign_transaction(self, transaction: Mapping[str, Any]) -> bytes:
        """The raw signed transaction."""
        fields: dict[str, Any] = {**transaction, "from": self.address}
        signed = self._account.sign_transaction(fields)
        return bytes(signed.raw_transaction)

    def __repr__(self) -> str:
        return f"KeystoreSigner({self.address})"


class UnlockedSigner:
    """Signs with an account that a local node holds. Refuses every other chain."""

    def __init__(self, w3: Web3, address: str) -> None:
        chain_id = w3.eth.chain_id
        if chain_id not in LOCAL_CHAIN_IDS:
            raise SignerUnavailable(address, f"chain {chain_id} is not a local one")
        self._w3 = w3
        self._address = address

    @property
    def address(self) -> str:
        """The account."""
        return self._address

    def sign_typed_data(self, data: Mapping[str, Any]) -> bytes:
        """The signature of EIP-712 typed data. Raises SignerUnavailable."""
        text = json.dumps(_exact(data), default=lambda value: "0x" + bytes(value).hex())
        return self._ask("eth_signTypedData_v4", [self._address, text])

    def sign_transaction(self, transaction: Mapping[str, Any]) -> bytes:
        """The raw signed transaction. Raises SignerUnavailable."""
        fields = {
            key: hex(value)
            if isinstance(value, int)
            else "0x" + value.hex()
            if isinstance(value, bytes)
            else value
            for key, value in transaction.items()
        }
        return self._ask("eth_signTransaction", [{**fields, "from": self._address}])

    def _ask(self, method: str, params: list[Any]) -> bytes:
        answer = self._w3.provider.make_request(method, params)  # type: ignore[arg-type]
        if "error" in answer:
            error = answer["error"]
            problem = error if isinstance(error, str) else error.get("message", "refused")
            raise SignerUnavailable(self._address, f"the node says: {problem}")
        result = answer["result"]
        raw = result["raw"] if isinstance(result, Mapping) else result
        return bytes.fromhex(str(raw).removeprefix("0x"))

    def __repr__(self) -> str:
        return f"UnlockedSigner({self._address})"


def hash_typed_data(data: Mapping[str, Any]) -> bytes:
    """The EIP-712 digest of typed data."""
    from eth_account.messages import encode_typed_data
    from eth_utils.crypto import keccak

    message = encode_typed_data(full_message=dict(data))
    return bytes(keccak(b"\x19" + message.version + message.header + message.body))


def hash_domain(data: Mapping[str, Any]) -> bytes:
    """The EIP-712 domain separator of typed data."""
    from eth_account.messages import encode_typed_data

    return bytes(encode_typed_data(full_message=dict(data)).header)


def keccak256(data: bytes) -> bytes:
    """The hash that the chain uses."""
    # What eth_utils calls in the end; that imports for longer than most commands run.
    from Crypto.Hash import keccak

    return keccak.new(data=data, digest_bits=256).digest()


def is_checksum_address(text: str) -> bool:
    """Whether `text` is an address whose letters are cased as EIP-55 says."""
    try:
        return to_checksum_address(text) == require_address(text)
    except AddressError:
        return False


def to_checksum_address(text: str) -> str:
    """`text` with its letters cased as EIP-55 says. Raises AddressError."""
    digits = require_address(text)[2:].lower()
    hashed = keccak256(digits.encode()).hex()
    return "0x" + "".join(
        c.upper() if int(h, 16) > 7 else c for c, h in zip(digits, hashed, strict=False)
    )


def _exact(value: Any) -> Any:
    """The same with numbers that JSON does not carry exactly as their digits."""
    if isinstance(value, Mapping):
        return {key: _exact(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(inner) for inner in value]
    is_large = isinstance(value, int) and value >= 2**53
    return str(value) if is_large else value


def checked_address(text: str, name: str) -> str:
    """`text` with the letters cased as EIP-55 says. Raises AddressError where they say otherwise,
    so a mistyped address is found; one that is all in lower case says nothing.
    """
    require_address(text, name)
    if text != text.lower() and not is_checksum_address(text):
        raise AddressError(name, text, "its checksum (EIP-55) is wrong")
    return to_checksum_address(text)


def recover(digest: bytes, signature: bytes) -> str | None:
    """The address whose key made `signature` over `digest`; None where it is not one."""
    from eth_keys.datatypes import Signature
    from eth_keys.exceptions import BadSignature
    from eth_utils.exceptions import ValidationError

    if len(signature) != 65 or signature[64] not in (27, 28):
        return None
    if int.from_bytes(signature[32:64], "big") > _HIGHEST_S:
        return None
    try:
        parsed = Signature(signature[:64] + bytes([signature[64] - 27]))
        return str(parsed.recover_public_key_from_msg_hash(digest).to_checksum_address())
    except (BadSignature, ValidationError):
        return None


def split_signature(signature: bytes) -> tuple[int, bytes, bytes]:
    """v, r and s of a 65-byte signature. Raises InputError for another length."""
    if len(signature) != 65:
        raise InputError(f"A signature has 65 bytes, and this one {len(signature)}.")
    return signature[64], signature[:32], signature[32:64]


def keystore_directories() -> tuple[Path, ...]:
    """Where Foundry, Brownie and geth keep their keystores."""
    home = Path.home()
    return (
        home / ".foundry" / "keystores",
        home / ".brownie" / "accounts",
        home / ".ethereum" / "keystore",
    )


def find_keystore(name: str, directories: Iterable[Path] | None = None) -> Path:
    """The file of keystore `name`: a path, a file's name, or the address in a geth file's name.

    Raises KeystoreNotFound.
    """
    searched = tuple(keystore_directories() if directories is None else directories)
    if os.sep in name:
        path = Path(name).expanduser()
        if path.is_file():
            return path
        raise KeystoreNotFound(name, (str(path.parent),))
    address = name.lower().removeprefix("0x")
    for directory in searched:
        for candidate in (directory / name, directory / f"{name}.json"):
            if candidate.is_file():
                return candidate
        if len(address) == 40 and directory.is_dir():
            for candidate in sorted(directory.glob("UTC--*")):
                if candidate.name.lower().endswith(address):
                    return candidate
    raise KeystoreNotFound(name, tuple(str(d) for d in searched))


def password_from_file(path: Path) -> Password:
    """Reads the first line of a file when asked."""

    def read() -> str:
        try:
            text = path.read_text("utf-8")
        except OSError as error:
            raise PasswordMissing(f"{path} ({error.strerror})") from error
        return _first_line(text, str(path))

    return read


def password_from_fd(descriptor: int) -> Password:
    """Reads the first line of an open file descriptor when asked, and closes it."""

    def read() -> str:
        try:
            with os.fdopen(descriptor, encoding="utf-8") as file:
                text = file.read()
        except OSError as error:
            raise PasswordMissing(f"descriptor {descriptor} ({error.strerror})") from error
        return _first_line(text, f"descriptor {descriptor}")

    return read


def _first_line(text: str, source: str) -> str:
    lines = text.splitlines()
    if not lines:
        raise PasswordMissing(source)
    return lines[0]
