// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {MilestoneView, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title TypesEnd
/// @notice Numbers at the end of what holds them: seconds, units, amounts, indexes. The hope is for a sum that wraps, so that
/// a clock is over at once, a division pays more, or money is locked.
///
/// Clocks hold seconds until the year 2514, and refuse later ones; every product of an amount and a share fits; what does
/// not fit is refused before anything moves.
contract TypesEnd is AttackTest {
    uint256 private constant LAST_SECOND = 2 ** 34 - 1;

    /// The last second that a clock holds still runs its whole period.
    function test_a_clock_that_starts_in_the_last_second() public {
        Terms memory terms = fixedPrice(1000);
        fund(terms, 1);
        vm.warp(LAST_SECOND);
        submit(terms, 0, 10_000);
        MilestoneView memory v = escrow.milestoneAt(terms, 0, uint40(LAST_SECOND + terms.reviewPeriod - 1));
        same(v.deadline, LAST_SECOND + terms.reviewPeriod, "law 17: the deadline");
        holds(!v.isLate, "law 17: one second before");
        vm.warp(LAST_SECOND + terms.reviewPeriod);
        escrow.release(terms, 1, noApprovals());
        same(token.balanceOf(payee), 1000, "law 16: it ends");
    }

    /// After it no clock starts; what needs none still ends everything.
    function test_after_the_last_second() public {
        Terms memory terms = fixedPrice(oneByOne(6, 1000));
        fund(terms, 63);
        vm.warp(LAST_SECOND);
        submit(terms, 2, 7000);
        dispute(terms, 3, 10_000, freelancer);
        vm.prank(client);
        escrow.requestRefund(terms, 4, 0);
        submit(terms, 5, 10_000);
        vm.warp(LAST_SECOND + 1);
        bytes memory error =
            abi.encodeWithSignature("ClockOverflow(uint256,uint256,uint256)", LAST_SECOND + 1, 10_000, 0);
        refuses(freelancer, abi.encodeCall(escrow.submit, (terms, 0, 10_000, 0)), error, "law 17: no clock starts");
        error = abi.encodeWithSignature("ClockOverflow(uint256,uint256,uint256)", LAST_SECOND + 1, 0, 0);
        refuses(client, abi.encodeCall(escrow.requestRefund, (terms, 0, 0)), error, "law 17: no clock starts");
        error = abi.encodeWithSignature("ClockOverflow(uint256,uint256,uint256)", LAST_SECOND + 1, 10_000, 6000);
        refuses(client, abi.encodeCall(escrow.dispute, (terms, 5, 6000, 0)), error, "law 17: no clock starts");

        // What runs, runs on: a claim, a dispute, a refund request; sending back clears a clock and starts none.
        Books memory books = booksOf(terms);
        vm.prank(client);
        escrow.requestChanges(terms, 5, 0);
        releaseAll(terms);
        vm.prank(freelancer);
        escrow.refund(terms, 2 | 32);
        paid(books, 1000, 2000, 0);
        vm.warp(LAST_SECOND + terms.rulingPeriod);
        escrow.release(terms, 4, noApprovals());
        escrow.lapse(terms, 3);
        escrow.refund(terms, 16);
        paid(books, 700 + 500, 300 + 500 + 1000, 0);
        sameBooks(booksOf(terms), books, "law 16: each as before");
        same(books.escrow, 0, "law 16: nothing is locked");
    }

    /// Periods that begin near the end of time never end; the money comes back by a refund request.
    function test_a_start_at_the_end_of_its_type() public {
        Terms memory terms = metered(1000, 10);
        terms.start = type(uint40).max;
        terms.period = 365 days;
        fund(terms, uint64(1) << 63 | 1);
        uint256 end = uint256(type(uint40).max) + 64 * 365 days;
        bytes memory error =
            abi.encodeWithSelector(IMilestoneEscrow.PeriodNotOver.selector, idOf(terms), 63, end, BEGIN);
        refuses(freelancer, abi.encodeCall(escrow.submit, (terms, 63, 10, 0)), error, "law 17: no wrap");
        vm.prank(client);
        escrow.requestRefund(terms, 63, 0);
        vm.warp(BEGIN + terms.responsePeriod);
        escrow.refund(terms, uint64(1) << 63);
        holds(statusOf(terms, 63) == Status.Refunded, "law 16: the client alone");
    }

    /// Sixty-four of the largest amount: the sum is exact and comes out again, divided by the largest number of units.
    function test_the_largest_amounts() public {
        uint256 most = type(uint128).max;
        Terms memory terms = metered(most, 32_767);
        terms.start -= 64 * 7 days;
        fund(terms, type(uint64).max);
        same(token.balanceOf(address(escrow)), 64 * most, "law 1: the sum");
        submit(terms, 63, 32_766);
        dispute(terms, 63, 32_765, client);
        uint256 worth = most * 32_766 / 32_767;
        uint256 conceded = most / 32_767;
        same(token.balanceOf(payee), conceded, "law 10: one unit");
        vm.prank(arbiter);
        escrow.rule(terms, 63, 0, 0);
        same(token.balanceOf(arbiter), (worth - conceded) * 500 / WHOLE, "law 10: the fee");
        vm.prank(freelancer);
        escrow.refund(terms, type(uint64).max >> 1);
        same(token.balanceOf(address(escrow)), 0, "law 3: to the unit");
    }

    /// One base unit is never divided: it goes one way.
    function test_the_smallest_amount() public {
        Terms memory terms = fixedPrice(1);
        fund(terms, 1);
        submit(terms, 0, 9_999);
        vm.warp(BEGIN + terms.reviewPeriod);
        escrow.release(terms, 1, noApprovals());
        same(token.balanceOf(payee), 0, "law 10: less than the whole of one unit is none");
        holds(statusOf(terms, 0) == Status.Refunded, "law 5: all to the client");
    }

    function test_indexes_beyond_the_last() public {
        Terms memory terms = metered(1000, 10);
        fund(terms, 1);
        uint8[3] memory beyond = [64, 128, 255];
        for (uint256 k = 0; k < beyond.length; ++k) {
            bytes memory error =
                abi.encodeWithSelector(IMilestoneEscrow.MilestoneOutOfRange.selector, idOf(terms), beyond[k], 64);
            refuses(freelancer, abi.encodeCall(escrow.submit, (terms, beyond[k], 10, 0)), error, "law 6: submitted");
            refuses(client, abi.encodeCall(escrow.requestRefund, (terms, beyond[k], 0)), error, "law 6: asked back");
            refuses(arbiter, abi.encodeCall(escrow.rule, (terms, beyond[k], 0, 0)), error, "law 6: ruled");
        }
    }

    /// A field that is wider than its type is refused by the decoder, whatever the rest says.
    function test_a_field_that_is_too_wide() public {
        Terms memory terms = fixedPrice(1000);
        bytes memory data = abi.encodeCall(escrow.fund, (terms, 1, ""));
        // The terms stand after the selector and three words of head; scope, salt and the amounts are whole words.
        for (uint256 word = 0; word < 13; ++word) {
            data[4 + 96 + 32 * word] = 0x01;
            refuses(client, data, "", "law 18: a field that is too wide");
            data[4 + 96 + 32 * word] = 0x00;
        }
        // So is the set of milestones, and what an index or a number of units says.
        data[4 + 32] = 0x01;
        refuses(client, data, "", "law 18: a set that is too wide");
        data[4 + 32] = 0x00;
        vm.prank(client);
        (bool success,) = address(escrow).call(data);
        holds(success, "law 18: what is refused is the width");
        data = abi.encodeCall(escrow.submit, (terms, 0, 10_000, 0));
        for (uint256 word = 1; word < 3; ++word) {
            data[4 + 32 * word] = 0x01;
            refuses(freelancer, data, "", "law 18: a number that is too wide");
            data[4 + 32 * word] = 0x00;
        }
        vm.prank(freelancer);
        (success,) = address(escrow).call(data);
        holds(success, "law 18: what is refused is the width");
    }
}
