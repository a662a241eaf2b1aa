// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Amendment, Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {EntryToken, TwoEntryToken} from "../mocks/EntryToken.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title TokenTwoAddresses
/// @notice One token answers at two addresses. The attacker hopes that money counted under one address can be taken out
/// under the other: by a credit withdrawn at both, by an amendment from one to the other, or by an act at one address
/// that takes the balance at the other for its own.
///
/// The escrow keeps no count by balance. What is funded and credited under an address leaves under that address, once,
/// and the two together never exceed what came in.
contract TokenTwoAddresses is AttackTest {
    TwoEntryToken private _money;
    EntryToken private _second;
    Terms private _atFirst;
    Terms private _atSecond;

    function setUp() public override {
        super.setUp();
        _money = new TwoEntryToken();
        _second = _money.SECOND();
        _atFirst = dealIn(_money, 1000);
        _atSecond = dealIn(_money, 1000);
        _atSecond.token = address(_second);
        fund(_atFirst, 1);
        fund(_atSecond, 1);
    }

    function test_each_leaves_under_its_own_address() public {
        same(_money.balanceOf(address(escrow)), 2000, "law 1: both are in one balance");
        Books memory books = booksOf(_atFirst);
        releaseAll(_atFirst);
        paid(books, 1000, 0, 0);
        sameBooks(booksOf(_atFirst), books, "law 3");
        same(uint8(statusOf(_atSecond, 0)), uint8(Status.Active), "law 8: the other agreement");

        vm.prank(freelancer);
        escrow.refund(_atSecond, 1);
        paid(books, 0, 1000, 0);
        sameBooks(booksOf(_atSecond), books, "law 3");
        same(books.escrow, 0, "law 1: and nothing is left");
    }

    function test_a_credit_is_withdrawn_under_its_address_once() public {
        _money.refuse(payee);
        releaseAll(_atFirst);
        same(escrow.credits(address(_money), payee), 1000, "law 13: credited under its address");
        same(escrow.credits(address(_second), payee), 0, "law 13: and under no other");
        refuses(
            payee,
            abi.encodeCall(escrow.withdraw, (address(_second), payee, stranger)),
            nothingToWithdraw(address(_second), payee),
            "law 13: under the other address"
        );
        withdraw(payee, address(_money), payee, stranger);
        refuses(
            payee,
            abi.encodeCall(escrow.withdraw, (address(_money), payee, stranger)),
            nothingToWithdraw(address(_money), payee),
            "law 13: paid once"
        );
        same(_money.balanceOf(stranger), 1000, "law 13: where the owner sends it");
        same(_money.balanceOf(address(escrow)), 1000, "law 8: the other agreement's money");
    }

    function test_no_amendment_leads_from_one_to_the_other() public {
        Amendment memory amendment;
        amendment.divisions = new Division[](1);
        amendment.divisions[0] = Division(0, 0, 1000);
        amendment.funded = 2;
        amendment.expiresAt = type(uint40).max;
        Terms memory replacement = _atSecond;
        replacement.amounts = oneByOne(2, 1000);
        amendment.signature = signAmendment(FREELANCER_KEY, _atFirst, replacement, amendment);
        refuses(
            client,
            abi.encodeCall(escrow.amend, (_atFirst, replacement, amendment)),
            abi.encodeWithSelector(IMilestoneEscrow.AmendmentMismatch.selector, idOf(_atFirst), idOf(replacement)),
            "law 18: another token"
        );
    }

    /// The token is refused as its own payee; under its other name it is not known, and the money it then holds is as
    /// lost as with any address that cannot spend. Nobody else's is.
    function test_the_other_address_as_payee() public {
        Terms memory terms = dealIn(_money, 1000);
        terms.payee = address(_money);
        refuses(
            client,
            abi.encodeCall(escrow.fund, (terms, 1, "")),
            abi.encodeWithSelector(IMilestoneEscrow.RecipientInvalid.selector, address(_money)),
            "law 18: the token as payee"
        );
        terms.payee = address(_second);
        fund(terms, 1);
        Books memory books = booksOf(terms);
        releaseAll(terms);
        paid(books, 1000, 0, 0);
        sameBooks(booksOf(terms), books, "law 3");
        same(books.escrow, 2000, "law 8: the others' money");
    }
}
