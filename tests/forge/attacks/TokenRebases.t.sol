// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {LedgerToken} from "../mocks/LedgerToken.sol";
import {RebasingToken} from "../mocks/RebasingToken.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title TokenRebases
/// @notice A token that changes balances by itself hopes that its shortfall is paid with other tokens' money, or that
/// somebody can take out what it added.
///
/// The escrow counts what is owed and never what it holds. A shortfall falls on those agreements in that token that are
/// paid last: each payout is whole or a credit, which waits for the token. What is added is nobody's: no act moves it.
contract TokenRebases is AttackTest {
    RebasingToken private _money;
    Terms private _first;
    Terms private _second;
    Terms private _honest;

    function setUp() public override {
        super.setUp();
        _money = new RebasingToken();
        _first = dealIn(_money, 1200);
        _second = dealIn(_money, 1200);
        _second.salt = bytes32(uint256(1));
        _second.payee = address(0x5EC0);
        fund(_first, 1);
        fund(_second, 1);
        _honest = fixedPrice(1000);
        fund(_honest, 1);
    }

    /// Three quarters are left of what came in. The first is paid in full; of the second the payee is, and the client's
    /// part, larger than what is left, waits whole until the token has enough again.
    function test_a_shortfall_is_credited_to_who_is_paid_last() public {
        _money.rebase(75);
        Books memory books = booksOf(_first);
        same(books.escrow, 1800, "law 1: what is left");
        releaseAll(_first);
        paid(books, 1200, 0, 0);
        sameBooks(booksOf(_first), books, "law 3: whole to the first");

        submit(_second, 0, 2500);
        books = booksOf(_second);
        releaseAll(_second);
        paid(books, 300, 0, 0);
        books.clientCredit = 900;
        sameBooks(booksOf(_second), books, "law 13: whole or not at all");
        same(books.escrow, 300, "law 1: too little for the credit");

        // The token counts in shares: 400 are left, and 900 units are that many once it has grown to 225 per cent.
        bytes memory pull = abi.encodeCall(escrow.withdraw, (address(_money), client, client));
        refuses(client, pull, _tooLow(400, 1200), "law 13: while the token has too little");
        _money.rebase(224);
        refuses(client, pull, _tooLow(400, 401), "law 13: one unit short is too little");
        _money.rebase(225);
        books = booksOf(_second);
        same(books.clientCredit, 900, "law 13: the credit stays");
        withdraw(client, address(_money), client, client);
        books.clientCredit = 0;
        paid(books, 0, 900, 0);
        sameBooks(booksOf(_second), books, "law 13: paid once it can be");
        _honestIsPaid();
    }

    /// Anybody may give what is missing; it then pays the credit and nothing else.
    function test_a_shortfall_that_passes() public {
        _money.rebase(50);
        releaseAll(_first);
        Books memory books = booksOf(_second);
        releaseAll(_second);
        books.payeeCredit = 1200;
        sameBooks(booksOf(_second), books, "law 13");
        same(books.escrow, 0, "law 1: the first took what was left");

        _money.mint(address(escrow), 2400);
        withdraw(stranger, address(_money), _second.payee, _second.payee);
        books.payeeCredit = 0;
        books.payee += 1200;
        books.escrow = 0;
        sameBooks(booksOf(_second), books, "law 13");
        _honestIsPaid();
    }

    /// Money that comes in for a third agreement pays whoever is paid first, because it is one token: those who choose
    /// such a token share its fate.
    function test_a_shortfall_is_shared_by_later_agreements_in_the_token() public {
        _money.rebase(50);
        Terms memory third = dealIn(_money, 1200);
        _money.mint(client, 1200);
        third.salt = bytes32(uint256(3));
        fund(third, 1);
        same(_money.balanceOf(address(escrow)), 2400, "law 1: two thirds of what is owed");

        releaseAll(_first);
        releaseAll(_second);
        same(_money.balanceOf(payee), 1200, "law 3: the first is paid");
        same(_money.balanceOf(_second.payee), 1200, "law 3: the second is paid");
        Books memory books = booksOf(third);
        vm.prank(freelancer);
        escrow.refund(third, 1);
        books.clientCredit = 1200;
        sameBooks(booksOf(third), books, "law 13: the third waits");
        _honestIsPaid();
    }

    /// What was added stays, whoever tries to move it.
    function test_what_is_added_is_nobodys() public {
        _money.rebase(300);
        dispute(_first, 0, 10_000, freelancer);
        Books memory books = booksOf(_first);
        same(books.escrow, 7200, "law 1: three times as much");
        refuses(
            arbiter,
            abi.encodeCall(escrow.rule, (_first, 0, 1141, 0)),
            abi.encodeWithSelector(IMilestoneEscrow.RulingTooHigh.selector, idOf(_first), 0, 1141, 1140),
            "law 2: a ruling over more than was funded"
        );
        vm.prank(arbiter);
        escrow.rule(_first, 0, 600, 0);
        paid(books, 600, 540, 60);
        sameBooks(booksOf(_first), books, "law 3");

        books = booksOf(_second);
        releaseAll(_second);
        paid(books, 1200, 0, 0);
        sameBooks(booksOf(_second), books, "law 3");
        address[5] memory people = [client, freelancer, payee, arbiter, stranger];
        for (uint256 k = 0; k < people.length; ++k) {
            refuses(
                people[k],
                abi.encodeCall(escrow.withdraw, (address(_money), people[k], people[k])),
                nothingToWithdraw(address(_money), people[k]),
                "law 13: a credit of what was added"
            );
        }
        _refusesEnded(client, abi.encodeCall(escrow.approve, (_second, 1, new uint16[](0))));
        _refusesEnded(freelancer, abi.encodeCall(escrow.refund, (_second, 1)));
        _refusesEnded(stranger, abi.encodeCall(escrow.release, (_second, 1, noApprovals())));
        _refusesEnded(stranger, abi.encodeCall(escrow.lapse, (_second, 0)));
        same(_money.balanceOf(address(escrow)), 4800, "law 1: what was added is stuck");
        _honestIsPaid();
    }

    function test_a_rebase_in_the_middle_of_a_funding_is_refused() public {
        Terms memory third = dealIn(_money, 1200);
        third.salt = bytes32(uint256(3));
        bytes memory data = abi.encodeCall(escrow.fund, (third, 1, ""));
        Books memory books = booksOf(third);
        _money.rebaseDuringTransfers(110);
        refuses(client, data, notExact(address(_money), 2400, 3960, 1200), "law 1: more than was asked");
        _money.rebaseDuringTransfers(50);
        refuses(client, data, notExact(address(_money), 2400, 1800, 1200), "law 1: less than there was");
        sameBooks(booksOf(third), books, "law 1");
        same(escrow.statusesOf(idOf(third)), 0, "law 1: nothing is funded");
    }

    function _refusesEnded(address by, bytes memory data) private {
        bytes memory error =
            abi.encodeWithSelector(IMilestoneEscrow.WrongStatus.selector, idOf(_second), 0, Status.Paid);
        refuses(by, data, error, "law 4: an act on what has ended");
    }

    function _tooLow(uint256 balance, uint256 amount) private view returns (bytes memory) {
        return abi.encodeWithSelector(LedgerToken.BalanceTooLow.selector, address(escrow), balance, amount);
    }

    function _honestIsPaid() private {
        Books memory books = booksOf(_honest);
        releaseAll(_honest);
        paid(books, 1000, 0, 0);
        sameBooks(booksOf(_honest), books, "law 8: an agreement in another token");
        same(books.escrow, 0, "law 1: nothing is left of it");
    }
}
