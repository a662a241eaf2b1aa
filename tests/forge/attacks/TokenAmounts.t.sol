// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {PlainToken} from "../mocks/LedgerToken.sol";
import {MoodyToken} from "../mocks/MoodyToken.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title TokenAmounts
/// @notice Tokens count in whole units or in fifty decimal places, and may give one account all that a word can
/// say. The attacker hopes that a large amount overflows a share or a sum, that a small one rounds to somebody else's
/// gain, or that an amount which a token reads as "all I have" takes in less or sends out more than it says.
///
/// The escrow asks no token for its decimals and counts base units up to the largest number of 128 bits, so that every
/// product stays within a word. What a division rounds off is the client's, to the unit.
contract TokenAmounts is AttackTest {
    uint256 private constant MOST = type(uint128).max;

    /// From a token without parts, where the unit is the whole, to one with fifty places, of which less than one whole
    /// can be an amount. The token has no `decimals` to ask.
    function test_units_of_any_size() public {
        _ruledOver(1, 0, 1, 0);
        _ruledOver(10 ** 2, 25, 70, 5);
        _ruledOver(10 ** 18, 10 ** 17, 85 * 10 ** 16, 5 * 10 ** 16);
        _ruledOver(10 ** 38, 10 ** 38 - 5 * 10 ** 36, 0, 5 * 10 ** 36);
        _tooLarge(10 ** 50);
    }

    function test_the_largest_amount_and_one_more() public {
        _ruledOver(MOST, MOST - MOST / 20, 0, MOST / 20);
        _tooLarge(MOST + 1);
        _tooLarge(type(uint256).max);
    }

    /// Sixty-four times the largest amount, out of a balance of all that a word can say.
    function test_the_largest_sum() public {
        PlainToken money = new PlainToken();
        Terms memory terms = dealIn(money, type(uint256).max);
        terms.amounts = oneByOne(64, MOST);
        Books memory books = booksOf(terms);
        fund(terms, type(uint64).max);
        books.client -= 64 * MOST;
        books.escrow += 64 * MOST;
        sameBooks(booksOf(terms), books, "law 1");

        vm.prank(client);
        escrow.approve(terms, type(uint64).max, new uint16[](0));
        escrow.release(terms, type(uint64).max, noApprovals());
        paid(books, 64 * MOST, 0, 0);
        sameBooks(booksOf(terms), books, "law 3");
        same(books.escrow, 0, "law 1: nothing is left");
    }

    /// Who holds all that a word can say cannot be paid, is credited, and may send it elsewhere.
    function test_a_recipient_who_can_hold_no_more() public {
        PlainToken money = new PlainToken();
        Terms memory terms = dealIn(money, 1000);
        fund(terms, 1);
        money.mint(payee, type(uint256).max);
        Books memory books = booksOf(terms);
        releaseAll(terms);
        books.payeeCredit = 1000;
        sameBooks(booksOf(terms), books, "law 13");
        withdraw(payee, address(money), payee, stranger);
        same(money.balanceOf(stranger), 1000, "law 13: where the owner sends it");
        same(money.balanceOf(address(escrow)), 0, "law 1: nothing is left");
    }

    /// A token that moves all its owner has where all that a word can say is asked: no amount comes near that, so the
    /// largest one moves as it says and the rest stays with its owners.
    function test_a_token_that_reads_the_largest_number_as_all() public {
        MoodyToken money = new MoodyToken();
        money.setManner(MoodyToken.Manner.AllForMax, MoodyToken.Manner.AllForMax);
        Terms memory terms = dealIn(money, 3 * MOST);
        refuses(client, abi.encodeCall(escrow.fund, (terms, 1, "")), _outOfRange(3 * MOST), "law 18: an amount");
        terms.amounts[0] = type(uint256).max;
        refuses(
            client, abi.encodeCall(escrow.fund, (terms, 1, "")), _outOfRange(type(uint256).max), "law 18: an amount"
        );
        terms.amounts = oneByOne(2, MOST);
        fund(terms, 3);
        Books memory books = booksOf(terms);
        same(books.client, MOST, "law 1: what was asked and no more");
        releaseAll(terms);
        paid(books, MOST, 0, 0);
        sameBooks(booksOf(terms), books, "law 3");
    }

    /// Whatever the amount, the claim, what is disputed and the ruling: it all adds up, and a share that is not whole is
    /// rounded in the client's favour.
    function testFuzz_no_unit_is_made_or_lost(uint128 amount, uint16 claim, uint16 disputed, uint256 ruling) public {
        vm.assume(amount != 0);
        claim = uint16(1 + claim % WHOLE);
        disputed = uint16(1 + disputed % claim);
        PlainToken money = new PlainToken();
        Terms memory terms = dealIn(money, amount);
        fund(terms, 1);
        submit(terms, 0, claim);
        dispute(terms, 0, disputed, client);
        uint256 toPayee = money.balanceOf(payee);
        uint256 open = money.balanceOf(address(escrow));
        holds(toPayee * WHOLE <= uint256(amount) * (claim - disputed), "law 10: the concession rounds down");
        holds((toPayee + 1) * WHOLE > uint256(amount) * (claim - disputed), "law 10: by less than a unit");

        uint256 fee = open / 20;
        ruling = ruling % (open - fee + 1);
        vm.prank(arbiter);
        escrow.rule(terms, 0, ruling, 0);
        same(money.balanceOf(payee), toPayee + ruling, "law 2: the payee");
        same(money.balanceOf(arbiter), fee, "law 2: the arbiter");
        same(money.balanceOf(client), amount - toPayee - ruling - fee, "law 10: the client has the rest");
        same(money.balanceOf(address(escrow)), 0, "law 3: all of it left");
    }

    /// A milestone of `amount` disputed whole, of which the arbiter gives the payee and the client these parts.
    function _ruledOver(uint256 amount, uint256 toPayee, uint256 toClient, uint256 fee) private {
        same(toPayee + toClient + fee, amount, "law 3: the parts");
        PlainToken money = new PlainToken();
        Terms memory terms = dealIn(money, amount);
        fund(terms, 1);
        Books memory books = booksOf(terms);
        same(books.escrow, amount, "law 1: the exact sum came in");
        dispute(terms, 0, 10_000, freelancer);
        vm.prank(arbiter);
        escrow.rule(terms, 0, toPayee, 0);
        paid(books, toPayee, toClient, fee);
        sameBooks(booksOf(terms), books, "law 3");
        same(uint8(statusOf(terms, 0)), uint8(toPayee == 0 && fee == 0 ? Status.Refunded : Status.Split), "law 5");
    }

    function _tooLarge(uint256 amount) private {
        PlainToken money = new PlainToken();
        Terms memory terms = dealIn(money, amount);
        refuses(client, abi.encodeCall(escrow.fund, (terms, 1, "")), _outOfRange(amount), "law 18: an amount");
        same(money.balanceOf(client), amount, "law 1: nothing came in");
    }

    function _outOfRange(uint256 amount) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.AmountOutOfRange.selector, 0, amount, MOST);
    }
}
