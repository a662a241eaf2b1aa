// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Amendment, Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {PausingToken} from "../mocks/PausingToken.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title TokenPauses
/// @notice Whoever may pause a token does so before a ruling, a release or a deadline, or in the middle of an act. They
/// hope that what is not decided while it is paused is decided otherwise after, or never, or that an act stops half
/// way.
///
/// Nothing that decides moves money first, so every clock runs and every act ends as it would have; what is due waits
/// as credits, to the unit, and leaves once the pause ends.
contract TokenPauses is AttackTest {
    PausingToken private _money;
    Terms private _terms;

    function setUp() public override {
        super.setUp();
        _money = new PausingToken();
        Terms memory terms = dealIn(_money, 6000);
        terms.amounts = oneByOne(6, 1000);
        _terms = terms;
        fund(terms, 63);
    }

    function test_everything_is_decided_in_its_time() public {
        Terms memory terms = _terms;
        Books memory books = booksOf(terms);
        submit(terms, 0, 7000);
        submit(terms, 1, 10_000);
        dispute(terms, 2, 10_000, freelancer);
        dispute(terms, 3, 10_000, freelancer);
        vm.prank(client);
        escrow.requestRefund(terms, 4, 0);
        _money.setPaused(true);

        dispute(terms, 1, 4000, client);
        books.payeeCredit += 600;
        vm.prank(arbiter);
        escrow.rule(terms, 2, 600, 0);
        (books.payeeCredit, books.clientCredit, books.arbiterCredit) = (1200, 350, 50);
        Division memory division = Division(5, 400, 600);
        bytes memory offer = signSettlement(FREELANCER_KEY, terms, division, type(uint40).max);
        vm.prank(client);
        escrow.settle(terms, division, type(uint40).max, offer);
        (books.payeeCredit, books.clientCredit) = (1600, 950);
        sameBooks(booksOf(terms), books, "law 13: disputed, ruled and settled");

        vm.warp(BEGIN + terms.responsePeriod);
        vm.prank(stranger);
        escrow.refund(terms, 16);
        vm.warp(BEGIN + terms.reviewPeriod);
        vm.prank(stranger);
        escrow.release(terms, 1, noApprovals());
        vm.warp(BEGIN + terms.rulingPeriod);
        vm.prank(stranger);
        escrow.lapse(terms, 1);
        vm.prank(stranger);
        escrow.lapse(terms, 3);
        // Refunded 1000; released 700 of 1000; lapsed 400 and 1000 in halves.
        (books.payeeCredit, books.clientCredit) = (1600 + 700 + 200 + 500, 950 + 1000 + 300 + 200 + 500);
        sameBooks(booksOf(terms), books, "law 16: every clock ran");
        same(escrow.statusesOf(idOf(terms)), 0xa9aaaa, "law 5: all have ended");

        bytes memory paused = abi.encodeWithSelector(PausingToken.Paused.selector);
        address[3] memory owners = [payee, client, arbiter];
        for (uint256 k = 0; k < 3; ++k) {
            refuses(owners[k], _withdrawal(owners[k], stranger), paused, "law 13: while it is paused");
            refuses(stranger, _withdrawal(owners[k], owners[k]), paused, "law 13: while it is paused");
        }
        sameBooks(booksOf(terms), books, "law 13: the credits wait");

        _money.setPaused(false);
        for (uint256 k = 0; k < 3; ++k) {
            withdraw(stranger, address(_money), owners[k], owners[k]);
        }
        (books.payeeCredit, books.clientCredit, books.arbiterCredit) = (0, 0, 0);
        paid(books, 3000, 2950, 50);
        sameBooks(booksOf(terms), books, "law 13: and leave after it");
        same(books.escrow, 0, "law 1: nothing is left");
    }

    /// What takes nothing in is possible; what would, fails whole.
    function test_nothing_comes_in() public {
        Terms memory terms = _terms;
        Books memory books = booksOf(terms);
        _money.setPaused(true);
        Terms memory second = fixedPrice(1000);
        second.token = address(_money);
        _money.mint(client, 1000);
        books.client += 1000;
        bytes memory paused = abi.encodeWithSelector(PausingToken.Paused.selector);
        refuses(client, abi.encodeCall(escrow.fund, (second, 1, "")), paused, "law 1: funded");
        same(escrow.statusesOf(idOf(second)), 0, "law 1: nothing is funded");
        refuses(client, _amend(second, 999), paused, "law 1: an amendment that needs one more");
        sameBooks(booksOf(terms), books, "law 1: nothing moved");
        same(escrow.statusesOf(idOf(terms)), 0x222222, "law 6: as it was");

        (bool success,) = _by(client, _amend(second, 1000));
        holds(success, "law 16: an amendment that needs what it frees");
        sameBooks(booksOf(terms), books, "law 1: nothing had to move");
        same(uint8(statusOf(second, 0)), uint8(Status.Active), "law 6: funded by what was freed");
        same(uint8(statusOf(terms, 0)), uint8(Status.Refunded), "law 5");
    }

    /// After the first of three payouts: the first is paid, the others are credited, and nobody is paid twice.
    function test_in_the_middle_of_an_act() public {
        Terms memory terms = _terms;
        dispute(terms, 0, 10_000, freelancer);
        uint256 state = vm.snapshotState();
        for (uint256 k = 1; k < 4; ++k) {
            Books memory books = booksOf(terms);
            _money.pauseAfter(k);
            vm.prank(arbiter);
            escrow.rule(terms, 0, 600, 0);
            paid(books, 600, k > 1 ? 350 : 0, k > 2 ? 50 : 0);
            (books.clientCredit, books.arbiterCredit) = (k > 1 ? 0 : 350, k > 2 ? 0 : 50);
            sameBooks(booksOf(terms), books, "law 3: each paid or credited");

            _money.setPaused(false);
            if (k < 2) withdraw(stranger, address(_money), client, client);
            if (k < 3) withdraw(stranger, address(_money), arbiter, arbiter);
            paid(books, 0, books.clientCredit, books.arbiterCredit);
            (books.clientCredit, books.arbiterCredit) = (0, 0);
            sameBooks(booksOf(terms), books, "law 13: once");
            same(books.escrow, 5000, "law 8: the other milestones");
            vm.revertToState(state);
        }
    }

    /// Ends milestone 0 with all but `toClient` to the freelancer and funds `second` with it.
    function _amend(Terms memory second, uint256 toClient) private view returns (bytes memory) {
        Amendment memory amendment;
        amendment.divisions = new Division[](1);
        amendment.divisions[0] = Division(0, 1000 - toClient, toClient);
        amendment.funded = 1;
        amendment.expiresAt = type(uint40).max;
        amendment.signature = signAmendment(FREELANCER_KEY, _terms, second, amendment);
        return abi.encodeCall(escrow.amend, (_terms, second, amendment));
    }

    function _by(address by, bytes memory data) private returns (bool success, bytes memory answer) {
        vm.prank(by);
        return address(escrow).call(data);
    }

    function _withdrawal(address owner, address to) private view returns (bytes memory) {
        return abi.encodeCall(escrow.withdraw, (address(_money), owner, to));
    }
}
