// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Amendment, Authorization, Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {HookToken} from "../mocks/HookToken.sol";
import {HookWallet} from "../mocks/HookWallet.sol";
import {Witness} from "../mocks/Witness.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title ReadInTheMiddle
/// @notice A callee does not act but reads, and hopes that somebody else who relies on the views is deceived by what
/// they say while a call out of the contract runs: a milestone that seems open although it is being paid, a credit that
/// is there twice, money that is counted and has not come in.
///
/// The views answer, by decision: they show what is decided, money still on its way included. What they show is never
/// taken back by the act that is running, so a status that reads as final is final. What differs from the state before
/// and after is written down here to the unit: who relies on balances reads outside of a call.
contract ReadInTheMiddle is AttackTest {
    HookToken private _money;
    Witness private _witness;
    Terms private _terms;

    function setUp() public override {
        super.setUp();
        _money = new HookToken();
        _witness = new Witness();
        _terms = dealIn(_money, 1000);
        _money.mint(client, 1000);
    }

    /// The money of a funding is counted before it is in: the only moment at which the balance is behind the books.
    function test_a_funding_is_seen_before_its_money() public {
        _watch(HookToken.Moment.BeforeTransferFrom);
        fund(_terms, 1);
        _sawOnce(Status.Active, 1000, 0, 0, 0);
    }

    function test_a_funding_by_authorization_is_seen_before_its_money() public {
        _watch(HookToken.Moment.BeforeAuthorization);
        Authorization memory authorization;
        escrow.fundWithAuthorization(_terms, 1, "", authorization);
        _sawOnce(Status.Offered, 1000, 0, 0, 0);
    }

    function test_a_funding_is_seen_after_its_money() public {
        _watch(HookToken.Moment.AfterTransferFrom);
        fund(_terms, 1);
        _sawOnce(Status.Active, 1000, 1000, 0, 0);
    }

    /// A funding that fails was seen and never was.
    function test_a_funding_that_fails_was_seen_by_nobody() public {
        _watch(HookToken.Moment.BeforeTransferFrom);
        vm.prank(client);
        _money.approve(address(escrow), 999);
        vm.prank(client);
        (bool success,) = address(escrow).call(abi.encodeCall(escrow.fund, (_terms, 1, "")));
        holds(!success, "law 1: funded for less");
        same(_witness.count(), 0, "law 15: what a failed act showed is gone with it");
        same(escrow.statusesOf(idOf(_terms)), 0, "law 1: nothing is funded");
    }

    function test_a_permit_changes_nothing_to_see() public {
        fund(_terms, 1);
        _watch(HookToken.Moment.Permit);
        vm.prank(client);
        escrow.permit(address(_money), 1, type(uint256).max, 0, 0, 0);
        _sawOnce(Status.Active, 1000, 1000, 0, 0);
    }

    function test_a_release_is_seen_as_ended_before_its_money_leaves() public {
        fund(_terms, 1);
        submit(_terms, 0, 2500);
        _watch(HookToken.Moment.BeforeTransfer);
        releaseAll(_terms);
        same(_witness.count(), 2, "law 3: two are paid");
        _saw(0, Status.Split, 0, 1000, 0, 0);
        _saw(1, Status.Split, 0, 750, 0, 0);
        same(uint8(statusOf(_terms, 0)), uint8(Status.Split), "law 4: what was seen as final is final");
    }

    /// A credit is written after the call that failed, and before the next one.
    function test_a_credit_is_seen_by_the_next_recipient() public {
        fund(_terms, 1);
        submit(_terms, 0, 2500);
        _money.refuse(payee);
        _watch(HookToken.Moment.BeforeTransfer);
        releaseAll(_terms);
        same(_witness.count(), 2, "law 3: two are paid");
        _saw(0, Status.Split, 0, 1000, 0, 0);
        _saw(1, Status.Split, 0, 1000, 250, 0);
    }

    function test_a_withdrawn_credit_is_gone_before_its_money_leaves() public {
        fund(_terms, 1);
        _money.refuse(payee);
        releaseAll(_terms);
        _watch(HookToken.Moment.BeforeTransfer);
        withdraw(payee, address(_money), payee, stranger);
        _sawOnce(Status.Paid, 0, 1000, 0, 0);
        same(_money.balanceOf(stranger), 1000, "law 13: where the owner sends it");
    }

    function test_a_dispute_is_seen_with_what_is_disputed_only() public {
        fund(_terms, 1);
        submit(_terms, 0, 7000);
        _watch(HookToken.Moment.BeforeTransfer);
        dispute(_terms, 0, 4000, client);
        same(_witness.count(), 2, "law 3: two are paid");
        _saw(0, Status.Disputed, 400, 1000, 0, 0);
        _saw(1, Status.Disputed, 400, 700, 0, 0);
        same(_money.balanceOf(address(escrow)), 400, "law 1: what is disputed stays");
    }

    function test_a_ruling_is_seen_as_ended_by_all_three() public {
        fund(_terms, 1);
        dispute(_terms, 0, 10_000, freelancer);
        _watch(HookToken.Moment.AfterTransfer);
        vm.prank(arbiter);
        escrow.rule(_terms, 0, 600, 0);
        same(_witness.count(), 3, "law 3: three are paid");
        _saw(0, Status.Split, 0, 400, 0, 0);
        _saw(1, Status.Split, 0, 50, 0, 0);
        _saw(2, Status.Split, 0, 0, 0, 0);
    }

    function test_a_refund_is_seen_as_ended_before_its_money_leaves() public {
        fund(_terms, 1);
        _watch(HookToken.Moment.BeforeTransfer);
        vm.prank(freelancer);
        escrow.refund(_terms, 1);
        _sawOnce(Status.Refunded, 0, 1000, 0, 0);
    }

    function test_a_lapse_is_seen_as_ended_by_both() public {
        fund(_terms, 1);
        dispute(_terms, 0, 10_000, freelancer);
        vm.warp(block.timestamp + _terms.rulingPeriod);
        _watch(HookToken.Moment.BeforeTransfer);
        escrow.lapse(_terms, 0);
        same(_witness.count(), 2, "law 3: two are paid");
        _saw(0, Status.Split, 0, 1000, 0, 0);
        _saw(1, Status.Split, 0, 500, 0, 0);
    }

    function test_a_settlement_is_seen_as_ended_by_both() public {
        fund(_terms, 1);
        Division memory division = Division(0, 400, 600);
        bytes memory offer = signSettlement(FREELANCER_KEY, _terms, division, type(uint40).max);
        _watch(HookToken.Moment.BeforeTransfer);
        vm.prank(client);
        escrow.settle(_terms, division, type(uint40).max, offer);
        same(_witness.count(), 2, "law 3: two are paid");
        _saw(0, Status.Split, 0, 1000, 0, 0);
        _saw(1, Status.Split, 0, 600, 0, 0);
    }

    /// An amendment that asks for more is seen with the new milestone open and the old money only.
    function test_an_amendment_is_seen_before_what_it_takes_in() public {
        fund(_terms, 1);
        Terms memory replacement = _terms;
        replacement.amounts = oneByOne(1, 1500);
        Amendment memory amendment;
        amendment.divisions = new Division[](1);
        amendment.divisions[0] = Division(0, 0, 1000);
        amendment.funded = 1;
        amendment.expiresAt = type(uint40).max;
        amendment.signature = signAmendment(FREELANCER_KEY, _terms, replacement, amendment);

        uint256 state = vm.snapshotState();
        _watch(HookToken.Moment.BeforeTransferFrom);
        vm.prank(client);
        escrow.amend(_terms, replacement, amendment);
        _sawOnce(Status.Refunded, 0, 1000, 0, 0);

        vm.revertToState(state);
        _watch(HookToken.Moment.BeforeTransferFrom);
        _witness.watch(escrow, replacement);
        vm.prank(client);
        escrow.amend(_terms, replacement, amendment);
        _sawOnce(Status.Active, 1500, 1000, 0, 0);
    }

    /// A recipient of the coin has its money already when it looks, and the others' has not left.
    function test_recipients_of_the_coin_look_with_the_money_in_hand() public {
        (HookWallet first, HookWallet second) = _inCoin();
        _witness.watch(escrow, _terms);
        _arm(first);
        _arm(second);
        releaseAll(_terms);
        same(_witness.count(), 2, "law 3: two are paid");
        _saw(0, Status.Split, 0, 750, 0, 0);
        _saw(1, Status.Split, 0, 0, 0, 0);
    }

    /// Of two recipients the first refuses: the second sees the credit.
    function test_recipients_of_the_coin_see_earlier_credits() public {
        (HookWallet first, HookWallet second) = _inCoin();
        _witness.watch(escrow, _terms);
        first.refuse(true);
        _arm(second);
        releaseAll(_terms);
        _sawOnce(Status.Split, 0, 250, 250, 0);
    }

    /// A quarter of 1000 in coin claimed, for a payee and a client with code.
    function _inCoin() private returns (HookWallet first, HookWallet second) {
        (first, second) = (new HookWallet(), new HookWallet());
        Terms memory terms = inCoin(_terms);
        terms.payee = address(first);
        terms.client = address(second);
        vm.deal(address(second), 1000);
        _terms = terms;
        fund(terms, 1);
        submit(terms, 0, 2500);
    }

    function _arm(HookWallet wallet) private {
        wallet.arm(address(_witness), abi.encodeCall(Witness.look, ()));
    }

    function _watch(HookToken.Moment moment) private {
        _witness.watch(escrow, _terms);
        _money.arm(moment, address(_witness), abi.encodeCall(Witness.look, ()));
    }

    function _sawOnce(Status status, uint256 open, uint256 balance, uint256 payeeCredit, uint256 clientCredit)
        private
        view
    {
        same(_witness.count(), 1, "law 3: one call out");
        _saw(0, status, open, balance, payeeCredit, clientCredit);
    }

    function _saw(uint256 k, Status status, uint256 open, uint256 balance, uint256 payeeCredit, uint256 clientCredit)
        private
        view
    {
        (uint8 seen, uint64 seenOpen, uint64 seenBalance, uint64 seenPayeeCredit, uint64 seenClientCredit) =
            _witness.sights(k);
        same(seen, uint8(status), "law 4: the status in the middle");
        same(seenOpen, open, "law 1: what is open in the middle");
        same(seenBalance, balance, "law 1: the balance in the middle");
        same(seenPayeeCredit, payeeCredit, "law 13: the payee's credit in the middle");
        same(seenClientCredit, clientCredit, "law 13: the client's credit in the middle");
    }
}
