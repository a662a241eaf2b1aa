"""Puts a milestone, or a share of it, before the arbiter; what is not disputed is paid at once.

    brownie run dispute main FILE MILESTONE [SHARE [ACCOUNT [EVIDENCE]]] --network NETWORK

SHARE is like "30 %", "4.5 hours", a number of the contract's units, or all. The client acts unless
ACCOUNT says another. The hash of the file EVIDENCE goes on record.
"""

from pathlib import Path

from milepost.cli import disputes

from ._job import Job, number, path, script, share


@script
def main(
    job: Job,
    file: str,
    milestone: str,
    disputed: str = "all",
    account: str = "client",
    evidence: str = "",
) -> None:
    which, units = number(milestone), share(disputed)
    disputes.dispute(job.by(account), Path(file), which, **units, reason=path(evidence))
