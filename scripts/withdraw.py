"""Pays out a credit in the agreement's token: what the escrow could not deliver to its owner.

    brownie run withdraw main FILE [ACCOUNT [TO]] --network NETWORK

The payee withdraws unless ACCOUNT says another, to the address TO, else to itself.
"""

from pathlib import Path

from milepost.cli import network

from ._job import Job, script


@script
def main(job: Job, file: str, account: str = "payee", to: str = "") -> None:
    token = job.agreement(Path(file)).token.address
    network.withdraw(job.by(account), token, to=to or None)
