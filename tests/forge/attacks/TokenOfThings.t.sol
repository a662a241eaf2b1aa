// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {NumberedToken} from "../mocks/NumberedToken.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title TokenOfThings
/// @notice The terms name a collection of single things (ERC-721), whose `transferFrom` takes the number of a thing
/// where a token takes an amount. The attacker hopes that a thing of a high number counts as a large sum.
///
/// A balance of things grows by one, so only the price of one is taken in, by the thing of that number. Such a thing
/// then cannot be sent out as a token is: it waits as a credit. Who names a collection loses that thing and nobody else
/// anything.
contract TokenOfThings is AttackTest {
    NumberedToken private _things;
    Terms private _terms;

    function setUp() public override {
        super.setUp();
        _things = new NumberedToken();
        _things.mint(client, 1);
        _things.mint(client, 1000);
        vm.prank(client);
        _things.setApprovalForAll(address(escrow), true);
        _terms = fixedPrice(1000);
        _terms.token = address(_things);
    }

    function test_a_thing_is_no_sum() public {
        refuses(
            client,
            abi.encodeCall(escrow.fund, (_terms, 1, "")),
            notExact(address(_things), 0, 1, 1000),
            "law 1: one thing for a thousand"
        );
        holds(_things.ownerOf(1000) == client, "law 1: the thing stays");
        same(escrow.statusesOf(idOf(_terms)), 0, "law 1: nothing is funded");
    }

    function test_the_first_thing_waits() public {
        Terms memory honest = fixedPrice(1000);
        fund(honest, 1);
        _terms.amounts = oneByOne(1, 1);
        fund(_terms, 1);
        holds(_things.ownerOf(1) == address(escrow), "law 1: the thing came in");
        releaseAll(_terms);
        same(uint8(statusOf(_terms, 0)), uint8(Status.Paid), "law 16: it has ended");
        same(escrow.credits(address(_things), payee), 1, "law 13: as a credit");
        refuses(payee, abi.encodeCall(escrow.withdraw, (address(_things), payee, stranger)), "", "law 13: it waits");
        holds(_things.ownerOf(1) == address(escrow), "law 13: the thing waits");
        same(escrow.credits(address(_things), payee), 1, "law 13: with its credit");

        Books memory books = booksOf(honest);
        releaseAll(honest);
        paid(books, 1000, 0, 0);
        sameBooks(booksOf(honest), books, "law 8: an agreement in a token");
    }
}
