// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {CoreTest} from "./CoreTest.sol";

/// @title LapseTest
/// @notice `lapse`: the default share divides what is disputed once the arbiter is late.
contract LapseTest is CoreTest {
    function testDividesByTheDefaultShare() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        terms.defaultBps = 3331;
        fund(terms, type(uint64).max);
        uint8[4] memory milestones = [0, 3, 4, 63];
        for (uint256 k = 0; k < milestones.length; ++k) {
            submit(terms, milestones[k], 6007);
            dispute(terms, milestones[k], 5003, client);
        }
        uint256 statuses = escrow.statusesOf(idOf(terms));
        vm.warp(BEGIN + 30 days);
        for (uint256 k = 0; k < milestones.length; ++k) {
            uint256 amount = terms.amounts[milestones[k]];
            _lapse(terms, milestones[k], amount * 6007 / WHOLE - amount * 1004 / WHOLE);
            statuses += 3 * 16 ** milestones[k];
            statusesAre(terms, statuses);
        }
    }

    function testDividesTheCoinWithoutAnArbiter() public {
        Terms memory terms = inCoin(fixedPrice(manyAmounts()));
        terms.arbiter = address(0);
        fund(terms, 0xf);
        dispute(terms, 3, 10_000, freelancer);
        vm.warp(BEGIN + 30 days);
        begin(terms);
        vm.prank(stranger);
        escrow.lapse(terms, 3);
        uint256 half = terms.amounts[3] / 2;
        emit IMilestoneEscrow.MilestoneLapsed(idOf(terms), 3, half, terms.amounts[3] - half);
        eventsAre();
        paid(terms, terms.amounts[3] - half, half, 0);
        statusesAre(terms, 0xa222);
    }

    function testADisputeOfOneUnit() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xf);
        submit(terms, 2, 6007);
        dispute(terms, 2, 1, client);
        dispute(terms, 3, 1, freelancer);
        vm.warp(BEGIN + 30 days);
        _lapse(terms, 2, terms.amounts[2] * 6007 / WHOLE - terms.amounts[2] * 6006 / WHOLE);
        _lapse(terms, 3, terms.amounts[3] / WHOLE);
        statusesAre(terms, 0xaa22);
    }

    function testTheWholeShareEndsAsPaid() public {
        Terms memory terms = fixedPrice(manyAmounts());
        terms.defaultBps = 10_000;
        fund(terms, 3);
        dispute(terms, 0, 10_000, freelancer);
        vm.warp(BEGIN + 30 days);
        _lapse(terms, 0, terms.amounts[0]);
        statusesAre(terms, 0x28);
    }

    function testNoShareEndsAsRefunded() public {
        Terms memory terms = fixedPrice(manyAmounts());
        terms.defaultBps = 0;
        // A payee who is paid nothing is not called.
        token.setDenied(payee, true);
        fund(terms, 3);
        dispute(terms, 0, 10_000, freelancer);
        vm.warp(BEGIN + 30 days);
        _lapse(terms, 0, terms.amounts[0]);
        statusesAre(terms, 0x29);
    }

    function testOnceTheArbiterIsLate() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 3);
        dispute(terms, 0, 10_000, freelancer);
        dispute(terms, 1, 10_000, freelancer);
        uint256 deadline = BEGIN + 30 days;
        vm.warp(deadline - 1);
        refused(stranger, _call(terms, 1), notReached(terms, 1, deadline));
        vm.warp(deadline);
        _lapse(terms, 1, terms.amounts[1]);
        vm.warp(deadline + 1);
        _lapse(terms, 0, terms.amounts[0]);
        statusesAre(terms, 0xaa);
    }

    function testNothingLapsesBeforeItIsFunded() public {
        Terms memory terms = fixedPrice(manyAmounts());
        refusedUnfunded(terms, stranger, _call(terms, 0));
    }

    function testMilestonesOutsideTheTermsAreRefused() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        refused(stranger, _call(terms, 12), outOfRange(terms, 12, 12));
    }

    function testOnlyADisputeLapses() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        vm.warp(BEGIN + 365 days);
        refusedUnless(0x7, terms, stranger, _call);
    }

    function _lapse(Terms memory terms, uint8 i, uint256 open) private {
        uint256 toFreelancer = open * terms.defaultBps / WHOLE;
        begin(terms);
        vm.prank(stranger);
        escrow.lapse(terms, i);
        emit IMilestoneEscrow.MilestoneLapsed(idOf(terms), i, toFreelancer, open - toFreelancer);
        eventsAre();
        paid(terms, open - toFreelancer, toFreelancer, 0);
    }

    function _call(Terms memory terms, uint8 i) private view returns (bytes memory) {
        return abi.encodeCall(escrow.lapse, (terms, i));
    }
}
