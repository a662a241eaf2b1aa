// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {MoodyToken} from "../mocks/MoodyToken.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title TokenAnswers
/// @notice A token answers a transfer in a way of its own: nothing, false, a number, a piece of a word, a megabyte, a
/// revert; or it says true of what it did not do. The attacker hopes that a refusal counts as a payment, so that a
/// milestone ends unpaid, or a payment as a refusal, so that it is paid twice; or that the answer is too large to be
/// read, so that the act cannot end.
///
/// On the way in every answer is checked against the balance. On the way out nothing and true count as paid, all else
/// becomes a credit, and no answer is copied beyond one word. A token that moves and denies it, or says true and moves
/// nothing, breaks the assumptions and cheats those who chose it: what it does to whom is written down here, and that
/// no other token's agreement is touched.
contract TokenAnswers is AttackTest {
    /// More than a token needs to build its bomb, and less than the escrow would need to copy it besides.
    uint256 private constant BOMB_GAS = 3_000_000;

    MoodyToken private _money;
    Terms private _terms;
    Terms private _honest;

    function setUp() public override {
        super.setUp();
        _money = new MoodyToken();
        _terms = dealIn(_money, 1000);
        _honest = fixedPrice(1000);
        fund(_honest, 1);
    }

    function test_what_counts_as_taken_in() public {
        _takesIn(MoodyToken.Manner.True);
        _takesIn(MoodyToken.Manner.Nothing);
        _takesIn(MoodyToken.Manner.TwoWords);
        _takesIn(MoodyToken.Manner.ReturnBomb);
    }

    function test_what_is_refused_on_the_way_in() public {
        bytes memory failed = _failed();
        _refusesIn(MoodyToken.Manner.False, failed);
        _refusesIn(MoodyToken.Manner.Two, failed);
        _refusesIn(MoodyToken.Manner.TwoBytes, failed);
        _refusesIn(MoodyToken.Manner.ShortWord, failed);
        _refusesIn(MoodyToken.Manner.MovedButFalse, failed);
        _refusesIn(MoodyToken.Manner.MovedButTwo, failed);
        _refusesIn(
            MoodyToken.Manner.Revert,
            abi.encodeWithSelector(MoodyToken.Unwilling.selector, client, address(escrow), 1000)
        );
        _refusesIn(MoodyToken.Manner.OneLess, notExact(address(_money), 0, 999, 1000));
        _refusesIn(MoodyToken.Manner.Unmoved, notExact(address(_money), 0, 0, 1000));
        _money.mint(client, 1);
        _refusesIn(MoodyToken.Manner.OneMore, notExact(address(_money), 0, 1001, 1000));
    }

    function test_what_counts_as_paid() public {
        _paysOut(MoodyToken.Manner.True);
        _paysOut(MoodyToken.Manner.Nothing);
        _paysOut(MoodyToken.Manner.TwoWords);
        _paysOut(MoodyToken.Manner.ReturnBomb);
    }

    function test_what_is_credited() public {
        _credits(MoodyToken.Manner.False, _failed());
        _credits(MoodyToken.Manner.Two, _failed());
        _credits(MoodyToken.Manner.TwoBytes, _failed());
        _credits(MoodyToken.Manner.ShortWord, _failed());
        _credits(
            MoodyToken.Manner.Revert,
            abi.encodeWithSelector(MoodyToken.Unwilling.selector, address(escrow), payee, 1000)
        );
        _credits(MoodyToken.Manner.RevertBomb, new bytes(1_000_000));
    }

    /// Neither a megabyte returned nor one reverted with is copied by a payout.
    function test_a_bomb_costs_the_act_no_copy() public {
        fund(_terms, 1);
        _bombs(MoodyToken.Manner.ReturnBomb, 1000, 0);
        _bombs(MoodyToken.Manner.RevertBomb, 0, 1000);
    }

    /// It says true and keeps the money. The milestone has ended as paid for the escrow, and nobody is credited.
    function test_a_token_that_pays_nothing_cheats_those_who_chose_it() public {
        fund(_terms, 1);
        _money.setManner(MoodyToken.Manner.Unmoved, MoodyToken.Manner.True);
        Books memory books = booksOf(_terms);
        releaseAll(_terms);
        sameBooks(booksOf(_terms), books, "law 1");
        same(uint8(statusOf(_terms, 0)), uint8(Status.Paid), "law 4: it has ended");
        refuses(
            payee,
            abi.encodeCall(escrow.withdraw, (address(_money), payee, payee)),
            nothingToWithdraw(address(_money), payee),
            "law 13: no credit of what counts as paid"
        );
        _honestIsPaid();
    }

    /// One unit less than asked: the payee bears it, and the unit left behind is nobody's.
    function test_a_token_that_pays_less_cheats_those_who_chose_it() public {
        fund(_terms, 1);
        _money.setManner(MoodyToken.Manner.OneLess, MoodyToken.Manner.True);
        Books memory books = booksOf(_terms);
        releaseAll(_terms);
        paid(books, 999, 0, 0);
        sameBooks(booksOf(_terms), books, "law 1");
        same(books.escrow, 1, "law 1: what stays behind");
        _honestIsPaid();
    }

    /// It pays and denies it: paid and credited. The second payment is some other agreement's in the same token, which
    /// then waits as a credit that the token has no money for.
    function test_a_token_that_denies_what_it_paid_cheats_its_own_only() public {
        MoodyToken.Manner[2] memory denials = [MoodyToken.Manner.MovedButFalse, MoodyToken.Manner.MovedButTwo];
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < denials.length; ++k) {
            Terms memory second = dealIn(_money, 1000);
            second.salt = bytes32(uint256(1));
            second.payee = address(0x5EC0);
            fund(_terms, 1);
            fund(second, 1);

            _money.setManner(denials[k], MoodyToken.Manner.True);
            releaseAll(_terms);
            same(_money.balanceOf(payee), 1000, "law 3: paid");
            same(escrow.credits(address(_money), payee), 1000, "law 13: and credited, as the token said");

            _money.setManner(MoodyToken.Manner.True, MoodyToken.Manner.True);
            withdraw(payee, address(_money), payee, payee);
            same(_money.balanceOf(payee), 2000, "law 1: paid twice by a token that lies");
            same(_money.balanceOf(address(escrow)), 0, "law 1: with the money of its other agreement");

            releaseAll(second);
            same(_money.balanceOf(second.payee), 0, "law 1: for whom nothing is left");
            same(escrow.credits(address(_money), second.payee), 1000, "law 13: but a credit");
            _honestIsPaid();
            vm.revertToState(state);
        }
    }

    function _takesIn(MoodyToken.Manner manner) private {
        uint256 state = vm.snapshotState();
        _money.setManner(MoodyToken.Manner.True, manner);
        Books memory books = booksOf(_terms);
        fund(_terms, 1);
        books.client -= 1000;
        books.escrow += 1000;
        sameBooks(booksOf(_terms), books, "law 1");
        same(uint8(statusOf(_terms, 0)), uint8(Status.Active), "law 6: funded");
        vm.revertToState(state);
    }

    function _refusesIn(MoodyToken.Manner manner, bytes memory error) private {
        _money.setManner(MoodyToken.Manner.True, manner);
        Books memory books = booksOf(_terms);
        refuses(client, abi.encodeCall(escrow.fund, (_terms, 1, "")), error, "law 1: what came in");
        sameBooks(booksOf(_terms), books, "law 1");
        same(escrow.statusesOf(idOf(_terms)), 0, "law 1: nothing is funded");
    }

    function _paysOut(MoodyToken.Manner manner) private {
        uint256 state = vm.snapshotState();
        fund(_terms, 1);
        _money.setManner(manner, MoodyToken.Manner.True);
        Books memory books = booksOf(_terms);
        releaseAll(_terms);
        paid(books, 1000, 0, 0);
        sameBooks(booksOf(_terms), books, "law 3");
        vm.revertToState(state);
    }

    /// A payout that is answered so is credited; a withdrawal that is answered so fails with `error` and keeps the
    /// credit, until the token thinks better of it.
    function _credits(MoodyToken.Manner manner, bytes memory error) private {
        uint256 state = vm.snapshotState();
        fund(_terms, 1);
        _money.setManner(manner, MoodyToken.Manner.True);
        Books memory books = booksOf(_terms);
        releaseAll(_terms);
        books.payeeCredit = 1000;
        sameBooks(booksOf(_terms), books, "law 13");

        bytes memory toPayee = abi.encodeCall(escrow.withdraw, (address(_money), payee, payee));
        refuses(stranger, toPayee, error, "law 13: a withdrawal that fails");
        sameBooks(booksOf(_terms), books, "law 13");

        _money.setManner(MoodyToken.Manner.Nothing, MoodyToken.Manner.True);
        withdraw(stranger, address(_money), payee, payee);
        books.payeeCredit = 0;
        paid(books, 1000, 0, 0);
        sameBooks(booksOf(_terms), books, "law 13");
        refuses(stranger, toPayee, nothingToWithdraw(address(_money), payee), "law 13: paid once");
        vm.revertToState(state);
    }

    function _bombs(MoodyToken.Manner manner, uint256 toPayee, uint256 credited) private {
        uint256 state = vm.snapshotState();
        _money.setManner(manner, MoodyToken.Manner.True);
        vm.prank(client);
        escrow.approve(_terms, 1, new uint16[](0));
        Books memory books = booksOf(_terms);
        vm.prank(stranger);
        uint256 gasBefore = gasleft();
        (bool success,) =
            address(escrow).call{gas: BOMB_GAS}(abi.encodeCall(escrow.release, (_terms, 1, noApprovals())));
        uint256 used = gasBefore - gasleft();
        holds(success, "law 16: a bomb keeps the act from ending");
        holds(used > 2_000_000, "the token built no bomb");
        paid(books, toPayee, 0, 0);
        books.payeeCredit = credited;
        sameBooks(booksOf(_terms), books, "law 3");
        vm.revertToState(state);
    }

    function _failed() private view returns (bytes memory) {
        return abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(_money));
    }

    function _honestIsPaid() private {
        Books memory books = booksOf(_honest);
        releaseAll(_honest);
        paid(books, 1000, 0, 0);
        sameBooks(booksOf(_honest), books, "law 8: an agreement in another token");
        same(books.escrow, 0, "law 1: nothing is left of it");
    }
}
