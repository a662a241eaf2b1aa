// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {WrappedCoin} from "../mocks/WrappedCoin.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title PayeeBooksToSender
/// @notice The payee is a contract that books what it receives to whoever sent it, as the wrapped coin does, and that
/// is the escrow. The payee's money then lies in the escrow's name; the attacker hopes to take it out there, or to have
/// it counted for an agreement in the wrapped coin.
///
/// The coin was delivered to the payee that was named, and the milestone has ended. What was booked to the escrow is as
/// a gift: nobody's, and every agreement's books are what they were. Who names such a payee loses their own money.
contract PayeeBooksToSender is AttackTest {
    WrappedCoin private _wrapped;
    /// Pays the wrapped coin.
    Terms private _mistaken;
    /// In the wrapped coin, of the same people.
    Terms private _honest;

    function setUp() public override {
        super.setUp();
        _wrapped = new WrappedCoin();
        _honest = fixedPrice(1000);
        _honest.token = address(_wrapped);
        vm.prank(client);
        (bool success,) = address(_wrapped).call{value: 2000}("");
        holds(success, "the coin is not wrapped");
        vm.prank(client);
        _wrapped.approve(address(escrow), 1000);
        fund(_honest, 1);
        _mistaken = inCoin(fixedPrice(1000));
        _mistaken.payee = address(_wrapped);
    }

    function test_what_it_loses_is_its_own() public {
        _lose();
        same(address(_wrapped).balance, 3000, "law 3: delivered");
        same(_wrapped.balanceOf(address(escrow)), 2000, "law 1: booked to the escrow");
        same(escrow.credits(address(0), address(_wrapped)), 0, "law 13: paid, not credited");
        same(uint8(statusOf(_mistaken, 0)), uint8(Status.Paid), "law 4: it has ended");

        Books memory books = booksOf(_honest);
        dispute(_honest, 0, 10_000, freelancer);
        vm.prank(arbiter);
        escrow.rule(_honest, 0, 600, 0);
        paid(books, 600, 350, 50);
        sameBooks(booksOf(_honest), books, "law 8: an agreement in the wrapped coin");
        same(books.escrow, 1000, "law 1: the gift alone is left");
    }

    /// In whoever's name it is asked for: there is no credit, and nothing is funded by it.
    function test_nobody_takes_it_out() public {
        _lose();
        address[6] memory people = [client, freelancer, payee, arbiter, stranger, address(_wrapped)];
        for (uint256 k = 0; k < people.length; ++k) {
            refuses(
                people[k],
                abi.encodeCall(escrow.withdraw, (address(_wrapped), people[k], people[k])),
                nothingToWithdraw(address(_wrapped), people[k]),
                "law 13: it is nobody's credit"
            );
            refuses(
                people[k],
                abi.encodeCall(escrow.withdraw, (address(_wrapped), address(escrow), people[k])),
                abi.encodeWithSelector(IMilestoneEscrow.NotCreditOwner.selector, people[k], address(escrow)),
                "law 13: nor the escrow's"
            );
        }
        Terms memory second = _honest;
        second.salt = bytes32(uint256(1));
        refuses(
            client,
            abi.encodeCall(escrow.fund, (second, 1, "")),
            abi.encodeWithSignature("Panic(uint256)", 0x11),
            "law 1: nothing is funded by it"
        );
        same(_wrapped.balanceOf(address(escrow)), 2000, "law 1: it stays");
    }

    /// The same money again: a later funding in the wrapped coin is exact beside it.
    function test_a_funding_beside_it() public {
        _lose();
        vm.prank(client);
        _wrapped.approve(address(escrow), 1000);
        Terms memory second = _honest;
        second.salt = bytes32(uint256(1));
        Books memory books = booksOf(second);
        fund(second, 1);
        (books.client, books.escrow) = (books.client - 1000, books.escrow + 1000);
        sameBooks(booksOf(second), books, "law 1: the price came in");
        releaseAll(second);
        vm.prank(freelancer);
        escrow.refund(_honest, 1);
        paid(books, 1000, 1000, 0);
        sameBooks(booksOf(second), books, "law 3: both, to the unit");
        same(books.escrow, 1000, "law 1: the gift alone is left");
    }

    /// In the wrapped coin itself such a payee is refused from the start.
    function test_as_the_payee_of_itself() public {
        Terms memory terms = _honest;
        terms.payee = address(_wrapped);
        refuses(
            client,
            abi.encodeCall(escrow.fund, (terms, 1, "")),
            abi.encodeWithSelector(IMilestoneEscrow.RecipientInvalid.selector, address(_wrapped)),
            "law 18: the token as payee"
        );
    }

    function _lose() private {
        Books memory books = booksOf(_mistaken);
        fund(_mistaken, 1);
        releaseAll(_mistaken);
        books.client -= 1000;
        books.payee += 1000;
        sameBooks(booksOf(_mistaken), books, "law 3: what the payee was due");
    }
}
