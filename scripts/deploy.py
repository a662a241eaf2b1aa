"""Deploys the escrow where Brownie is connected, and writes deployments/<chain id>.json.

brownie run deploy --network <name>
"""

from pathlib import Path

from brownie import accounts, network, web3

from milepost.chain.deploy import deploy_escrow, save_deployment
from milepost.chain.rpc import connect
from milepost.signing import UnlockedSigner

DEPLOYMENTS = Path(__file__).resolve().parent.parent / "deployments"


def main() -> None:
    node = connect(web3.provider.endpoint_uri)
    deployed = deploy_escrow(node, UnlockedSigner(node.w3, str(accounts[0])))
    file = save_deployment(deployed, DEPLOYMENTS)
    print(f"{network.show_active()}: escrow at {deployed.address}, written to {file.name}")
