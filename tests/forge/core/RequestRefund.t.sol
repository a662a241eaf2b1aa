// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Packing} from "../../../contracts/libraries/Packing.sol";
import {Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {CoreTest} from "./CoreTest.sol";

/// @title RequestRefundTest
/// @notice `requestRefund`: starts the freelancer's time to answer, for work that is not submitted.
contract RequestRefundTest is CoreTest {
    bytes32 private constant REASON = keccak256("reason");

    function testRequestsARefund() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        fund(terms, type(uint64).max);
        uint256 statuses = escrow.statusesOf(idOf(terms));
        uint8[4] memory milestones = [0, 3, 4, 63];
        for (uint8 k = 0; k < milestones.length; ++k) {
            vm.warp(BEGIN + 50 + k);
            begin(terms);
            vm.prank(client);
            escrow.requestRefund(terms, milestones[k], REASON);
            emit IMilestoneEscrow.RefundRequested(idOf(terms), milestones[k], REASON);
            eventsAre();
            paid(terms, 0, 0, 0);
            statuses += 4 * 16 ** milestones[k];
            statusesAre(terms, statuses);
        }
        for (uint8 k = 0; k < milestones.length; ++k) {
            clockIs(terms, milestones[k], BEGIN + 50 + k, 0, 0);
        }
    }

    function testAPeriodNeedNotBeOver() public {
        Terms memory terms = metered(1_000_003, 240);
        fund(terms, 1 << 9);
        requestRefund(terms, 9);
        statusesAre(terms, 6 << 36);
        clockIs(terms, 9, BEGIN, 0, 0);
    }

    function testOnlyTheClientRequests() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        onlyClient(terms, _requestRefund(terms, 64));
    }

    function testNothingIsRequestedBeforeItIsFunded() public {
        Terms memory terms = fixedPrice(manyAmounts());
        refusedUnfunded(terms, stranger, _requestRefund(terms, 0));
    }

    function testMilestonesOutsideTheTermsAreRefused() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        refused(client, _requestRefund(terms, 12), outOfRange(terms, 12, 12));
    }

    function testOnlyOfActiveWork() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        refusedUnless(0x2, terms, client, _requestRefund);
    }

    function testAClockFitsUntilItsLastSecond() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        vm.warp(2 ** 34);
        refused(client, _requestRefund(terms, 0), abi.encodeWithSelector(Packing.ClockOverflow.selector, 2 ** 34, 0, 0));
    }

    function _requestRefund(Terms memory terms, uint8 i) private view returns (bytes memory) {
        return abi.encodeCall(escrow.requestRefund, (terms, i, REASON));
    }
}
