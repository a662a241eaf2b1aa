// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {ProofTest} from "./ProofTest.sol";

/// @title ActTest
/// @notice One act, by whoever, at whatever second, from whatever state of two milestones of one agreement.
abstract contract ActTest is ProofTest {
    struct State {
        uint256 statuses;
        uint8 i;
        uint256 since;
        uint256 claimed;
        uint256 disputed;
        address caller;
        uint256 time;
    }

    Terms internal terms;
    bytes32 internal agreement;

    function setUp() public virtual override {
        super.setUp();
        terms = _terms();
        agreement = escrow.agreementId(terms);
        vm.deal(address(escrow), 10_000_000);
    }

    /// One path for each milestone: an offset into calldata must be a number.
    function _concrete(State memory s) internal pure {
        if (s.i == 0) s.i = 0;
        else s.i = 1;
    }

    /// Puts the state in place. Returns whether it is one that the types allow.
    function _put(State memory s) internal returns (bool) {
        if (!_areStatuses(s.statuses) || s.time >= 2 ** 34) return false;
        if (s.since >= 2 ** 34 || s.claimed > 10_000 || s.disputed > s.claimed) return false;
        escrow.put(agreement, s.statuses);
        escrow.putClock(agreement, s.i, s.since, s.claimed, s.disputed);
        return true;
    }

    /// Acts in the state. Where the act went through, the milestone had not ended, and the other one is as it was.
    function _act(State memory s, bytes memory data) internal returns (bool moved, uint256 from, uint256 to) {
        if (!_put(s)) return (false, 0, 0);
        moved = _call(s.caller, s.time, data);
        uint256 afterwards = escrow.statusesOf(agreement);
        assert(moved || afterwards == s.statuses);
        assert(_sameBut(s.i, s.statuses, afterwards));
        from = _status(s.statuses, s.i);
        to = _status(afterwards, s.i);
        assert(!moved || from < uint256(Status.Paid));
    }

    function _is(uint256 status, Status expected) internal pure returns (bool) {
        return status == uint256(expected);
    }

    function _isApproved(uint256 status) internal pure returns (bool) {
        return _is(status, Status.Approved) || _is(status, Status.PartlyApproved);
    }

    /// Whether the clock leaves all of `amount` open and the freelancer's: no claim, or one of the whole of which what
    /// is conceded, if anything, is worth nothing.
    function _isWhole(State memory s, uint256 amount, uint256 whole) internal pure returns (bool) {
        if (s.claimed == 0) return true;
        return s.claimed == whole && (s.disputed == 0 || amount * (whole - s.disputed) < whole);
    }
}
