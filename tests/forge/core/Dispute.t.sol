// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {Vm, vm} from "../utils/Vm.sol";
import {CoreTest} from "./CoreTest.sol";

/// @title DisputeTest
/// @notice `dispute`: what each side concedes by it, what it puts at stake, and when it is possible.
contract DisputeTest is CoreTest {
    bytes32 private constant EVIDENCE = keccak256("evidence");

    function testTheClientPaysWhatTheyDoNotDispute() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        fund(terms, type(uint64).max);
        uint8[4] memory milestones = [0, 3, 4, 63];
        for (uint8 k = 0; k < milestones.length; ++k) {
            submit(terms, milestones[k], 6007 + k);
        }
        uint256 statuses = escrow.statusesOf(idOf(terms));
        for (uint8 k = 0; k < milestones.length; ++k) {
            _disputeByClient(terms, milestones[k], 6007 + k, 501 + k);
            statuses += 3 * 16 ** milestones[k];
            statusesAre(terms, statuses);
        }
        for (uint8 k = 0; k < milestones.length; ++k) {
            clockIs(terms, milestones[k], BEGIN, 6007 + k, 501 + k);
        }
    }

    function testTheClientPaysInTheCoin() public {
        Terms memory terms = inCoin(fixedPrice(manyAmounts()));
        fund(terms, 0xfff);
        submit(terms, 1, 9001);
        _disputeByClient(terms, 1, 9001, 1);
        submit(terms, 2, 10_000);
        _disputeByClient(terms, 2, 10_000, 10_000);
        submit(terms, 3, 1);
        _disputeByClient(terms, 3, 1, 1);
        statusesAre(terms, 0x222222227772);
    }

    function testTheClientPaysMeteredUnits() public {
        Terms memory terms = metered(1_000_003, 240);
        fund(terms, 3);
        vm.warp(BEGIN + 14 days);
        submit(terms, 1, 97);
        uint256 conceded = uint256(1_000_003) * 60 / 240;
        uint256 unclaimed = 1_000_003 - uint256(1_000_003) * 97 / 240;
        begin(terms);
        dispute(terms, 1, 37, client);
        emit IMilestoneEscrow.MilestoneDisputed(idOf(terms), 1, client, 37, 0, conceded, unclaimed);
        eventsAre();
        paid(terms, unclaimed, conceded, 0);
        clockIs(terms, 1, BEGIN + 14 days, 97, 37);
    }

    function testTheFreelancerGivesUpWhatTheyDoNotDispute() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        fund(terms, type(uint64).max);
        uint256 statuses = escrow.statusesOf(idOf(terms));
        submit(terms, 0, 6007);
        requestRefund(terms, 3);
        submit(terms, 63, 501);
        uint8[4] memory milestones = [0, 3, 4, 63];
        uint16[4] memory disputed = [501, 9999, 1, 501];
        for (uint8 k = 0; k < milestones.length; ++k) {
            uint8 i = milestones[k];
            uint256 toClient = terms.amounts[i] - terms.amounts[i] * disputed[k] / WHOLE;
            vm.warp(BEGIN + 10 + k);
            begin(terms);
            vm.prank(freelancer);
            escrow.dispute(terms, i, disputed[k], EVIDENCE);
            emit IMilestoneEscrow.MilestoneDisputed(idOf(terms), i, freelancer, disputed[k], EVIDENCE, 0, toClient);
            eventsAre();
            paid(terms, toClient, 0, 0);
            statuses += 5 * 16 ** i;
        }
        statusesAre(terms, statuses);
        for (uint8 k = 0; k < milestones.length; ++k) {
            clockIs(terms, milestones[k], BEGIN + 10 + k, disputed[k], disputed[k]);
        }
    }

    function testTheFreelancerDisputesTheWhole() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 2);
        begin(terms);
        vm.prank(freelancer);
        escrow.dispute(terms, 1, 10_000, EVIDENCE);
        emit IMilestoneEscrow.MilestoneDisputed(idOf(terms), 1, freelancer, 10_000, EVIDENCE, 0, 0);
        eventsAre();
        paid(terms, 0, 0, 0);
        statusesAre(terms, 0x70);
        clockIs(terms, 1, BEGIN, 10_000, 10_000);
    }

    function testUnitsAreOneToTheClaim() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xfff);
        submit(terms, 1, 6007);
        refused(client, _dispute(terms, 1, 0), unitsOutOfRange(terms, 1, 0, 6007));
        refused(client, _dispute(terms, 1, 6008), unitsOutOfRange(terms, 1, 6008, 6007));
        refused(freelancer, _dispute(terms, 1, 6008), unitsOutOfRange(terms, 1, 6008, 6007));
        refused(freelancer, _dispute(terms, 0, 0), unitsOutOfRange(terms, 0, 0, 10_000));
        refused(freelancer, _dispute(terms, 0, 10_001), unitsOutOfRange(terms, 0, 10_001, 10_000));
        dispute(terms, 1, 6007, client);
        Terms memory weeks_ = metered(1_000_003, 240);
        fund(weeks_, 1);
        vm.warp(BEGIN + 7 days);
        refused(freelancer, _dispute(weeks_, 0, 241), unitsOutOfRange(weeks_, 0, 241, 240));
        dispute(weeks_, 0, 240, freelancer);
        statusesAre(weeks_, 7);
    }

    function testASubmissionIsDisputedInTime() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xff);
        for (uint8 i = 0; i < 4; ++i) {
            submit(terms, i, 100);
        }
        uint256 deadline = BEGIN + 14 days;
        vm.warp(deadline - 1);
        dispute(terms, 0, 50, client);
        dispute(terms, 1, 50, freelancer);
        clockIs(terms, 0, deadline - 1, 100, 50);
        clockIs(terms, 1, deadline - 1, 50, 50);
        vm.warp(deadline);
        refused(client, _dispute(terms, 2, 0), passed(terms, 2, deadline));
        refused(freelancer, _dispute(terms, 3, 0), passed(terms, 3, deadline));
        vm.warp(deadline + 1);
        refused(client, _dispute(terms, 2, 1), passed(terms, 2, deadline));
        refused(freelancer, _dispute(terms, 3, 1), passed(terms, 3, deadline));
        statusesAre(terms, 0x22224477);
    }

    function testARefundRequestIsDisputedInTime() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xff);
        requestRefund(terms, 0);
        requestRefund(terms, 1);
        uint256 deadline = BEGIN + 7 days;
        vm.warp(deadline - 1);
        dispute(terms, 0, 50, freelancer);
        vm.warp(deadline);
        refused(freelancer, _dispute(terms, 1, 0), passed(terms, 1, deadline));
        vm.warp(deadline + 1);
        refused(freelancer, _dispute(terms, 1, 1), passed(terms, 1, deadline));
        statusesAre(terms, 0x22222267);
    }

    function testMeteredWorkIsDisputedOnceItsPeriodIsOver() public {
        Terms memory terms = metered(1_000_003, 240);
        fund(terms, 0xf);
        uint256 end = BEGIN + 14 days;
        vm.warp(end - 1);
        refused(freelancer, _dispute(terms, 1, 0), periodNotOver(terms, 1, end));
        vm.warp(end);
        dispute(terms, 1, 7, freelancer);
        statusesAre(terms, 0x2272);
        // A refund request opens the claim of a period that is not over.
        requestRefund(terms, 3);
        dispute(terms, 3, 9, freelancer);
        statusesAre(terms, 0x7272);
    }

    function testTheLargestUnitsLeaveNeighboursAlone() public {
        Terms memory terms = metered(1_000_003, 32_767);
        fund(terms, 0xff);
        vm.warp(BEGIN + 70 days);
        for (uint8 i = 0; i < 8; i += 2) {
            submit(terms, i, 32_767);
            dispute(terms, i, 32_766, client);
            dispute(terms, i + 1, 32_767, freelancer);
        }
        for (uint8 i = 0; i < 8; i += 2) {
            approve(terms, uint64(1) << i, units(32_767));
        }
        for (uint8 i = 0; i < 8; i += 2) {
            clockIs(terms, i, BEGIN + 70 days, 32_767, 32_766);
            clockIs(terms, i + 1, BEGIN + 70 days, 32_767, 32_767);
        }
        // Between neighbours that are small and begin at an even and at an odd second.
        terms.salt = bytes32(uint256(1));
        fund(terms, 0xf);
        dispute(terms, 1, 32_767, freelancer);
        submit(terms, 0, 1);
        submit(terms, 2, 1);
        vm.warp(BEGIN + 70 days + 1);
        submit(terms, 3, 1);
        dispute(terms, 2, 1, client);
        clockIs(terms, 0, BEGIN + 70 days, 1, 0);
        clockIs(terms, 1, BEGIN + 70 days, 32_767, 32_767);
        clockIs(terms, 2, BEGIN + 70 days + 1, 1, 1);
        clockIs(terms, 3, BEGIN + 70 days + 1, 1, 0);
    }

    /// What fails to be paid is credited under the agreement, whatever the evidence.
    function testWhatIsConcededIsCreditedUnderItsAgreement() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        submit(terms, 0, 10_000);
        token.setDenied(payee, true);
        vm.recordLogs();
        vm.prank(client);
        escrow.dispute(terms, 0, 501, keccak256("evidence"));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        holds(logs[1].topics[0] == IMilestoneEscrow.PayoutCredited.selector, "law 13: a credit");
        holds(logs[1].topics[1] == idOf(terms), "law 13: of its agreement");
    }

    /// Work that was not submitted, by a freelancer of either address.
    function testUnsubmittedWorkIsDisputedByEitherOrderOfAddresses() public {
        Terms memory terms = fixedPrice(manyAmounts());
        (terms.client, terms.freelancer) = (freelancer, client);
        token.mint(freelancer, sumOf(terms, 1));
        vm.startPrank(freelancer);
        token.approve(address(escrow), sumOf(terms, 1));
        escrow.fund(terms, 1, NONE);
        vm.stopPrank();
        vm.prank(client);
        escrow.accept(terms, 1, NONE);
        dispute(terms, 0, 501, client);
        clockIs(terms, 0, BEGIN, 501, 501);

        terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        dispute(terms, 0, 501, freelancer);
        clockIs(terms, 0, BEGIN, 501, 501);
    }

    function testEitherOrderOfAddresses() public {
        Terms memory terms = fixedPrice(manyAmounts());
        (terms.client, terms.freelancer) = (freelancer, client);
        token.mint(freelancer, sumOf(terms, 3));
        vm.startPrank(freelancer);
        token.approve(address(escrow), sumOf(terms, 3));
        escrow.fund(terms, 3, NONE);
        vm.stopPrank();
        submit(terms, 0, 6007);
        submit(terms, 1, 6007);
        // The client's dispute leaves the claim as it is, the freelancer's lowers it.
        dispute(terms, 0, 501, terms.client);
        dispute(terms, 1, 501, terms.freelancer);
        clockIs(terms, 0, BEGIN, 6007, 501);
        clockIs(terms, 1, BEGIN, 501, 501);
    }

    function testOnlyPartiesDispute() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        submit(terms, 0, 10_000);
        onlyParties(terms, _dispute(terms, 64, 0));
    }

    function testNothingIsDisputedBeforeItIsFunded() public {
        Terms memory terms = fixedPrice(manyAmounts());
        refusedUnfunded(terms, stranger, _dispute(terms, 0, 1));
    }

    function testMilestonesOutsideTheTermsAreRefused() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        refused(client, _dispute(terms, 12, 1), outOfRange(terms, 12, 12));
        refused(freelancer, _dispute(terms, 12, 1), outOfRange(terms, 12, 12));
    }

    function testTheClientDisputesOnlyAClaim() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        refusedUnless(0x4, terms, client, _disputeOne);
    }

    function testTheFreelancerDisputesWhatTheyMayClaim() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        refusedUnless(0x246, terms, freelancer, _disputeOne);
    }

    function _disputeByClient(Terms memory terms, uint8 i, uint16 claimed, uint16 disputed) private {
        uint256 conceded = terms.amounts[i] * (claimed - disputed) / WHOLE;
        uint256 unclaimed = terms.amounts[i] - terms.amounts[i] * claimed / WHOLE;
        begin(terms);
        vm.prank(client);
        escrow.dispute(terms, i, disputed, EVIDENCE);
        emit IMilestoneEscrow.MilestoneDisputed(idOf(terms), i, client, disputed, EVIDENCE, conceded, unclaimed);
        eventsAre();
        paid(terms, unclaimed, conceded, 0);
    }

    function _dispute(Terms memory terms, uint8 i, uint16 disputed) private view returns (bytes memory) {
        return abi.encodeCall(escrow.dispute, (terms, i, disputed, EVIDENCE));
    }

    function _disputeOne(Terms memory terms, uint8 i) private view returns (bytes memory) {
        return _dispute(terms, i, 1);
    }
}
