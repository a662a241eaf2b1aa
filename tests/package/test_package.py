import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

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


# The command's modules are not a library.
MODULES = [
    m.name
    for m in pkgutil.walk_packages(milepost.__path__, "milepost.")
    if not m.name.startswith("milepost.cli")
]


def undocumented(owner, home, prefix=""):
    """Public classes, functions and methods that `home` defines without a word on them."""
    for name, member in vars(owner).items():
        plain = getattr(member, "__func__", member)
        if isinstance(plain, property):
            plain = plain.fget
        if name.startswith("_") or getattr(plain, "__module__", None) != home:
            continue
        if inspect.isclass(plain):
            # A dataclass without docstring is given its signature as one.
            if (plain.__doc__ or f"{name}(").startswith(f"{name}("):
                yield prefix + name
            yield from undocumented(plain, home, f"{prefix}{name}.")
        elif inspect.isroutine(plain):
            inherited = inspect.isclass(owner) and inspect.getdoc(getattr(owner, name))
            if not (plain.__doc__ or inherited):
                yield prefix + name


@pytest.mark.parametrize("name", MODULES)
def test_everything_public_is_documented(name):
    module = importlib.import_module(name)
    assert module.__doc__
    assert list(undocumented(module, name)) == []


def test_the_wheel_holds_what_the_package_needs(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT.parent, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if name.startswith("milepost/")}
    here = {p.relative_to(ROOT.parent).as_posix() for p in ROOT.rglob("*") if p.is_file()}
    assert inside == {name for name in here if "__pycache__" not in name}
    assert {"milepost/abi/MilestoneEscrow.json", "milepost/py.typed"} <= inside
