// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Approval, Division, MilestoneView, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
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
            statuses -= 2 * 16 ** milestones[k];
            statusesAre(terms, statuses);
        }
        clockIs(terms, 5, BEGIN, 809, 0);
    }

    function testNothingOfTheClaimRemains() public {
        // An approval that follows would find an old claim, if there were one.
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 3);
        _sentBack(terms, 0);
        refused(client, abi.encodeCall(escrow.approve, (terms, 1, units(9999))), belowClaim(terms, 0, 9999, 10_000));
        uint256 snapshot = vm.snapshotState();
        for (uint256 k = 0; k < 2; ++k) {
            approve(terms, 1, k == 0 ? new uint16[](0) : units(10_000));
            statusesAre(terms, 0x23);
            clockIs(terms, 0, 0, 0, 0);
            begin(terms);
            release(terms, 1);
            emit IMilestoneEscrow.MilestonesReleased(idOf(terms), 1, terms.amounts[0], 0);
            eventsAre();
            paid(terms, 0, terms.amounts[0], 0);
            statusesAre(terms, 0x28);
            vm.revertToState(snapshot);
        }
    }

    /// Whatever follows, it is of the whole, or of what it says itself.
    function testEveryActThatFollowsFindsNoClaim() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xff);
        for (uint8 i = 0; i < 8; ++i) {
            _sentBack(terms, i);
        }
        statusesAre(terms, 0x22222222);
        MilestoneView memory expected;
        expected.status = Status.Active;
        for (uint8 i = 0; i < 8; ++i) {
            (expected.open, expected.toClient) = (terms.amounts[i], terms.amounts[i]);
            viewIs(escrow.milestoneAt(terms, i, type(uint40).max), expected);
        }
        vm.warp(BEGIN + 9);
        submit(terms, 0, 809);
        clockIs(terms, 0, BEGIN + 9, 809, 0);
        requestRefund(terms, 1);
        clockIs(terms, 1, BEGIN + 9, 0, 0);
        begin(terms);
        dispute(terms, 2, 10_000, freelancer);
        paid(terms, 0, 0, 0);
        clockIs(terms, 2, BEGIN + 9, 10_000, 10_000);
        begin(terms);
        escrow.release(terms, 1 << 3, approvals(signApproval(CLIENT_KEY, terms, 1 << 3, new uint16[](0))));
        paid(terms, 0, terms.amounts[3], 0);
        begin(terms);
        escrow.release(terms, 1 << 4, approvals(signApproval(CLIENT_KEY, terms, 1 << 4, units(10_000))));
        paid(terms, 0, terms.amounts[4], 0);
        Approval memory part = signApproval(CLIENT_KEY, terms, 1 << 5, units(501));
        uint256 worth = terms.amounts[5] * 501 / WHOLE;
        begin(terms);
        vm.prank(freelancer);
        escrow.release(terms, 1 << 5, approvals(part));
        paid(terms, terms.amounts[5] - worth, worth, 0);
        begin(terms);
        vm.prank(freelancer);
        escrow.refund(terms, 1 << 6);
        paid(terms, terms.amounts[6], 0, 0);
        Division memory division = Division(7, 5, terms.amounts[7] - 5);
        bytes memory offer = signSettlement(FREELANCER_KEY, terms, division, type(uint40).max);
        begin(terms);
        vm.prank(client);
        escrow.settle(terms, division, type(uint40).max, offer);
        paid(terms, terms.amounts[7] - 5, 5, 0);
        statusesAre(terms, 0xa9a88764);
        // The refund that was asked for is of the whole.
        vm.warp(BEGIN + 9 + 7 days);
        begin(terms);
        escrow.refund(terms, 2);
        paid(terms, terms.amounts[1], 0, 0);
        statusesAre(terms, 0xa9a88794);
    }

    function testAnApprovedRequestThatFollowedIsOfTheWhole() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 3);
        _sentBack(terms, 0);
        requestRefund(terms, 0);
        approve(terms, 1, new uint16[](0));
        statusesAre(terms, 0x23);
        begin(terms);
        release(terms, 1);
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
        statusesAre(terms, 0x24);
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
        statusesAre(terms, 0x442);
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
        refusedUnless(0x4, terms, client, _requestChanges);
    }

    /// A claim of a part, sent back.
    function _sentBack(Terms memory terms, uint8 i) private {
        submit(terms, i, 701);
        vm.prank(client);
        escrow.requestChanges(terms, i, REASON);
    }

    function _requestChanges(Terms memory terms, uint8 i) private view returns (bytes memory) {
        return abi.encodeCall(escrow.requestChanges, (terms, i, REASON));
    }
}
