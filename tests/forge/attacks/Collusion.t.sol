// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Approval, Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title Collusion
/// @notice Two of the three work against the third, and hope for more than the third has put at stake.
///
/// Client and arbiter can take what the freelancer claims and the client disputes in time, and nothing that is approved,
/// conceded or late. Freelancer and arbiter can take what is funded for milestones that the freelancer may claim: a metered
/// period that is not over is out of reach. Client and freelancer owe the arbiter a fee only for a ruling.
contract Collusion is AttackTest {
    function test_client_and_arbiter_take_what_is_claimed_and_disputed() public {
        Terms memory terms = fixedPrice(oneByOne(4, 1000));
        fund(terms, 15);
        for (uint8 i = 0; i < 3; ++i) {
            submit(terms, i, 10_000);
        }
        vm.prank(client);
        escrow.approve(terms, 1, new uint16[](0));
        dispute(terms, 1, 10_000, client);
        vm.prank(arbiter);
        escrow.rule(terms, 1, 0, 0);

        // What is approved, what is late and what nobody claimed are out of their reach.
        vm.warp(BEGIN + terms.reviewPeriod);
        bytes memory late = abi.encodeWithSelector(
            IMilestoneEscrow.DeadlinePassed.selector, idOf(terms), 2, block.timestamp, block.timestamp
        );
        refuses(client, abi.encodeCall(escrow.dispute, (terms, 2, 10_000, 0)), late, "law 17: too late");
        refuses(
            client, abi.encodeCall(escrow.dispute, (terms, 0, 10_000, 0)), _status(terms, 0, Status.Approved), "law 12"
        );
        refuses(
            client, abi.encodeCall(escrow.dispute, (terms, 3, 10_000, 0)), _status(terms, 3, Status.Active), "law 6"
        );
        escrow.release(terms, 5, noApprovals());
        same(token.balanceOf(payee), 2000, "law 2: all but what was disputed");
        same(token.balanceOf(arbiter), 50, "law 2: the fee of one ruling");
    }

    /// A signed approval, carried before the ruling, ends what they contest.
    function test_client_and_arbiter_against_a_signed_approval() public {
        Terms memory terms = fixedPrice(1000);
        fund(terms, 1);
        Approval[] memory approvals = new Approval[](1);
        approvals[0] = signApproval(CLIENT_KEY, terms, 1, new uint16[](0));
        submit(terms, 0, 10_000);
        dispute(terms, 0, 10_000, client);
        escrow.release(terms, 1, approvals);
        refuses(
            arbiter,
            abi.encodeCall(escrow.rule, (terms, 0, 0, 0)),
            _status(terms, 0, Status.Paid),
            "law 12: a ruling after the approval"
        );
        same(token.balanceOf(payee), 1000, "law 12: what was approved");
    }

    function test_freelancer_and_arbiter_take_what_may_be_claimed() public {
        Terms memory weeks_ = metered(1000, 10);
        fund(weeks_, 15);
        vm.warp(BEGIN + 7 days);
        dispute(weeks_, 0, 10, freelancer);
        vm.prank(arbiter);
        escrow.rule(weeks_, 0, 950, 0);
        for (uint8 i = 1; i < 4; ++i) {
            bytes memory error = abi.encodeWithSelector(
                IMilestoneEscrow.PeriodNotOver.selector,
                idOf(weeks_),
                i,
                BEGIN + (uint256(i) + 1) * 7 days,
                block.timestamp
            );
            refuses(freelancer, abi.encodeCall(escrow.dispute, (weeks_, i, 10, 0)), error, "law 6: a week ahead");
        }
        same(token.balanceOf(payee) + token.balanceOf(arbiter), 1000, "law 2: one week");

        // The client, who sees it, asks for the others back before their time.
        vm.prank(client);
        escrow.requestRefund(weeks_, 3, 0);
        vm.warp(block.timestamp + weeks_.responsePeriod);
        escrow.refund(weeks_, 8);
        same(uint256(statusOf(weeks_, 3)), uint256(Status.Refunded), "law 16: the client alone");
    }

    /// The parties settle what is disputed: the arbiter's time is not paid, and never was promised to be.
    function test_client_and_freelancer_settle_around_the_arbiter() public {
        Terms memory terms = fixedPrice(1000);
        fund(terms, 1);
        dispute(terms, 0, 10_000, freelancer);
        Division memory division = Division(0, 600, 400);
        uint40 expiresAt = uint40(block.timestamp + 1);
        bytes memory offer = signSettlement(FREELANCER_KEY, terms, division, expiresAt);
        vm.prank(client);
        escrow.settle(terms, division, expiresAt, offer);
        same(token.balanceOf(arbiter), 0, "law 2: no ruling, no fee");
        refuses(
            arbiter,
            abi.encodeCall(escrow.rule, (terms, 0, 0, 0)),
            _status(terms, 0, Status.Split),
            "law 4: a ruling on what is settled"
        );
    }

    function _status(Terms memory terms, uint256 milestone, Status status) private view returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.WrongStatus.selector, idOf(terms), milestone, status);
    }
}
