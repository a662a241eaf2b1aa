"""Divides what is disputed, as the arbiter, once and for good.

    brownie run rule main FILE MILESTONE TO_FREELANCER [ACCOUNT [REASONING]] --network NETWORK

TO_FREELANCER is an amount like "700 USDP"; the client receives the rest, less the arbiter's fee.
The hash of the file REASONING goes on record.
"""

from pathlib import Path

from milepost.cli import disputes

from ._job import Job, number, path, script


@script
def main(
    job: Job,
    file: str,
    milestone: str,
    to_freelancer: str,
    account: str = "arbiter",
    reasoning: str = "",
) -> None:
    which, reason = number(milestone), path(reasoning)
    disputes.rule(job.by(account), Path(file), which, to_freelancer, reason)
