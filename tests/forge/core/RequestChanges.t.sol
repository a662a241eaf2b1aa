// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {CoreTest} from "./CoreTest.sol";

/// @title RequestChangesTest
/// @notice `requestChanges`: a claim goes back, with its clock, while the client is in time.
contract RequestChangesTest is CoreTest {
    bytes32 private constant REASON = keccak256("reason");

    function testSendsASubmissionBack() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        fund(terms, type(uint64).max);
        uint8[4] memory milestones = [0, 3, 4, 63];
        for (uint8 k = 0; k < milestones.length; ++k) {
            submit(terms, milestones[k], 701 + k);
        }
        submit(terms, 5, 809);
        uint256 statuses = escrow.statusesOf(idOf(terms));

        for (uint8 k = 0; k < milestones.length; ++k) {
            vm.warp(BEGIN + 14 days - 1);
            begin(terms);
            vm.prank(client);
            escrow.requestChanges(terms, milestones[k], REASON);
            emit IMilestoneEscrow.ChangesRequested(idOf(terms), milestones[k], REASON);
            eventsAre();
            paid(terms, 0, 0, 0);
            statuses -= 16 ** milestones[k];
            statusesAre(terms, statuses);
        }
        clockIs(terms, 5, BEGIN, 809, 0);
    }

    function testNothingOfTheClaimRemains() public {
        // A request that follows would find an old claim, if there were one.
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 3);
        submit(terms, 0, 701);
        vm.prank(client);
        escrow.requestChanges(terms, 0, REASON);
        approve(terms, 1, new uint16[](0));
        clockIs(terms, 0, 0, 0, 0);
        begin(terms);
        release(terms, 1);
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), 1, terms.amounts[0], 0);
        eventsAre();
        paid(terms, 0, terms.amounts[0], 0);
    }

    function testUntilTheReviewPeriodIsOver() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 3);
        submit(terms, 0, 701);
        submit(terms, 1, 701);
        vm.warp(BEGIN + 14 days);
        refused(client, _requestChanges(terms, 0), passed(terms, 0, BEGIN + 14 days));
        vm.warp(BEGIN + 14 days + 1);
        refused(client, _requestChanges(terms, 1), passed(terms, 1, BEGIN + 14 days));
        vm.warp(BEGIN + 14 days - 1);
        vm.prank(client);
        escrow.requestChanges(terms, 1, REASON);
        statusesAre(terms, 0x23);
    }

    function testNoClaimGoesBackIntoARunningPeriod() public {
        Terms memory terms = metered(2400, 240);
        fund(terms, 7);
        for (uint8 i = 0; i < 3; ++i) {
            vm.prank(client);
            escrow.requestRefund(terms, i, REASON);
            submit(terms, i, 30);
        }
        for (uint256 early = 1; early <= 7 days; early += 7 days - 1) {
            vm.warp(BEGIN + 7 days - early);
            refused(client, _requestChanges(terms, 0), periodNotOver(terms, 0, BEGIN + 7 days));
            refused(client, _requestChanges(terms, 1), periodNotOver(terms, 1, BEGIN + 14 days));
        }
        vm.warp(BEGIN + 7 days);
        vm.prank(client);
        escrow.requestChanges(terms, 0, REASON);
        statusesAre(terms, 0x332);
        refused(client, _requestChanges(terms, 1), periodNotOver(terms, 1, BEGIN + 14 days));
        // Late is said before that.
        vm.warp(BEGIN + 14 days);
        refused(client, _requestChanges(terms, 2), passed(terms, 2, BEGIN + 14 days));
    }

    function testOnlyTheClientRequestsChanges() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        onlyClient(terms, _requestChanges(terms, 64));
    }

    function testNothingGoesBackBeforeItIsFunded() public {
        Terms memory terms = fixedPrice(manyAmounts());
        refusedUnfunded(terms, stranger, _requestChanges(terms, 0));
    }

    function testMilestonesOutsideTheTermsAreRefused() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        refused(client, _requestChanges(terms, 12), outOfRange(terms, 12, 12));
    }

    function testOnlyASubmissionGoesBack() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        refusedUnless(0x3, terms, client, _requestChanges);
    }

    function _requestChanges(Terms memory terms, uint8 i) private view returns (bytes memory) {
        return abi.encodeCall(escrow.requestChanges, (terms, i, REASON));
    }
}
