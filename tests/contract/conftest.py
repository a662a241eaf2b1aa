"""Fixtures are roles and situations; every test starts from the chain the fixtures made."""

import socket

import brownie
import pytest
from helpers import COIN, DAY, ROLES, Deal, hash_of

MILLION = 1_000_000 * 10**6


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# Each run, and each xdist worker, has a node of its own and never meets one that was already there.
brownie._config.CONFIG.networks["development"]["cmd_settings"]["port"] = _free_port()


@pytest.fixture(autouse=True)
def isolation(fn_isolation):
    """Every test is undone."""


@pytest.fixture(scope="module")
def escrow(MilestoneEscrow, accounts):
    return MilestoneEscrow.deploy({"from": accounts[0]})


@pytest.fixture(scope="module")
def token(PracticeToken, escrow, accounts):
    token = PracticeToken.deploy({"from": accounts[0]})
    client = accounts[ROLES.index("client")]
    token.mint(client, MILLION, {"from": accounts[0]})
    token.approve(escrow, MILLION, {"from": client})
    return token


@pytest.fixture
def deal(escrow, token, accounts):
    """Builds a valid deal; a test overrides only what it is about."""

    def build(**overrides) -> Deal:
        who = dict(zip(ROLES, map(str, accounts), strict=False))
        values = {
            "client": who["client"],
            "freelancer": who["freelancer"],
            "payee": who["payee"],
            "arbiter": who["arbiter"],
            "token": token.address,
            "reviewPeriod": 14 * DAY,
            "responsePeriod": 7 * DAY,
            "rulingPeriod": 30 * DAY,
            "arbiterFeeBps": 500,
            "defaultBps": 5000,
            "start": 0,
            "period": 0,
            "units": 0,
            "scope": hash_of("scope"),
            "salt": hash_of("salt"),
            "amounts": [1000, 2001, 3003],
        }
        addresses = (*who, "token")
        values.update({k: str(v) if k in addresses else v for k, v in overrides.items()})
        return Deal(escrow, token, accounts, values)

    return build


@pytest.fixture
def fixed(deal):
    return deal()


@pytest.fixture
def coin_deal(deal):
    return deal(token=COIN)


@pytest.fixture
def metered(deal, chain):
    """Weeks of 240 ten-minute units; the first four are over."""
    start = chain[-1].timestamp - 4 * 7 * DAY
    return deal(start=start, period=7 * DAY, units=240, amounts=[2_400_000_000])


@pytest.fixture(params=["token", "coin"])
def either(request, deal):
    """The same test on a token and on the chain's coin."""
    return deal(token=COIN) if request.param == "coin" else deal()
