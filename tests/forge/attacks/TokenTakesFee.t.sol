// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Amendment, Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {LateFeeToken} from "../mocks/LateFeeToken.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title TokenTakesFee
/// @notice A token that takes a fee out of each transfer hopes that the escrow owes what it never received, so that one
/// agreement is paid with another's money. A token that begins to take one later hopes for the same on the way out.
///
/// On the way in the balance is compared and the funding refused. On the way out the escrow sends what is due, once:
/// the fee is the recipient's loss and no other agreement's.
contract TokenTakesFee is AttackTest {
    LateFeeToken private _money;
    Terms private _terms;
    Terms private _second;

    function setUp() public override {
        super.setUp();
        _money = new LateFeeToken();
        _terms = dealIn(_money, 1000);
        _second = dealIn(_money, 1000);
        _second.salt = bytes32(uint256(1));
    }

    function test_a_funding_less_a_fee_is_refused() public {
        fund(_second, 1);
        _money.setFee(100);
        Books memory books = booksOf(_terms);
        refuses(
            client,
            abi.encodeCall(escrow.fund, (_terms, 1, "")),
            notExact(address(_money), 1000, 1990, 1000),
            "law 1: a fee on the way in"
        );
        sameBooks(booksOf(_terms), books, "law 1");
        same(escrow.statusesOf(idOf(_terms)), 0, "law 1: nothing is funded");
    }

    /// A fee that rounds to nothing is none.
    function test_a_fee_that_rounds_to_nothing_is_none() public {
        _money.setFee(9);
        fund(_terms, 1);
        same(_money.balanceOf(address(escrow)), 1000, "law 1: the exact sum came in");
    }

    function test_an_amendment_less_a_fee_is_refused() public {
        fund(_terms, 1);
        Terms memory replacement = _terms;
        replacement.amounts = oneByOne(1, 1500);
        Amendment memory amendment;
        amendment.divisions = new Division[](1);
        amendment.divisions[0] = Division(0, 0, 1000);
        amendment.funded = 1;
        amendment.expiresAt = type(uint40).max;
        amendment.signature = signAmendment(FREELANCER_KEY, _terms, replacement, amendment);

        _money.setFee(100);
        refuses(
            client,
            abi.encodeCall(escrow.amend, (_terms, replacement, amendment)),
            notExact(address(_money), 1000, 1495, 500),
            "law 1: a fee on the difference"
        );
        same(uint8(statusOf(_terms, 0)), uint8(Status.Active), "law 6: as it was");
    }

    /// The fee of a payout is the recipient's loss, to the unit; the second agreement's money is all there.
    function test_a_fee_that_comes_later_is_each_recipients() public {
        fund(_terms, 1);
        fund(_second, 1);
        dispute(_terms, 0, 10_000, freelancer);
        _money.setFee(1000);
        Books memory books = booksOf(_terms);
        vm.prank(arbiter);
        escrow.rule(_terms, 0, 600, 0);
        books.escrow -= 1000;
        books.payee += 540;
        books.client += 315;
        books.arbiter += 45;
        sameBooks(booksOf(_terms), books, "law 3");
        same(books.escrow, 1000, "law 8: the other agreement's money");

        _money.setFee(0);
        books = booksOf(_second);
        releaseAll(_second);
        paid(books, 1000, 0, 0);
        sameBooks(booksOf(_second), books, "law 8");
        same(books.escrow, 0, "law 1: and nothing is left");
    }

    /// A fee of everything leaves the recipient nothing, and no credit: the transfer was made as the token makes them.
    function test_a_fee_of_everything() public {
        fund(_terms, 1);
        _money.setFee(10_000);
        Books memory books = booksOf(_terms);
        releaseAll(_terms);
        books.escrow -= 1000;
        sameBooks(booksOf(_terms), books, "law 3");
        same(uint8(statusOf(_terms, 0)), uint8(Status.Paid), "law 4: it has ended");
    }
}
