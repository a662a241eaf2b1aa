// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Packing} from "../../../contracts/libraries/Packing.sol";
import {Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {CoreTest} from "./CoreTest.sol";

/// @title SubmitTest
/// @notice `submit`: what it claims, the clock it starts, and when it is possible.
contract SubmitTest is CoreTest {
    bytes32 private constant WORK = keccak256("work");

    function testSubmits() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        fund(terms, type(uint64).max);
        uint8[5] memory milestones = [0, 3, 4, 5, 63];
        uint256 statuses = escrow.statusesOf(idOf(terms));
        for (uint8 k = 0; k < milestones.length; ++k) {
            uint8 i = milestones[k];
            vm.warp(BEGIN + 100 + k);
            begin(terms);
            vm.prank(freelancer);
            escrow.submit(terms, i, 5001 + k, WORK);
            emit IMilestoneEscrow.MilestoneSubmitted(idOf(terms), i, 5001 + k, WORK);
            eventsAre();
            paid(terms, 0, 0, 0);
            statuses += 2 * 16 ** i;
            statusesAre(terms, statuses);
        }
        // Clocks of the same slot leave each other alone.
        for (uint8 k = 0; k < milestones.length; ++k) {
            clockIs(terms, milestones[k], BEGIN + 100 + k, 5001 + k, 0);
        }
    }

    function testWorkOnAnOfferAcceptsIt() public {
        Terms memory terms = fixedPrice(manyAmounts());
        vm.prank(client);
        escrow.fund(terms, 3, NONE);
        begin(terms);
        submit(terms, 1, 1);
        emit IMilestoneEscrow.MilestoneSubmitted(idOf(terms), 1, 1, 0);
        eventsAre();
        paid(terms, 0, 0, 0);
        statusesAre(terms, 0x41);
        clockIs(terms, 1, BEGIN, 1, 0);
    }

    function testOneUnitToTheWhole() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xfff);
        refused(freelancer, _submit(terms, 0, 0), unitsOutOfRange(terms, 0, 0, 10_000));
        refused(freelancer, _submit(terms, 4, 10_001), unitsOutOfRange(terms, 4, 10_001, 10_000));
        submit(terms, 0, 1);
        submit(terms, 4, 10_000);
        clockIs(terms, 0, BEGIN, 1, 0);
        clockIs(terms, 4, BEGIN, 10_000, 0);
    }

    function testMeteredUnitsOneToTheWhole() public {
        Terms memory terms = metered(1_000_003, 32_767);
        fund(terms, 3);
        vm.warp(BEGIN + 14 days);
        refused(freelancer, _submit(terms, 0, 0), unitsOutOfRange(terms, 0, 0, 32_767));
        refused(freelancer, _submit(terms, 1, 32_768), unitsOutOfRange(terms, 1, 32_768, 32_767));
        submit(terms, 0, 1);
        submit(terms, 1, 32_767);
        clockIs(terms, 0, BEGIN + 14 days, 1, 0);
        clockIs(terms, 1, BEGIN + 14 days, 32_767, 0);
    }

    function testAMeteredClaimWaitsForTheEndOfItsPeriod() public {
        Terms memory terms = metered(1_000_003, 240);
        fund(terms, type(uint64).max);
        uint8[3] memory milestones = [0, 3, 63];
        for (uint256 k = 0; k < milestones.length; ++k) {
            uint8 i = milestones[k];
            uint256 end = BEGIN + (uint256(i) + 1) * 7 days;
            vm.warp(end - 1);
            refused(freelancer, _submit(terms, i, 0), periodNotOver(terms, i, end));
            vm.warp(end);
            submit(terms, i, 7);
            clockIs(terms, i, end, 7, 0);
        }
        vm.warp(BEGIN + 14 days + 1);
        submit(terms, 1, 7);
        clockIs(terms, 1, BEGIN + 14 days + 1, 7, 0);
    }

    function testAnOfferedPeriodIsClaimedOnceItIsOver() public {
        Terms memory terms = metered(1_000_003, 240);
        vm.prank(client);
        escrow.fund(terms, 1, NONE);
        vm.warp(BEGIN + 7 days - 1);
        refused(freelancer, _submit(terms, 0, 1), periodNotOver(terms, 0, BEGIN + 7 days));
        vm.warp(BEGIN + 7 days);
        submit(terms, 0, 1);
        statusesAre(terms, 4);
    }

    function testARefundRequestIsAnsweredInTime() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xfff);
        for (uint8 i = 0; i < 3; ++i) {
            requestRefund(terms, i);
        }
        vm.warp(BEGIN + 7 days - 1);
        submit(terms, 1, 77);
        clockIs(terms, 1, BEGIN + 7 days - 1, 77, 0);
        statusesAre(terms, 0x222222222646);
        vm.warp(BEGIN + 7 days);
        refused(freelancer, _submit(terms, 0, 0), passed(terms, 0, BEGIN + 7 days));
        vm.warp(BEGIN + 7 days + 1);
        refused(freelancer, _submit(terms, 2, 0), passed(terms, 2, BEGIN + 7 days));
    }

    function testARefundRequestOpensAMeteredClaim() public {
        Terms memory terms = metered(1_000_003, 240);
        fund(terms, 3);
        requestRefund(terms, 1);
        vm.warp(BEGIN + 1);
        submit(terms, 1, 5);
        statusesAre(terms, 0x42);
        clockIs(terms, 1, BEGIN + 1, 5, 0);
    }

    function testOnlyTheFreelancerSubmits() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        onlyFreelancer(terms, _submit(terms, 64, 0));
    }

    function testNothingIsSubmittedBeforeItIsFunded() public {
        Terms memory terms = fixedPrice(manyAmounts());
        refusedUnfunded(terms, stranger, _submit(terms, 0, 1));
    }

    function testMilestonesOutsideTheTermsAreRefused() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        refused(freelancer, _submit(terms, 12, 1), outOfRange(terms, 12, 12));
        refused(freelancer, _submit(terms, 255, 1), outOfRange(terms, 255, 12));
        Terms memory weeks_ = metered(1_000_003, 240);
        fund(weeks_, 1);
        refused(freelancer, _submit(weeks_, 64, 1), outOfRange(weeks_, 64, 64));
        refused(freelancer, _submit(weeks_, 63, 1), wrongStatus(weeks_, 63, statusOf(weeks_, 63)));
    }

    function testOnlyWhatAwaitsWorkIsSubmitted() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        refusedUnless(0x126, terms, freelancer, _submitNothing);
        Terms memory weeks_ = metered(1_000_003, 240);
        everyStatus(weeks_);
        refusedUnless(0x126, weeks_, freelancer, _submitNothing);
    }

    function testAClockFitsUntilItsLastSecond() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 3);
        vm.warp(2 ** 34);
        refused(freelancer, _submit(terms, 0, 9), abi.encodeWithSelector(Packing.ClockOverflow.selector, 2 ** 34, 9, 0));
        vm.warp(2 ** 34 - 1);
        submit(terms, 0, 9);
        clockIs(terms, 0, 2 ** 34 - 1, 9, 0);
        requestRefund(terms, 1);
        clockIs(terms, 0, 2 ** 34 - 1, 9, 0);
    }

    function _submit(Terms memory terms, uint8 i, uint16 units_) private view returns (bytes memory) {
        return abi.encodeCall(escrow.submit, (terms, i, units_, WORK));
    }

    function _submitNothing(Terms memory terms, uint8 i) private view returns (bytes memory) {
        return _submit(terms, i, 0);
    }
}
