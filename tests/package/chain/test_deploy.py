import pytest

from milepost.artifacts import load_artifact
from milepost.chain.deploy import (
    DETERMINISTIC_PROXY,
    Deployment,
    deploy_escrow,
    deterministic_address,
    load_deployment,
    save_deployment,
    verify_code,
)
from milepost.errors import DeploymentMismatch, DeploymentUnknown


@pytest.mark.node
def test_same_address_everywhere_and_only_once(node, deployment, people):
    assert deployment.address == deterministic_address(load_artifact("MilestoneEscrow").code)
    verify_code(node, deployment.address)
    again = deploy_escrow(node, people.client)
    assert (again.address, again.transaction) == (deployment.address, "")


@pytest.mark.node
def test_plain_creation_where_there_is_no_proxy(node, deployment, people):
    code = node.code(DETERMINISTIC_PROXY)
    setter = node.w3.provider.make_request
    setter("anvil_setCode", [DETERMINISTIC_PROXY, "0x"])
    try:
        plain = deploy_escrow(node, people.client)
    finally:
        setter("anvil_setCode", [DETERMINISTIC_PROXY, "0x" + code.hex()])
    assert plain.address != deployment.address
    verify_code(node, plain.address)


@pytest.mark.node
def test_other_code_is_refused(node, token):
    with pytest.raises(DeploymentMismatch):
        verify_code(node, token.address)


def test_deployment_file(tmp_path):
    with pytest.raises(DeploymentUnknown):
        load_deployment(5, tmp_path)
    known = Deployment(5, "0x" + "11" * 20, "0x" + "22" * 32, 7, {"version": "0.8.30"})
    assert save_deployment(known, tmp_path).name == "5.json"
    assert load_deployment(5, tmp_path) == known
