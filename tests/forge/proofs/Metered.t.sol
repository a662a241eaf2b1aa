// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Status} from "../../../contracts/types/EscrowTypes.sol";
import {ActTest} from "./ActTest.sol";

/// @title MeteredProof
/// @notice Laws 6 and 17 where work is metered: a claim waits for the end of its period, unless a refund is requested,
/// and nothing is approved that is not claimed.
/// @dev As {EdgesProof}, for weeks of 2,400 units from any start.
contract MeteredProof is ActTest {
    function check_meteredSubmit(State memory s, uint40 start, uint16 units) public {
        _meter(s, start);
        (bool moved, uint256 from, uint256 to) =
            _act(s, abi.encodeCall(IMilestoneEscrow.submit, (terms, s.i, units, 0)));
        if (!moved) return;
        assert(s.caller == FREELANCER && _is(to, Status.Submitted) && units != 0 && units <= 2_400);
        if (_is(from, Status.RefundRequested)) assert(s.time < s.since + 7 days);
        else assert(s.time >= uint256(start) + (uint256(s.i) + 1) * 7 days);
    }

    function check_meteredDispute(State memory s, uint40 start, uint16 units) public {
        _meter(s, start);
        (bool moved, uint256 from, uint256 to) =
            _act(s, abi.encodeCall(IMilestoneEscrow.dispute, (terms, s.i, units, 0)));
        if (!moved) return;
        assert(_is(to, Status.Disputed));
        if (_is(from, Status.Active)) {
            assert(s.caller == FREELANCER && s.time >= uint256(start) + (uint256(s.i) + 1) * 7 days);
        } else {
            assert(_is(from, Status.Submitted) || (s.caller == FREELANCER && _is(from, Status.RefundRequested)));
        }
    }

    /// What a refund request opened early is not closed again by sending it back.
    function check_meteredRequestChanges(State memory s, uint40 start) public {
        _meter(s, start);
        (bool moved, uint256 from, uint256 to) =
            _act(s, abi.encodeCall(IMilestoneEscrow.requestChanges, (terms, s.i, 0)));
        if (!moved) return;
        assert(s.caller == CLIENT && _is(from, Status.Submitted) && _is(to, Status.Active));
        assert(s.time >= uint256(start) + (uint256(s.i) + 1) * 7 days && s.time < s.since + terms.reviewPeriod);
    }

    function check_meteredApprove(State memory s, uint40 start, uint16 units) public {
        _meter(s, start);
        uint16[] memory list = new uint16[](1);
        list[0] = units;
        (bool moved, uint256 from, uint256 to) =
            _act(s, abi.encodeCall(IMilestoneEscrow.approve, (terms, uint64(1) << s.i, list)));
        if (!moved) return;
        assert(s.caller == CLIENT && units >= (s.claimed == 0 ? 2_400 : s.claimed));
        assert(_isApproved(to) && (_is(from, Status.Submitted) || _is(from, Status.Disputed)));
        if (s.claimed <= 2_400) assert(_is(to, Status.Approved) == _isWhole(s, 1_000_003, 2_400));
    }

    function _meter(State memory s, uint40 start) private {
        _concrete(s);
        terms.start = start;
        terms.period = 7 days;
        terms.units = 2_400;
        terms.amounts.pop();
        agreement = escrow.agreementId(terms);
    }
}
