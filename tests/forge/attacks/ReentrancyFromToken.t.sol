// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Amendment, Approval, Authorization, Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {HookToken} from "../mocks/HookToken.sol";
import {vm} from "../utils/Vm.sol";
import {AllActs} from "./AllActs.sol";

/// @title ReentrancyFromToken
/// @notice The token hopes to act while the escrow is in the middle of an act on it: to be paid a milestone twice
/// because the first payout has not been recorded, or to have one transfer counted for two fundings. It is called at
/// every moment at which the escrow calls a token, and attempts every act, alone and in a batch.
///
/// It fails because every act takes the same guard before it reads anything (law 14), and because the statuses are
/// written before the first call out. The act that was running ends as if nobody had tried.
contract ReentrancyFromToken is AllActs {
    HookToken private _money;
    Terms private _terms;

    /// One act that calls the token: who sends it, with which calls out, and what it must leave behind.
    struct Scene {
        address by;
        bytes data;
        uint256 calls;
        Books end;
        Status status;
    }

    function setUp() public override {
        super.setUp();
        _money = new HookToken();
        Terms memory terms = dealIn(_money, 1000);
        _money.mint(client, 1000);
        terms.amounts = oneByOne(2, 1000);
        _terms = terms;
    }

    function test_from_fund() public {
        Scene memory scene = _funding();
        _attack(scene, HookToken.Moment.BeforeTransferFrom);
        _attack(scene, HookToken.Moment.AfterTransferFrom);
    }

    function test_from_fund_with_authorization() public {
        Scene memory scene = _funding();
        Authorization memory authorization;
        scene.data =
            abi.encodeCall(escrow.fundWithAuthorization, (_terms, 1, signTerms(FREELANCER_KEY, _terms), authorization));
        scene.by = stranger;
        _attack(scene, HookToken.Moment.BeforeAuthorization);
        _attack(scene, HookToken.Moment.AfterAuthorization);
    }

    function test_from_permit() public {
        fund(_terms, 1);
        Scene memory scene = _scene(client, act(_terms, 2), 1, Status.Active);
        _attack(scene, HookToken.Moment.Permit);

        _money.arm(HookToken.Moment.Permit, address(escrow), act(_terms, 2));
        vm.prank(client);
        escrow.permit(address(_money), 1, type(uint256).max, 0, 0, 0);
        same(_money.allowance(client, address(escrow)), 1, "law 14: the permit that was running was used");
    }

    function test_from_release() public {
        fund(_terms, 1);
        submit(_terms, 0, 2500);
        Approval[] memory approvals = new Approval[](1);
        approvals[0].milestones = 1;
        Scene memory scene = _scene(client, abi.encodeCall(escrow.release, (_terms, 1, approvals)), 2, Status.Split);
        paid(scene.end, 250, 750, 0);
        _attackPayout(scene);
    }

    function test_from_refund() public {
        fund(_terms, 1);
        Scene memory scene = _scene(freelancer, abi.encodeCall(escrow.refund, (_terms, 1)), 1, Status.Refunded);
        paid(scene.end, 0, 1000, 0);
        _attackPayout(scene);
    }

    function test_from_dispute() public {
        fund(_terms, 1);
        submit(_terms, 0, 7000);
        bytes memory data = abi.encodeCall(escrow.dispute, (_terms, 0, 4000, 0));
        Scene memory scene = _scene(client, data, 2, Status.Disputed);
        paid(scene.end, 300, 300, 0);
        _attackPayout(scene);
    }

    function test_from_rule() public {
        fund(_terms, 1);
        dispute(_terms, 0, 10_000, freelancer);
        Scene memory scene = _scene(arbiter, abi.encodeCall(escrow.rule, (_terms, 0, 600, 0)), 3, Status.Split);
        paid(scene.end, 600, 350, 50);
        _attackPayout(scene);
    }

    function test_from_lapse() public {
        fund(_terms, 1);
        dispute(_terms, 0, 10_000, freelancer);
        vm.warp(block.timestamp + _terms.rulingPeriod);
        Scene memory scene = _scene(stranger, abi.encodeCall(escrow.lapse, (_terms, 0)), 2, Status.Split);
        paid(scene.end, 500, 500, 0);
        _attackPayout(scene);
    }

    function test_from_settle() public {
        fund(_terms, 1);
        Division memory division = Division(0, 400, 600);
        bytes memory offer = signSettlement(FREELANCER_KEY, _terms, division, type(uint40).max);
        bytes memory data = abi.encodeCall(escrow.settle, (_terms, division, type(uint40).max, offer));
        Scene memory scene = _scene(client, data, 2, Status.Split);
        paid(scene.end, 400, 600, 0);
        _attackPayout(scene);
    }

    function test_from_amend_that_pays_out() public {
        fund(_terms, 1);
        Scene memory scene = _scene(client, _amend(300, 100), 2, Status.Split);
        paid(scene.end, 300, 600, 0);
        _attackPayout(scene);
    }

    function test_from_amend_that_takes_in() public {
        fund(_terms, 1);
        Scene memory scene = _scene(client, _amend(0, 1500), 1, Status.Refunded);
        scene.end.client -= 500;
        scene.end.escrow += 500;
        _attack(scene, HookToken.Moment.BeforeTransferFrom);
        _attack(scene, HookToken.Moment.AfterTransferFrom);
    }

    function test_from_withdraw() public {
        fund(_terms, 1);
        _money.refuse(payee);
        releaseAll(_terms);
        _money.refuse(address(0));
        bytes memory data = abi.encodeCall(escrow.withdraw, (address(_money), payee, payee));
        Scene memory scene = _scene(stranger, data, 1, Status.Paid);
        same(scene.end.payeeCredit, 1000, "law 13: a refused payout is credited");
        scene.end.payeeCredit = 0;
        paid(scene.end, 1000, 0, 0);
        _attackPayout(scene);
    }

    /// While a balance is read nothing can be written; still it is the guard that answers, and the funding fails with
    /// what the token says.
    function test_from_a_reading_of_the_balance() public {
        Authorization memory authorization;
        bytes memory acceptance = signTerms(FREELANCER_KEY, _terms);
        bytes memory direct = abi.encodeCall(escrow.fund, (_terms, 1, acceptance));
        bytes memory signed = abi.encodeCall(escrow.fundWithAuthorization, (_terms, 1, acceptance, authorization));
        bytes memory error = abi.encodeWithSelector(HookToken.Answer.selector, false, guard());
        for (uint256 k = 0; k < ATTEMPTS; ++k) {
            _money.arm(HookToken.Moment.BalanceOf, address(escrow), act(_terms, k));
            refuses(client, direct, error, "law 14: entered from a balance");
            refuses(stranger, signed, error, "law 14: entered from a balance");
        }
        same(escrow.statusesOf(idOf(_terms)), 0, "law 1: nothing is funded");
        _money.arm(HookToken.Moment.Never, address(0), "");
        same(_money.balanceOf(address(escrow)), 0, "law 1: nothing came in");
    }

    /// That the attempts above meet the guard says something only if the guard is not what they meet by themselves.
    function test_the_attempts_meet_no_guard_where_nothing_runs() public {
        fund(_terms, 1);
        uint256 state = vm.snapshotState();
        uint256 succeeded = 0;
        for (uint256 k = 0; k < ATTEMPTS; ++k) {
            vm.prank(freelancer);
            (bool success, bytes memory answer) = address(escrow).call(act(_terms, k));
            holds(keccak256(answer) != keccak256(guard()), "law 14: the guard answered outside of any act");
            if (success) ++succeeded;
            vm.revertToState(state);
        }
        // fundWithAuthorization, permit, submit, release, refund and dispute, alone and in a batch.
        same(succeeded, 12, "law 14: what the freelancer may do where nothing runs");
    }

    function _attackPayout(Scene memory scene) private {
        _attack(scene, HookToken.Moment.BeforeTransfer);
        _attack(scene, HookToken.Moment.AfterTransfer);
    }

    function _attack(Scene memory scene, HookToken.Moment moment) private {
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < ATTEMPTS; ++k) {
            _money.arm(moment, address(escrow), act(_terms, k));
            vm.prank(scene.by);
            (bool success,) = address(escrow).call(scene.data);
            holds(success, "law 14: the act that was running failed");
            same(_money.attempts(), scene.calls, "law 14: how often the token is called");
            same(_money.entries(), 0, "law 14: an act was entered");
            sameBytes(_money.answer(), guard(), "law 14: what the attempt is answered");
            sameBooks(booksOf(_terms), scene.end, "law 1");
            same(uint8(statusOf(_terms, 0)), uint8(scene.status), "law 6: the status of the milestone");
            same(uint8(statusOf(_terms, 1)), uint8(Status.None), "law 8: the other milestone");
            vm.revertToState(state);
        }
    }

    /// The books as they are, for the caller to write what must change.
    function _scene(address by, bytes memory data, uint256 calls, Status status) private view returns (Scene memory) {
        return Scene(by, data, calls, booksOf(_terms), status);
    }

    function _funding() private view returns (Scene memory scene) {
        bytes memory data = abi.encodeCall(escrow.fund, (_terms, 1, signTerms(FREELANCER_KEY, _terms)));
        scene = _scene(client, data, 1, Status.Active);
        scene.end.client -= 1000;
        scene.end.escrow += 1000;
    }

    /// Ends milestone 0 with `toFreelancer` to them and funds `amount` of new terms.
    function _amend(uint256 toFreelancer, uint256 amount) private view returns (bytes memory) {
        Terms memory terms = _terms;
        Terms memory replacement = _terms;
        replacement.amounts = oneByOne(1, amount);
        Amendment memory amendment;
        amendment.divisions = new Division[](1);
        amendment.divisions[0] = Division(0, toFreelancer, 1000 - toFreelancer);
        amendment.funded = 1;
        amendment.expiresAt = type(uint40).max;
        amendment.signature = signAmendment(FREELANCER_KEY, terms, replacement, amendment);
        return abi.encodeCall(escrow.amend, (terms, replacement, amendment));
    }
}
