// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {CoreTest} from "./CoreTest.sol";

/// @title ApproveTest
/// @notice `approve`: what an approval must cover, and what it leaves to release.
contract ApproveTest is CoreTest {
    uint64 private constant ALL = type(uint64).max;
    uint256 private constant ONES = type(uint256).max / 0xf;

    uint16[] private whole;

    function testApprovesUnsubmittedWork() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        fund(terms, type(uint64).max);
        begin(terms);
        approve(terms, 1 << 0 | 1 << 3 | 1 << 4 | 1 << 63, whole);
        emit IMilestoneEscrow.MilestonesApproved(idOf(terms), 1 << 0 | 1 << 3 | 1 << 4 | 1 << 63);
        eventsAre();
        paid(terms, 0, 0, 0);
        statusesAre(terms, type(uint256).max / 0xf * 2 + 0x11001 + (1 << 252));
    }

    function testEachOfSixtyFourAloneAndAnySetOfThem() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        fund(terms, ALL);
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < 64; ++i) {
            approve(terms, uint64(1) << uint64(i), whole);
            statusesAre(terms, words(ONES * 2, ALL >> uint64(63 - i), Status.Approved));
        }
        uint64[6] memory sets =
            [ALL, ALL >> 1, 1 << 63 | 1, 0xaaaaaaaaaaaaaaaa, 0x5a0f_0ff0_6996_8001, 0x0123_4567_89ab_cdef];
        for (uint256 k = 0; k < sets.length; ++k) {
            vm.revertToState(snapshot);
            begin(terms);
            approve(terms, sets[k], whole);
            emit IMilestoneEscrow.MilestonesApproved(idOf(terms), sets[k]);
            eventsAre();
            paid(terms, 0, 0, 0);
            statusesAre(terms, words(ONES * 2, sets[k], Status.Approved));
        }
    }

    function testOneThatWasApprovedStopsTheOthers() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        fund(terms, ALL);
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < 64; ++i) {
            approve(terms, uint64(1) << uint64(i), whole);
            refused(client, _approve(terms, ALL, whole), wrongStatus(terms, i, Status.Approved));
            refused(client, _approve(terms, uint64(1) << uint64(i), whole), wrongStatus(terms, i, Status.Approved));
            vm.revertToState(snapshot);
        }
    }

    function testOneThatCannotBeApprovedIsNamedAmongOthers() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        uint64 good = 1 << 2 | 1 << 4 | 1 << 6 | 1 << 7 | 1 << 11;
        uint8[6] memory bad = [0, 1, 3, 5, 8, 9];
        for (uint256 k = 0; k < bad.length; ++k) {
            bytes memory error = wrongStatus(terms, bad[k], Status(bad[k]));
            refused(client, _approve(terms, good | uint64(1) << bad[k], whole), error);
            // With one that is Active, and with another one that cannot be either.
            refused(client, _approve(terms, 1 << 11 | uint64(1) << bad[k], whole), error);
            refused(client, _approve(terms, good | 1 << 10 | uint64(1) << bad[k], whole), error);
        }
        refused(client, _approve(terms, good | 1 << 10, whole), wrongStatus(terms, 10, Status.Split));
        refused(client, _approve(terms, good | 1 << 12, whole), outOfRange(terms, 12, 12));
        refused(client, _approve(terms, 1 << 11 | 1 << 63 | 1 << 12, whole), outOfRange(terms, 12, 12));
        approve(terms, good, whole);
        statusesAre(terms, 0x3a9833533310);
    }

    /// Approved where all of the amount is open and the freelancer's; every other approval is of a part.
    function testTheStatusSaysWhetherAllIsTheFreelancers() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xfff);
        requestRefund(terms, 1);
        submit(terms, 2, 10_000);
        submit(terms, 3, 9999);
        submit(terms, 4, 1);
        // Everything that is claimed is disputed, or all but one unit of it.
        submit(terms, 5, 10_000);
        dispute(terms, 5, 10_000, client);
        submit(terms, 6, 10_000);
        dispute(terms, 6, 9999, client);
        submit(terms, 7, 9999);
        dispute(terms, 7, 9999, client);
        dispute(terms, 8, 10_000, freelancer);
        dispute(terms, 9, 9999, freelancer);
        submit(terms, 10, 10_000);
        dispute(terms, 10, 9999, freelancer);
        requestRefund(terms, 11);
        submit(terms, 11, 10_000);

        uint256 expected = 0x355355355333;
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < 12; ++i) {
            uint256 others = escrow.statusesOf(idOf(terms));
            approve(terms, uint64(1) << uint64(i), whole);
            statusesAre(terms, word(others, i, Status(expected / 16 ** i % 16)));
        }
        vm.revertToState(snapshot);
        begin(terms);
        approve(terms, 0xfff, whole);
        emit IMilestoneEscrow.MilestonesApproved(idOf(terms), 0xfff);
        eventsAre();
        paid(terms, 0, 0, 0);
        statusesAre(terms, expected);
    }

    function testMeteredUnitsOfTheWholeAreAllTheFreelancers() public {
        Terms memory terms = metered(1_000_003, 240);
        fund(terms, 0x1f);
        vm.warp(BEGIN + 35 days);
        submit(terms, 0, 240);
        submit(terms, 1, 239);
        dispute(terms, 2, 240, freelancer);
        submit(terms, 3, 240);
        dispute(terms, 3, 239, client);
        approve(terms, 0xf, units(240, 239, 240, 240));
        statusesAre(terms, 0x25353);
    }

    /// What is conceded may be worth nothing: then all of the amount is still open.
    function testAConcessionWorthNothingLeavesAllOpen() public {
        Terms memory terms = fixedPrice(9999);
        fund(terms, 1);
        submit(terms, 0, 10_000);
        dispute(terms, 0, 9999, client);
        approve(terms, 1, whole);
        statusesAre(terms, uint256(Status.Approved));
        clockIs(terms, 0, 0, 0, 0);
        begin(terms);
        vm.prank(stranger);
        release(terms, 1);
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), 1, 9999, 0);
        eventsAre();
        paid(terms, 0, 9999, 0);
        statusesAre(terms, uint256(Status.Paid));
    }

    function testAClaimWorthNothingIsApprovedInPart() public {
        Terms memory terms = fixedPrice(1);
        fund(terms, 1);
        submit(terms, 0, 9999);
        approve(terms, 1, whole);
        statusesAre(terms, uint256(Status.PartlyApproved));
        clockIs(terms, 0, BEGIN, 9999, 0);
    }

    function testApprovesInEveryStatusThatHasOrAwaitsAClaim() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        uint256 statuses = escrow.statusesOf(idOf(terms));
        begin(terms);
        approve(terms, 1 << 2 | 1 << 4 | 1 << 6 | 1 << 7 | 1 << 11, whole);
        emit IMilestoneEscrow.MilestonesApproved(idOf(terms), 1 << 2 | 1 << 4 | 1 << 6 | 1 << 7 | 1 << 11);
        eventsAre();
        paid(terms, 0, 0, 0);
        statuses = word(word(statuses, 2, Status.Approved), 4, Status.Approved);
        statuses = word(word(statuses, 6, Status.Approved), 7, Status.Approved);
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
        statusesAre(terms, 0x222222552252);
        // The claim stays what it was.
        clockIs(terms, 1, BEGIN, 1000, 0);
        clockIs(terms, 4, BEGIN, 2000, 0);
        clockIs(terms, 5, BEGIN, 3000, 0);
    }

    /// One number for each, in the order of the milestones, whatever their statuses.
    function testUnitsOfDifferentMilestonesInOneCall() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        fund(terms, ALL);
        submit(terms, 5, 4000);
        requestRefund(terms, 6);
        submit(terms, 63, 6007);
        dispute(terms, 63, 501, client);
        uint64 set = 1 << 2 | 1 << 5 | 1 << 6 | 1 << 63;
        refused(client, _approve(terms, set, units(9999, 4000, 10_000, 6007)), belowClaim(terms, 2, 9999, 10_000));
        refused(client, _approve(terms, set, units(10_000, 3999, 10_000, 6007)), belowClaim(terms, 5, 3999, 4000));
        refused(client, _approve(terms, set, units(10_000, 4000, 9999, 6007)), belowClaim(terms, 6, 9999, 10_000));
        refused(client, _approve(terms, set, units(10_000, 4000, 10_000, 6006)), belowClaim(terms, 63, 6006, 6007));
        refused(client, _approve(terms, set, units(10_000, 4000, 10_000)), unitsCountMismatch(terms, 3, 4));
        begin(terms);
        approve(terms, set, units(10_000, 4000, 10_000, 6007));
        emit IMilestoneEscrow.MilestonesApproved(idOf(terms), set);
        eventsAre();
        paid(terms, 0, 0, 0);
        uint256 statuses = words(ONES * 2, 1 << 2 | 1 << 6, Status.Approved);
        statusesAre(terms, words(statuses, 1 << 5 | 1 << 63, Status.PartlyApproved));
        clockIs(terms, 2, 0, 0, 0);
        clockIs(terms, 5, BEGIN, 4000, 0);
        clockIs(terms, 6, 0, 0, 0);
        clockIs(terms, 63, BEGIN, 6007, 501);
    }

    function testUnsubmittedWorkIsApprovedAsAWhole() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 3);
        requestRefund(terms, 1);
        refused(client, _approve(terms, 1, units(9999)), belowClaim(terms, 0, 9999, 10_000));
        refused(client, _approve(terms, 2, units(0)), belowClaim(terms, 1, 0, 10_000));
        approve(terms, 3, units(10_000, 10_001));
        statusesAre(terms, 0x33);
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
        statusesAre(terms, 0x52);
        clockIs(terms, 1, BEGIN, 6000, 500);
    }

    function testALateClientStillApproves() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        vm.warp(block.timestamp + 365 days);
        approve(terms, 1 << 4 | 1 << 6 | 1 << 7, whole);
        holds(statusOf(terms, 6) == Status.Approved, "law 12: a late client may approve");
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
        statusesAre(terms, 0x222222222233);
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
        statusesAre(terms, 0x55);
    }

    function testMilestonesOutsideTheTermsAreRefused() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        refused(client, _approve(terms, 1 << 12 | 1, whole), outOfRange(terms, 12, 12));
    }

    function testWhatCannotBeApproved() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        refusedUnless(0x2467, terms, client, _approveOne);
    }

    function testMeteredMilestonesAreNotApprovedWithoutClaims() public {
        Terms memory terms = metered(1_000_003, 240);
        fund(terms, 0xf);
        vm.warp(BEGIN + 28 days);
        refused(client, _approve(terms, 0xf, whole), unitsCountMismatch(terms, 0, 4));
        refused(client, _approve(terms, 0xf, units(240, 240, 240, 240)), wrongStatus(terms, 0, Status.Active));
        submit(terms, 0, 240);
        submit(terms, 1, 240);
        refused(client, _approve(terms, 0xf, units(240, 240, 240, 240)), wrongStatus(terms, 2, Status.Active));
        approve(terms, 3, units(240, 240));
        statusesAre(terms, 0x2233);
    }

    function testAMeteredMilestoneIsNotApprovedWithoutAClaim() public {
        Terms memory terms = metered(1_000_003, 240);
        everyStatus(terms);
        refusedUnless(0x47, terms, client, _approveOne);
        approve(terms, 1 << 4 | 1 << 7, units(240, 240));
        holds(statusOf(terms, 4) == Status.Approved, "law 6: a metered claim is approved");
        holds(statusOf(terms, 7) == Status.Approved, "law 6: a disputed metered claim is approved");
    }

    function _approve(Terms memory terms, uint64 set, uint16[] memory list) private view returns (bytes memory) {
        return abi.encodeCall(escrow.approve, (terms, set, list));
    }

    function _approveOne(Terms memory terms, uint8 i) private view returns (bytes memory) {
        return _approve(terms, uint64(1) << i, units(10_000));
    }
}
