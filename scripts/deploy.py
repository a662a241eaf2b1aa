"""Deploys the escrow, and writes where it stands to deployments/<chain id>.json.

    brownie run deploy main [ACCOUNT] --network NETWORK
    brownie run deploy practice_token [ACCOUNT] --network NETWORK

`practice_token` deploys a token that is worth nothing on a local chain, gives some to every account
that Brownie has there, and writes it to deployments/<chain id>.tokens.json as USDP.
"""

from brownie import accounts

from milepost.agreement import Token
from milepost.chain.deploy import deploy_escrow, deploy_practice_token, save_deployment
from milepost.errors import InputError
from milepost.signing import LOCAL_CHAIN_IDS

from ._job import DEPLOYMENTS, Job, save_token, script


@script
def main(job: Job, account: str = "0") -> None:
    job.by(account).confirm(f"Deploy on chain {job.node.chain_id} as {job.sender}?")
    deployed = deploy_escrow(job.node, job.signer)
    file = save_deployment(deployed, DEPLOYMENTS)
    print(f"chain {deployed.chain_id}: escrow {deployed.address}, in deployments/{file.name}")


@script
def practice_token(job: Job, account: str = "0") -> None:
    chain_id = job.node.chain_id
    if chain_id not in LOCAL_CHAIN_IDS:
        raise InputError(f"The practice token is for local chains, and this is chain {chain_id}.")
    holders = [str(a.address) for a in accounts]
    address = deploy_practice_token(job.node, job.by(account).signer, holders)
    file = save_token(chain_id, Token(address, "USDP", 6))
    print(f"chain {chain_id}: USDP {address}, in deployments/{file.name}")
