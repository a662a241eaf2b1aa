// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {LimitToken} from "../mocks/LimitToken.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title TokenRefusesLarge
/// @notice A token refuses amounts above what 96 bits hold, or above a limit of its own for each transfer. The attacker
/// hopes to have a price taken in that can never be paid out, or adds up payouts in one act until the token refuses
/// them.
///
/// What is too large for the token does not come in. What came in by itself is paid by itself; whoever adds up payouts
/// above the limit makes a credit of the sum, which leaves as one sum and therefore waits for as long as the limit
/// stands. Where 96 bits hold all there is of a token, no sum is above them.
contract TokenRefusesLarge is AttackTest {
    uint256 private constant MOST = type(uint96).max;

    LimitToken private _money;
    Terms private _terms;

    /// Two milestones of all that the token moves at once.
    function setUp() public override {
        super.setUp();
        _money = new LimitToken();
        _terms = dealIn(_money, 2 * MOST + 1);
        _terms.amounts = oneByOne(2, MOST);
    }

    function test_a_price_above_the_limit() public {
        _terms.amounts = oneByOne(1, MOST + 1);
        Books memory books = booksOf(_terms);
        refuses(client, abi.encodeCall(escrow.fund, (_terms, 1, "")), _allowance(), "law 1: more than is allowed");
        _allowWithoutEnd();
        refuses(client, abi.encodeCall(escrow.fund, (_terms, 1, "")), _tooLarge(MOST + 1), "law 1: too large");
        sameBooks(booksOf(_terms), books, "law 1: nothing moved");
        same(escrow.statusesOf(idOf(_terms)), 0, "law 1: nothing is funded");
    }

    /// What does not fit into one transfer is funded in two.
    function test_a_sum_above_the_limit() public {
        _allowWithoutEnd();
        refuses(client, abi.encodeCall(escrow.fund, (_terms, 3, "")), _tooLarge(2 * MOST), "law 1: too large");
        same(escrow.statusesOf(idOf(_terms)), 0, "law 1: nothing is funded");
        Books memory books = booksOf(_terms);
        _fundBoth();
        (books.client, books.escrow) = (books.client - 2 * MOST, 2 * MOST);
        sameBooks(booksOf(_terms), books, "law 9: in two");
    }

    function test_paid_one_by_one() public {
        _fundBoth();
        _approveBoth();
        Books memory books = booksOf(_terms);
        for (uint64 set = 1; set < 3; ++set) {
            vm.prank(stranger);
            escrow.release(_terms, set, noApprovals());
            paid(books, MOST, 0, 0);
            sameBooks(booksOf(_terms), books, "law 3: each by itself");
        }
        same(books.escrow, 0, "law 1: nothing is left");
    }

    /// A known limit: anybody may carry out both at once, and the sum is one credit. Nobody gains by it.
    function test_paid_together() public {
        _fundBoth();
        _approveBoth();
        Books memory books = booksOf(_terms);
        vm.prank(stranger);
        escrow.release(_terms, 3, noApprovals());
        books.payeeCredit = 2 * MOST;
        sameBooks(booksOf(_terms), books, "law 13: one credit");
        same(escrow.statusesOf(idOf(_terms)), 0x88, "law 4: both have ended");
        bytes memory elsewhere = abi.encodeCall(escrow.withdraw, (address(_money), payee, stranger));
        bytes memory home = abi.encodeCall(escrow.withdraw, (address(_money), payee, payee));
        refuses(payee, elsewhere, _tooLarge(2 * MOST), "law 13: while the limit stands");
        refuses(stranger, home, _tooLarge(2 * MOST), "law 13: while the limit stands");
        sameBooks(booksOf(_terms), books, "law 13: the credit waits");

        _money.setLimit(2 * MOST);
        withdraw(payee, address(_money), payee, stranger);
        same(_money.balanceOf(stranger), 2 * MOST, "law 13: and leaves whole");
        same(_money.balanceOf(address(escrow)), 0, "law 1: nothing is left");
    }

    /// The limit falls below what was funded: what is divided into parts that it allows is paid, the rest waits.
    function test_a_limit_that_falls() public {
        _terms.amounts = oneByOne(2, 1000);
        fund(_terms, 3);
        Books memory books = booksOf(_terms);
        _money.setLimit(600);
        releaseAll(_terms);
        books.payeeCredit = 1000;
        sameBooks(booksOf(_terms), books, "law 13: above the limit");
        dispute(_terms, 1, 10_000, freelancer);
        vm.prank(arbiter);
        escrow.rule(_terms, 1, 600, 0);
        paid(books, 600, 350, 50);
        sameBooks(booksOf(_terms), books, "law 3: within it");
        same(uint8(statusOf(_terms, 1)), uint8(Status.Split), "law 5");

        _money.setLimit(1000);
        withdraw(stranger, address(_money), payee, payee);
        books.payeeCredit = 0;
        paid(books, 1000, 0, 0);
        sameBooks(booksOf(_terms), books, "law 13: once the limit allows it");
        same(books.escrow, 0, "law 1: nothing is left");
    }

    function _fundBoth() private {
        _allowWithoutEnd();
        fund(_terms, 1);
        _allowWithoutEnd();
        fund(_terms, 2);
    }

    function _approveBoth() private {
        vm.prank(client);
        escrow.approve(_terms, 3, new uint16[](0));
    }

    /// More than the token lets anybody allow, which it would otherwise refuse first.
    function _allowWithoutEnd() private {
        _money.setLimit(type(uint256).max);
        vm.prank(client);
        _money.approve(address(escrow), type(uint256).max);
        _money.setLimit(MOST);
    }

    function _tooLarge(uint256 amount) private pure returns (bytes memory) {
        return abi.encodeWithSelector(LimitToken.TooLarge.selector, amount, MOST);
    }

    function _allowance() private pure returns (bytes memory) {
        return abi.encodeWithSignature("Panic(uint256)", 0x11);
    }
}
