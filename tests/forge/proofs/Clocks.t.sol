// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {MilestoneView, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {ProofTest} from "./ProofTest.sol";

/// @title ClocksProof
/// @notice Law 17: who is awaited is late exactly from `since + period` on.
/// @dev For every start that a clock can hold, every period of 32 bits, and every second of 40 bits.
contract ClocksProof is ProofTest {
    function check_reviewEndsOnTheSecond(uint256 since, uint32 period, uint40 time) public {
        Terms memory terms = _terms();
        terms.reviewPeriod = period;
        _check(terms, Status.Submitted, since, period, time);
    }

    function check_responseEndsOnTheSecond(uint256 since, uint32 period, uint40 time) public {
        Terms memory terms = _terms();
        terms.responsePeriod = period;
        _check(terms, Status.RefundRequested, since, period, time);
    }

    function check_rulingEndsOnTheSecond(uint256 since, uint32 period, uint40 time) public {
        Terms memory terms = _terms();
        terms.rulingPeriod = period;
        _check(terms, Status.Disputed, since, period, time);
    }

    function _check(Terms memory terms, Status status, uint256 since, uint256 period, uint40 time) private {
        if (since == 0 || since >= 2 ** 34) return;
        bytes32 agreement = escrow.agreementId(terms);
        escrow.put(agreement, uint256(status));
        escrow.putClock(agreement, 0, since, 10_000, status == Status.Disputed ? 10_000 : 0);
        MilestoneView memory v = escrow.milestoneAt(terms, 0, time);
        assert(v.deadline == since + period);
        assert(v.isLate == (time >= since + period));
    }
}
