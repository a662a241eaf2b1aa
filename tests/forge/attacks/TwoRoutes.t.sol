// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Amendment, Approval, Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title TwoRoutes
/// @notice The same money by two routes: every way to end a milestone is tried after every other, one after the other and
/// in one batch, a milestone is named twice in one release, and a credit is taken twice.
///
/// Each route ends in a final status that is written before money leaves; whichever comes second is refused, and a batch
/// that holds both is refused whole.
contract TwoRoutes is AttackTest {
    uint256 private constant ROUTES = 6;

    Terms private terms;
    Terms private replacement;

    /// A dispute that both parties can end in every way, once the arbiter is late.
    function setUp() public override {
        super.setUp();
        terms = fixedPrice(1000);
        replacement = fixedPrice(400);
        replacement.salt = bytes32(uint256(1));
        fund(terms, 1);
        submit(terms, 0, 10_000);
        dispute(terms, 0, 10_000, client);
        token.mint(address(escrow), 1_000_000);
    }

    function test_one_after_the_other() public {
        for (uint256 first = 0; first < ROUTES; ++first) {
            for (uint256 second = 0; second < ROUTES; ++second) {
                uint256 snapshot = vm.snapshotState();
                _time(first);
                (address by, bytes memory data) = _route(first);
                vm.prank(by);
                (bool success,) = address(escrow).call(data);
                holds(success, "law 6: the first route");
                Status ended = statusOf(terms, 0);
                (by, data) = _route(second);
                bytes memory error =
                    abi.encodeWithSelector(IMilestoneEscrow.WrongStatus.selector, idOf(terms), 0, ended);
                refuses(by, data, error, "law 3: the second route");
                uint256 kept = first == 4 ? 400 : 0;
                same(token.balanceOf(address(escrow)), 1_000_000 + kept, "law 3: what left");
                vm.revertToState(snapshot);
            }
        }
    }

    /// Both routes of one caller in one batch.
    function test_in_one_batch() public {
        bytes[] memory calls = new bytes[](2);
        uint256 tried = 0;
        for (uint256 first = 0; first < ROUTES; ++first) {
            for (uint256 second = 0; second < ROUTES; ++second) {
                (address by, bytes memory data) = _route(first);
                (address other, bytes memory again) = _route(second);
                if (by != other) continue;
                _time(first);
                (calls[0], calls[1]) = (data, again);
                bytes memory error =
                    abi.encodeWithSelector(IMilestoneEscrow.WrongStatus.selector, idOf(terms), 0, _endAfter(by, data));
                refuses(by, abi.encodeCall(escrow.multicall, (calls)), error, "law 3: both routes in a batch");
                same(token.balanceOf(address(escrow)), 1_001_000, "law 3: nothing left");
                same(uint8(statusOf(terms, 0)), uint8(Status.Disputed), "law 3: nothing ended");
                ++tried;
            }
        }
        // Four routes are the client's, one the freelancer's, one the arbiter's.
        same(tried, 4 * 4 + 1 + 1, "law 3: the batches that one caller can send");
    }

    /// Two approvals of one milestone in one release pay it once.
    function test_two_approvals_of_one_milestone() public {
        Approval[] memory approvals = new Approval[](2);
        approvals[0] = signApproval(CLIENT_KEY, terms, 1, new uint16[](0));
        approvals[1] = approvals[0];
        escrow.release(terms, 1, approvals);
        same(token.balanceOf(payee), 1000, "law 3: once");
        bytes memory error = abi.encodeWithSelector(IMilestoneEscrow.WrongStatus.selector, idOf(terms), 0, Status.Paid);
        refuses(stranger, abi.encodeCall(escrow.release, (terms, 1, approvals)), error, "law 11: it pays once");
    }

    /// A division of one milestone named twice in an amendment.
    function test_a_milestone_divided_twice() public {
        Amendment memory amendment = _amendment();
        Division[] memory twice = new Division[](2);
        twice[0] = amendment.divisions[0];
        twice[1] = amendment.divisions[0];
        amendment.divisions = twice;
        amendment.signature = signAmendment(FREELANCER_KEY, terms, replacement, amendment);
        bytes memory error = abi.encodeWithSelector(IMilestoneEscrow.WrongStatus.selector, idOf(terms), 0, Status.Split);
        refuses(client, abi.encodeCall(escrow.amend, (terms, replacement, amendment)), error, "law 3: divided twice");
    }

    /// A credit, by its owner elsewhere and by a stranger to its owner.
    function test_a_credit() public {
        token.setDenied(payee, true);
        Approval[] memory approvals = new Approval[](1);
        approvals[0] = signApproval(CLIENT_KEY, terms, 1, new uint16[](0));
        escrow.release(terms, 1, approvals);
        uint256 snapshot = vm.snapshotState();
        withdraw(payee, address(token), payee, stranger);
        token.setDenied(payee, false);
        bytes memory empty = nothingToWithdraw(address(token), payee);
        refuses(stranger, _withdrawal(payee), empty, "law 13: pushed after it was sent elsewhere");
        refuses(payee, _withdrawal(stranger), empty, "law 13: sent elsewhere twice");
        vm.revertToState(snapshot);
        token.setDenied(payee, false);
        withdraw(stranger, address(token), payee, payee);
        refuses(payee, _withdrawal(stranger), empty, "law 13: sent elsewhere after it was pushed");
        same(token.balanceOf(payee), 1000, "law 13: once");
    }

    /// The status in which the milestone ends by `data` alone.
    function _endAfter(address by, bytes memory data) private returns (Status ended) {
        uint256 snapshot = vm.snapshotState();
        vm.prank(by);
        (bool success,) = address(escrow).call(data);
        holds(success, "law 6: the first route");
        ended = statusOf(terms, 0);
        vm.revertToState(snapshot);
    }

    function _withdrawal(address to) private view returns (bytes memory) {
        return abi.encodeCall(escrow.withdraw, (address(token), payee, to));
    }

    /// A ruling is in time, a lapse is not.
    function _time(uint256 route) private {
        vm.warp(route == 3 ? BEGIN + terms.rulingPeriod : BEGIN);
    }

    function _route(uint256 which) private view returns (address by, bytes memory data) {
        if (which == 0) {
            Approval[] memory approvals = new Approval[](1);
            approvals[0].milestones = 1;
            return (client, abi.encodeCall(escrow.release, (terms, 1, approvals)));
        }
        if (which == 1) return (freelancer, abi.encodeCall(escrow.refund, (terms, 1)));
        if (which == 2) return (arbiter, abi.encodeCall(escrow.rule, (terms, 0, 100, 0)));
        if (which == 3) return (client, abi.encodeCall(escrow.lapse, (terms, 0)));
        if (which == 4) return (client, abi.encodeCall(escrow.amend, (terms, replacement, _amendment())));
        Division memory division = Division(0, 300, 700);
        bytes memory offer = signSettlement(FREELANCER_KEY, terms, division, uint40(BEGIN + 1000 days));
        return (client, abi.encodeCall(escrow.settle, (terms, division, uint40(BEGIN + 1000 days), offer)));
    }

    /// Divides what is disputed, and funds 400 of the replacement with what comes back.
    function _amendment() private view returns (Amendment memory amendment) {
        amendment.divisions = new Division[](1);
        amendment.divisions[0] = Division(0, 500, 500);
        amendment.funded = 1;
        amendment.expiresAt = uint40(BEGIN + 1000 days);
        amendment.signature = signAmendment(FREELANCER_KEY, terms, replacement, amendment);
    }
}
