import re
import subprocess
import sys
from pathlib import Path

import milepost

ROOT = Path(milepost.__file__).parent


def test_public_names():
    assert set(milepost.__all__) == {
        "AgreementId", "AgreementView", "Amendment", "Approval", "Authorization", "Call",
        "ChainError", "Clock", "ContractError", "Division", "Escrow", "InputError",
        "KeystoreSigner", "MilepostError", "MilestoneView", "Node", "Parties", "Receipt",
        "Signer", "SigningError", "Status", "Terms", "UnlockedSigner", "__version__", "connect",
        "fixed_price", "from_set", "hourly", "retainer", "to_set",
    }  # fmt: skip
    for name in milepost.__all__:
        assert getattr(milepost, name) is not None
    assert not hasattr(milepost, "nothing")


def test_importing_the_package_is_cheap():
    code = (
        "import sys, milepost, milepost.terms, milepost.presets, milepost.signing, milepost.units;"
        "sys.exit(bool({'web3', 'eth_account', 'requests'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_only_chain_and_signing_import_low_level_modules():
    pattern = re.compile(r"^\s*(?:from|import) (?:web3|eth_\w+|requests)\b", re.M)
    for path in ROOT.rglob("*.py"):
        inside = path.relative_to(ROOT)
        if inside.parts[0] != "chain" and inside.name != "signing.py":
            assert not pattern.search(path.read_text("utf-8")), inside
