"""Draws what acts cost here and elsewhere, from build/gas.json, as docs/gas/chart.svg and .png.

A bar for each system that can do what a panel is about; what a system lacks has no bar. The life of
a job is its opening and one payment for each milestone; where the data has no such figure it is
the opening and as many payments in the middle.
"""

import json
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "build/gas.json"
FOLDER = ROOT / "docs/gas"
OURS, OURS_TOO, THEIRS, BOUND = "#0b6e4f", "#6bbf9c", "#b8bec6", "#e0a526"
# Peers by the names that fit beside a bar.
NAMES = {
    "SmartInvoice (escrow, updatable v2; factory clone)": "SmartInvoice",
    "Kleros EscrowUniversal (one object a milestone)": "Kleros Escrow",
    "Kleros EscrowUniversal (one object, partial payments; no per-milestone protection)": (
        "Kleros Escrow, one object"
    ),
    "commerce-payments AuthCaptureEscrow (one payment, partial captures by an operator)": (
        "commerce-payments"
    ),
    "ERC-8183 reference (base-contracts)": "ERC-8183 reference",
    "ERC-8183 ACPCore": "ERC-8183 ACPCore",
    "Circle Refund Protocol": "Circle Refund Protocol",
    "Request ERC20EscrowToPay": "Request escrow",
    "Sablier Lockup 4.0.1 (tranches by date; no approval)": "Sablier Lockup",
    "Sablier Flow 3.0.1 (stream)": "Sablier Flow",
}
NOTE = (
    "commerce-payments has no milestones and no dispute, and its payee no power; Kleros Escrow with"
    " one object protects no single milestone; Sablier pays by date, without approval.\n"
    "SmartInvoice at its cheapest releases all milestones together. A whole job is what the data"
    " has, else its opening and a payment in the middle for each milestone."
)
# Every panel has room for as many bars, so that all are as thick.
MOST_BARS = 13
Bars = list[tuple[str, int, str]]


def main() -> None:
    found = json.loads(RESULT.read_text())
    mpl.rcParams |= {
        "svg.hashsalt": "gas",
        "svg.fonttype": "none",
        "font.family": "DejaVu Sans",
        "font.size": 9,
    }
    figure, axes = plt.subplots(4, 2, figsize=(12, 15), layout="constrained")
    for axis, (title, bars) in zip(axes.flat, panels(found).items(), strict=True):
        draw(axis, title, bars)
    figure.suptitle(
        "Gas of the same work, in a token. Shorter is cheaper.", fontsize=14, fontweight="bold"
    )
    figure.supxlabel(NOTE, fontsize=8, x=0.01, ha="left")
    FOLDER.mkdir(exist_ok=True)
    figure.savefig(FOLDER / "chart.svg", metadata={"Date": None})
    figure.savefig(FOLDER / "chart.png", dpi=110, metadata={"Software": None})


def panels(found: dict) -> dict[str, Bars]:
    """What each panel shows, in the order of reading."""
    ours, bound, peers = found["token"], found["bound"], found["peers"]

    def of(key: str) -> Bars:
        return [
            (NAMES[peer], acts[key], THEIRS)
            for peer, acts in peers.items()
            if isinstance(acts.get(key), int)
        ]

    def life(n: int) -> Bars:
        bars = []
        for peer, acts in peers.items():
            total = acts.get(f"job_of_{n}_one_by_one")
            if total is None and f"open_and_fund_{n}" in acts and "release_middle" in acts:
                total = acts[f"open_and_fund_{n}"] + n * acts["release_middle"]
            if total is not None:
                bars.append((NAMES[peer], total, THEIRS))
            cheapest = acts.get(f"job_of_{n}_least_gas_path")
            if cheapest is not None:
                bars.append((f"{NAMES[peer]}, at its cheapest", cheapest, THEIRS))
        return [
            ("Milepost, claimed at once", ours[f"job_{n}_two_tx"], OURS),
            ("Milepost, paid one by one", ours[f"job_{n}_one_by_one"], OURS_TOO),
            *bars,
        ]

    disputes = [
        (NAMES[peer], acts["dispute"] + acts["rule_split"], THEIRS)
        for peer, acts in peers.items()
        if isinstance(acts.get("dispute"), int) and isinstance(acts.get("rule_split"), int)
    ]
    least = ("the least possible", bound["fund"], BOUND)
    return {
        "Open and fund one milestone": [
            ("Milepost", ours["fund_1_signed"], OURS), least, *of("open_and_fund_1"),
        ],
        "Open and fund ten milestones": [
            ("Milepost", ours["fund_10_signed"], OURS), least, *of("open_and_fund_10"),
        ],
        "Approve and pay one milestone of several": [
            ("Milepost", ours["pay_6_of_10"], OURS),
            ("the least possible", bound["release"], BOUND),
            *of("release_middle"),
        ],
        "Submit work on chain": [
            ("Milepost", ours["submit_next"], OURS),
            ("the least possible", bound["submit"], BOUND),
            *of("submit"),
        ],
        "A job of one milestone, from opening to the last payment": life(1),
        "A job of three": life(3),
        "A job of ten": life(10),
        "A dispute and its ruling": [("Milepost", ours["dispute_and_rule"], OURS), *disputes],
    }  # fmt: skip


def draw(axis: Axes, title: str, bars: Bars) -> None:
    """Horizontal bars, cheapest first, each with its figure."""
    bars = sorted(bars, key=lambda bar: bar[1])
    names, costs, colours = zip(*bars, strict=True)
    drawn = axis.barh(names, costs, color=colours, height=0.72)
    axis.bar_label(drawn, [f"{cost:,}" for cost in costs], padding=3, fontsize=8)
    axis.set_title(title, loc="left", fontsize=10.5, fontweight="bold")
    axis.set_ylim(MOST_BARS - 0.5, -0.7)
    axis.margins(x=0.16)
    axis.xaxis.set_visible(False)
    axis.tick_params(axis="y", length=0)
    for label, name in zip(axis.get_yticklabels(), names, strict=True):
        label.set_fontweight("bold" if name.startswith("Milepost") else "normal")
    axis.spines[:].set_visible(False)


if __name__ == "__main__":
    main()
