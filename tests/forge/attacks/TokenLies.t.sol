// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";

import {Authorization, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {FlashToken} from "../mocks/FlashToken.sol";
import {HookWallet} from "../mocks/HookWallet.sol";
import {LedgerToken} from "../mocks/LedgerToken.sol";
import {LyingToken} from "../mocks/LyingToken.sol";
import {SilentFallbackToken} from "../mocks/SilentFallbackToken.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title TokenLies
/// @notice A token says of a balance what is not so, does nothing where it was asked for a permit, or lends out of
/// nothing in the middle of a call. The attacker hopes to fund with money that is not there and to be paid with money
/// that is.
///
/// A balance is read twice for one difference and never relied on besides. A token whose whole answer is a lie can fund
/// agreements in itself; what leaves for them is its own word again, and no other token moves.
contract TokenLies is AttackTest {
    Terms private _honest;

    function setUp() public override {
        super.setUp();
        _honest = fixedPrice(1000);
        fund(_honest, 1);
    }

    /// A lie that stays the same shows no difference, whatever it says.
    function test_a_balance_that_does_not_move() public {
        LyingToken money = new LyingToken();
        Terms memory terms = dealIn(money, 1000);
        uint256[3] memory lies = [uint256(0), 5000, type(uint256).max];
        for (uint256 k = 0; k < lies.length; ++k) {
            money.lie(address(escrow), lies[k]);
            refuses(
                client,
                abi.encodeCall(escrow.fund, (terms, 1, "")),
                notExact(address(money), lies[k], lies[k], 1000),
                "law 1: a lie about the balance"
            );
        }
        same(money.balanceOf(client), 1000, "law 1: nothing was taken");
    }

    /// A token that pretends a funding: the agreement in it stands, and pays nobody anything.
    function test_a_funding_that_never_was() public {
        LyingToken money = new LyingToken();
        Terms memory terms = dealIn(money, 1000);
        money.pretend(address(escrow));
        fund(terms, 1);
        same(uint8(statusOf(terms, 0)), uint8(Status.Active), "law 1: the token says it was funded");
        same(money.balanceOf(client), 1000, "law 1: and took nothing");

        Books memory books = booksOf(terms);
        releaseAll(terms);
        books.payeeCredit = 1000;
        sameBooks(booksOf(terms), books, "law 13: there is nothing to pay with");
        refuses(
            payee,
            abi.encodeCall(escrow.withdraw, (address(money), payee, payee)),
            abi.encodeWithSelector(LedgerToken.BalanceTooLow.selector, address(escrow), 0, 1000),
            "law 1: a credit in a token that lies"
        );
        refuses(
            payee,
            abi.encodeCall(escrow.withdraw, (address(token), payee, payee)),
            nothingToWithdraw(address(token), payee),
            "law 13: is none in an honest one"
        );
        _honestIsPaid();
    }

    /// A permit that does nothing opens nothing: the funding that follows has no allowance.
    function test_a_permit_that_does_nothing() public {
        SilentFallbackToken money = new SilentFallbackToken();
        Terms memory terms = dealIn(money, 1000);
        vm.prank(client);
        money.approve(address(escrow), 999);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(escrow.permit, (address(money), 1000, type(uint256).max, 0, 0, 0));
        calls[1] = abi.encodeCall(escrow.fund, (terms, 1, ""));
        bytes memory underflow = abi.encodeWithSignature("Panic(uint256)", 0x11);
        refuses(client, abi.encodeCall(Multicall.multicall, (calls)), underflow, "law 1: without an allowance");

        vm.prank(client);
        money.approve(address(escrow), 1000);
        Books memory books = booksOf(terms);
        vm.prank(client);
        escrow.multicall(calls);
        books.client -= 1000;
        books.escrow += 1000;
        sameBooks(booksOf(terms), books, "law 1: with one");
    }

    /// An authorisation that is accepted and moves nothing, over an allowance that the client has left standing.
    function test_an_authorisation_that_does_nothing() public {
        SilentFallbackToken money = new SilentFallbackToken();
        Terms memory terms = dealIn(money, 1000);
        Authorization memory authorization;
        refuses(
            stranger,
            abi.encodeCall(escrow.fundWithAuthorization, (terms, 1, "", authorization)),
            notExact(address(money), 0, 0, 1000),
            "law 11: an authorisation nobody gave"
        );
        same(money.balanceOf(client), 1000, "law 1: nothing was taken");
    }

    function test_a_permit_where_there_is_no_code() public {
        refuses(
            client,
            abi.encodeCall(escrow.permit, (address(0xC0DE), 1000, type(uint256).max, 0, 0, 0)),
            "",
            "law 14: a permit of nothing"
        );
    }

    /// Borrowed money funds and is refunded in one call; all is as it was.
    function test_a_flash_loan_through_an_agreement() public {
        (FlashToken money, HookWallet borrower, Terms memory terms) = _borrower();
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(escrow.fund, (terms, 1, ""));
        calls[1] = abi.encodeCall(escrow.refund, (terms, 1));
        borrower.arm(address(escrow), abi.encodeCall(Multicall.multicall, (calls)));

        Books memory books = booksOf(terms);
        vm.prank(address(borrower));
        money.flash(address(borrower), 1000);
        same(borrower.entries(), 1, "law 9: funded and refunded");
        sameBooks(booksOf(terms), books, "law 9: for no gain");
        same(uint8(statusOf(terms, 0)), uint8(Status.Refunded), "law 4: it has ended");
    }

    /// Money lent into the escrow itself makes its balance large for a moment, and funds nothing.
    function test_a_flash_loan_into_the_balance() public {
        (FlashToken money, HookWallet borrower, Terms memory terms) = _borrower();
        borrower.arm(address(escrow), abi.encodeCall(escrow.fund, (terms, 1, "")));
        money.mint(address(borrower), 999);
        // The loan goes to the escrow; the borrower owes it, and has one unit less than the price.
        bytes memory error = abi.encodeWithSelector(LedgerToken.BalanceTooLow.selector, address(borrower), 999, 5000);
        vm.prank(address(borrower));
        (bool success, bytes memory answer) =
            address(money).call(abi.encodeCall(FlashToken.flash, (address(escrow), 5000)));
        holds(!success, "law 1: the loan was repaid out of the escrow");
        sameBytes(answer, error, "law 1: the loan cannot be repaid");

        // A token that lent it for good would have made a gift.
        money.mint(address(escrow), 5000);
        refuses(
            address(borrower),
            abi.encodeCall(escrow.fund, (terms, 1, "")),
            abi.encodeWithSelector(LedgerToken.BalanceTooLow.selector, address(borrower), 999, 1000),
            "law 1: what lies there already funds nothing"
        );
        same(escrow.statusesOf(idOf(terms)), 0, "law 1: nothing is funded");
    }

    /// Money lent with one milestone still owed: the loan that is left in the escrow cannot be repaid, so it never was.
    function test_a_flash_loan_left_in_an_agreement() public {
        (FlashToken money, HookWallet borrower, Terms memory terms) = _borrower();
        borrower.arm(address(escrow), abi.encodeCall(escrow.fund, (terms, 1, "")));
        vm.prank(address(borrower));
        (bool success, bytes memory answer) =
            address(money).call(abi.encodeCall(FlashToken.flash, (address(borrower), 1000)));
        holds(!success, "law 1: funded with money that is not there");
        sameBytes(
            answer,
            abi.encodeWithSelector(LedgerToken.BalanceTooLow.selector, address(borrower), 0, 1000),
            "law 1: the loan cannot be repaid"
        );
        same(escrow.statusesOf(idOf(terms)), 0, "law 1: nothing is funded");
        same(money.balanceOf(address(escrow)), 0, "law 1: nothing came in");
    }

    function _borrower() private returns (FlashToken money, HookWallet borrower, Terms memory terms) {
        money = new FlashToken();
        borrower = new HookWallet();
        terms = fixedPrice(1000);
        terms.client = address(borrower);
        terms.token = address(money);
        vm.prank(address(borrower));
        money.approve(address(escrow), type(uint256).max);
    }

    function _honestIsPaid() private {
        Books memory books = booksOf(_honest);
        releaseAll(_honest);
        paid(books, 1000, 0, 0);
        sameBooks(booksOf(_honest), books, "law 8: an agreement in another token");
        same(books.escrow, 0, "law 1: nothing is left of it");
    }
}
