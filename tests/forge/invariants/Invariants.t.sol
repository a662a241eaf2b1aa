// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Status} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {Liveness} from "./Liveness.sol";

/// @title InvariantsTest
/// @notice Laws 1 to 8, 10, 11, 13, 15 and 17, after every act of long random lives of several agreements; and law 16 from
/// every state that they visited.
/// @dev Each run appends one line to build/invariants.jsonl: an object of counts, `act.done` and `act.refused` by act,
/// `at.STATUS` by the status in which each milestone ended the run, `liveness.states` by states from which each party alone ended
/// the milestone.
abstract contract InvariantsTest is Liveness {
    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(this);
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0].addr = address(this);
        targets[0].selectors = new bytes4[](1);
        targets[0].selectors[0] = this.act.selector;
    }

    /// After every act, the money of its token, and each party alone from where it led. What is done here is undone. The act
    /// itself compares the milestones it touched, and every sixteenth everything.
    function invariant_moneyAndStatuses() public {
        _compareMoney(touched);
        _everybodyAlone();
    }

    function afterInvariant() public {
        _compareAll();
        for (uint256 d = 0; d < deals.length; ++d) {
            for (uint256 i = 0; i < _count(deals[d]); ++i) {
                _compare(d, i);
                _count(string.concat("at.", _name(ghosts[d][i].status)));
            }
        }
        _emptied();
        _report();
    }

    function _name(Status s) private pure returns (string memory) {
        string[11] memory names = [
            "None",
            "Offered",
            "Active",
            "Approved",
            "Submitted",
            "PartlyApproved",
            "RefundRequested",
            "Disputed",
            "Paid",
            "Refunded",
            "Split"
        ];
        return names[uint256(s)];
    }

    function _report() private {
        string memory line = "{";
        for (uint256 k = 0; k < whats.length; ++k) {
            line = string.concat(line, k == 0 ? '"' : ',"', whats[k], '":', vm.toString(times[whats[k]]));
        }
        vm.writeLine("build/invariants.jsonl", string.concat(line, "}"));
    }
}

/// @title FixedPriceInvariantsTest
/// @notice Lives of agreements at a fixed price.
contract FixedPriceInvariantsTest is InvariantsTest {
    function _pick() internal override returns (uint256) {
        uint256 d = _any(8);
        return d < 6 ? d : d + 4;
    }
}

/// @title MeteredInvariantsTest
/// @notice Lives of metered agreements, beside two at a fixed price.
contract MeteredInvariantsTest is InvariantsTest {
    function _pick() internal override returns (uint256) {
        uint256 d = _any(6);
        return d < 4 ? d + 6 : d - 4;
    }
}
