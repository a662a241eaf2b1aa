// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Division, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title Donations
/// @notice A stranger sends the escrow a little, by transfer or by force, before an act: hoping to unsettle an exact
/// amount so that the act is refused, to shift a division by rounding, or to have the gift counted as a payment for
/// terms of their own.
///
/// No act asks what the escrow holds, only how much a transfer moved. Amounts are the same to the unit with and without
/// gifts, and what was given lies there for ever: it is nobody's.
contract Donations is AttackTest {
    uint256 private constant GIFT = 7;

    function test_in_a_token() public {
        _play(fixedPrice(1001));
    }

    function test_in_the_coin() public {
        _play(inCoin(fixedPrice(1001)));
    }

    /// A gift of the whole price funds nothing.
    function test_a_gift_is_no_funding() public {
        Terms memory terms = fixedPrice(1000);
        vm.prank(client);
        token.approve(address(escrow), 0);
        token.mint(address(escrow), 1000);
        bytes memory error =
            abi.encodeWithSignature("ERC20InsufficientAllowance(address,uint256,uint256)", address(escrow), 0, 1000);
        refuses(client, abi.encodeCall(escrow.fund, (terms, 1, "")), error, "law 1: funded by a gift");

        Terms memory coin = inCoin(fixedPrice(1000));
        _force(1000);
        refuses(
            client,
            abi.encodeCall(escrow.fund, (coin, 1, "")),
            abi.encodeWithSignature("ValueMismatch(uint256,uint256)", 0, 1000),
            "law 1: funded by a gift"
        );
    }

    /// A gift adds nothing to a credit, and is none.
    function test_a_gift_is_no_credit() public {
        Terms memory terms = fixedPrice(1000);
        fund(terms, 1);
        token.setDenied(payee, true);
        _give(terms);
        releaseAll(terms);
        _give(terms);
        same(escrow.credits(address(token), payee), 1000, "law 13: what failed to be paid");
        withdraw(payee, address(token), payee, stranger);
        same(token.balanceOf(stranger), 1000, "law 13: and no more");
        same(token.balanceOf(address(escrow)), 2 * GIFT, "law 1: the gifts are nobody's");
        address[5] memory people = [client, freelancer, payee, arbiter, stranger];
        for (uint256 k = 0; k < people.length; ++k) {
            refuses(
                people[k],
                abi.encodeCall(escrow.withdraw, (address(token), people[k], people[k])),
                nothingToWithdraw(address(token), people[k]),
                "law 13: a gift is nobody's credit"
            );
        }
    }

    /// A gift before every act; the books differ from those without by the gifts alone.
    function _play(Terms memory terms) private {
        Books memory books = booksOf(terms);
        books.escrow += _give(terms);
        fund(terms, 1);
        books.client -= 1001;
        books.escrow += 1001;
        sameBooks(booksOf(terms), books, "law 1: funded");

        uint256 state = vm.snapshotState();
        books.escrow += _give(terms);
        releaseAll(terms);
        paid(books, 1001, 0, 0);
        sameBooks(booksOf(terms), books, "law 3: released");
        _left(books, 2);

        vm.revertToState(state);
        books = booksOf(terms);
        books.escrow += _give(terms);
        vm.prank(freelancer);
        escrow.refund(terms, 1);
        paid(books, 0, 1001, 0);
        sameBooks(booksOf(terms), books, "law 3: refunded");
        _left(books, 2);

        vm.revertToState(state);
        books = booksOf(terms);
        Division memory division = Division(0, 500, 501);
        bytes memory offer = signSettlement(FREELANCER_KEY, terms, division, type(uint40).max);
        books.escrow += _give(terms);
        vm.prank(client);
        escrow.settle(terms, division, type(uint40).max, offer);
        paid(books, 500, 501, 0);
        sameBooks(booksOf(terms), books, "law 3: settled");
        _left(books, 2);

        vm.revertToState(state);
        _playDispute(terms);
    }

    /// 1001 claimed by seven tenths, of which four are disputed: 300 conceded, 301 returned, 400 and a fee of 20.
    function _playDispute(Terms memory terms) private {
        submit(terms, 0, 7000);
        Books memory books = booksOf(terms);
        books.escrow += _give(terms);
        dispute(terms, 0, 4000, client);
        paid(books, 300, 301, 0);
        sameBooks(booksOf(terms), books, "law 10: disputed");
        books.escrow += _give(terms);
        same(escrow.milestoneAt(terms, 0, 0).open, 400, "law 15: what is open");

        uint256 state = vm.snapshotState();
        vm.prank(arbiter);
        escrow.rule(terms, 0, 380, 0);
        paid(books, 380, 0, 20);
        sameBooks(booksOf(terms), books, "law 2: ruled");
        _left(books, 3);

        vm.revertToState(state);
        books = booksOf(terms);
        vm.warp(block.timestamp + terms.rulingPeriod);
        escrow.lapse(terms, 0);
        paid(books, 200, 200, 0);
        sameBooks(booksOf(terms), books, "law 10: lapsed");
        _left(books, 3);
    }

    function _left(Books memory books, uint256 gifts) private pure {
        same(books.escrow, gifts * GIFT, "law 1: the gifts alone are left");
    }

    function _give(Terms memory terms) private returns (uint256) {
        if (terms.token == address(0)) _force(GIFT);
        else token.mint(address(escrow), GIFT);
        return GIFT;
    }

    /// Coin that the escrow does not ask for: a contract ends itself in its favour while it is being made.
    function _force(uint256 amount) private {
        bytes memory code = abi.encodePacked(hex"73", address(escrow), hex"ff");
        uint256 balance = address(escrow).balance;
        assembly ("memory-safe") {
            pop(create(amount, add(code, 0x20), mload(code)))
        }
        same(address(escrow).balance, balance + amount, "law 1: the gift is there");
    }
}
