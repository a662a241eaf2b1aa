// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {CoreTest} from "./CoreTest.sol";

/// @title RefundTest
/// @notice `refund`: by the freelancer always, of an offer by the client, after an unanswered request by anybody.
contract RefundTest is CoreTest {
    function testTheFreelancerRefundsWhateverIsOpen() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        uint64 set = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 11;
        uint256 sum = sumOf(terms, set);
        begin(terms);
        vm.prank(freelancer);
        escrow.refund(terms, set);
        emit IMilestoneEscrow.MilestonesRefunded(idOf(terms), set, sum);
        eventsAre();
        paid(terms, sum, 0, 0);
        statusesAre(terms, 0x9a9899999990);
    }

    function testRefundsInTheCoin() public {
        Terms memory terms = inCoin(fixedPrice(oddAmounts(64)));
        fund(terms, type(uint64).max);
        uint64 set = 1 << 0 | 1 << 3 | 1 << 4 | 1 << 63;
        begin(terms);
        vm.prank(freelancer);
        escrow.refund(terms, set);
        emit IMilestoneEscrow.MilestonesRefunded(idOf(terms), set, sumOf(terms, set));
        eventsAre();
        paid(terms, sumOf(terms, set), 0, 0);
        statusesAre(terms, type(uint256).max / 0xf * 2 + 0x77007 + (7 << 252));
    }

    function testTheLastOfSixtyFourAlone() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        fund(terms, type(uint64).max);
        begin(terms);
        vm.prank(freelancer);
        escrow.refund(terms, uint64(1) << 63);
        holds(statusOf(terms, 63) == Status.Refunded, "law 3: the last one");
        paid(terms, terms.amounts[63], 0, 0);
    }

    function testADisputeIsConcededToTheClient() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0x3f);
        // What the client conceded stays with the freelancer, so the end is divided.
        submit(terms, 4, 6007);
        dispute(terms, 4, 501, client);
        // Nothing was conceded to the freelancer.
        submit(terms, 5, 6007);
        dispute(terms, 5, 501, freelancer);
        uint256 disputed = terms.amounts[4] * 6007 / WHOLE - terms.amounts[4] * 5506 / WHOLE;
        uint256 other = terms.amounts[5] * 501 / WHOLE;
        begin(terms);
        vm.prank(freelancer);
        escrow.refund(terms, 3 << 4);
        emit IMilestoneEscrow.MilestonesRefunded(idOf(terms), 3 << 4, disputed + other);
        eventsAre();
        paid(terms, disputed + other, 0, 0);
        statusesAre(terms, 0x9a2222);
    }

    function testAnApprovedDisputeIsRefundedToo() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 3);
        submit(terms, 1, 6007);
        dispute(terms, 1, 501, client);
        approve(terms, 2, units(6007));
        statusesAre(terms, 0x52);
        uint256 open = terms.amounts[1] * 6007 / WHOLE - terms.amounts[1] * 5506 / WHOLE;
        begin(terms);
        vm.prank(freelancer);
        escrow.refund(terms, 2);
        emit IMilestoneEscrow.MilestonesRefunded(idOf(terms), 2, open);
        eventsAre();
        paid(terms, open, 0, 0);
        statusesAre(terms, 0xa2);
    }

    /// All that is open of each: the whole where it is approved or claimed in part, what is disputed of a dispute.
    function testWhatIsApprovedIsGivenBackToTheUnit() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0x3f);
        submit(terms, 1, 10_000);
        submit(terms, 2, 4000);
        submit(terms, 3, 10_000);
        dispute(terms, 3, 9999, client);
        dispute(terms, 4, 501, freelancer);
        dispute(terms, 5, 10_000, freelancer);
        approve(terms, 0x3f, new uint16[](0));
        statusesAre(terms, 0x355533);
        uint256 sum = sumOf(terms, 0x27) + terms.amounts[3] - terms.amounts[3] / WHOLE + terms.amounts[4] * 501 / WHOLE;
        begin(terms);
        vm.prank(freelancer);
        escrow.refund(terms, 0x3f);
        emit IMilestoneEscrow.MilestonesRefunded(idOf(terms), 0x3f, sum);
        eventsAre();
        paid(terms, sum, 0, 0);
        statusesAre(terms, 0x99a999);
    }

    function testTheClientTakesBackAnOffer() public {
        Terms memory terms = fixedPrice(manyAmounts());
        vm.prank(client);
        escrow.fund(terms, 0xf, NONE);
        begin(terms);
        vm.prank(client);
        escrow.refund(terms, 9);
        emit IMilestoneEscrow.MilestonesRefunded(idOf(terms), 9, terms.amounts[0] + terms.amounts[3]);
        eventsAre();
        paid(terms, terms.amounts[0] + terms.amounts[3], 0, 0);
        statusesAre(terms, 0x9119);
    }

    function testAnOfferIsAPartysToEnd() public {
        Terms memory terms = fixedPrice(manyAmounts());
        vm.prank(client);
        escrow.fund(terms, 1, NONE);
        onlyParties(terms, _refund(terms, 0));
    }

    function testAnybodyCarriesOutAnUnansweredRequest() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xfff);
        for (uint8 i = 3; i < 7; ++i) {
            requestRefund(terms, i);
        }
        uint256 deadline = BEGIN + 7 days;
        vm.warp(deadline - 1);
        refused(client, _refund(terms, 3), notReached(terms, 3, deadline));
        refused(stranger, _refund(terms, 4), notReached(terms, 4, deadline));
        refused(LOWEST, _refund(terms, 4), notReached(terms, 4, deadline));
        refused(HIGHEST, _refund(terms, 4), notReached(terms, 4, deadline));
        vm.prank(freelancer);
        escrow.refund(terms, 1 << 6);
        vm.warp(deadline);
        begin(terms);
        vm.prank(stranger);
        escrow.refund(terms, 3 << 3);
        emit IMilestoneEscrow.MilestonesRefunded(idOf(terms), 3 << 3, terms.amounts[3] + terms.amounts[4]);
        eventsAre();
        paid(terms, terms.amounts[3] + terms.amounts[4], 0, 0);
        vm.warp(deadline + 1);
        vm.prank(client);
        escrow.refund(terms, 1 << 5);
        statusesAre(terms, 0x222229999222);
    }

    function testNothingElseIsRefundedByOthers() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        vm.warp(block.timestamp + 365 days);
        uint8[5] memory milestones = [2, 3, 4, 5, 7];
        for (uint256 k = 0; k < milestones.length; ++k) {
            onlyFreelancer(terms, _refund(terms, milestones[k]));
        }
    }

    function testNothingIsRefundedBeforeItIsFunded() public {
        Terms memory terms = fixedPrice(manyAmounts());
        refusedUnfunded(terms, freelancer, abi.encodeCall(escrow.refund, (terms, 0)));
    }

    function testAnEmptySetIsRefused() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        refused(stranger, abi.encodeCall(escrow.refund, (terms, 0)), noMilestones());
    }

    function testMilestonesOutsideTheTermsAreRefused() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        refused(freelancer, abi.encodeCall(escrow.refund, (terms, 1 << 12 | 1)), outOfRange(terms, 12, 12));
    }

    function testWhatHasEndedIsNotRefunded() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        refusedUnless(0x1234567, terms, freelancer, _refund);
        refused(stranger, _refund(terms, 10), wrongStatus(terms, 10, Status.Split));
        refused(stranger, _refund(terms, 0), wrongStatus(terms, 0, Status.None));
    }

    function _refund(Terms memory terms, uint8 i) private view returns (bytes memory) {
        return abi.encodeCall(escrow.refund, (terms, uint64(1) << i));
    }
}
