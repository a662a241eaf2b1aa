// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Amendment, Approval, Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {CallingToken} from "../mocks/CallingToken.sol";
import {HookWallet} from "../mocks/HookWallet.sol";
import {vm} from "../utils/Vm.sol";
import {AllActs} from "./AllActs.sol";

/// @title ReentrancyFromRecipient
/// @notice A client, a payee and an arbiter with code hope to act while they are being paid, when their own acts are
/// open to them by right: to withdraw a credit twice, to be released the milestone that pays them just now, to dispute
/// or refund it, or to act on another agreement whose money lies in the same contract. They are called by the coin, and
/// by a token that calls its recipients, and attempt every act, alone and in a batch, on both agreements.
///
/// It fails because one guard covers all acts on all agreements (law 14), and because what has ended is written as
/// ended before anybody is paid (law 4). A failed attempt does not cost the recipient their money either.
contract ReentrancyFromRecipient is AllActs {
    HookWallet private _client;
    HookWallet private _payee;
    HookWallet private _arbiter;
    address private _money;
    Terms private _terms;
    Terms private _other;

    /// One act that pays out: who sends it, how many recipients it calls, and what it must leave behind.
    struct Scene {
        address by;
        bytes data;
        uint256 calls;
        Books end;
        Status status;
    }

    function setUp() public override {
        super.setUp();
        _client = new HookWallet();
        _payee = new HookWallet();
        _arbiter = new HookWallet();
        _money = address(new CallingToken());
    }

    function test_while_released() public {
        _inBoth(this.released);
    }

    function test_while_refunded() public {
        _inBoth(this.refunded);
    }

    function test_while_disputed() public {
        _inBoth(this.disputed);
    }

    function test_while_ruled() public {
        _inBoth(this.ruled);
    }

    function test_while_lapsed() public {
        _inBoth(this.lapsed);
    }

    function test_while_settled() public {
        _inBoth(this.settled);
    }

    function test_while_amended() public {
        _inBoth(this.amended);
    }

    function test_while_withdrawn() public {
        _inBoth(this.withdrawn);
    }

    function released() external returns (Scene memory scene) {
        submit(_terms, 0, 2500);
        Approval[] memory approvals = new Approval[](1);
        approvals[0].milestones = 1;
        scene = _scene(address(_client), abi.encodeCall(escrow.release, (_terms, 1, approvals)), 2, Status.Split);
        paid(scene.end, 250, 750, 0);
    }

    function refunded() external view returns (Scene memory scene) {
        scene = _scene(freelancer, abi.encodeCall(escrow.refund, (_terms, 1)), 1, Status.Refunded);
        paid(scene.end, 0, 1000, 0);
    }

    function disputed() external returns (Scene memory scene) {
        submit(_terms, 0, 7000);
        bytes memory data = abi.encodeCall(escrow.dispute, (_terms, 0, 4000, 0));
        scene = _scene(address(_client), data, 2, Status.Disputed);
        paid(scene.end, 300, 300, 0);
    }

    function ruled() external returns (Scene memory scene) {
        dispute(_terms, 0, 10_000, freelancer);
        bytes memory data = abi.encodeCall(escrow.rule, (_terms, 0, 600, 0));
        scene = _scene(address(_arbiter), data, 3, Status.Split);
        paid(scene.end, 600, 350, 50);
    }

    function lapsed() external returns (Scene memory scene) {
        dispute(_terms, 0, 10_000, freelancer);
        vm.warp(block.timestamp + _terms.rulingPeriod);
        scene = _scene(stranger, abi.encodeCall(escrow.lapse, (_terms, 0)), 2, Status.Split);
        paid(scene.end, 500, 500, 0);
    }

    function settled() external view returns (Scene memory scene) {
        Division memory division = Division(0, 400, 600);
        bytes memory offer = signSettlement(FREELANCER_KEY, _terms, division, type(uint40).max);
        bytes memory data = abi.encodeCall(escrow.settle, (_terms, division, type(uint40).max, offer));
        scene = _scene(address(_client), data, 2, Status.Split);
        paid(scene.end, 400, 600, 0);
    }

    function amended() external view returns (Scene memory scene) {
        Terms memory replacement = _terms;
        replacement.amounts = oneByOne(1, 100);
        Amendment memory amendment;
        amendment.divisions = new Division[](1);
        amendment.divisions[0] = Division(0, 300, 700);
        amendment.funded = 1;
        amendment.expiresAt = type(uint40).max;
        amendment.signature = signAmendment(FREELANCER_KEY, _terms, replacement, amendment);
        bytes memory data = abi.encodeCall(escrow.amend, (_terms, replacement, amendment));
        scene = _scene(address(_client), data, 2, Status.Split);
        paid(scene.end, 300, 600, 0);
    }

    function withdrawn() external returns (Scene memory scene) {
        _payee.refuse(true);
        releaseAll(_terms);
        _payee.refuse(false);
        bytes memory data = abi.encodeCall(escrow.withdraw, (_terms.token, address(_payee), address(_payee)));
        scene = _scene(address(_payee), data, 1, Status.Paid);
        same(scene.end.payeeCredit, 1000, "law 13: a refused payout is credited");
        scene.end.payeeCredit = 0;
        paid(scene.end, 1000, 0, 0);
    }

    /// The scene in the coin, then in a token that calls its recipients.
    function _inBoth(function() external returns (Scene memory) play) private {
        uint256 state = vm.snapshotState();
        _open(address(0));
        _attack(play());
        vm.revertToState(state);
        _open(_money);
        _attack(play());
    }

    /// Two agreements of the same people, with a funded milestone each.
    function _open(address money) private {
        Terms memory terms = fixedPrice(oneByOne(2, 1000));
        terms.client = address(_client);
        terms.payee = address(_payee);
        terms.arbiter = address(_arbiter);
        terms.token = money;
        vm.deal(address(_client), 5000);
        CallingToken(_money).mint(address(_client), 5000);
        vm.prank(address(_client));
        CallingToken(_money).approve(address(escrow), 5000);
        _terms = terms;
        fund(terms, 1);
        terms.salt = bytes32(uint256(2));
        _other = terms;
        fund(terms, 1);
    }

    function _attack(Scene memory scene) private {
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < 2 * ATTEMPTS; ++k) {
            bytes memory attempt = k < ATTEMPTS ? act(_terms, k) : act(_other, k - ATTEMPTS);
            _client.arm(address(escrow), attempt);
            _payee.arm(address(escrow), attempt);
            _arbiter.arm(address(escrow), attempt);
            vm.prank(scene.by);
            (bool success,) = address(escrow).call(scene.data);
            holds(success, "law 14: the act that was running failed");
            same(_refused(_client) + _refused(_payee) + _refused(_arbiter), scene.calls, "law 14: who is called");
            sameBooks(booksOf(_terms), scene.end, "law 1");
            same(uint8(statusOf(_terms, 0)), uint8(scene.status), "law 6: the status of the milestone");
            same(uint8(statusOf(_terms, 1)), uint8(Status.None), "law 8: the other milestone");
            same(escrow.statusesOf(idOf(_other)), uint8(Status.Active), "law 8: the other agreement");
            vm.revertToState(state);
        }
    }

    /// How often `wallet` attempted, having checked that it entered nothing and what it was told.
    function _refused(HookWallet wallet) private view returns (uint256) {
        same(wallet.entries(), 0, "law 14: an act was entered");
        if (wallet.attempts() != 0) sameBytes(wallet.answer(), guard(), "law 14: what the attempt is answered");
        return wallet.attempts();
    }

    /// The books as they are, for the caller to write what must change.
    function _scene(address by, bytes memory data, uint256 calls, Status status) private view returns (Scene memory) {
        return Scene(by, data, calls, booksOf(_terms), status);
    }
}
