"""Turns what web3 raises into the package's errors, and revert data into the contract's.

The package's own contract errors are known by their ABI; so are the errors of standard ERC-20
tokens that funding runs into. Anything else becomes RevertedWithReason, Panicked or RevertUnknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import requests
from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import collapse_if_tuple
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from web3 import exceptions as web3_errors

from milepost.artifacts import load_artifact
from milepost.contract_errors import ERRORS, WrongStatus
from milepost.errors import (
    AllowanceTooLow,
    BalanceTooLow,
    CallRefused,
    MilepostError,
    NodeUnreachable,
    Panicked,
    RevertedWithReason,
    RevertUnknown,
)
from milepost.types import ZERO_ADDRESS, Status

_ERROR_STRING = keccak(text="Error(string)")[:4]
_PANIC = keccak(text="Panic(uint256)")[:4]
_ERC20_BALANCE = keccak(text="ERC20InsufficientBalance(address,uint256,uint256)")[:4]
_ERC20_ALLOWANCE = keccak(text="ERC20InsufficientAllowance(address,uint256,uint256)")[:4]


@contextmanager
def translated(url: str, *, owner: str = ZERO_ADDRESS, token: str = ZERO_ADDRESS) -> Iterator[None]:
    """Let only the package's errors out. `owner` and `token` complete a token's own errors."""
    try:
        yield
    except MilepostError:
        raise
    except web3_errors.ContractLogicError as error:
        raise decode_revert(revert_data(error), error.message, owner, token) from error
    except web3_errors.Web3RPCError as error:
        data = revert_data(error)
        if data:
            raise decode_revert(data, str(error.message), owner, token) from error
        raise CallRefused(_rpc_message(error)) from error
    except (requests.exceptions.RequestException, web3_errors.ProviderConnectionError) as error:
        if refusal := _refusal_in(error):
            raise CallRefused(refusal) from error
        raise NodeUnreachable(url, _reason(error)) from error
    except web3_errors.BadFunctionCallOutput as error:
        raise CallRefused("the contract's answer is not what was asked for") from error
    except (web3_errors.BadResponseFormat, ValueError, TypeError) as error:
        raise NodeUnreachable(url, "what is there does not answer as a node does") from error
    except web3_errors.Web3Exception as error:
        raise CallRefused(str(error)) from error


def decode_revert(
    data: bytes, text: str | None = None, owner: str = ZERO_ADDRESS, token: str = ZERO_ADDRESS
) -> MilepostError:
    """The exception for revert `data`; `text` is the node's own wording where data is missing."""
    selector, body = data[:4], data[4:]
    try:
        if selector in _known_errors():
            name, types = _known_errors()[selector]
            return _build(name, decode(types, body))
        if selector == _ERROR_STRING:
            return RevertedWithReason(decode(["string"], body)[0])
        if selector == _PANIC:
            return Panicked(decode(["uint256"], body)[0])
        if selector == _ERC20_BALANCE:
            holder, balance, needed = decode(["address", "uint256", "uint256"], body)
            return BalanceTooLow(to_checksum_address(holder), token, balance, needed)
        if selector == _ERC20_ALLOWANCE:
            spender, allowance, needed = decode(["address", "uint256", "uint256"], body)
            return AllowanceTooLow(owner, to_checksum_address(spender), token, allowance, needed)
    except DecodingError:
        return RevertUnknown(data)
    if not data and text and (reason := _plain_reason(text)):
        return RevertedWithReason(reason)
    return RevertUnknown(data)


def revert_data(error: Exception) -> bytes:
    """The revert data that an exception of web3 carries; empty where it has none.

    Nodes differ in where they put it: the data itself, or nested in `data`, or in the RPC response.
    """
    for source in (getattr(error, "data", None), getattr(error, "rpc_response", None)):
        found = _find_hex(source)
        if found is not None:
            return found
    return b""


@cache
def _known_errors() -> dict[bytes, tuple[str, list[str]]]:
    known = {}
    for item in load_artifact("MilestoneEscrow").abi:
        if item["type"] == "error":
            types = [collapse_if_tuple(i) for i in item["inputs"]]
            selector = keccak(text=f"{item['name']}({','.join(types)})")[:4]
            known[selector] = (item["name"], types)
    return known


def _build(name: str, values: tuple[Any, ...]) -> MilepostError:
    arguments: list[Any] = [
        to_checksum_address(v) if isinstance(v, str) and v.startswith("0x") else v for v in values
    ]
    if ERRORS[name] is WrongStatus:
        arguments[2] = Status(arguments[2])
    return ERRORS[name](*arguments)


def _find_hex(source: object) -> bytes | None:
    if isinstance(source, bytes):
        return source
    if isinstance(source, str):
        text = source.removeprefix("Reverted ").strip()
        try:
            return bytes.fromhex(text[2:]) if text.startswith("0x") else None
        except ValueError:
            return None
    if isinstance(source, Mapping):
        for key in ("error", "data", "originalError", "result"):
            if key in source and (found := _find_hex(source[key])) is not None:
                return found
    return None


def _plain_reason(text: str) -> str:
    reason = text.partition("execution reverted")[2].lstrip(": ") or ""
    return "" if reason in ("", "no data") or reason.startswith("custom error") else reason


def _rpc_message(error: web3_errors.Web3RPCError) -> str:
    response = error.rpc_response
    if isinstance(response, Mapping) and isinstance(response.get("error"), Mapping):
        return str(response["error"].get("message", error.message))
    return str(error.message)


def _refusal_in(error: Exception) -> str:
    """The node's own words in an HTTP error 4xx; empty where it has none."""
    response = getattr(error, "response", None)
    if response is None or not 400 <= response.status_code < 500:
        return ""
    try:
        refusal = response.json()["error"]
        return str(refusal["message"])
    except (ValueError, KeyError, TypeError):
        return ""


def _reason(error: Exception) -> str:
    if isinstance(error, requests.exceptions.RetryError):
        return str(error)
    if isinstance(error, requests.exceptions.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.HTTPError) and error.response is not None:
        return f"HTTP status {error.response.status_code}"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "connection refused or lost"
    return type(error).__name__
