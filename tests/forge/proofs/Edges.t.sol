// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Approval, Status} from "../../../contracts/types/EscrowTypes.sol";
import {ActTest} from "./ActTest.sol";

/// @title EdgesProof
/// @notice Laws 4, 6 and 8: whoever calls an act, at whatever second, from whatever state of two milestones, it fails or
/// moves the named milestone along an edge of the table in docs/trust.md that this caller has, and no other milestone.
/// @dev For a fixed price of two milestones in the coin with the terms of {ProofTest}; callers, times, statuses, clocks,
/// indexes, units and amounts of a ruling are any. The periods are those of the terms; {ClocksProof} takes all of
/// them. Acts by signature are in {ConsentsProof}, metered ones in {MeteredProof}.
contract EdgesProof is ActTest {
    function check_submit(State memory s, uint16 units) public {
        _concrete(s);
        (bool moved, uint256 from, uint256 to) =
            _act(s, abi.encodeCall(IMilestoneEscrow.submit, (terms, s.i, units, 0)));
        if (!moved) return;
        assert(s.caller == FREELANCER);
        assert(_is(from, Status.Offered) || _is(from, Status.Active) || _is(from, Status.RefundRequested));
        assert(!_is(from, Status.RefundRequested) || s.time < s.since + terms.responsePeriod);
        assert(_is(to, Status.Submitted) && units != 0 && units <= 10_000);
    }

    function check_requestChanges(State memory s) public {
        _concrete(s);
        (bool moved, uint256 from, uint256 to) =
            _act(s, abi.encodeCall(IMilestoneEscrow.requestChanges, (terms, s.i, 0)));
        if (!moved) return;
        assert(s.caller == CLIENT && s.time < s.since + terms.reviewPeriod);
        assert(_is(from, Status.Submitted) && _is(to, Status.Active));
    }

    function check_requestRefund(State memory s) public {
        _concrete(s);
        (bool moved, uint256 from, uint256 to) =
            _act(s, abi.encodeCall(IMilestoneEscrow.requestRefund, (terms, s.i, 0)));
        if (!moved) return;
        assert(s.caller == CLIENT);
        assert(_is(from, Status.Active) && _is(to, Status.RefundRequested));
    }

    function check_approve(State memory s) public {
        _concrete(s);
        (bool moved, uint256 from, uint256 to) =
            _act(s, abi.encodeCall(IMilestoneEscrow.approve, (terms, uint64(1) << s.i, new uint16[](0))));
        if (!moved) return;
        assert(s.caller == CLIENT && _isApproved(to));
        assert(
            _is(from, Status.Active) || _is(from, Status.Submitted) || _is(from, Status.RefundRequested)
                || _is(from, Status.Disputed)
        );
        // In part exactly where less than all of the amount is open and the freelancer's.
        bool isWhole = _is(from, Status.Active) || _isWhole(s, terms.amounts[s.i], 10_000);
        assert(_is(to, Status.Approved) == isWhole);
    }

    function check_release(State memory s) public {
        _concrete(s);
        (bool moved, uint256 from, uint256 to) =
            _act(s, abi.encodeCall(IMilestoneEscrow.release, (terms, uint64(1) << s.i, new Approval[](0))));
        if (!moved) return;
        assert(_isApproved(from) || (_is(from, Status.Submitted) && s.time >= s.since + terms.reviewPeriod));
        assert(_is(to, Status.Paid) || _is(to, Status.Split) || _is(to, Status.Refunded));
        assert(!_is(from, Status.Approved) || _is(to, Status.Paid));
    }

    function check_refund(State memory s) public {
        _concrete(s);
        (bool moved, uint256 from, uint256 to) =
            _act(s, abi.encodeCall(IMilestoneEscrow.refund, (terms, uint64(1) << s.i)));
        if (!moved) return;
        assert(from > uint256(Status.None) && from < uint256(Status.Paid));
        assert(
            s.caller == FREELANCER || (s.caller == CLIENT && _is(from, Status.Offered))
                || (_is(from, Status.RefundRequested) && s.time >= s.since + terms.responsePeriod)
        );
        assert(_is(to, Status.Refunded) || _is(to, Status.Split) || _is(to, Status.Paid));
        assert(!_is(from, Status.Approved) || _is(to, Status.Refunded));
    }

    function check_dispute(State memory s, uint16 units) public {
        _concrete(s);
        (bool moved, uint256 from, uint256 to) =
            _act(s, abi.encodeCall(IMilestoneEscrow.dispute, (terms, s.i, units, 0)));
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

    /// Of a quarter under dispute: any ruling. The start is cut to what a clock holds, so that the solver sees a number
    /// in a clock as it sees one beside it.
    function check_rule(State memory s, uint256 toFreelancer) public {
        _concrete(s);
        (s.since, s.claimed, s.disputed) = (s.since & (2 ** 34 - 1), 10_000, 2_500);
        (bool moved, uint256 from, uint256 to) =
            _act(s, abi.encodeCall(IMilestoneEscrow.rule, (terms, s.i, toFreelancer, 0)));
        if (!moved) return;
        assert(s.caller == ARBITER && s.time < s.since + terms.rulingPeriod);
        assert(_is(from, Status.Disputed) && to >= uint256(Status.Paid) && to <= uint256(Status.Split));
    }

    function check_lapse(State memory s) public {
        _concrete(s);
        (bool moved, uint256 from, uint256 to) = _act(s, abi.encodeCall(IMilestoneEscrow.lapse, (terms, s.i)));
        if (!moved) return;
        assert(s.time >= s.since + terms.rulingPeriod);
        assert(_is(from, Status.Disputed) && to >= uint256(Status.Paid) && to <= uint256(Status.Split));
    }
}
