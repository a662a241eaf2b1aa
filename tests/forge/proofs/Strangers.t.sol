// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Approval, Division, Status} from "../../../contracts/types/EscrowTypes.sol";
import {ActTest} from "./ActTest.sol";

/// @title StrangersProof
/// @notice Laws 4 and 7: who is no party changes nothing that no clock and no approval has decided, and nobody changes
/// what has ended.
/// @dev As {EdgesProof}, over every act on one milestone, one path for each.
contract StrangersProof is ActTest {
    uint256 private constant ACTS = 11;

    function check_strangersChangeNothing(State memory s, uint8 act, uint16 units, uint256 amount, uint256 other)
        public
    {
        _concrete(s);
        if (act >= ACTS || s.caller == CLIENT || s.caller == FREELANCER || s.caller == ARBITER) return;
        (bool moved, uint256 from,) = _act(s, _data(s, act, units, amount, other));
        if (!moved) return;
        // What is left to anybody.
        bool isReleased =
            act == 4 && (_isApproved(from) || (_is(from, Status.Submitted) && s.time >= s.since + terms.reviewPeriod));
        bool isRefunded = act == 5 && _is(from, Status.RefundRequested) && s.time >= s.since + terms.responsePeriod;
        bool isLapsed = act == 6 && _is(from, Status.Disputed) && s.time >= s.since + terms.rulingPeriod;
        assert(isReleased || isRefunded || isLapsed);
    }

    function check_endsAreFinal(State memory s, uint8 act, uint16 units, uint256 amount, uint256 other) public {
        _concrete(s);
        if (act >= ACTS || !_put(s) || _status(s.statuses, s.i) < uint256(Status.Paid)) return;
        assert(!_call(s.caller, s.time, _data(s, act, units, amount, other)));
    }

    /// Every act on milestone `i`, those that need a signature with none.
    function _data(State memory s, uint256 act, uint16 units, uint256 amount, uint256 other)
        private
        view
        returns (bytes memory)
    {
        uint64 milestones = uint64(1) << s.i;
        if (act == 0) return abi.encodeCall(IMilestoneEscrow.submit, (terms, s.i, units, 0));
        if (act == 1) return abi.encodeCall(IMilestoneEscrow.requestChanges, (terms, s.i, 0));
        if (act == 2) return abi.encodeCall(IMilestoneEscrow.requestRefund, (terms, s.i, 0));
        if (act == 3) return abi.encodeCall(IMilestoneEscrow.approve, (terms, milestones, new uint16[](0)));
        if (act == 4) return abi.encodeCall(IMilestoneEscrow.release, (terms, milestones, new Approval[](0)));
        if (act == 5) return abi.encodeCall(IMilestoneEscrow.refund, (terms, milestones));
        if (act == 6) return abi.encodeCall(IMilestoneEscrow.lapse, (terms, s.i));
        if (act == 7) return abi.encodeCall(IMilestoneEscrow.dispute, (terms, s.i, units, 0));
        if (act == 8) return abi.encodeCall(IMilestoneEscrow.rule, (terms, s.i, amount, 0));
        if (act == 9) return abi.encodeCall(IMilestoneEscrow.accept, (terms, milestones, ""));
        return abi.encodeCall(IMilestoneEscrow.settle, (terms, Division(s.i, amount, other), type(uint40).max, ""));
    }
}
