// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {CoreTest} from "./CoreTest.sol";

/// @title ApproveTest
/// @notice `approve`: what an approval must cover, and what it leaves to release.
contract ApproveTest is CoreTest {
    uint16[] private whole;

    function testApprovesUnsubmittedWork() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        fund(terms, type(uint64).max);
        begin(terms);
        approve(terms, 1 << 0 | 1 << 3 | 1 << 4 | 1 << 63, whole);
        emit IMilestoneEscrow.MilestonesApproved(idOf(terms), 1 << 0 | 1 << 3 | 1 << 4 | 1 << 63);
        eventsAre();
        paid(terms, 0, 0, 0);
        statusesAre(terms, type(uint256).max / 0xf * 2 + 0x22002 + (2 << 252));
    }

    function testApprovesInEveryStatusThatHasOrAwaitsAClaim() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        uint256 statuses = escrow.statusesOf(idOf(terms));
        begin(terms);
        approve(terms, 1 << 2 | 1 << 3 | 1 << 5 | 1 << 6 | 1 << 11, whole);
        emit IMilestoneEscrow.MilestonesApproved(idOf(terms), 1 << 2 | 1 << 3 | 1 << 5 | 1 << 6 | 1 << 11);
        eventsAre();
        paid(terms, 0, 0, 0);
        statuses = word(word(statuses, 2, Status.Approved), 3, Status.Approved);
        statuses = word(word(statuses, 5, Status.Approved), 6, Status.Approved);
        statusesAre(terms, word(statuses, 11, Status.Approved));
    }

    function testEveryClaimNeedsItsOwnUnits() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xfff);
        submit(terms, 1, 1000);
        submit(terms, 4, 2000);
        submit(terms, 5, 3000);
        uint64 set = 1 << 1 | 1 << 4 | 1 << 5;
        refused(client, _approve(terms, set, units(999, 2000, 3000)), belowClaim(terms, 1, 999, 1000));
        refused(client, _approve(terms, set, units(1000, 1999, 3000)), belowClaim(terms, 4, 1999, 2000));
        refused(client, _approve(terms, set, units(1000, 2000, 2999)), belowClaim(terms, 5, 2999, 3000));
        approve(terms, set, units(1000, 2001, 65_535));
        statusesAre(terms, 0x222222442242);
        // The claim stays what it was.
        clockIs(terms, 1, BEGIN, 1000, 0);
        clockIs(terms, 4, BEGIN, 2000, 0);
        clockIs(terms, 5, BEGIN, 3000, 0);
    }

    function testUnsubmittedWorkIsApprovedAsAWhole() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 3);
        requestRefund(terms, 1);
        refused(client, _approve(terms, 1, units(9999)), belowClaim(terms, 0, 9999, 10_000));
        refused(client, _approve(terms, 2, units(0)), belowClaim(terms, 1, 0, 10_000));
        approve(terms, 3, units(10_000, 10_001));
        statusesAre(terms, 0x44);
    }

    function testTheWholeIsCountedInUnitsNotInMoney() public {
        Terms memory terms = fixedPrice(7);
        fund(terms, 1);
        approve(terms, 1, whole);
        statusesAre(terms, uint256(Status.Approved));
    }

    function testADisputedClaimIsApprovedWhole() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 3);
        submit(terms, 1, 6000);
        dispute(terms, 1, 500, client);
        refused(client, _approve(terms, 2, units(5999)), belowClaim(terms, 1, 5999, 6000));
        begin(terms);
        approve(terms, 2, units(6000));
        emit IMilestoneEscrow.MilestonesApproved(idOf(terms), 2);
        eventsAre();
        paid(terms, 0, 0, 0);
        statusesAre(terms, 0x42);
        clockIs(terms, 1, BEGIN, 6000, 500);
    }

    function testALateClientStillApproves() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        vm.warp(block.timestamp + 365 days);
        approve(terms, 1 << 3 | 1 << 5 | 1 << 6, whole);
        holds(statusOf(terms, 5) == Status.Approved, "law 12: a late client may approve");
    }

    function testOnlyTheClientApproves() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        onlyClient(terms, _approve(terms, 0, whole));
    }

    function testNothingIsApprovedBeforeItIsFunded() public {
        Terms memory terms = fixedPrice(manyAmounts());
        refusedUnfunded(terms, stranger, _approve(terms, 0, whole));
    }

    function testAnEmptySetIsRefused() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        refused(client, _approve(terms, 0, units(1)), noMilestones());
    }

    function testUnitsAreOneForEachOrNone() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xfff);
        refused(client, _approve(terms, 3, units(10_000)), unitsCountMismatch(terms, 1, 2));
        refused(client, _approve(terms, 3, units(10_000, 10_000, 1)), unitsCountMismatch(terms, 3, 2));
        refused(client, _approve(terms, 1 << 63, units(1, 2)), unitsCountMismatch(terms, 2, 1));
        approve(terms, 3, units(10_000, 10_000));
        statusesAre(terms, 0x222222222244);
    }

    function testMeteredUnitsAreOneForEach() public {
        Terms memory terms = metered(1_000_003, 240);
        fund(terms, 3);
        vm.warp(BEGIN + 14 days);
        submit(terms, 0, 7);
        submit(terms, 1, 9);
        refused(client, _approve(terms, 3, whole), unitsCountMismatch(terms, 0, 2));
        refused(client, _approve(terms, 3, units(7)), unitsCountMismatch(terms, 1, 2));
        refused(client, _approve(terms, 3, units(7, 8)), belowClaim(terms, 1, 8, 9));
        approve(terms, 3, units(7, 9));
        statusesAre(terms, 0x44);
    }

    function testMilestonesOutsideTheTermsAreRefused() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        refused(client, _approve(terms, 1 << 12 | 1, whole), outOfRange(terms, 12, 12));
    }

    function testWhatCannotBeApproved() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        refusedUnless(0x2356, terms, client, _approveOne);
    }

    function testAMeteredMilestoneIsNotApprovedWithoutAClaim() public {
        Terms memory terms = metered(1_000_003, 240);
        everyStatus(terms);
        refusedUnless(0x36, terms, client, _approveOne);
        approve(terms, 1 << 3 | 1 << 6, units(240, 240));
        holds(statusOf(terms, 3) == Status.Approved, "law 6: a metered claim is approved");
        holds(statusOf(terms, 6) == Status.Approved, "law 6: a disputed metered claim is approved");
    }

    function _approve(Terms memory terms, uint64 set, uint16[] memory list) private view returns (bytes memory) {
        return abi.encodeCall(escrow.approve, (terms, set, list));
    }

    function _approveOne(Terms memory terms, uint8 i) private view returns (bytes memory) {
        return _approve(terms, uint64(1) << i, units(10_000));
    }
}
