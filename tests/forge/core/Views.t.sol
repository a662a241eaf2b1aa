// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Clock, MilestoneView, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {CoreTest} from "./CoreTest.sol";

/// @title ViewsTest
/// @notice `milestoneAt`, `agreementAt`, `statusesOf`: what stands, and what comes if nobody acts.
contract ViewsTest is CoreTest {
    function testNothingIsSeenBeforeItIsFunded() public view {
        Terms memory terms = fixedPrice(oddAmounts(3));
        MilestoneView memory nothing;
        (bytes32 agreement, MilestoneView[] memory milestones) = escrow.agreementAt(terms, uint40(BEGIN));
        holds(agreement == idOf(terms), "law 18: the id");
        same(milestones.length, 3, "law 15: as many milestones as amounts");
        for (uint8 i = 0; i < 3; ++i) {
            viewIs(milestones[i], nothing);
            viewIs(escrow.milestoneAt(terms, i, uint40(BEGIN)), nothing);
        }
        same(escrow.statusesOf(agreement), 0, "law 15: no statuses");
    }

    function testEveryStatusOfAFixedPrice() public {
        Terms memory terms = fixedPrice(manyAmounts());
        terms.defaultBps = 3331;
        everyStatus(terms);
        _seeAll(terms);
    }

    function testEveryStatusOfMeteredWork() public {
        Terms memory terms = metered(1_000_003, 241);
        everyStatus(terms);
        _seeAll(terms);
    }

    function testAClaimOfAPart() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        fund(terms, type(uint64).max);
        submit(terms, 63, 6007);
        uint256 claim = terms.amounts[63] * 6007 / WHOLE;
        MilestoneView memory expected = MilestoneView({
            status: Status.Submitted,
            clock: Clock(uint40(BEGIN), 6007, 0),
            deadline: uint40(BEGIN + 14 days),
            isLate: false,
            open: terms.amounts[63],
            toFreelancer: claim,
            toClient: terms.amounts[63] - claim
        });
        viewIs(escrow.milestoneAt(terms, 63, uint40(BEGIN)), expected);

        approve(terms, 1 << 63, units(6007));
        expected.status = Status.PartlyApproved;
        expected.deadline = 0;
        viewIs(escrow.milestoneAt(terms, 63, uint40(BEGIN + 99 days)), expected);
    }

    /// Whatever clock ran before.
    function testTheWholeIsApprovedWithoutAClock() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xff);
        submit(terms, 1, 10_000);
        requestRefund(terms, 2);
        dispute(terms, 3, 10_000, freelancer);
        submit(terms, 4, 10_000);
        dispute(terms, 4, 10_000, client);
        submit(terms, 5, 6007);
        vm.prank(client);
        escrow.requestChanges(terms, 5, 0);
        approve(terms, 0x3f, new uint16[](0));
        MilestoneView memory expected;
        expected.status = Status.Approved;
        for (uint8 i = 0; i < 6; ++i) {
            (expected.open, expected.toFreelancer) = (terms.amounts[i], terms.amounts[i]);
            viewIs(escrow.milestoneAt(terms, i, uint40(BEGIN)), expected);
            viewIs(escrow.milestoneAt(terms, i, type(uint40).max), expected);
        }
    }

    function testADisputeOfAPart() public {
        Terms memory terms = fixedPrice(manyAmounts());
        terms.defaultBps = 3331;
        fund(terms, 0xf);
        submit(terms, 3, 6007);
        dispute(terms, 3, 501, client);
        uint256 open = terms.amounts[3] * 6007 / WHOLE - terms.amounts[3] * 5506 / WHOLE;
        MilestoneView memory expected = MilestoneView({
            status: Status.Disputed,
            clock: Clock(uint40(BEGIN), 6007, 501),
            deadline: uint40(BEGIN + 30 days),
            isLate: true,
            open: open,
            toFreelancer: open * 3331 / WHOLE,
            toClient: open - open * 3331 / WHOLE
        });
        viewIs(escrow.milestoneAt(terms, 3, uint40(BEGIN + 30 days)), expected);

        approve(terms, 8, units(6007));
        expected.status = Status.PartlyApproved;
        expected.deadline = 0;
        expected.isLate = false;
        (expected.toFreelancer, expected.toClient) = (open, 0);
        viewIs(escrow.milestoneAt(terms, 3, uint40(BEGIN + 30 days)), expected);
    }

    function testLateAtTheExactSecond() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        uint256[3] memory deadlines = [BEGIN + 14 days, BEGIN + 7 days, BEGIN + 30 days];
        uint8[3] memory milestones = [4, 6, 7];
        for (uint256 k = 0; k < 3; ++k) {
            for (uint256 offset = 0; offset < 3; ++offset) {
                MilestoneView memory seen = escrow.milestoneAt(terms, milestones[k], uint40(deadlines[k] - 1 + offset));
                same(seen.deadline, deadlines[k], "law 17: the deadline");
                holds(seen.isLate == (offset != 0), "law 17: late at the exact second");
            }
        }
    }

    function testThereIsAViewOfEachMilestoneOfTheTerms() public {
        Terms memory terms = fixedPrice(manyAmounts());
        _outOfRange(terms, 12, 12);
        _outOfRange(terms, 255, 12);
        Terms memory weeks_ = metered(1_000_003, 240);
        _outOfRange(weeks_, 64, 64);
        (, MilestoneView[] memory milestones) = escrow.agreementAt(weeks_, uint40(BEGIN));
        same(milestones.length, 64, "law 15: as many milestones as periods");
    }

    function testMilestonesArePossibleToSeeOneByOne() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        fund(terms, type(uint64).max);
        for (uint8 i = 0; i < 64; i += 21) {
            submit(terms, i, 100 + i);
        }
        (, MilestoneView[] memory milestones) = escrow.agreementAt(terms, uint40(BEGIN));
        same(milestones.length, 64, "law 15: all of them");
        for (uint8 i = 0; i < 64; ++i) {
            viewIs(escrow.milestoneAt(terms, i, uint40(BEGIN)), milestones[i]);
            same(milestones[i].open, terms.amounts[i], "law 15: open");
            same(milestones[i].clock.claimed, i % 21 == 0 ? 100 + i : 0, "law 15: claimed");
        }
    }

    /// All of {everyStatus}, one second after it.
    function _seeAll(Terms memory terms) private view {
        uint40 since = uint40(block.timestamp);
        (, MilestoneView[] memory milestones) = escrow.agreementAt(terms, since + 1);
        for (uint8 i = 0; i < 12; ++i) {
            MilestoneView memory expected;
            expected.status = i < 11 ? Status(i) : Status.Active;
            if (i != 0 && expected.status < Status.Paid) {
                expected.open = terms.amounts[terms.period == 0 ? i : 0];
            }
            expected.toClient = expected.open;
            if (i == 3) (expected.toFreelancer, expected.toClient) = (expected.open, 0);
            if (i == 4) {
                expected.clock = Clock(since, wholeOf(terms), 0);
                expected.deadline = since + 14 days;
                (expected.toFreelancer, expected.toClient) = (expected.open, 0);
            }
            if (i == 5) {
                expected.clock = Clock(since, wholeOf(terms) / 2, 0);
                expected.toFreelancer = expected.open * (wholeOf(terms) / 2) / wholeOf(terms);
                expected.toClient = expected.open - expected.toFreelancer;
            }
            if (i == 6) {
                expected.clock = Clock(since, 0, 0);
                expected.deadline = since + 7 days;
            }
            if (i == 7) {
                expected.clock = Clock(since, wholeOf(terms), wholeOf(terms));
                expected.deadline = since + 30 days;
                expected.toFreelancer = expected.open * terms.defaultBps / WHOLE;
                expected.toClient = expected.open - expected.toFreelancer;
            }
            viewIs(milestones[i], expected);
            viewIs(escrow.milestoneAt(terms, i, since + 1), expected);
        }
    }

    function _outOfRange(Terms memory terms, uint8 i, uint256 count) private {
        refused(stranger, abi.encodeCall(escrow.milestoneAt, (terms, i, uint40(BEGIN))), outOfRange(terms, i, count));
    }
}
