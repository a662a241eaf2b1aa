// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Terms} from "../../../contracts/types/EscrowTypes.sol";
import {CallingToken} from "../mocks/CallingToken.sol";
import {StubbornWallet} from "../mocks/StubbornWallet.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title StarvedPush
/// @notice Whoever carries out a payout chooses how much gas to bring. The attacker brings just so much that the act
/// itself can end and the recipient cannot do what it does with money: hoping for a credit where a payment was due, or
/// for a wallet that took the money and failed to book it.
///
/// A push that fails with less than 250,000 of gas before it reverts the act ({GasTooLow}), and so does a push of the
/// coin to code with less, failed or not. So for every amount of gas the act reverts or delivers. A token's recipient
/// that refuses with more gas than that at hand, because it wants more still, can be starved into a credit, which anybody
/// then delivers whole, and where an earlier payout of the act was credited, one that wants some 150,000. One that merely
/// runs out takes the act's gas with it.
contract StarvedPush is AttackTest {
    uint256 private constant LEAST = 20_000;
    uint256 private constant MOST = 700_000;
    uint256 private constant STEP = 2_500;
    uint256 private constant FLOOR = 250_000;

    StubbornWallet private _client;
    StubbornWallet private _payee;
    CallingToken private _money;

    /// How the attempts with every amount of gas ended.
    struct Outcomes {
        uint256 outOfGas;
        uint256 tooLow;
        uint256 delivered;
    }

    function setUp() public override {
        super.setUp();
        _client = new StubbornWallet();
        _payee = new StubbornWallet();
        _money = new CallingToken();
    }

    /// Both recipients use nearly all that a push gives them.
    function test_of_coin_to_wallets_that_need_it_all() public {
        _payee.setManner(StubbornWallet.Manner.UseGas, 195_000);
        _client.setManner(StubbornWallet.Manner.UseGas, 195_000);
        _sweep(_opened(address(0)), false);
    }

    function test_of_coin_to_wallets_that_need_little() public {
        _payee.setManner(StubbornWallet.Manner.UseGas, 5_000);
        _client.setManner(StubbornWallet.Manner.UseGas, 5_000);
        _sweep(_opened(address(0)), false);
    }

    /// They take the money in any case; what they do with it is not left undone.
    function test_of_coin_to_wallets_that_swallow_their_failure() public {
        _payee.setManner(StubbornWallet.Manner.TryWithGas, 150_000);
        _client.setManner(StubbornWallet.Manner.TryWithGas, 150_000);
        _sweep(_opened(address(0)), true);
    }

    function test_of_a_token_to_wallets_that_need_much() public {
        _payee.setManner(StubbornWallet.Manner.UseGas, 190_000);
        _client.setManner(StubbornWallet.Manner.UseGas, 190_000);
        _sweep(_opened(address(_money)), false);
    }

    /// A token without calls, to people without code: any gas that ends the act delivers.
    function test_of_a_token_to_people() public {
        Terms memory terms = fixedPrice(1000);
        fund(terms, 1);
        submit(terms, 0, 2500);
        vm.prank(client);
        escrow.approve(terms, 1, new uint16[](0));
        Outcomes memory outcomes = _outcomes(terms, abi.encodeCall(escrow.release, (terms, 1, noApprovals())), false);
        holds(outcomes.outOfGas > 0 && outcomes.delivered > 0, "law 16: the sweep covers both ends");
    }

    /// A recipient of a token that refuses without more gas than the floor leaves it: one amount credits, another delivers;
    /// the credit is delivered whole by anybody who brings enough.
    function test_of_a_token_to_a_wallet_that_needs_more_than_the_floor() public {
        Terms memory terms = _opened(address(_money));
        _payee.setManner(StubbornWallet.Manner.WantGas, 300_000);
        bytes memory data = abi.encodeCall(escrow.release, (terms, 1, noApprovals()));
        Books memory before = booksOf(terms);
        uint256 state = vm.snapshotState();

        (bool success,) = address(escrow).call{gas: 330_000}(data);
        holds(success, "law 16: it ends as a credit");
        Books memory books = booksOf(terms);
        before.payeeCredit = 250;
        paid(before, 0, 750, 0);
        sameBooks(books, before, "law 13: starved into a credit");
        withdraw(stranger, address(_money), address(_payee), address(_payee));
        books.payeeCredit = 0;
        paid(books, 250, 0, 0);
        sameBooks(booksOf(terms), books, "law 13: delivered whole");

        vm.revertToState(state);
        (success,) = address(escrow).call{gas: 1_000_000}(data);
        holds(success, "law 16: it ends as a payment");
        sameBooks(booksOf(terms), books, "law 3: paid at once, to the same end");
    }

    /// The payee refuses, for little: a client who wants 120,000 is paid by every amount of gas that ends the act, one who
    /// wants 200,000 can be credited.
    function test_of_a_token_after_another_was_credited() public {
        Terms memory terms = _opened(address(_money));
        _payee.setManner(StubbornWallet.Manner.Revert, 0);
        (uint256 paidOut, uint256 credited) = _afterACredit(terms, 120_000);
        holds(paidOut > 0 && credited == 0, "law 13: a client who wants little");
        (paidOut, credited) = _afterACredit(terms, 200_000);
        holds(paidOut > 0 && credited > 0, "law 13: a client who wants much");
    }

    function _afterACredit(Terms memory terms, uint256 wanted) private returns (uint256 paidOut, uint256 credited) {
        _client.setManner(StubbornWallet.Manner.WantGas, wanted);
        bytes memory data = abi.encodeCall(escrow.release, (terms, 1, noApprovals()));
        Books memory before = booksOf(terms);
        Books memory later = booksOf(terms);
        later.payeeCredit = 250;
        Books memory both = booksOf(terms);
        (both.payeeCredit, both.clientCredit) = (250, 750);
        paid(later, 0, 750, 0);
        uint256 state = vm.snapshotState();
        for (uint256 gas_ = LEAST; gas_ <= MOST; gas_ += STEP) {
            (bool success,) = address(escrow).call{gas: gas_}(data);
            bool isCredited = escrow.credits(address(_money), address(_client)) != 0;
            sameBooks(
                booksOf(terms), success ? (isCredited ? both : later) : before, "law 13: paid, credited, or as it was"
            );
            if (success && isCredited) ++credited;
            if (success && !isCredited) ++paidOut;
            vm.revertToState(state);
        }
    }

    /// A withdrawal delivers or reverts; a credit is not lost to a starved recipient.
    function test_of_a_withdrawal() public {
        Terms memory terms = _opened(address(0));
        _payee.setManner(StubbornWallet.Manner.Revert, 0);
        escrow.release(terms, 1, noApprovals());
        _payee.setManner(StubbornWallet.Manner.UseGas, 150_000);
        bytes memory data = abi.encodeCall(escrow.withdraw, (address(0), address(_payee), address(_payee)));

        Books memory before = booksOf(terms);
        Books memory later = booksOf(terms);
        later.payeeCredit = 0;
        paid(later, 250, 0, 0);
        uint256 delivered = 0;
        uint256 reverted = 0;
        uint256 state = vm.snapshotState();
        for (uint256 gas_ = LEAST; gas_ <= MOST; gas_ += STEP) {
            (bool success,) = address(escrow).call{gas: gas_}(data);
            sameBooks(booksOf(terms), success ? later : before, "law 13: delivered, or as it was");
            if (success) ++delivered;
            else ++reverted;
            vm.revertToState(state);
        }
        holds(delivered > 0 && reverted > 0, "law 13: the sweep covers both ends");
    }

    /// 250 of 1000 are the payee's, approved and not yet released.
    function _opened(address money) private returns (Terms memory terms) {
        terms = fixedPrice(1000);
        terms.token = money;
        terms.client = address(_client);
        terms.payee = address(_payee);
        vm.deal(address(_client), 1000);
        _money.mint(address(_client), 1000);
        vm.prank(address(_client));
        _money.approve(address(escrow), 1000);
        fund(terms, 1);
        submit(terms, 0, 2500);
        vm.prank(address(_client));
        escrow.approve(terms, 1, new uint16[](0));
    }

    function _sweep(Terms memory terms, bool isTrying) private {
        bytes memory data = abi.encodeCall(escrow.release, (terms, 1, noApprovals()));
        Outcomes memory outcomes = _outcomes(terms, data, isTrying);
        holds(outcomes.outOfGas > 0, "law 16: the sweep begins too low");
        holds(outcomes.tooLow > 0, "law 16: the sweep passes the floor");
        holds(outcomes.delivered > 0, "law 16: the sweep ends high enough");
    }

    /// For every amount of gas the release by a stranger reverts, and nothing is changed, or delivers in full. From the
    /// first amount that delivers on, all do.
    function _outcomes(Terms memory terms, bytes memory data, bool isTrying)
        private
        returns (Outcomes memory outcomes)
    {
        Books memory before = booksOf(terms);
        Books memory later = booksOf(terms);
        paid(later, 250, 750, 0);
        uint256 statuses = escrow.statusesOf(idOf(terms));
        uint256 state = vm.snapshotState();
        for (uint256 gas_ = LEAST; gas_ <= MOST; gas_ += STEP) {
            vm.prank(stranger);
            (bool success, bytes memory answer) = address(escrow).call{gas: gas_}(data);
            if (success) {
                ++outcomes.delivered;
                sameBooks(booksOf(terms), later, "law 13: delivered");
                same(_payee.undone() + _client.undone(), 0, "law 13: what was left undone");
                same(_payee.done() + _client.done(), isTrying ? 2 : 0, "law 13: what was done");
            } else {
                same(outcomes.delivered, 0, "law 16: more gas delivers less");
                sameBooks(booksOf(terms), before, "law 13: as it was");
                same(escrow.statusesOf(idOf(terms)), statuses, "law 6: as it was");
                if (_isTooLow(answer, gas_)) ++outcomes.tooLow;
                else ++outcomes.outOfGas;
            }
            vm.revertToState(state);
        }
    }

    /// Whether the act was refused for its gas; else it must have run out of it, without an answer.
    function _isTooLow(bytes memory answer, uint256 brought) private pure returns (bool) {
        if (answer.length == 0) return false;
        same(answer.length, 68, "law 16: the answer to too little gas");
        (bytes4 selector, uint256 left, uint256 required) = _decoded(answer);
        holds(selector == IMilestoneEscrow.GasTooLow.selector, "law 16: the answer to too little gas");
        same(required, FLOOR, "law 16: the gas to bring");
        holds(left < required && left < brought, "law 16: the gas that was left");
        return true;
    }

    function _decoded(bytes memory answer) private pure returns (bytes4 selector, uint256 left, uint256 required) {
        assembly ("memory-safe") {
            selector := mload(add(answer, 0x20))
            left := mload(add(answer, 0x24))
            required := mload(add(answer, 0x44))
        }
    }
}
