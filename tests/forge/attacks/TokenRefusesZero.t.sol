// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Amendment, Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {ZeroShyToken} from "../mocks/ZeroShyToken.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title TokenRefusesZero
/// @notice Some tokens refuse to move nothing. The attacker hopes to bring about a division in which somebody receives
/// nothing, so that the act cannot end; a token that calls on every transfer hopes to be called for nothing.
///
/// No transfer of nothing is ever made: every act that can give a side nothing is played here with a token that counts,
/// and again with one that refuses.
contract TokenRefusesZero is AttackTest {
    ZeroShyToken private _money;
    Terms private _terms;

    function setUp() public override {
        super.setUp();
        _money = new ZeroShyToken();
        _terms = dealIn(_money, 1000);
    }

    function test_release_of_the_whole() public {
        _each(this.released);
    }

    function test_release_of_a_claim_that_is_worth_nothing() public {
        _each(this.releasedForNothing);
    }

    function test_refund() public {
        _each(this.refunded);
    }

    function test_dispute_that_concedes_nothing() public {
        _each(this.disputed);
    }

    function test_ruling_without_a_fee_for_the_freelancer() public {
        _each(this.ruledForFreelancer);
    }

    function test_ruling_for_the_client() public {
        _each(this.ruledForClient);
    }

    function test_lapse_to_the_client() public {
        _each(this.lapsedToClient);
    }

    function test_lapse_to_the_freelancer() public {
        _each(this.lapsedToFreelancer);
    }

    function test_settlement() public {
        _each(this.settled);
    }

    function test_amendment_that_needs_what_it_frees() public {
        _each(this.amended);
    }

    function released() external returns (uint256, uint256, uint256) {
        fund(_terms, 1);
        releaseAll(_terms);
        return (1000, 0, 0);
    }

    /// A ten-thousandth of less than ten thousand units is none.
    function releasedForNothing() external returns (uint256, uint256, uint256) {
        fund(_terms, 1);
        submit(_terms, 0, 1);
        releaseAll(_terms);
        same(uint8(statusOf(_terms, 0)), uint8(Status.Refunded), "law 5: all to the client");
        return (0, 1000, 0);
    }

    function refunded() external returns (uint256, uint256, uint256) {
        fund(_terms, 1);
        vm.prank(freelancer);
        escrow.refund(_terms, 1);
        return (0, 1000, 0);
    }

    function disputed() external returns (uint256, uint256, uint256) {
        fund(_terms, 1);
        submit(_terms, 0, 10_000);
        dispute(_terms, 0, 10_000, client);
        return (0, 0, 0);
    }

    function ruledForFreelancer() external returns (uint256, uint256, uint256) {
        _terms.arbiterFeeBps = 0;
        fund(_terms, 1);
        dispute(_terms, 0, 10_000, freelancer);
        vm.prank(arbiter);
        escrow.rule(_terms, 0, 1000, 0);
        return (1000, 0, 0);
    }

    function ruledForClient() external returns (uint256, uint256, uint256) {
        fund(_terms, 1);
        dispute(_terms, 0, 10_000, freelancer);
        vm.prank(arbiter);
        escrow.rule(_terms, 0, 0, 0);
        return (0, 950, 50);
    }

    function lapsedToClient() external returns (uint256, uint256, uint256) {
        _lapse(0);
        return (0, 1000, 0);
    }

    function lapsedToFreelancer() external returns (uint256, uint256, uint256) {
        _lapse(10_000);
        return (1000, 0, 0);
    }

    function settled() external returns (uint256, uint256, uint256) {
        fund(_terms, 1);
        Division memory division = Division(0, 0, 1000);
        bytes memory offer = signSettlement(CLIENT_KEY, _terms, division, type(uint40).max);
        vm.prank(freelancer);
        escrow.settle(_terms, division, type(uint40).max, offer);
        return (0, 1000, 0);
    }

    function amended() external returns (uint256, uint256, uint256) {
        fund(_terms, 1);
        Terms memory replacement = _terms;
        replacement.salt = bytes32(uint256(1));
        Amendment memory amendment;
        amendment.divisions = new Division[](1);
        amendment.divisions[0] = Division(0, 0, 1000);
        amendment.funded = 1;
        amendment.expiresAt = type(uint40).max;
        amendment.signature = signAmendment(FREELANCER_KEY, _terms, replacement, amendment);
        vm.prank(client);
        escrow.amend(_terms, replacement, amendment);
        return (0, 0, 0);
    }

    function _lapse(uint16 defaultBps) private {
        _terms.defaultBps = defaultBps;
        fund(_terms, 1);
        dispute(_terms, 0, 10_000, freelancer);
        vm.warp(block.timestamp + _terms.rulingPeriod);
        escrow.lapse(_terms, 0);
    }

    /// Plays with a token that counts transfers of nothing, then with one that refuses them.
    function _each(function() external returns (uint256, uint256, uint256) play) private {
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < 2; ++k) {
            _money.setShy(k == 1);
            Books memory books = booksOf(_terms);
            (uint256 toPayee, uint256 toClient, uint256 toArbiter) = play();
            books.client -= 1000;
            books.escrow += 1000;
            paid(books, toPayee, toClient, toArbiter);
            sameBooks(booksOf(_terms), books, "law 3");
            uint256 payouts = (toPayee > 0 ? 1 : 0) + (toClient > 0 ? 1 : 0) + (toArbiter > 0 ? 1 : 0);
            same(_money.zeros(), 0, "law 3: a transfer of nothing");
            same(_money.transfers(), 1 + payouts, "law 3: one transfer in, one to each who is paid");
            vm.revertToState(state);
        }
    }
}
