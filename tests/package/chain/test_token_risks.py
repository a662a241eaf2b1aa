import pytest

from milepost.chain.erc20 import Erc20
from milepost.chain.token_risks import token_risks

# Answers every call with the number one: PUSH1 1, PUSH1 0, MSTORE, PUSH1 32, PUSH1 0, RETURN.
ANSWERS_ALL = "0x600160005260206000f3"
# Answers nothing: REVERT of no data.
ANSWERS_NOTHING = "0x60006000fd"
EIP_1967 = "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc"
ADDRESS = "0x00000000000000000000000000000000000070C3"

pytestmark = pytest.mark.node


def placed(node, code):
    node.w3.provider.make_request("anvil_setCode", [ADDRESS, code])
    return Erc20(node, ADDRESS)


def test_every_known_risk_is_said_once(node):
    found = token_risks(placed(node, ANSWERS_ALL))
    assert len(found) == len(set(found)) == 3
    for words in ("change by themselves", "refuse single addresses", "can pause"):
        assert any(words in risk for risk in found)


def test_a_proxy_can_be_replaced(node):
    token = placed(node, ANSWERS_NOTHING)
    assert token_risks(token) == ()
    node.w3.provider.make_request("anvil_setStorageAt", [ADDRESS, EIP_1967, "0x" + "01".zfill(64)])
    assert token_risks(token) == ("its code can be replaced, and with it every rule of the token",)


def test_the_practice_token_refuses_addresses(node, token):
    (risk,) = token_risks(Erc20(node, token.address))
    assert "refuse single addresses" in risk
