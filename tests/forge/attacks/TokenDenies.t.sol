// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {PracticeToken} from "../../../contracts/mocks/PracticeToken.sol";
import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title TokenDenies
/// @notice The large dollar tokens keep deny lists. A party hopes that by being on one it keeps the other from its
/// money, or that a credit of a denied owner can be claimed by somebody else; whoever keeps the list hopes to hold all
/// agreements by denying the escrow itself, or by pausing the token.
///
/// A payout that the token refuses becomes a credit of its owner, the others are paid, and the owner withdraws to any
/// address (law 13). While the escrow is denied everything is still decided on time, as credits; the money waits, and
/// leaves once the denial ends.
contract TokenDenies is AttackTest {
    Terms private _terms;

    function setUp() public override {
        super.setUp();
        _terms = fixedPrice(1000);
        fund(_terms, 1);
        dispute(_terms, 0, 10_000, freelancer);
    }

    function test_a_denied_payee() public {
        Books memory books = _ruled(payee);
        books.payeeCredit = 600;
        paid(books, 0, 350, 50);
        sameBooks(booksOf(_terms), books, "law 13");
        _withdrawn(payee, 600);
    }

    function test_a_denied_client() public {
        Books memory books = _ruled(client);
        books.clientCredit = 350;
        paid(books, 600, 0, 50);
        sameBooks(booksOf(_terms), books, "law 13");
        _withdrawn(client, 350);
    }

    function test_a_denied_arbiter() public {
        Books memory books = _ruled(arbiter);
        books.arbiterCredit = 50;
        paid(books, 600, 350, 0);
        sameBooks(booksOf(_terms), books, "law 13");
        _withdrawn(arbiter, 50);
    }

    /// What several refused payouts left for one owner in several agreements is one sum, and leaves as one.
    function test_credits_of_one_owner_add_up() public {
        Terms memory second = _terms;
        second.salt = bytes32(uint256(1));
        fund(second, 1);
        Books memory books = _ruled(payee);
        releaseAll(second);
        books.payeeCredit = 600 + 1000;
        paid(books, 0, 350, 50);
        sameBooks(booksOf(_terms), books, "law 13");
        same(books.escrow, 1600, "law 1: both credits are there");
        _withdrawn(payee, 1600);
    }

    /// The denied escrow pays nobody and keeps count for all three.
    function test_a_denied_escrow() public {
        Books memory books = _ruled(address(escrow));
        (books.payeeCredit, books.clientCredit, books.arbiterCredit) = (600, 350, 50);
        sameBooks(booksOf(_terms), books, "law 13");
        same(uint8(statusOf(_terms, 0)), uint8(Status.Split), "law 4: it has ended");

        refuses(stranger, _toOwner(payee), _denied(address(escrow)), "law 13: while the escrow is denied");
        refuses(payee, _to(payee, stranger), _denied(address(escrow)), "law 13: while the escrow is denied");
        sameBooks(booksOf(_terms), books, "law 13");

        token.setDenied(address(escrow), false);
        withdraw(stranger, address(token), payee, payee);
        withdraw(stranger, address(token), client, client);
        withdraw(stranger, address(token), arbiter, arbiter);
        (books.payeeCredit, books.clientCredit, books.arbiterCredit) = (0, 0, 0);
        paid(books, 600, 350, 50);
        sameBooks(booksOf(_terms), books, "law 13");
        same(books.escrow, 0, "law 1: nothing is left");
    }

    function test_a_denied_escrow_takes_nothing_in() public {
        Terms memory second = _terms;
        second.salt = bytes32(uint256(1));
        token.setDenied(address(escrow), true);
        Books memory books = booksOf(second);
        refuses(client, abi.encodeCall(escrow.fund, (second, 1, "")), _denied(address(escrow)), "law 1");
        sameBooks(booksOf(second), books, "law 1");
        same(escrow.statusesOf(idOf(second)), 0, "law 1: nothing is funded");
    }

    /// A client who is denied cannot fund; what they funded before goes its way.
    function test_a_denied_client_takes_nothing_in() public {
        Terms memory second = _terms;
        second.salt = bytes32(uint256(1));
        token.setDenied(client, true);
        refuses(client, abi.encodeCall(escrow.fund, (second, 1, "")), _denied(client), "law 1");
        Books memory books = booksOf(_terms);
        vm.warp(block.timestamp + _terms.rulingPeriod);
        vm.prank(stranger);
        escrow.lapse(_terms, 0);
        books.clientCredit = 500;
        paid(books, 500, 0, 0);
        sameBooks(booksOf(_terms), books, "law 16");
    }

    /// Rules 600 to the freelancer, 350 to the client, 50 of fee. Returns the books from before.
    function _ruled(address denied) private returns (Books memory books) {
        books = booksOf(_terms);
        token.setDenied(denied, true);
        vm.prank(arbiter);
        escrow.rule(_terms, 0, 600, 0);
    }

    /// Nobody else sends the credit of a denied owner elsewhere, nobody can deliver it to them, and they send it
    /// elsewhere themselves, once.
    function _withdrawn(address owner, uint256 amount) private {
        address elsewhere = address(0xE15E);
        refuses(
            stranger,
            _to(owner, elsewhere),
            abi.encodeWithSelector(IMilestoneEscrow.NotCreditOwner.selector, stranger, owner),
            "law 13: somebody else's credit"
        );
        refuses(stranger, _toOwner(owner), _denied(owner), "law 13: to a denied owner");
        same(escrow.credits(address(token), owner), amount, "law 13: the credit stays");
        withdraw(owner, address(token), owner, elsewhere);
        same(token.balanceOf(elsewhere), amount, "law 13: where the owner sends it");
        same(token.balanceOf(address(escrow)), 0, "law 1: nothing is left");
        refuses(owner, _to(owner, elsewhere), nothingToWithdraw(address(token), owner), "law 13: paid once");
    }

    function _toOwner(address owner) private view returns (bytes memory) {
        return _to(owner, owner);
    }

    function _to(address owner, address to) private view returns (bytes memory) {
        return abi.encodeCall(escrow.withdraw, (address(token), owner, to));
    }

    function _denied(address account) private pure returns (bytes memory) {
        return abi.encodeWithSelector(PracticeToken.AccountDenied.selector, account);
    }
}
