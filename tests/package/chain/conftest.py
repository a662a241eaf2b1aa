"""Contracts that answer what a test tells them to."""

import pytest
from eth_utils.crypto import keccak


@pytest.fixture
def canned_contract(node):
    """Puts code at an address that answers each signature with fixed bytes; any other reverts."""

    def put(address, answers):
        code = "0x" + canned_code(answers).hex()
        node.w3.provider.make_request("anvil_setCode", [address, code])

    return put


def canned_code(answers):
    head = bytes.fromhex("5f3560e01c")  # the selector
    branch, body = 11, 14  # bytes of code for each answer
    start = len(head) + branch * len(answers) + 3
    offset = start + body * len(answers)
    dispatch, bodies, data = b"", b"", b""
    for i, (signature, answer) in enumerate(answers.items()):
        # DUP1, PUSH4 selector, EQ, PUSH2 target, JUMPI
        target = (start + body * i).to_bytes(2)
        dispatch += b"\x80\x63" + keccak(text=signature)[:4] + b"\x14\x61" + target + b"\x57"
        # JUMPDEST, CODECOPY(0, place, length), RETURN(0, length)
        length = b"\x61" + len(answer).to_bytes(2)
        place = b"\x61" + (offset + len(data)).to_bytes(2)
        bodies += b"\x5b" + length + place + b"\x5f\x39" + length + b"\x5f\xf3"
        data += answer
    return head + dispatch + b"\x5f\x5f\xfd" + bodies + data
