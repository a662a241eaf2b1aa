// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {MilestoneEscrow} from "../../../contracts/MilestoneEscrow.sol";
import {Approval, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {ProofTest} from "./ProofTest.sol";

/// @title EdgesProof
/// @notice Laws 4, 6 and 8: whoever calls an act, at whatever second, from whatever state of two milestones, it fails or
/// moves the named milestone along an edge of the table in docs/trust.md that this caller has, and no other milestone.
/// @dev For a fixed price in the coin with the terms of {ProofTest}; callers, times, statuses, clocks, indexes and units
/// are any. The periods are those of the terms; {ClocksProof} takes all of them.
contract EdgesProof is ProofTest {
    struct State {
        uint256 statuses;
        uint8 i;
        uint256 since;
        uint256 claimed;
        uint256 disputed;
        address caller;
        uint256 time;
    }

    Terms private terms;
    bytes32 private agreement;

    function setUp() public override {
        super.setUp();
        terms = _terms();
        agreement = escrow.agreementId(terms);
        vm.deal(address(escrow), 10_000_000);
    }

    function check_submit(State memory s, uint16 units) public {
        _concrete(s);
        (bool moved, uint256 from, uint256 to) = _act(s, abi.encodeCall(MilestoneEscrow.submit, (terms, s.i, units, 0)));
        if (!moved) return;
        assert(s.caller == FREELANCER);
        assert(_is(from, Status.Offered) || _is(from, Status.Active) || _is(from, Status.RefundRequested));
        assert(!_is(from, Status.RefundRequested) || s.time < s.since + terms.responsePeriod);
        assert(_is(to, Status.Submitted) && units != 0 && units <= 10_000);
    }

    function check_requestChanges(State memory s) public {
        _concrete(s);
        (bool moved, uint256 from, uint256 to) =
            _act(s, abi.encodeCall(MilestoneEscrow.requestChanges, (terms, s.i, 0)));
        if (!moved) return;
        assert(s.caller == CLIENT && s.time < s.since + terms.reviewPeriod);
        assert(_is(from, Status.Submitted) && _is(to, Status.Active));
    }

    function check_requestRefund(State memory s) public {
        _concrete(s);
        (bool moved, uint256 from, uint256 to) = _act(s, abi.encodeCall(MilestoneEscrow.requestRefund, (terms, s.i, 0)));
        if (!moved) return;
        assert(s.caller == CLIENT);
        assert(_is(from, Status.Active) && _is(to, Status.RefundRequested));
    }

    function check_approve(State memory s) public {
        _concrete(s);
        (bool moved, uint256 from, uint256 to) =
            _act(s, abi.encodeCall(MilestoneEscrow.approve, (terms, uint64(1) << s.i, new uint16[](0))));
        if (!moved) return;
        assert(s.caller == CLIENT && _is(to, Status.Approved));
        assert(
            _is(from, Status.Active) || _is(from, Status.Submitted) || _is(from, Status.RefundRequested)
                || _is(from, Status.Disputed)
        );
    }

    function check_release(State memory s) public {
        _concrete(s);
        (bool moved, uint256 from, uint256 to) =
            _act(s, abi.encodeCall(MilestoneEscrow.release, (terms, uint64(1) << s.i, new Approval[](0))));
        if (!moved) return;
        assert(_is(from, Status.Approved) || (_is(from, Status.Submitted) && s.time >= s.since + terms.reviewPeriod));
        assert(_is(to, Status.Paid) || _is(to, Status.Split) || _is(to, Status.Refunded));
    }

    function check_refund(State memory s) public {
        _concrete(s);
        (bool moved, uint256 from, uint256 to) =
            _act(s, abi.encodeCall(MilestoneEscrow.refund, (terms, uint64(1) << s.i)));
        if (!moved) return;
        assert(from > uint256(Status.None) && from < uint256(Status.Paid));
        assert(
            s.caller == FREELANCER || (s.caller == CLIENT && _is(from, Status.Offered))
                || (_is(from, Status.RefundRequested) && s.time >= s.since + terms.responsePeriod)
        );
        assert(_is(to, Status.Refunded) || _is(to, Status.Split) || _is(to, Status.Paid));
    }

    function check_dispute(State memory s, uint16 units) public {
        _concrete(s);
        (bool moved, uint256 from, uint256 to) =
            _act(s, abi.encodeCall(MilestoneEscrow.dispute, (terms, s.i, units, 0)));
        if (!moved) return;
        assert(_is(to, Status.Disputed));
        assert(s.caller == CLIENT || s.caller == FREELANCER);
        assert(!_is(from, Status.Submitted) || s.time < s.since + terms.reviewPeriod);
        assert(!_is(from, Status.RefundRequested) || s.time < s.since + terms.responsePeriod);
        assert(
            _is(from, Status.Submitted)
                || (s.caller == FREELANCER && (_is(from, Status.Active) || _is(from, Status.RefundRequested)))
        );
    }

    /// Of a quarter under dispute: any ruling.
    function check_rule(State memory s, uint256 toFreelancer) public {
        _concrete(s);
        (s.claimed, s.disputed) = (10_000, 2_500);
        (bool moved, uint256 from, uint256 to) =
            _act(s, abi.encodeCall(MilestoneEscrow.rule, (terms, s.i, toFreelancer, 0)));
        if (!moved) return;
        assert(s.caller == ARBITER && s.time < s.since + terms.rulingPeriod);
        assert(_is(from, Status.Disputed) && to >= uint256(Status.Paid) && to <= uint256(Status.Split));
    }

    function check_lapse(State memory s) public {
        _concrete(s);
        (bool moved, uint256 from, uint256 to) = _act(s, abi.encodeCall(MilestoneEscrow.lapse, (terms, s.i)));
        if (!moved) return;
        assert(s.time >= s.since + terms.rulingPeriod);
        assert(_is(from, Status.Disputed) && to >= uint256(Status.Paid) && to <= uint256(Status.Split));
    }

    function check_acceptByFreelancer(State memory s) public {
        _concrete(s);
        s.caller = FREELANCER;
        (bool moved, uint256 from, uint256 to) =
            _act(s, abi.encodeCall(MilestoneEscrow.accept, (terms, uint64(1) << s.i, "")));
        if (!moved) return;
        assert(_is(from, Status.Offered) && _is(to, Status.Active));
    }

    /// One path for each milestone: an offset into calldata must be a number.
    function _concrete(State memory s) private pure {
        if (s.i == 0) s.i = 0;
        else s.i = 1;
    }

    /// Puts the state in place and acts in it. Where the act went through, the other milestone is as it was.
    function _act(State memory s, bytes memory data) private returns (bool moved, uint256 from, uint256 to) {
        if (!_areStatuses(s.statuses) || s.time >= 2 ** 34) return (false, 0, 0);
        if (s.since >= 2 ** 34 || s.claimed > 10_000 || s.disputed > s.claimed) return (false, 0, 0);
        escrow.put(agreement, s.statuses);
        escrow.putClock(agreement, s.i, s.since, s.claimed, s.disputed);
        moved = _call(s.caller, s.time, data);
        uint256 afterwards = escrow.statusesOf(agreement);
        assert(moved || afterwards == s.statuses);
        assert(_sameBut(s.i, s.statuses, afterwards));
        from = _status(s.statuses, s.i);
        to = _status(afterwards, s.i);
        assert(from < uint256(Status.Paid) || from == to);
        moved = moved && from != to;
    }

    function _is(uint256 status, Status expected) private pure returns (bool) {
        return status == uint256(expected);
    }
}
